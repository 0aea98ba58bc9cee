"""Measurements of metatune; every figure in the documents comes from one of them."""
