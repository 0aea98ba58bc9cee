"""Reading a table that a model shall predict, and matching its columns to the model's."""

import warnings
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from typing import TYPE_CHECKING

from metatune.cli.console import Voice
from metatune.data.wording import counted, listed
from metatune.errors import (
    BundleError,
    OptionError,
    SchemaError,
    UnlikeTrainingWarning,
    UnusedCellsWarning,
)

if TYPE_CHECKING:
    import pandas as pd
    from sklearn.pipeline import Pipeline

    from metatune.cli.data import OpenedData
    from metatune.data.encoding.unlike_training import UnlikeTraining
    from metatune.data.encoding.unused_cells import UnusedCells
    from metatune.data.reading.known_table import KnownTable
    from metatune.data.reading.options import ReadingOptions
    from metatune.data.reading.source import Table

__all__ = ["KnownRows", "known_table", "match_columns", "read_for", "saying_unused"]

_SHOWN = 20  # columns


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class KnownRows:
    """Rows under the names that a model knows.

    Attributes
    ----------
    frame : DataFrame
        With the target's column, if the table holds it.
    metric : str or None
        What OpenML's task judges the model's target by; None where nothing is said.
    """

    frame: "pd.DataFrame"
    metric: str | None = None


def read_for(
    pipeline: "Pipeline",
    data: str,
    voice: Voice,
    *,
    reading: "ReadingOptions",
    server: str | None = None,
) -> KnownRows:
    """Read a table and bring its columns under the names that the model knows.

    Parameters
    ----------
    pipeline : Pipeline
        As loaded.
    data : str
        The table's file, or a dataset or task of OpenML.
    voice : Voice
        Tells the user what was read and what was ignored.
    reading : ReadingOptions
        What the user knows of the file.
    server : str or None
        OpenML server; None for the public one.

    Returns
    -------
    KnownRows

    Raises
    ------
    InputError
        If the table cannot be had or read.
    SchemaError
        If its columns do not fit the model.
    """
    from metatune.cli.wording import announce_source
    from metatune.models.model_file import model_info

    info = model_info(pipeline)
    target = str(info["target"])
    known = known_table(pipeline)
    opened = _open(data, known, reading, server, weight=info.get("weight"))
    table = opened.table
    announce_source(table, reading, voice)
    voice.notes(table.notes)
    if opened.own_target not in (None, target):
        voice.notes([f"{data} is about {opened.own_target!r}, but the model predicts {target!r}"])
    frame, notes = match_columns(table, known)
    voice.notes(notes)
    return KnownRows(frame=frame, metric=_metric(opened, str(info["task"])))


def _open(
    data: str,
    known: "KnownTable",
    reading: "ReadingOptions",
    server: str | None,
    weight: object,
) -> "OpenedData":
    from metatune.cli.data import OpenedData, is_openml, open_data
    from metatune.data.reading.known_table import read_like

    if not is_openml(data):
        return OpenedData(table=read_like(data, known, reading), target=known.target)
    kept = {*known.names, str(weight)}
    return open_data(data, target=known.target, server=server, reading=reading, keep=kept)


@contextmanager
def saying_unused(voice: Voice) -> Iterator[None]:
    """Say what is wrong with columns, once rows have been predicted: a line for each column.

    Cells that cannot be used, numbers beyond those of the training, columns that are empty.
    """
    with warnings.catch_warnings(record=True) as caught:
        warnings.simplefilter("always", UnusedCellsWarning)
        warnings.simplefilter("always", UnlikeTrainingWarning)
        yield
    for warning in caught:
        if isinstance(warning.message, UnusedCellsWarning):
            _say_unused(warning.message.args[1], voice)
        elif isinstance(warning.message, UnlikeTrainingWarning):
            _say_unlike(warning.message.args[1], voice)


def _say_unused(columns: "Sequence[UnusedCells]", voice: Voice) -> None:
    for column in columns:
        if column.is_all:
            voice.warn(column.line())
    voice.notes([column.line() for column in columns if not column.is_all])


def _say_unlike(columns: "Sequence[UnlikeTraining]", voice: Voice) -> None:
    voice.notes([column.line() for column in columns[:_SHOWN]])
    if len(columns) > _SHOWN:
        voice.notes([f"and {len(columns) - _SHOWN:,} more columns unlike those of the training"])


def _metric(opened: "OpenedData", kind: str) -> str | None:
    """Return the source's metric if a task of this kind can be judged by it."""
    from metatune.kinds import TaskKind
    from metatune.metrics import resolve_metric

    if opened.metric is None:
        return None
    try:
        return resolve_metric(opened.metric, TaskKind(kind)).name
    except OptionError:
        return None


def known_table(pipeline: "Pipeline") -> "KnownTable":
    """Return what a model knows of its training table.

    Raises
    ------
    BundleError
        If the model does not begin with a table encoder, or what it says is no format of a file.
    """
    from metatune.data.columns.column import ColumnKind
    from metatune.data.columns.column_text import columns_of_text
    from metatune.data.reading.known_table import KnownTable
    from metatune.data.reading.source import Source
    from metatune.files.plain import read_dataclass
    from metatune.models.model_file import model_info

    text = getattr(pipeline[0], "columns", None)
    if text is None:
        raise BundleError("the model was not saved by a run of metatune: fit one")
    info = model_info(pipeline)
    try:
        columns = columns_of_text(text)
        source = read_dataclass(Source, info["source"]) if info.get("source") else None
    except ValueError as error:
        raise BundleError(f"the model file is damaged ({error}): fit the model again") from error
    used = [column for column in columns if column.kind.is_used]
    texts = (ColumnKind.TEXT, ColumnKind.CATEGORY)
    return KnownTable(
        names=tuple(column.name for column in columns),
        needed=frozenset(column.name for column in used),
        numbers=frozenset(c.name for c in columns if c.base is ColumnKind.NUMBER),
        texts=frozenset(column.name for column in used if column.base in texts),
        target=str(info["target"]),
        source=source,
    )


def match_columns(table: "Table", known: "KnownTable") -> "tuple[pd.DataFrame, list[str]]":
    """Bring a table's columns under the names that a model knows.

    Columns are matched by name, whatever blanks are around it. Without a header they are matched
    by position: all columns of the training table, or all but the target.

    Parameters
    ----------
    table : Table
        To be predicted.
    known : KnownTable
        What the model knows.

    Returns
    -------
    tuple of (DataFrame, list of str)
        The table and notes about it.

    Raises
    ------
    SchemaError
        If columns are missing, or one of both tables has a header and the other has none.
    """
    frame = _with_known_names(table.frame, known)
    names = [str(name) for name in frame.columns]
    if known.is_nameless and _is_counted(names):
        return _by_position(table, known)
    present = set(names)
    missing = [name for name in known.names if name in known.needed and name not in present]
    if missing:
        raise SchemaError(_lack(table, missing, was_nameless=known.is_nameless))
    expected = {*known.names, known.target}
    extra = [name for name in names if name not in expected]
    if not extra:
        return frame, []
    what = counted(len(extra), "column")
    return frame, [f"{what} that the model does not know ignored: {listed(extra)}"]


def _with_known_names(frame: "pd.DataFrame", known: "KnownTable") -> "pd.DataFrame":
    """Name columns as in training where only blanks around the names differ."""
    present = {str(name) for name in frame.columns}
    bare = {name.strip(): name for name in (*known.names, known.target) if name not in present}
    names = [str(name) for name in frame.columns]
    return frame.set_axis([bare.get(name.strip(), name) for name in names], axis="columns")


def _by_position(table: "Table", known: "KnownTable") -> "tuple[pd.DataFrame, list[str]]":
    frame = table.frame
    places = known.places(frame.isna().all().to_list())
    if places is None:
        raise SchemaError(
            f"{table.name} has {frame.shape[1]} columns without names, but the training table had "
            f"{known.n_fields}: give all of them, with or without the target"
        )
    named = frame.iloc[:, list(places.values())].set_axis(list(places), axis="columns")
    if known.target in places:
        return named, []
    note = f"taken as all columns but the target, which was column {known.target} in training"
    return named, [note]


def _lack(table: "Table", missing: list[str], *, was_nameless: bool) -> str:
    if was_nameless:
        found = listed([str(name) for name in table.frame.columns])
        return (
            f"the first line of {table.name} was taken as a header ({found}), "
            "but the model was trained on a table without one: leave the header out"
        )
    if not table.source.has_header:
        return (
            f"{table.name} seems to have no header, but the model needs the columns "
            f"{listed(missing)}: put the column names into the first line"
        )
    what = "the column" if len(missing) == 1 else f"{len(missing)} columns"
    return (
        f"{table.name} lacks {what} that the model needs: {listed(missing)}; "
        "add them (cells may be empty)"
    )


def _is_counted(names: Sequence[str]) -> bool:
    """Return True if the names are 0, 1, 2, ... as those of a table without header."""
    return sorted(names) == sorted(str(i) for i in range(len(names)))
