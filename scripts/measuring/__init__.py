"""Measuring whole runs of the command line: time, memory, where the seconds go."""
