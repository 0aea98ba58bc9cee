"""Algorithms: families of learners, one file each."""
