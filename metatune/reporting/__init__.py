"""Runs as pictures, pages and code, for people."""
