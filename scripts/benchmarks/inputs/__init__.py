"""Mutants of tables, and what the commands that read them make of them."""
