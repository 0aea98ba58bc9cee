"""Risk: one line on what makes the results of a run misleading."""

from dataclasses import dataclass
from enum import StrEnum

__all__ = ["Risk", "RiskKind"]


class RiskKind(StrEnum):
    """Kind of a risk."""

    LEAK = "leak"
    """Columns that give the target away."""
    DEPENDENCE = "dependence"
    """Rows that resemble each other, so that shuffled folds are too easy."""
    DUPLICATES = "duplicates"
    """Rows that stand in the table more than once."""
    TARGET = "target"
    """A target that is nearly constant, or whose classes are spelled in several ways."""
    METRIC = "metric"
    """A metric by which a constant looks good."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Risk:
    """Risk in a table.

    Attributes
    ----------
    kind : RiskKind
    columns : tuple of str
        Columns that it is about.
    text : str
        One line: what was found, why it matters, and how to mend it.
    """

    kind: RiskKind
    columns: tuple[str, ...] = ()
    text: str
