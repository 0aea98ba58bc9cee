"""What a meta-feature and a group of them state about themselves."""

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass

from metatune.metafeatures.sample import Sample

__all__ = ["Feature", "Group", "define"]

Values = Mapping[str, float]


@dataclass(frozen=True, slots=True, kw_only=True)
class Feature:
    """One meta-feature.

    Attributes
    ----------
    name : str
        auto-sklearn's or OpenML's name where the same quantity exists there.
    group : str
        Group that computes it.
    definition : str
        What it is, in one line.
    source : str
        Where it comes from.
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
        What the group computes.
    compute : callable
        ``compute(sample)`` yields mappings of names to values, one mapping per step; the time is
        looked at between steps. Steps come in order of usefulness per second.
    max_rows, max_columns, max_cells : int or None
        Size of the largest sample it is computed on; None means no limit.
    base_seconds, seconds_per_cell : float
        What it takes on one core of an ordinary machine: a fixed part and a part for each cell of
        the sample. Serves to leave a group out that would not fit.
    """

    name: str
    features: tuple[Feature, ...]
    compute: Callable[[Sample], Iterator[Values]]
    max_rows: int | None
    max_columns: int | None
    max_cells: int | None
    base_seconds: float
    seconds_per_cell: float

    def expected_seconds(self, n_rows: int, n_columns: int) -> float:
        """Return the seconds the group is expected to take on a sample of this size."""
        return self.base_seconds + self.seconds_per_cell * n_rows * n_columns


def define(group: str, source: str, definitions: Mapping[str, str]) -> tuple[Feature, ...]:
    """Make the features of a group that share a source from ``name: definition`` pairs."""
    return tuple(
        Feature(name=name, group=group, definition=definition, source=source)
        for name, definition in definitions.items()
    )
