"""Budgets, deadlines and timings: the only module that reads the clock.

A budget is an allowance (seconds, trials); a deadline is an instant. Times are seconds.
"""

import contextlib
import math
import os
import re
import time
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path

from metatune.errors import OptionError

__all__ = [
    "Budget",
    "Deadline",
    "Pace",
    "Stopwatch",
    "Timings",
    "noted_import",
    "parse_duration",
    "seconds_of_import",
    "seconds_since_process_start",
    "utc_milliseconds",
    "utc_now",
]

_UNITS = {"h": 3600.0, "m": 60.0, "min": 60.0, "s": 1.0, "sec": 1.0, "d": 86400.0}
_PART = re.compile(r"(\d+(?:\.\d+)?)\s*([a-z]*)")
_IMPORT_SHARE = 0.2  # of a budget, at most
_AT_ONCE = 1.0  # seconds between an import and the fit that it was made for

_imports: list[tuple[float, float]] = []  # seconds of the last ones, and when they had ended


def parse_duration(text: str | float) -> float:
    """Turn ``"90s"``, ``"10m"``, ``"1h30m"``, ``"600"`` or a number into seconds.

    Parameters
    ----------
    text : str or float
        A duration; a bare number means seconds.

    Returns
    -------
    float
        Seconds, above zero and finite.

    Raises
    ------
    OptionError
        If the text is no duration, or is not above zero.
    """
    advice = "use a duration like 90s, 10m or 1h30m"
    if isinstance(text, int | float) and not isinstance(text, bool):
        seconds = float(text)
    else:
        compact = str(text).strip().lower().replace(" ", "")
        parts = _PART.findall(compact)
        if not parts or "".join(n + u for n, u in parts) != compact:
            raise OptionError(f"budget {text!r} is not a duration: {advice}")
        if len(parts) > 1 and not all(unit for _, unit in parts):
            raise OptionError(f"budget {text!r} has a number without a unit: {advice}")
        unknown = [unit for _, unit in parts if unit and unit not in _UNITS]
        if unknown:
            raise OptionError(f"budget {text!r} has the unknown unit {unknown[0]!r}: {advice}")
        seconds = sum(float(number) * _UNITS[unit or "s"] for number, unit in parts)
    if not 0.0 < seconds < 1e9:
        raise OptionError(f"budget {text!r} must be above zero and finite: {advice}")
    return seconds


@dataclass(frozen=True, slots=True, kw_only=True)
class Budget:
    """Budget of a run: time and number of trials.

    Attributes
    ----------
    seconds : float
        Wall clock, from the start of the process (command line) or of `fit` (Python) to the saved
        model. Where `fit` comes right after the first use of an estimator, it counts from there.
    max_trials : int or None
        Maximum number of trials; makes a run deterministic as long as the seconds suffice.
    """

    seconds: float
    max_trials: int | None = None

    def __post_init__(self) -> None:
        if self.max_trials is not None and self.max_trials < 1:
            raise OptionError(f"max_trials {self.max_trials!r} must be at least 1")

    @classmethod
    def parse(cls, budget: str | float, max_trials: int | None = None) -> "Budget":
        """Make a budget from a duration as users write it."""
        return cls(seconds=parse_duration(budget), max_trials=max_trials)


@dataclass(frozen=True, slots=True)
class Deadline:
    """Deadline: an instant on the monotonic clock."""

    ends_at: float

    @classmethod
    def after(cls, seconds: float) -> "Deadline":
        """Return the deadline `seconds` from now."""
        return cls(time.monotonic() + seconds)

    @classmethod
    def never(cls) -> "Deadline":
        """Return an infinite deadline."""
        return cls(float("inf"))

    def remaining(self) -> float:
        """Seconds left; negative once the deadline has passed."""
        return self.ends_at - time.monotonic()

    def passed(self) -> bool:
        """Return True if no time is left."""
        return self.remaining() <= 0.0

    def earlier(self, seconds: float) -> "Deadline":
        """Return the deadline that comes `seconds` before this one."""
        return Deadline(self.ends_at - seconds)

    def within(self, seconds: float) -> "Deadline":
        """Return the earlier of this deadline and the one `seconds` from now."""
        return Deadline(min(self.ends_at, time.monotonic() + seconds))


class Stopwatch:
    """Stopwatch of the seconds since it was made."""

    def __init__(self) -> None:
        self._started = time.monotonic()
        self._cpu_started = time.process_time()

    def seconds(self) -> float:
        """Wall-clock seconds since the stopwatch was made."""
        return time.monotonic() - self._started

    def cpu_seconds(self) -> float:
        """Processor seconds of this process, all threads, since the stopwatch was made."""
        return time.process_time() - self._cpu_started


class Pace:
    """Rate limit: a minimum time between starts, such as requests to a server.

    Parameters
    ----------
    seconds : float
        Minimum seconds between two starts.
    """

    def __init__(self, seconds: float) -> None:
        self._seconds = seconds
        self._next = -math.inf

    def wait(self) -> None:
        """Wait until the next start is due."""
        time.sleep(max(0.0, self._next - time.monotonic()))
        self._next = time.monotonic() + self._seconds


def seconds_since_process_start() -> float:
    """Return the seconds since the operating system started this process."""
    ticks = start_ticks()
    if ticks is not None:
        booted = time.clock_gettime(time.CLOCK_BOOTTIME)
        return max(0.0, booted - ticks / os.sysconf("SC_CLK_TCK"))
    import psutil

    return max(0.0, time.time() - psutil.Process().create_time())


def start_ticks() -> int | None:
    """Return the clock ticks from boot to the start of this process; None outside Linux.

    The creation time of psutil is based on the boot time in whole seconds, and may be a second
    off.
    """
    if not hasattr(time, "CLOCK_BOOTTIME"):
        return None
    try:
        # the name in parentheses may hold blanks; the 22nd field of all is the start
        return int(Path("/proc/self/stat").read_text().rpartition(")")[2].split()[19])
    except (OSError, ValueError, IndexError):
        return None


@contextlib.contextmanager
def noted_import() -> Iterator[None]:
    """Note how long the first use of an estimator imports libraries: a second, as a rule.

    Imports that follow each other are one: of several names, the first has waited for all.
    """
    began = time.monotonic()
    before = _recent_seconds(began)
    yield
    ended = time.monotonic()
    _imports[:] = [(before + ended - began, ended)]


def _recent_seconds(instant: float) -> float:
    """Return the seconds of the imports that had ended just before an instant."""
    recent = (seconds for seconds, ended in _imports if instant - ended < _AT_ONCE)
    return sum(recent, start=0.0)


def seconds_of_import(budget: float) -> float:
    """Return the seconds of an import that has just ended, once; 0 if it was a while ago.

    A script that fits at once waits for both, and the budget is for what it waits for.

    Parameters
    ----------
    budget : float
        Seconds of the fit; the import takes no more than a share of them.
    """
    seconds = _recent_seconds(time.monotonic())
    _imports.clear()
    return min(seconds, _IMPORT_SHARE * budget)


def utc_now() -> str:
    """Return the current instant as ISO 8601 text in UTC, for records only."""
    return datetime.now(UTC).isoformat(timespec="seconds")


def utc_milliseconds() -> int:
    """Return the milliseconds since 1970, as trackers of experiments count the time."""
    return int(1000 * time.time())


class Timings:
    """Seconds of a run by activity."""

    def __init__(self) -> None:
        self._seconds: dict[str, float] = {}
        self._lap_started = time.monotonic()

    @property
    def seconds(self) -> Mapping[str, float]:
        """Wall-clock seconds by name, in the order of first use."""
        return dict(self._seconds)

    def add(self, what: str, seconds: float) -> None:
        """Add seconds that were measured elsewhere."""
        self._seconds[what] = self._seconds.get(what, 0.0) + seconds

    def lap(self, what: str) -> None:
        """Add the seconds since the last lap, or since the beginning."""
        now = time.monotonic()  # one look at the clock: nothing is lost between two laps
        self.add(what, now - self._lap_started)
        self._lap_started = now

    @contextlib.contextmanager
    def on(self, what: str) -> Iterator[None]:
        """Add the seconds spent in a context."""
        watch = Stopwatch()
        try:
            yield
        finally:
            self.add(what, watch.seconds())
