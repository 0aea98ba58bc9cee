"""Mismatch: content of a model file that metatune does not write."""

__all__ = ["Mismatch"]


class Mismatch(ValueError):  # noqa: N818  # a finding about a file, which the reader of it reports
    """Content that metatune does not write, with the place where it is.

    Parameters
    ----------
    what : str
        Fault, without its place.
    """

    def __init__(self, what: str) -> None:
        super().__init__(what)
        self.what = what
        self.place: tuple[str, ...] = ()

    def inside(self, name: str) -> "Mismatch":
        """Return the mismatch, placed inside an attribute or an element."""
        self.place = (name, *self.place)
        return self

    def __str__(self) -> str:
        place = ".".join(self.place)
        return f"{place}: {self.what}" if place else self.what
