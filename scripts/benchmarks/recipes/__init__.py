"""Recipes (configurations, or the same ones under two commits) compared on rows held out."""
