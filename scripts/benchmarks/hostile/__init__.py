"""Hostile model files: mutants of valid ones, and what becomes of a process that opens them."""
