"""Ensembles: what is settled by predictions that were kept."""
