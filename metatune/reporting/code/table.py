"""Code that reads a table and turns it into numbers."""

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import pandas as pd

from metatune.data.columns.cleaning import to_text
from metatune.data.columns.numbers import find_number_style
from metatune.reporting.code.amounts import Notation, notation_of
from metatune.reporting.code.columns import (
    ColumnCodes,
    column_codes,
    encoder_source,
)
from metatune.reporting.code.reading import (
    TableFile,
    is_text,
    missing_markers,
    reading_call,
    reading_options,
    target_lines,
)
from metatune.reporting.code.writing import render

if TYPE_CHECKING:
    from metatune.data.encoding.encoder import TableEncoder
    from metatune.data.encoding.layout import Layout
    from metatune.data.task.task import Task

__all__ = ["KnownTable", "table_constants", "table_sources"]


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class KnownTable:
    """Table that a script is to read.

    Attributes
    ----------
    task : Task
        Made of it.
    encoder : TableEncoder
        Fitted on the task.
    raw_target : Series of shape (n_rows,)
        Cells of the target as read, all rows.
    file : TableFile
    """

    task: "Task"
    encoder: "TableEncoder"
    raw_target: "pd.Series[Any]"
    file: TableFile


def table_sources(table: KnownTable) -> list[str]:
    """Return the functions that read a table, its target, and encode it.

    Raises
    ------
    ExportError
        If a column, the target or the file is read in a way that no script knows.
    """
    codes = column_codes(table.encoder, table.task.X)
    return [
        _reading(table, codes),
        _target(table),
        encoder_source(codes, table.encoder.text_model_),
    ]


def table_constants(table: KnownTable, layout: "Layout") -> dict[str, Any]:
    """Return the constants of a script about its table, in the order of writing.

    Parameters
    ----------
    table : KnownTable
    layout : Layout
        Columns of the matrix, predictions of texts included.
    """
    task, codes = table.task, column_codes(table.encoder, table.task.X)
    amounts = _target_amounts(table)
    constants: dict[str, Any] = {"TARGET": task.target}
    if task.classes is not None:
        constants["CLASSES"] = task.classes.tolist()
    only_numbers = set(codes.kinds.values()) == {"number"}
    constants["COLUMNS"] = list(codes.kinds) if only_numbers else codes.kinds
    constants["MISSING"] = missing_markers(table.file, reading_options(table.file))
    constants["FLAGS"] = codes.flags
    constants["AMOUNTS"] = {name: n.options for name, n in codes.amounts.items() if n.options}
    if amounts is not None:
        constants["TARGET_AMOUNTS"] = amounts.options
    constants["FORMATS"] = {name: list(formats) for name, (formats, _) in codes.dates.items()}
    constants["DATES"] = {name: list(parts) for name, (_, parts) in codes.dates.items()}
    constants["SEED"] = table.encoder.random_state
    constants["TOPICS"] = {name: n for name, n in codes.topics.items() if n}
    constants["LEVELS"] = codes.levels
    constants["SPLIT"] = codes.numbers
    constants["TEXTS"] = list(codes.read)
    constants["NUMBERS"] = [layout.names[i] for i in layout.numeric]
    constants["CATEGORIES"] = [layout.names[i] for i in layout.categorical]
    constants["TEXT_COLUMNS"] = list(layout.names[len(layout.names) - layout.n_predicted :])
    return constants


def _reading(table: KnownTable, codes: ColumnCodes) -> str:
    options = reading_options(table.file)
    reading = reading_call(table.file, options, codes, text_target=is_text(table.task.classes))
    suffix = ".rename(columns=str)" if table.file.source.format == "parquet" else ""
    return (
        "def read_table(file):\n"
        '    """Read a table that is written like the training table."""\n'
        f"    return {render(reading, 4, 11, 0)}{suffix}"
    )


def _target(table: KnownTable) -> str:
    amounts = _target_amounts(table)
    classes = table.task.classes
    target = target_lines(classes, amounts)
    what = "codes of the labels" if classes is not None else "values of the target"
    return "\n".join(
        [
            "def read_target(table):",
            f'    """Return the {what}; missing where they are not known."""',
            *(f"    {line}" for line in target),
        ]
    )


def _target_amounts(table: KnownTable) -> Notation | None:
    """Return the notation of a numeric target; None where its cells are plain numbers."""
    if table.task.classes is not None or pd.api.types.is_numeric_dtype(table.raw_target.dtype):
        return None
    if table.file.source.column_decimal == ",":  # read by the option of the whole table
        return None
    texts = to_text(table.raw_target)
    if pd.to_numeric(texts, errors="coerce").notna().sum() >= table.task.n_rows:
        return None
    style = find_number_style({str(k): int(v) for k, v in texts.value_counts().items()})
    if style is None:
        return None
    distinct = [str(text) for text in texts.dropna().unique()]
    return notation_of(distinct, style.decimal, style.unit)
