"""Checks of the honest estimate: simulation, and held-out rows of real tables."""
