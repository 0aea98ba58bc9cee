"""Summaries of a handful of numbers that never warn: NaN counts as absent."""

from typing import TYPE_CHECKING

import numpy as np

if TYPE_CHECKING:
    from metatune._typing import BoolArray, FloatArray


__all__ = ["finite", "largest", "mean", "ratio", "share", "spread"]


def finite(values: "FloatArray") -> "FloatArray":
    """Return the finite ones of `values` as float64."""
    array = np.asarray(values, dtype=np.float64).ravel()
    return array[np.isfinite(array)]


def mean(values: "FloatArray", default: float = np.nan) -> float:
    """Return the mean of the finite values, or `default` if there are none."""
    kept = finite(values)
    return float(kept.mean()) if kept.size else default


def largest(values: "FloatArray", default: float = np.nan) -> float:
    """Return the largest finite value, or `default` if there are none."""
    kept = finite(values)
    return float(kept.max()) if kept.size else default


def share(condition: "BoolArray", default: float = np.nan) -> float:
    """Return the share of True, or `default` for an empty array."""
    return float(np.mean(condition)) if condition.size else default


def ratio(numerator: float, denominator: float, default: float = np.nan) -> float:
    """Divide, or return `default` where the denominator is zero or the result not finite."""
    if denominator == 0.0:
        return default
    result = numerator / denominator
    return float(result) if np.isfinite(result) else default


def spread(prefix: str, values: "FloatArray", default: float = np.nan) -> dict[str, float]:
    """Return ``<prefix>Min``, ``Max``, ``Mean`` and ``STD`` (population) of the finite values."""
    kept = finite(values)
    if not kept.size:
        return {f"{prefix}{what}": default for what in ("Min", "Max", "Mean", "STD")}
    return {
        f"{prefix}Min": float(kept.min()),
        f"{prefix}Max": float(kept.max()),
        f"{prefix}Mean": float(kept.mean()),
        f"{prefix}STD": float(kept.std()),
    }
