"""OpenML: its REST interface as far as metatune needs it, and its datasets as tables."""
