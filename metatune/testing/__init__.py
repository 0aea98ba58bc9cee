"""Checks that the author of an algorithm runs on it; metatune's own families pass the same."""

from metatune.testing.algorithm_checks import AlgorithmChecks, check_algorithm

__all__ = ["AlgorithmChecks", "check_algorithm"]
