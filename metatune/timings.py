"""Where the wall clock of a run goes."""

import contextlib
from collections.abc import Iterator, Mapping

from metatune.budget import Stopwatch

__all__ = ["Timings"]


class Timings:
    """Adds up seconds by what they were spent on."""

    def __init__(self) -> None:
        self._seconds: dict[str, float] = {}
        self._lap = Stopwatch()

    @property
    def seconds(self) -> Mapping[str, float]:
        """Wall-clock seconds by name, in the order in which the names came up."""
        return dict(self._seconds)

    def add(self, what: str, seconds: float) -> None:
        """Count seconds that were measured elsewhere."""
        self._seconds[what] = self._seconds.get(what, 0.0) + seconds

    def lap(self, what: str) -> None:
        """Count everything since the last lap, or since the beginning."""
        self.add(what, self._lap.seconds())
        self._lap = Stopwatch()

    @contextlib.contextmanager
    def on(self, what: str) -> Iterator[None]:
        """Count what happens in a context."""
        watch = Stopwatch()
        try:
            yield
        finally:
            self.add(what, watch.seconds())
