"""Estimate of the score of a model selected among many, by the bias-corrected bootstrap."""
