"""Table as read, and the detected format of its file."""

from dataclasses import dataclass
from typing import TYPE_CHECKING

from metatune.data.reading.options import ReadingOptions

if TYPE_CHECKING:
    import pandas as pd

__all__ = ["Source", "Table", "described_separator"]

_SEPARATORS = {",": "comma", ";": "semicolon", "\t": "tab", "|": "bar", r"\s+": "blanks"}
_GUESSED = {
    "csv": ("separator", "encoding", "decimal", "header", "na"),
    "xlsx": ("sheet", "header", "na"),
    "json": ("encoding", "na"),
    "jsonl": ("encoding", "na"),
    "arff": ("encoding", "na"),
}


@dataclass(frozen=True, slots=True, kw_only=True)
class Source:
    r"""Detected format of a file.

    Attributes
    ----------
    format : str
        "csv", "arff", "parquet", "feather", "json", "jsonl" or "xlsx".
    compression : str
        "gzip", "bz2", "zip", "xz", "zstd", or empty.
    separator : str
        Field separator of a text table; ``\s+`` for runs of blanks; empty for other
        formats.
    quote : str or None
        The character that may enclose fields; None where quotes are ordinary characters.
    encoding : str
        Python's name of the text encoding; empty for binary formats.
    decimal : str
        Decimal separator.
    column_decimal : str
        Decimal separator by which whole columns became numbers. In a table with commas between
        fields it is the point: columns with decimal commas stayed texts.
    has_header : bool
        Whether the first line names the columns.
    has_single_header : bool
        Whether it is all of the header, without lines of units or the like below it.
    sheet : str
        Name of a workbook's sheet.
    missing_markers : tuple of str
        Markers for missing cells that were seen; the empty text stands for empty cells.
    na : tuple of str
        Those of these markers that the user named.
    n_rows, n_columns : int
        Size of the table, the target included.
    n_fields : int
        Number of columns of a table without header, those included that hold no value and are
        not read: columns are called by their positions among these. 0 where names are known.
    """

    format: str
    compression: str = ""
    separator: str = ""
    quote: str | None = None
    encoding: str = ""
    decimal: str = "."
    column_decimal: str = "."
    has_header: bool = True
    has_single_header: bool = True
    sheet: str = ""
    missing_markers: tuple[str, ...] = ()
    na: tuple[str, ...] = ()
    n_rows: int = 0
    n_columns: int = 0
    n_fields: int = 0

    def summary(self) -> str:
        """Return one line of text on the format of the file."""
        parts = [self._format(), f"{self.n_rows:,} rows x {self.n_columns:,} columns"]
        if self.separator:
            parts.append(f"separator {described_separator(self.separator)}")
        if self.separator and self.quote != '"':
            parts.append("no quoting" if self.quote is None else f"quote {self.quote}")
        if self.encoding:
            parts.append(f"encoding {self.encoding}")
        if self.sheet:
            parts.append(f"sheet {self.sheet!r}")
        if self.decimal == ",":
            parts.append("decimal comma")
        if not self.has_header:
            parts.append("no header")
        if self.missing_markers:
            shown_markers = [repr(m) if m else "empty" for m in self.missing_markers]
            verb = "means" if len(shown_markers) == 1 else "mean"
            parts.append(f"{_enumerate(shown_markers)} {verb} missing")
        return ", ".join(parts)

    def guessed(self, options: ReadingOptions) -> tuple[str, ...]:
        """Return the names of the options that would mend what was not known but detected."""
        names = _GUESSED.get(self.format, ())
        return tuple(name for name in names if getattr(options, name) in (None, ()))

    def _format(self) -> str:
        name = "JSON lines" if self.format == "jsonl" else self.format.upper()
        return f"{name} ({self.compression})" if self.compression else name


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Table:
    """Table as read.

    Attributes
    ----------
    frame : DataFrame of shape (n_rows, n_columns)
        All columns, the target included; text stays text.
    name : str
        The file's stem, "stdin" for standard input.
    source : Source
        Detected format of the file.
    notes : tuple of str
        Oddities and their treatment, one sentence each.
    verbatim : frozenset of str
        Names of columns whose cells are texts on demand, as they stand in the file.
    """

    frame: "pd.DataFrame"
    name: str
    source: Source
    notes: tuple[str, ...] = ()
    verbatim: frozenset[str] = frozenset()


def described_separator(separator: str) -> str:
    """Return a separator for people: its name, and itself where it can be seen."""
    name = _SEPARATORS.get(separator)
    if name is None:
        return repr(separator)
    return f"{name} {separator!r}" if name in ("comma", "semicolon", "bar") else name


def _enumerate(items: list[str]) -> str:
    if len(items) == 1:
        return items[0]
    return f"{', '.join(items[:-1])} and {items[-1]}"
