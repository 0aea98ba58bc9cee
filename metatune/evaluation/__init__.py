"""Evaluation of one trial: rungs, folds, fits and scores."""
