"""Estimators behind the algorithm families: what scikit-learn and the boosting libraries lack."""
