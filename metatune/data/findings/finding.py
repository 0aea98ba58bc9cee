"""Finding: one line on what makes the results of a run misleading."""

from dataclasses import dataclass
from enum import StrEnum

__all__ = ["Finding", "FindingKind"]


class FindingKind(StrEnum):
    """Kind of a finding."""

    LEAK = "leak"
    """Columns that give the target away."""
    DEPENDENCE = "dependence"
    """Rows that resemble each other, so that shuffled folds are too easy."""
    DUPLICATES = "duplicates"
    """Rows that stand in the table more than once."""
    TARGET = "target"
    """A target that is nearly constant."""
    METRIC = "metric"
    """A metric by which a constant looks good."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Finding:
    """Finding about a table.

    Attributes
    ----------
    kind : FindingKind
    columns : tuple of str
        Columns that it is about.
    text : str
        One line: what was found, why it matters, and how to mend it.
    """

    kind: FindingKind
    columns: tuple[str, ...] = ()
    text: str
