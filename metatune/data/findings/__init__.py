"""Findings about a table that make the results of a run misleading."""
