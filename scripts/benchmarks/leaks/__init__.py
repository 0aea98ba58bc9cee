"""Leak warnings against the leaks that a catalogue knows."""
