"""Stages of a training: iterations, and the numbers that differ in each."""

from metatune.models.reading.form import NUMBER, Listed, Mapped, integer

__all__ = ["STAGES"]

STAGES = Listed(Mapped(others=NUMBER, needed={"iterations": integer(1, 10**6)}), "tuple")
