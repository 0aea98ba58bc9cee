"""Runs as stand-alone scripts that do without metatune."""
