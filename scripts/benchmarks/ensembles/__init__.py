"""Benchmarks of ensembles on kept out-of-fold predictions."""
