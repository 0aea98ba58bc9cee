"""Races between ways of searching, on tables that the meta-dataset in use has never seen."""
