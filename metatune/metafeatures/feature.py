"""Definitions of meta-features and of the groups that compute them."""

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass

from metatune.metafeatures.sample import Sample

__all__ = ["Feature", "Group", "define"]

Values = Mapping[str, float]


@dataclass(frozen=True, slots=True, kw_only=True)
class Feature:
    """Meta-feature.

    Attributes
    ----------
    name : str
        auto-sklearn's or OpenML's name where the same quantity exists there.
    group : str
        Group that computes it.
    definition : str
        Definition in one line.
    source : str
        Origin, such as a paper.
    """

    name: str
    group: str
    definition: str
    source: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Group:
    """Meta-features that are computed together on one sample of the table.

    Attributes
    ----------
    name : str
        Name of the group.
    features : tuple of Feature
        Features that the group computes.
    compute : callable
        ``compute(sample)`` yields mappings of names to values, one mapping per step; the time is
        looked at between steps. Steps come in order of usefulness per second.
    max_rows, max_columns, max_cells : int or None
        Size of the largest sample it is computed on; None means no limit.
    expected_seconds : callable
        ``expected_seconds(n_rows, n_columns)`` of the sample: about twice what it takes on one core
        of an ordinary machine. Serves to leave a group out that would not fit.
    """

    name: str
    features: tuple[Feature, ...]
    compute: Callable[[Sample], Iterator[Values]]
    max_rows: int | None
    max_columns: int | None
    max_cells: int | None
    expected_seconds: Callable[[int, int], float]


def define(group: str, source: str, definitions: Mapping[str, str]) -> tuple[Feature, ...]:
    """Make the features of a group that share a source from ``name: definition`` pairs."""
    return tuple(
        Feature(name=name, group=group, definition=definition, source=source)
        for name, definition in definitions.items()
    )
