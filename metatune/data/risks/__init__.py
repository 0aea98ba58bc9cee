"""Risks in a table: what makes the results of a run misleading."""
