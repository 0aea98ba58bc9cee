"""Dialect of a text table: separator, quote and escape character of its fields."""

import csv
import io
import re
from collections import Counter
from dataclasses import dataclass

__all__ = ["Dialect", "Rows", "find_decimal", "find_dialect", "split_rows"]

BLANKS = r"\s+"
_ORDER = ("\t", ";", "|", ",")  # a comma is the likeliest to stand inside fields
_CONSISTENT = 0.98
_START = 200_000  # characters that decide on the separator
_TYPED_CELLS = 5_000
_NUMBER = re.compile(r"[-+]?[$€£]?(\d[\d.,]*|[.,]\d+)([eE][-+]?\d+)?%?")
_COMMA = re.compile(r"[-+]?(\d{1,3}(\.\d{3})+|\d+),\d+")
_COMMA_GROUPS = re.compile(r"[-+]?\d{1,3}(,\d{3})+")
_POINT = re.compile(r"[-+]?(\d{1,3}(,\d{3})+|\d+)\.\d+")


@dataclass(frozen=True, slots=True, kw_only=True)
class Dialect:
    r"""Separator, quote and escape character of fields.

    Attributes
    ----------
    separator : str
        One character, or ``\s+`` for runs of blanks.
    quote : str or None
        The character that may enclose fields; None where quotes are ordinary characters.
    escape : str or None
        The character that makes a quote inside a quoted field ordinary; None where it is doubled.
    """

    separator: str
    quote: str | None = '"'
    escape: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Rows:
    """The first rows of a text table.

    Attributes
    ----------
    cells : list of list of str
        Fields of each row; a blank line has none.
    lines : list of int
        For each row the number of its last line, counted from one.
    """

    cells: list[list[str]]
    lines: list[int]


@dataclass(frozen=True, slots=True, kw_only=True)
class _Trial:
    """Dialect tried on the first rows.

    `consistency` is the share of rows with the usual `width`; `typed` the share of cells that are
    numbers or empty; `starts` whether one of the first two rows has the usual width, too.
    """

    dialect: Dialect
    n_rows: int
    width: int
    consistency: float
    typed: float
    starts: bool

    @property
    def key(self) -> tuple[bool, float, int]:
        order = _ORDER.index(self.dialect.separator) if self.dialect.separator in _ORDER else 9
        good = self.consistency >= _CONSISTENT and self.starts
        return good, round(self.typed, 1) if good else self.consistency, -order


def find_dialect(text: str, *, complete: bool, suffix: str = "") -> Dialect:
    """Find the dialect of a text table.

    Parameters
    ----------
    text : str
        The beginning of the file.
    complete : bool
        Whether it is the whole file; else the last row is not looked at.
    suffix : str
        The file's suffix: ``.tsv`` speaks for tabs.

    Returns
    -------
    Dialect
        With a comma where nothing separates fields.
    """
    start, whole = text[:_START], complete and len(text) <= _START
    present = [s for s in _ORDER if s in start]
    if suffix in (".tsv", ".tab") and "\t" in present:
        present = ["\t"]
    trials = [_with_quoting(start, separator, whole) for separator in present]
    trials = [trial for trial in trials if trial.width >= 2]
    best = max(trials, key=lambda trial: trial.key, default=None)
    if best is not None and best.consistency >= _CONSISTENT:
        if whole:
            return best.dialect
        # Quotes without a partner are rare: look for them further down.
        return _with_quoting(text, best.dialect.separator, complete).dialect
    blanks = _try(start, Dialect(separator=BLANKS), whole)
    if blanks.width >= 2 and blanks.consistency >= _CONSISTENT and blanks.typed >= 0.3:
        return blanks.dialect
    return best.dialect if best is not None else Dialect(separator=",")


def split_rows(text: str, dialect: Dialect, *, complete: bool) -> Rows:
    """Split the beginning of a file into rows; the last one is left out if it may be cut."""
    cells: list[list[str]] = []
    lines: list[int] = []
    if dialect.separator == BLANKS:
        for number, line in enumerate(text.splitlines(), start=1):
            cells.append(line.split())
            lines.append(number)
    else:
        reader = csv.reader(
            io.StringIO(text, newline=""),
            delimiter=dialect.separator,
            quotechar=dialect.quote or '"',
            quoting=csv.QUOTE_NONE if dialect.quote is None else csv.QUOTE_MINIMAL,
            doublequote=dialect.escape is None,
            escapechar=dialect.escape,
        )
        try:
            for row in reader:
                cells.append(row)
                lines.append(reader.line_num)
        except csv.Error:  # a field beyond all measure: the dialect is wrong, or its rest is
            pass
    if not complete and len(cells) > 1:
        return Rows(cells=cells[:-1], lines=lines[:-1])
    return Rows(cells=cells, lines=lines)


def find_decimal(rows: list[list[str]]) -> str:
    """Find the decimal separator of most numbers: "," or "."."""
    commas = points = 0
    for row in rows:
        for cell in row:
            bare = cell.strip()
            if _COMMA.fullmatch(bare) and not _COMMA_GROUPS.fullmatch(bare):
                commas += 1
            elif _POINT.fullmatch(bare):
                points += 1
    return "," if commas > points else "."


def _with_quoting(text: str, separator: str, complete: bool) -> _Trial:
    """Try a separator with the quoting that fits it best."""
    plain = _try(text, Dialect(separator=separator, quote=None), complete)
    best = None
    for quote in ('"', "'"):
        opened, closed = _quotes(text, separator, quote)
        if not opened and (quote == "'" or quote in text):
            continue
        for escape in (None, "\\") if f"\\{quote}" in text else (None,):
            trial = _try(text, Dialect(separator=separator, quote=quote, escape=escape), complete)
            if _quoting_holds(trial, plain, opened, closed) and (
                best is None or trial.consistency > best.consistency + 1e-9
            ):
                best = trial
    return best or plain


def _quotes(text: str, separator: str, quote: str) -> tuple[int, int]:
    """Count the quotes that could open a field, and those that could close one."""
    gap, mark = re.escape(separator), re.escape(quote)
    opened = len(re.findall(rf"(?:^|[\r\n]|{gap})[ ]?{mark}", text))
    closed = len(re.findall(rf"{mark}[ ]?(?=$|[\r\n]|{gap})", text))
    return opened, closed


def _quoting_holds(trial: _Trial, plain: _Trial, opened: int, closed: int) -> bool:
    """Return True if quotes enclose fields rather than being part of them."""
    if trial.dialect.quote == "'" and opened < 3:
        return False
    if trial.consistency > plain.consistency:
        return True
    if trial.consistency < plain.consistency:
        loose = plain.width < 2 or plain.consistency < 0.99
        return loose and trial.consistency >= plain.consistency - 0.01
    # Both agree: quotes that swallow line ends, or have no partner, are part of the text.
    if trial.n_rows < plain.n_rows:
        return False
    return opened == 0 or abs(opened - closed) <= 0.2 * max(opened, closed)


def _try(text: str, dialect: Dialect, complete: bool) -> _Trial:
    rows = [row for row in split_rows(text, dialect, complete=complete).cells if any(row)]
    n_rows = len(rows)
    widths = [len(row) for row in rows]
    if not widths:
        return _Trial(dialect=dialect, n_rows=0, width=0, consistency=0.0, typed=0.0, starts=False)
    width, count = Counter(widths).most_common(1)[0]
    judged = rows[1 : 2 + _TYPED_CELLS // max(1, width)]
    cells = [cell.strip() for row in judged for cell in row]
    typed = sum(not cell or _NUMBER.fullmatch(cell) is not None for cell in cells)
    return _Trial(
        dialect=dialect,
        n_rows=n_rows,
        width=width,
        consistency=count / len(widths),
        typed=typed / max(1, len(cells)),
        starts=any(abs(w - width) <= 1 for w in widths[:2]),
    )
