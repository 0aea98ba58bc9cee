"""Dialect of a text table: separator, quote and escape character of its fields."""

import csv
import io
import re
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass
from itertools import product

from metatune.data.reading.options import DETECT, ReadingOptions

__all__ = ["BLANKS", "Dialect", "Rows", "find_decimal", "find_dialect", "split_rows", "stand_in"]

BLANKS = r"\s+"
_COMMON = ("\t", ";", ",", "|")  # in this order where nothing else decides
_UNUSUAL = re.compile(
    r"(?<=[\w\"])[^\w\s'\"]{2,3}(?=[\w\"])"  # two or three together
    r"|[^\w\s.'\"\-:/()\[\]{}\\#%&+=<>$€£@!?*,;|]"
    r"|[\x01-\x08\x0e-\x1f]"
)
_STAND_INS = "\x1f\x1e\x1d\x1c\x01\x02\x03\x04"
_CONSISTENT = 0.98
_START = 200_000  # characters that decide on the separator
_TYPED_CELLS = 5_000
_LEAST_ROWS = 3  # that make an unusual separator credible
_NUMBER = re.compile(r"[-+]?[$€£]?(\d[\d.,]*|[.,]\d+)([eE][-+]?\d+)?%?")
_COMMA = re.compile(r"[-+]?(\d{1,3}(\.\d{3})+|\d+),\d+")
_COMMA_GROUPS = re.compile(r"[-+]?\d{1,3}(,\d{3})+")
_POINT = re.compile(r"[-+]?(\d{1,3}(,\d{3})+|\d+)\.\d+")
_LINE_END = re.compile(r"\r\n|\r|\n")


@dataclass(frozen=True, slots=True, kw_only=True)
class Dialect:
    r"""Separator, quote and escape character of fields.

    Attributes
    ----------
    separator : str
        One character or a few, or ``\s+`` for runs of blanks.
    quote : str or None
        The character that may enclose fields; None where quotes are ordinary characters.
    escape : str or None
        The character that makes a quote inside a quoted field, or a separator, ordinary; None
        where a quote is doubled.
    skips_blanks : bool
        Whether blanks after a separator are no part of the field, so that quotes may follow them.
    """

    separator: str
    quote: str | None = '"'
    escape: str | None = None
    skips_blanks: bool = False


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
    numbers or empty; `first` and `second` the widths of the first two rows.
    """

    dialect: Dialect
    n_rows: int
    width: int
    consistency: float
    typed: float
    first: int
    second: int

    @property
    def holds(self) -> bool:
        """True if all rows, the header included, have the same width."""
        return self.consistency >= _CONSISTENT and self.first == self.width >= 2

    @property
    def is_common(self) -> bool:
        return self.dialect.separator in _COMMON

    @property
    def key(self) -> tuple[int, float, bool, int, int]:
        starts = any(abs(width - self.width) <= 1 for width in (self.first, self.second))
        good = self.consistency >= _CONSISTENT and starts
        separator = self.dialect.separator
        order = _COMMON.index(separator) if self.is_common else len(_COMMON)
        typed = round(self.typed, 1) if good else self.consistency
        return self.holds + good, typed, self.is_common, self.width if good else 0, -order


def find_dialect(
    text: str, *, complete: bool, suffix: str = "", options: ReadingOptions = DETECT
) -> Dialect:
    """Find the dialect of a text table.

    A separator has to give the header as many fields as the other rows. Where several do, cells
    that are numbers decide, then the number of columns.

    Parameters
    ----------
    text : str
        The beginning of the file.
    complete : bool
        Whether it is the whole file; else the last row is not looked at.
    suffix : str
        The file's suffix: ``.tsv`` speaks for tabs.
    options : ReadingOptions
        A separator or a quote that is known.

    Returns
    -------
    Dialect
        With a comma where nothing separates fields.
    """
    if options.quote is not None and options.separator is not None:
        return Dialect(separator=options.separator, quote=options.quote or None)
    start, whole = text[:_START], complete and len(text) <= _START
    if options.separator is not None:
        return _with_quoting(text, options.separator, complete).dialect
    best = max(_candidates(start, whole, suffix), key=lambda trial: trial.key, default=None)
    if best is not None and best.consistency >= _CONSISTENT:
        if whole:
            return best.dialect
        # Quotes without a partner are rare: look for them further down.
        return _with_quoting(text, best.dialect.separator, complete).dialect
    blanks = _try(start, Dialect(separator=BLANKS), whole)
    if blanks.width >= 2 and blanks.consistency >= _CONSISTENT and blanks.typed >= 0.3:
        return blanks.dialect
    return best.dialect if best is not None else Dialect(separator=",")


def stand_in(separator: str, text: str) -> str:
    """Return a character that parsers of text tables can take in place of a separator.

    They want one character of ASCII; it must not occur in the text otherwise.
    """
    if separator == BLANKS or (len(separator) == 1 and separator.isascii()):
        return separator
    return next((mark for mark in _STAND_INS if mark not in text), _STAND_INS[0])


def split_rows(text: str, dialect: Dialect, *, complete: bool) -> Rows:
    """Split the beginning of a file into rows; the last one is left out if it may be cut."""
    cells: list[list[str]] = []
    lines: list[int] = []
    for row, number in (
        _rows_at_blanks(text) if dialect.separator == BLANKS else _rows(text, dialect)
    ):
        cells.append(row)
        lines.append(number)
    if not complete and len(cells) > 1:
        return Rows(cells=cells[:-1], lines=lines[:-1])
    return Rows(cells=cells, lines=lines)


def _rows_at_blanks(text: str) -> Iterator[tuple[list[str], int]]:
    for number, line in enumerate(_LINE_END.split(text), start=1):
        yield line.split(), number


def _rows(text: str, dialect: Dialect) -> Iterator[tuple[list[str], int]]:
    mark = stand_in(dialect.separator, text)
    replaced = mark != dialect.separator
    reader = csv.reader(
        io.StringIO(text.replace(dialect.separator, mark) if replaced else text, newline=""),
        delimiter=mark,
        quotechar=dialect.quote or '"',
        quoting=csv.QUOTE_NONE if dialect.quote is None else csv.QUOTE_MINIMAL,
        doublequote=dialect.escape is None,
        escapechar=dialect.escape,
        skipinitialspace=dialect.skips_blanks,
    )
    try:
        for row in reader:
            cells = [cell.replace(mark, dialect.separator) for cell in row] if replaced else row
            yield cells, reader.line_num
    except csv.Error:  # a field beyond all measure: the dialect is wrong, or its rest is
        return


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


def _candidates(text: str, complete: bool, suffix: str) -> list[_Trial]:
    """Try the usual separators, and unusual ones that stand in the first line."""
    present = [separator for separator in _COMMON if separator in text]
    if suffix in (".tsv", ".tab") and "\t" in present:
        present = ["\t"]
    trials = [_with_quoting(text, separator, complete) for separator in present]
    first = next((line for line in _LINE_END.split(text[:10_000]) if line.strip()), "")
    for separator in dict.fromkeys(match[0] for match in _UNUSUAL.finditer(first)):
        trial = _with_quoting(text, separator, complete)
        if trial.holds and trial.n_rows >= _LEAST_ROWS:
            trials.append(trial)
    return [trial for trial in trials if trial.width >= 2]


def _with_quoting(text: str, separator: str, complete: bool) -> _Trial:
    """Try a separator with the quoting that fits it best."""
    if separator == BLANKS:
        return _try(text, Dialect(separator=BLANKS), complete)
    plain = _unquoted(text, separator, complete)
    best = None
    for quote in ('"', "'"):
        opened, closed = _quotes(text, separator, quote)
        if not opened and (quote == "'" or quote in text):
            continue
        escapes = (None, "\\") if f"\\{quote}" in text else (None,)
        skips = (True, False) if _follow_blanks(text, separator, quote) else (False,)
        for escape, skips_blanks in product(escapes, skips):
            dialect = Dialect(
                separator=separator, quote=quote, escape=escape, skips_blanks=skips_blanks
            )
            trial = _try(text, dialect, complete)
            if _quoting_holds(trial, plain, opened, closed) and (
                best is None or trial.consistency > best.consistency + 1e-9
            ):
                best = trial
    return best or plain


def _unquoted(text: str, separator: str, complete: bool) -> _Trial:
    """Try a separator without quotes; a backslash may make it part of a field."""
    plain = _try(text, Dialect(separator=separator, quote=None), complete)
    if f"\\{separator}" not in text:
        return plain
    escaped = _try(text, Dialect(separator=separator, quote=None, escape="\\"), complete)
    return escaped if escaped.holds and not plain.holds else plain


def _quotes(text: str, separator: str, quote: str) -> tuple[int, int]:
    """Count the quotes that could open a field, and those that could close one."""
    gap, mark = re.escape(separator), re.escape(quote)
    opened = len(re.findall(rf"(?:^|[\r\n]|{gap})[ ]?{mark}", text))
    closed = len(re.findall(rf"{mark}[ ]?(?=$|[\r\n]|{gap})", text))
    return opened, closed


def _follow_blanks(text: str, separator: str, quote: str) -> bool:
    """Return True if most quotes that open a field follow a blank; in texts some do, too."""
    if separator == " ":
        return False
    gap, mark = re.escape(separator), re.escape(quote)
    direct = len(re.findall(rf"{gap}{mark}(?!{mark})", text))
    return len(re.findall(rf"{gap}[ ]+{mark}(?!{mark})", text)) > direct


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
    widths = [len(row) for row in rows] or [0]
    width, count = Counter(widths).most_common(1)[0]
    judged = rows[1 : 2 + _TYPED_CELLS // max(1, width)]
    cells = [cell.strip() for row in judged for cell in row]
    typed = sum(not cell or _NUMBER.fullmatch(cell) is not None for cell in cells)
    return _Trial(
        dialect=dialect,
        n_rows=len(rows),
        width=width,
        consistency=count / len(widths) if rows else 0.0,
        typed=typed / max(1, len(cells)),
        first=widths[0],
        second=widths[min(1, len(widths) - 1)],
    )
