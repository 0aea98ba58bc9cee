"""Recommender: configurations to try on a dataset, learned from past evaluations."""
