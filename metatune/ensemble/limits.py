"""Limits on the cost of a model: its size, and its latency for one row."""

import re
from dataclasses import dataclass

from metatune.errors import OptionError

__all__ = ["NO_LIMITS", "Cost", "ModelLimits", "parse_latency", "parse_limits", "parse_size"]

SAVED_BYTES = 2.0
"""Maximum ratio of the bytes of a model file to those of the fitted model in memory."""

_UNITS = {"us": 1e-6, "ms": 1e-3, "s": 1.0}
_POWERS = {"": 0, "k": 1, "m": 2, "g": 3}
_SIZE = re.compile(r"(\d+(?:\.\d*)?|\.\d+)\s*([kmg]?)b")
_LATENCY = re.compile(r"(\d+(?:\.\d*)?|\.\d+)\s*(us|ms|s)")


@dataclass(frozen=True, slots=True, kw_only=True)
class Cost:
    """Cost of a fitted model.

    Attributes
    ----------
    latency : float
        Seconds to predict one row on its own.
    n_bytes : float
        Size of the model file.
    """

    latency: float = 0.0
    n_bytes: float = 0.0

    def __add__(self, other: "Cost") -> "Cost":
        return Cost(latency=self.latency + other.latency, n_bytes=self.n_bytes + other.n_bytes)

    def times(self, copies: int) -> "Cost":
        """Return the cost of so many models of the kind."""
        return Cost(latency=copies * self.latency, n_bytes=copies * self.n_bytes)


@dataclass(frozen=True, slots=True, kw_only=True)
class ModelLimits:
    """Limits on the cost of the final model; None where there is no limit.

    Attributes
    ----------
    max_latency : float or None
        Seconds to predict a table of one row, the work on its columns included, on this machine.
    max_bytes : int or None
        Size of the saved model.
    """

    max_latency: float | None = None
    max_bytes: int | None = None

    @property
    def any(self) -> bool:
        """True if there is a limit."""
        return self.max_latency is not None or self.max_bytes is not None

    def excess(self, cost: Cost) -> float:
        """Return the ratio of a cost to its limit; at most 1 means that it fits."""
        shares = [0.0]
        if self.max_latency is not None:
            shares.append(cost.latency / self.max_latency)
        if self.max_bytes is not None:
            shares.append(cost.n_bytes / self.max_bytes)
        return max(shares)

    def allows(self, cost: Cost) -> bool:
        """Return True if a cost is within the limits."""
        return self.excess(cost) <= 1.0

    def broken_by(self, cost: Cost) -> str:
        """Return a short text on the limits that a cost exceeds; empty if none."""
        said = []
        if self.max_latency is not None and cost.latency > self.max_latency:
            said.append(f"{1e3 * cost.latency:.3g} ms a row (limit {1e3 * self.max_latency:.3g})")
        if self.max_bytes is not None and cost.n_bytes > self.max_bytes:
            said.append(f"{cost.n_bytes / 1e6:.3g} MB (limit {self.max_bytes / 1e6:.3g})")
        return " and ".join(said)


NO_LIMITS = ModelLimits()


def parse_latency(text: str) -> float:
    """Read a latency as users write it, like "5ms"; return seconds.

    Raises
    ------
    OptionError
        If it is none, or not above zero.
    """
    found = _LATENCY.fullmatch(str(text).strip().lower())
    seconds = float(found[1]) * _UNITS[found[2]] if found else 0.0
    if seconds <= 0.0:
        raise OptionError(f"latency {text!r} is not a time above zero: use one like 5ms or 0.5s")
    return seconds


def parse_size(text: str) -> int:
    """Read the size of a model as users write it, like "50MB"; return bytes.

    Raises
    ------
    OptionError
        If it is none, or not above zero.
    """
    found = _SIZE.fullmatch(str(text).strip().lower())
    n_bytes = round(float(found[1]) * 1000 ** _POWERS[found[2]]) if found else 0
    if n_bytes <= 0:
        raise OptionError(f"size {text!r} is not a size above zero: use one like 50MB or 500kB")
    return n_bytes


def parse_limits(max_latency: str | float | None, max_size: str | int | None) -> ModelLimits:
    """Read both limits; numbers are seconds and bytes.

    Raises
    ------
    OptionError
        If one is no limit.
    """
    if isinstance(max_latency, int | float):
        max_latency = f"{max_latency:f}s"
    if isinstance(max_size, int):
        max_size = f"{max_size}b"
    return ModelLimits(
        max_latency=None if max_latency is None else parse_latency(max_latency),
        max_bytes=None if max_size is None else parse_size(max_size),
    )
