"""Estimators of the algorithm families that scikit-learn and the boosting libraries lack."""
