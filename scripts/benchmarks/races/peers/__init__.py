"""Races of metatune against other systems, by a harness that is not part of this repository."""
