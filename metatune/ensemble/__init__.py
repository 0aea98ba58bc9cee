"""Ensembles: which members with which weights, calibration, decisions, and the final estimator."""
