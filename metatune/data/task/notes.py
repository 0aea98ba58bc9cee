"""Notes for the user on columns: omitted ones, oddities, weights, groups and times."""

from typing import TYPE_CHECKING, Any

from metatune.data.columns.column import Column, ColumnKind
from metatune.data.row_metadata import RowMetadata
from metatune.data.wording import counted, listed
from metatune.metrics import Metric
from metatune.metrics.positive import PositiveClass

if TYPE_CHECKING:
    import pandas as pd

__all__ = ["column_notes", "positive_notes", "role_notes"]

_FEW_GROUPS = 10
_SHOWN = 5  # identifiers with examples
_LONGEST = 30  # characters of an example


def column_notes(columns: tuple[Column, ...], X: "pd.DataFrame") -> list[str]:
    """Return notes on the columns that are left out, and on oddities of the others.

    Parameters
    ----------
    columns : tuple of Column
        The columns as understood.
    X : DataFrame of shape (n_rows, n_columns)
        Table as read, of which two cells of each identifier are shown.
    """
    identifiers = [c.name for c in columns if c.kind is ColumnKind.IDENTIFIER]
    notes = [
        f"{_name([name])}: left out as identifier, such as {_examples(X[name])}"
        for name in identifiers[:_SHOWN]
    ]
    if len(identifiers) > _SHOWN:
        notes.append(f"{_name(identifiers[_SHOWN:])}: left out as identifier")
    constant = [c.name for c in columns if c.kind is ColumnKind.CONSTANT]
    if constant:
        notes.append(f"{_name(constant)}: left out as constant")
    if columns and not any(column.kind.is_used for column in columns):
        all_same = all(column.kind is ColumnKind.CONSTANT for column in columns)
        what = "all features are constant" if all_same else "there are no features"
        notes.append(f"{what}, so only the constant prediction is possible")
    by_note: dict[str, list[str]] = {}
    for column in columns:
        if column.note and column.kind.is_used:
            by_note.setdefault(column.note, []).append(column.name)
    notes += [f"{_name(names)}: {note}" for note, names in by_note.items()]
    return notes


def positive_notes(metric: Metric, positive: PositiveClass | None, option: str) -> list[str]:
    """Return a note on the positive class, if the metric depends on it and nobody named it."""
    if positive is None or not (metric.is_sided and positive.is_guess):
        return []
    return [
        f"metric {metric.name} is about the positive class {positive.label!r}, the rarer one; "
        f"{option} overrides"
    ]


def role_notes(columns: tuple[Column, ...], row_metadata: RowMetadata) -> list[str]:
    """Return notes on the use of the columns that hold weights, groups or times of rows."""
    notes = []
    for column in columns:
        if column.kind is ColumnKind.ROW_WEIGHT:
            notes.append(f"column {column.name!r}: weights of rows, not a feature")
        elif column.kind is ColumnKind.ROW_GROUP:
            notes.append(_group_note(column, row_metadata))
        elif column.kind is ColumnKind.ROW_TIME:
            notes.append(f"column {column.name!r}: time of rows, not a feature; {_CHAINED}")
        elif column.calendar_only:
            notes.append(
                f"column {column.name!r}: time of rows, a feature by its calendar only (no year); "
                f"{_CHAINED}"
            )
    return notes


_CHAINED = "models are validated on later rows than they learn from"


def _group_note(column: Column, row_metadata: RowMetadata) -> str:
    assert row_metadata.groups is not None
    n_groups = len(set(row_metadata.groups.tolist()))
    few = ", which are few to judge by" if n_groups < _FEW_GROUPS else ""
    alone = ""
    if column.n_missing:
        alone = f"; {counted(column.n_missing, 'row')} without one stand for themselves"
    return (
        f"column {column.name!r}: {counted(n_groups, 'group')} of rows{few}, kept together in "
        f"splits; not a feature{alone}"
    )


def _examples(cells: "pd.Series[Any]") -> str:
    shown = [str(cell) for cell in cells.iloc[:100].dropna().iloc[:2]]
    return ", ".join(repr(f"{s[:_LONGEST]}..." if len(s) > _LONGEST else s) for s in shown)


def _name(names: list[str]) -> str:
    """Return the first names as one phrase."""
    return f"column{'s' if len(names) > 1 else ''} {listed(names)}"
