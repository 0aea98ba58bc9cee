"""Splits of rows into folds: by class, by group, by time."""
