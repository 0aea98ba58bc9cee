"""Helpers for the text of messages."""

__all__ = ["counted", "listed"]


def counted(number: int, noun: str) -> str:
    """Return ``"1 row"`` or ``"1,200 rows"``."""
    return f"{number:,} {noun}{'' if number == 1 else 's'}"


def listed(names: "list[str] | tuple[str, ...]", at_most: int = 5) -> str:
    """Return the first names in quotes, and the number of the others."""
    shown = ", ".join(repr(name) for name in names[:at_most])
    return f"{shown} and {len(names) - at_most} more" if len(names) > at_most else shown
