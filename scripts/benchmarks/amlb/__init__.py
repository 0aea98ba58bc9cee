"""Extension of the public AutoML benchmark: a user directory for it, and local folds."""
