"""Columns of a table: cleaning, missing cells, and the inference of their kinds."""
