"""Whole runs of the command line: time, memory, kills, core-seconds."""
