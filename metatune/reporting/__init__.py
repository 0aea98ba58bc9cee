"""Runs as pictures, pages and code, for people; explanations of their models."""
