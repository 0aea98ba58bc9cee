"""Reader of Excel workbooks: the choice of the sheet, and its cells as a table."""

import io
import re
import warnings
from bisect import bisect_left, bisect_right
from collections.abc import Collection, Iterator
from dataclasses import dataclass, replace
from itertools import islice, pairwise
from typing import TYPE_CHECKING, Any
from zipfile import ZipFile

import pandas as pd

from metatune.data.columns.missing import is_marker
from metatune.data.reading.damage import DAMAGE, reason
from metatune.data.reading.header import Header, find_header
from metatune.data.reading.options import DETECT, ReadingOptions
from metatune.data.reading.repeats import without_repeated_header
from metatune.data.reading.room import check_room
from metatune.data.reading.verbatim import NOTHING, Verbatim
from metatune.data.wording import listed
from metatune.errors import MetatuneError, TableError

if TYPE_CHECKING:
    from metatune.data.reading.payload import Payload

__all__ = ["Sheet", "read_workbook"]

_HEAD_ROWS = 100  # by which a sheet is chosen
_JUDGED_ROWS = 1_000  # by which its header is found
_FAR_ROWS = 1_000  # empty rows, or columns, after which no cell belongs to the table
_FAR_COLUMNS = 100
_DENSE = 1_000  # columns up to which rows are kept as they come
_BYTES_FOR_XML = 8  # bytes of memory for each byte of a sheet's file

_MERGED = re.compile(rb'mergeCell ref="([A-Z]{1,3})(\d{1,7}):[A-Z]{1,3}(\d{1,7})"')
_MOST_FILLED = 10  # times the cells of the sheet
_PIECE = 4_000_000  # bytes
_LONGEST_TAG = 60

_Cells = dict[int, Any]


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Sheet:
    """Sheet of a workbook as a table.

    Attributes
    ----------
    frame : DataFrame
    name : str
    header : Header
    notes : tuple of str
        Oddities and their treatment, one sentence each.
    """

    frame: pd.DataFrame
    name: str
    header: Header
    notes: tuple[str, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class _Grid:
    """Filled rows of a sheet: for each its number, counted from one, and cells by column."""

    numbers: list[int]
    rows: list[_Cells]
    is_cut: bool = False  # whether cells far away were left out

    @property
    def width(self) -> int:
        return max((max(row) + 1 for row in self.rows), default=0)


def read_workbook(
    payload: "Payload",
    options: ReadingOptions = DETECT,
    wanted: Collection[str] = (),
    verbatim: Verbatim = NOTHING,
) -> Sheet:
    """Read a sheet of a workbook.

    Without a sheet in `options` it is the one that holds most of the wanted names, else the first
    that has more than one column.

    Parameters
    ----------
    payload : Payload
    options : ReadingOptions
    wanted : collection of str
        Names of columns that the table should hold.
    verbatim : Verbatim
        What is taken as it stands.

    Raises
    ------
    TableError
        If the file is damaged, empty, has no such sheet or a column name twice.
    """
    label = payload.label
    try:
        with payload.open() as stream, warnings.catch_warnings():
            warnings.simplefilter("ignore")  # of features of Excel that hold no data
            content = stream.read()
            _check_size(content, label)
            name, grid, notes = _choose(content, label, options, wanted)
            return _as_table(name, grid, notes, label, options, wanted, verbatim)
    except MetatuneError:
        raise
    except DAMAGE as error:
        raise TableError(
            f"{label} is a damaged Excel file ({reason(error)}): open it in Excel and save it again"
        ) from None


def _check_size(content: bytes, label: str) -> None:
    with ZipFile(io.BytesIO(content)) as archive:
        n_bytes = sum(info.file_size for info in archive.infolist())
    check_room(_BYTES_FOR_XML * n_bytes, label)


def _choose(
    content: bytes, label: str, options: ReadingOptions, wanted: Collection[str]
) -> tuple[str, _Grid, tuple[str, ...]]:
    """Choose a sheet and read it."""
    import openpyxl

    book = openpyxl.load_workbook(io.BytesIO(content), read_only=True, data_only=True)
    try:
        sheets = {str(sheet.title): sheet for sheet in book.worksheets}
        if options.sheet is not None:
            name = _named(list(sheets), options.sheet, label)
            grid = _filled_down(_read(_numbered(sheets[name])), sheets[name], content)
            if not grid.rows:
                raise TableError(f"{label}: the sheet {name!r} is empty")
            return name, grid, ()
        heads = {
            name: _read(islice(_numbered(sheet), _HEAD_ROWS)) for name, sheet in sheets.items()
        }
        heads = {name: head for name, head in heads.items() if head.rows}
        if not heads:
            raise TableError(f"{label} is empty")
        name = _best(heads, wanted)
        notes = (f"sheet {name!r} of {len(heads)} read",) if len(heads) > 1 else ()
        return name, _filled_down(_read(_numbered(sheets[name])), sheets[name], content), notes
    finally:
        book.close()


def _named(names: list[str], sheet: str, label: str) -> str:
    """Find a sheet by its name, whatever its case, or by its number."""
    for name in names:
        if sheet == name:
            return name
    for name in names:
        if sheet.strip().lower() == name.strip().lower():
            return name
    if sheet.isdecimal() and 1 <= int(sheet) <= len(names):
        return names[int(sheet) - 1]
    raise TableError(f"{label} has no sheet {sheet!r}: it has {listed(names, 10)}")


def _best(heads: dict[str, _Grid], wanted: Collection[str]) -> str:
    """Return the sheet that holds most wanted names, the first table among equals."""
    names = {name.strip() for name in wanted}

    def worth(name: str) -> tuple[int, bool]:
        cells = {str(cell).strip() for row in heads[name].rows for cell in row.values()}
        return len(names & cells), heads[name].width > 1

    return max(heads, key=worth)  # the first of the best ones


def _numbered(sheet: Any) -> Iterator[tuple[int, _Cells]]:
    """Yield the filled rows of a sheet, read as they come: a cell far away costs nothing."""
    sheet.reset_dimensions()  # they may be wrong, and every row would be filled up to them
    for number, row in enumerate(sheet.iter_rows(values_only=True), start=1):
        cells = {i: _plain(cell) for i, cell in enumerate(row) if cell is not None and cell != ""}
        if cells:
            yield number, cells


def _plain(cell: Any) -> Any:
    """Return whole numbers as such: Excel knows floats only."""
    return int(cell) if isinstance(cell, float) and cell.is_integer() else cell


def _read(rows: Iterator[tuple[int, _Cells]]) -> _Grid:
    """Take the rows of the table, without cells that stand alone far below or to the right."""
    numbers: list[int] = []
    taken: list[_Cells] = []
    is_cut = False
    for number, cells in rows:
        if numbers and number - numbers[-1] > _FAR_ROWS:
            is_cut = True
            break
        numbers.append(number)
        taken.append(cells)
    end = _end(sorted({i for row in taken for i in row}))
    cut = [{i: cell for i, cell in row.items() if i < end} for row in taken]
    is_cut |= any(len(a) != len(b) for a, b in zip(cut, taken, strict=True))
    kept = [(number, row) for number, row in zip(numbers, cut, strict=True) if row]
    return _Grid(numbers=[n for n, _ in kept], rows=[row for _, row in kept], is_cut=is_cut)


def _end(columns: list[int]) -> int:
    """Return the column after the last one that belongs to the table."""
    for i, j in pairwise(columns):
        if j - i > _FAR_COLUMNS:
            return i + 1
    return columns[-1] + 1 if columns else 0


def _filled_down(grid: _Grid, sheet: Any, content: bytes) -> _Grid:
    """Give each row the value of a cell that is merged over several rows."""
    filled = [dict(row) for row in grid.rows]
    left = _MOST_FILLED * sum(map(len, grid.rows))
    for column, top, bottom in _merged(sheet, content):
        start, end = bisect_left(grid.numbers, top), bisect_right(grid.numbers, bottom)
        left -= end - start
        if left < 0:  # merged ranges that overlap: of a file that means harm
            break
        if start < end and grid.numbers[start] == top and column in filled[start]:
            for row in filled[start + 1 : end]:
                row.setdefault(column, filled[start][column])
    return replace(grid, rows=filled)


def _merged(sheet: Any, content: bytes) -> Iterator[tuple[int, int, int]]:
    """Yield column, first and last row of the cells that are merged over several rows.

    A sheet that is read row by row does not tell them: they stand below the rows.
    """
    from openpyxl.utils import column_index_from_string

    with ZipFile(io.BytesIO(content)) as archive, archive.open(sheet._worksheet_path) as stream:
        rest = b""
        while piece := stream.read(_PIECE):
            text = rest + piece
            end = 0
            for match in _MERGED.finditer(text):
                end = match.end()
                if int(match[3]) > int(match[2]):
                    yield (
                        column_index_from_string(match[1].decode()) - 1,
                        int(match[2]),
                        int(match[3]),
                    )
            rest = text[max(end, len(text) - _LONGEST_TAG) :]  # a tag may be cut


def _as_table(
    name: str,
    grid: _Grid,
    notes: tuple[str, ...],
    label: str,
    options: ReadingOptions,
    wanted: Collection[str],
    verbatim: Verbatim,
) -> Sheet:
    width = grid.width
    head = [[_text(row.get(i)) for i in range(width)] for row in grid.rows[:_JUDGED_ROWS]]
    header = find_header(
        head, label, options.header, wanted, grid.numbers, single=verbatim.single_header
    )
    rows = grid.rows[header.n_skipped :]
    if verbatim.rows:
        rows = _with_empty_rows(rows, grid.numbers[header.n_skipped :])
    check_room(64 * len(rows) * width, label)
    columns = {i: [_value(row.get(i)) for row in rows] for i in range(len(header.names))}
    frame = pd.DataFrame(columns, dtype=object).set_axis(list(header.names), axis="columns")
    repeats: tuple[str, ...] = ()
    if not verbatim.rows:
        frame, repeats = without_repeated_header(frame, header)
    far = ("cells far from the table left out",) if grid.is_cut else ()
    return Sheet(
        frame=frame.infer_objects(),
        name=name,
        header=header,
        notes=(*notes, *far, *header.notes, *repeats),
    )


def _with_empty_rows(rows: list[_Cells], numbers: list[int]) -> list[_Cells]:
    """Put empty rows where rows between the first and the last one hold nothing."""
    filled = dict(zip(numbers, rows, strict=True))
    return [filled.get(number, {}) for number in range(numbers[0], numbers[-1] + 1)] if rows else []


def _text(cell: Any) -> str:
    """Return a cell as a header would show it; a date without a time of day."""
    cell = _value(cell)
    if cell is None:
        return ""
    text = str(cell)
    return text.removesuffix(" 00:00:00") if hasattr(cell, "year") else text


def _value(cell: Any) -> Any:
    is_missing = cell is None or cell != cell or (isinstance(cell, str) and is_marker(cell))  # noqa: PLR0124
    return None if is_missing else cell
