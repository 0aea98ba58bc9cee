"""Validation of recommenders: matrices of past results, baselines, curves of regret."""
