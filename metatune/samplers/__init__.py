"""Samplers: where the configurations of a search come from."""
