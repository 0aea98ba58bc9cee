"""Honest estimate judged: by simulation, and on held-out rows of real tables."""
