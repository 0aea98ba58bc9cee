"""Columns made of pairs of columns, chosen by what they add to the columns alone."""
