"""Tuning: the journey from a task to a fitted pipeline, one module a step."""
