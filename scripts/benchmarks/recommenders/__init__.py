"""Recommenders on past results: matrices, baselines, curves of regret, forecasts."""
