"""Notation for people: numbers, durations, sizes, and values as short cards."""
