"""Published runs, and the results of mapping them."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from metatune.space import Value

__all__ = ["ForeignValueError", "MappedRun", "PublishedRun", "UnmappedRun"]


@dataclass(frozen=True, slots=True, kw_only=True)
class PublishedRun:
    """Configuration as described by its source, whatever the source.

    Attributes
    ----------
    source : str
        Name of the history.
    algorithm : str
        Class of the estimator, or the source's name for it.
    hyperparameters : Mapping of str to object
        Published values, with the names of the source. Absent values are unknown: defaults that
        a source leaves out have to be filled in when reading it.
    pool : str
        "classification" or "regression".
    n_rows : float, optional
        Rows that were trained on.
    n_columns : int, optional
        Columns that the learner saw, after the encoding of categories.
    """

    source: str
    algorithm: str
    hyperparameters: Mapping[str, Any]
    pool: str = "classification"
    n_rows: float | None = None
    n_columns: int | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class MappedRun:
    """Published run in terms of metatune.

    Attributes
    ----------
    algorithm : str
        The family of metatune.
    pool : str
        "classification" or "regression".
    values : Mapping of str to Value
        Hyperparameters whose value is known, each inside its domain; the others are left out.
    source : str
        Name of the history.
    approximate : tuple of str
        Those of `values` that correspond to the published ones only roughly.
    """

    algorithm: str
    pool: str
    values: Mapping[str, Value]
    source: str
    approximate: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class UnmappedRun:
    """Published run that metatune could not have made, with the reason."""

    source: str
    algorithm: str
    reason: str


class ForeignValueError(ValueError):
    """Value that metatune cannot express; the message names it."""
