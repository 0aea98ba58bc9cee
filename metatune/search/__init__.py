"""Rungs, trials, halving, workers: the search under a deadline."""
