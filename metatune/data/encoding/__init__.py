"""Encoding of a task as a matrix of numbers."""
