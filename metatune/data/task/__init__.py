"""Tasks: a table with a target, a metric and row metadata."""
