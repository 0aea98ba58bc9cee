"""Coverage and width of the bounds of predictions."""
