"""Mismatch: content of a model file that metatune does not write."""

__all__ = ["Mismatch", "Untrusted"]

_LONGEST = 300


class Mismatch(ValueError):  # noqa: N818  # a finding about a file, which the reader of it reports
    """Content that metatune does not write, with the place where it is.

    Parameters
    ----------
    what : str
        Fault, without its place.

    Attributes
    ----------
    place : tuple of str
        Attributes and elements that lead to it.
    versions : dict of str to str
        Versions of libraries that the file says it was written with.
    """

    def __init__(self, what: str) -> None:
        super().__init__(what)
        self.what = what
        self.place: tuple[str, ...] = ()
        self.versions: dict[str, str] = {}

    def inside(self, name: str) -> "Mismatch":
        """Return the mismatch, placed inside an attribute or an element."""
        self.place = (name, *self.place)
        return self

    def __str__(self) -> str:
        text = ": ".join(part for part in (".".join(self.place), self.what) if part)
        shown = "".join(c if c.isprintable() else "?" for c in text)
        return shown if len(shown) <= _LONGEST else f"{shown[:_LONGEST]}..."


class Untrusted(Mismatch):
    """Content that only somebody who trusts the maker of the file may open; its text says how."""
