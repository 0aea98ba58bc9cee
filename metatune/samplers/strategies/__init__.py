"""Strategies: one file for each, and the registry that makes samplers by name."""
