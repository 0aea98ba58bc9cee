"""Code that reads the table of a run, and its target."""

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd

from metatune.data.columns.missing import ALWAYS_MISSING
from metatune.errors import ExportError
from metatune.reporting.code.amounts import READERS, Notation
from metatune.reporting.code.columns import ColumnCodes
from metatune.reporting.code.writing import Call, Raw, call, render

if TYPE_CHECKING:
    from metatune.data.reading.source import Source

__all__ = [
    "TableFile",
    "is_text",
    "missing_markers",
    "reading_call",
    "reading_options",
    "target_lines",
]

_USUAL = ("", "NA", "N/A", "NaN", "nan", "NULL", "null")
_AS_TEXT = (
    *("flag", *READERS, "date", "date, words"),
    *("category", "category, any spelling", "several numbers"),
    *("text", "text, unspaced", "long text"),
)
_MOST_TITLES = 25


@dataclass(frozen=True, slots=True, kw_only=True)
class TableFile:
    """File of a table, as far as a script reads it.

    Attributes
    ----------
    path : str
    source : Source
    names : tuple of str
        All columns in the order of the file.
    """

    path: str
    source: "Source"
    names: tuple[str, ...]


def reading_options(file: TableFile) -> dict[str, Any]:
    """Return the options of pandas that read a file, those that say what is usual left out.

    Raises
    ------
    ExportError
        If the file is of a format that scripts do not read.
    """
    source = file.source
    if source.format in ("parquet", "feather"):
        return {}
    if source.format == "arff":
        return {"encoding": source.encoding, "quotechar": "'"}
    if source.format != "csv":
        raise ExportError(
            f"{file.path} is a table in {source.format}: scripts read text tables, Parquet and "
            "ARFF; save it as one of these, and fit again"
        )
    options: dict[str, Any] = {}
    if source.separator != ",":
        options["sep"] = source.separator
    if source.encoding not in ("utf-8", "ascii"):
        options["encoding"] = source.encoding
    if source.column_decimal != ".":
        options["decimal"] = source.column_decimal
    if source.quote is None:
        options["quoting"] = 3  # csv.QUOTE_NONE
    elif source.quote != '"':
        options["quotechar"] = source.quote
    return {**options, **_header_options(file, options)}


def _header_options(file: TableFile, options: dict[str, Any]) -> dict[str, Any]:
    """Find the line of the names: its first number that gives those of the table."""
    if not file.source.has_header:
        return {"header": None, "names": _numbered_names(file, options)}
    for line in range(_MOST_TITLES):
        try:
            head = pd.read_csv(file.path, **options, header=line, nrows=0, index_col=False)
        except (ValueError, pd.errors.ParserError):
            continue
        names = [str(name) for name in head.columns]
        if [name for name in names if name in file.names] == list(file.names):
            return {"header": line} if line else {}
    cells = pd.read_csv(file.path, **options, header=None, dtype="str", index_col=False)
    above = len(cells) - file.source.n_rows
    if not file.source.has_single_header and 0 < above < _MOST_TITLES:
        names = list(file.names)
        if len(names) == cells.shape[1] and len(set(names)) == len(names):
            return {"header": None, "skiprows": above, "names": names}
    raise ExportError(f"the header of {file.path} is of a kind that scripts do not read")


def _numbered_names(file: TableFile, options: dict[str, Any]) -> list[str]:
    """Name all columns of a file without names, those too that hold nothing and were dropped."""
    head = pd.read_csv(file.path, **options, header=None, nrows=_MOST_TITLES, index_col=False)
    if head.shape[1] <= len(file.names):
        return list(file.names)
    names = [str(name) for name in head.columns]
    if not set(file.names) <= set(names):
        raise ExportError(
            f"columns of {file.path} were dropped in a way that scripts do not repeat"
        )
    return names


def missing_markers(file: TableFile, options: dict[str, Any]) -> list[str]:
    """Return the cells that mean "missing": the usual ones, and others that the file holds."""
    if file.source.format != "csv":
        return [*_USUAL, *(("?",) if file.source.format == "arff" else ())]
    cells = pd.read_csv(file.path, **options, dtype="str", keep_default_na=False)
    held = {text.strip() for name in cells for text in cells[name].dropna().unique()}
    others = [m for m in ALWAYS_MISSING if m in held and m not in _USUAL]
    return [*_USUAL, *others, *file.source.na]


def reading_call(
    file: TableFile, options: dict[str, Any], codes: ColumnCodes, *, text_target: bool
) -> Call:
    """Return the call that reads a file."""
    if file.source.format in ("parquet", "feather"):
        return call(f"pd.read_{file.source.format}", Raw(text="file"))
    kinds = [kind for kind in _AS_TEXT if codes.of_kind(kind)]
    as_text = ""
    if kinds:
        as_text = f"dict.fromkeys({render(Call(name='columns_of', arguments=_given(kinds)))}, "
        as_text += '"str")'
    if text_target:
        as_text = f'{as_text} | {{TARGET: "str"}}' if as_text else '{TARGET: "str"}'
    named: dict[str, Any] = dict(options)
    if as_text:
        named["dtype"] = Raw(text=as_text)
    named |= {"na_values": Raw(text="MISSING"), "keep_default_na": False}
    name = "read_arff" if file.source.format == "arff" else "pd.read_csv"
    return call(name, Raw(text="file"), **named)


def _given(values: list[str]) -> tuple[tuple[str, Any], ...]:
    return tuple(("", value) for value in values)


def target_lines(classes: Any, amounts: Notation | None) -> list[str]:
    """Return the lines that read the target into codes or numbers, and say which are known."""
    if classes is None:
        if amounts is None:
            return ["return to_numbers(table[TARGET])"]
        return [f"return {amounts.code('table[TARGET]', 'TARGET_AMOUNTS')}"]
    reader = "to_texts" if classes.dtype.kind in "USOb" else "numbers_as_texts"
    return [
        f"labels = {reader}(table[TARGET])",
        "return labels.map({str(label): code for code, label in enumerate(CLASSES)})",
    ]


def is_text(classes: Any) -> bool:
    """Return True if labels are read as texts."""
    return classes is not None and np.asarray(classes).dtype.kind in "USOb"
