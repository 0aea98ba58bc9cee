"""Reader of Parquet and Arrow files (Feather, IPC files and streams)."""

from typing import TYPE_CHECKING, Any, BinaryIO

import pandas as pd

from metatune.data.reading.damage import DAMAGE, reason
from metatune.data.reading.nesting import without_lists
from metatune.data.reading.room import check_room
from metatune.data.wording import counted, listed
from metatune.errors import MetatuneError, TableError

if TYPE_CHECKING:
    import pyarrow as pa

    from metatune.data.reading.payload import Payload

__all__ = ["read_columnar"]

_FEATHER_1 = b"FEA1"
_FILE = b"ARROW1"


def read_columnar(payload: "Payload") -> tuple[pd.DataFrame, tuple[str, ...]]:
    """Read a Parquet or Arrow file.

    Binary columns that hold text are read as text, records are taken apart, lists are left out,
    and an index is a column like others.

    Returns
    -------
    tuple of (DataFrame, tuple of str)
        The table, and notes.

    Raises
    ------
    TableError
        If the file is damaged, has a column name twice, or there is no room for it.
    """
    import pyarrow as pa

    label = payload.label
    try:
        with payload.open() as stream:
            table = _parquet(stream, label) if payload.format == "parquet" else _arrow(stream)
        table, notes = _plain(table)
        _check_unique(table, label)
        frame = table.to_pandas()
    except MetatuneError:
        raise
    except (pa.ArrowException, *DAMAGE) as error:
        raise TableError(
            f"{label} is a damaged {payload.format} file ({reason(error)}): make it again"
        ) from None
    frame, lists = without_lists(_with_index(frame), label)
    return frame, (*notes, *lists)


def _parquet(stream: BinaryIO, label: str) -> "pa.Table":
    import pyarrow.parquet as pq

    file = pq.ParquetFile(stream)
    meta = file.metadata
    groups = [meta.row_group(i).total_byte_size for i in range(meta.num_row_groups)]
    # Repeated values are packed: what counts is the number of cells as well.
    check_room(max(2 * sum(groups), 16 * meta.num_rows * meta.num_columns), label)
    return file.read()


def _arrow(stream: BinaryIO) -> "pa.Table":
    import pyarrow as pa
    from pyarrow import feather

    start = stream.read(len(_FILE))
    stream.seek(0)
    if start.startswith(_FEATHER_1):
        return feather.read_table(stream)
    if start.startswith(_FILE):
        return pa.ipc.open_file(stream).read_all()
    return pa.ipc.open_stream(stream).read_all()


def _check_unique(table: "pa.Table", label: str) -> None:
    names = table.column_names
    repeated = list(dict.fromkeys(name for name in names if names.count(name) > 1))
    if repeated:
        raise TableError(
            f"{label}: several columns are called {listed(repeated, 3)}: give every column its "
            "own name"
        )


def _plain(table: "pa.Table") -> "tuple[pa.Table, tuple[str, ...]]":
    """Take records apart, and read bytes as the text that they are."""
    import pyarrow as pa

    while any(pa.types.is_struct(kind) for kind in table.schema.types):
        table = table.flatten()
    blobs = []
    for i, field in enumerate(table.schema):
        if _is_binary(field.type):
            texts = _texts(table.column(i))
            if texts is None:
                blobs.append(field.name)
            else:
                table = table.set_column(i, field.name, texts)
    if not blobs:
        return table, ()
    what = f"{counted(len(blobs), 'column')} of bytes that are no text left out: {listed(blobs)}"
    return table.drop_columns(blobs), (what,)


def _is_binary(kind: "pa.DataType") -> bool:
    import pyarrow as pa

    if pa.types.is_dictionary(kind):
        kind = kind.value_type
    binary = (pa.types.is_binary, pa.types.is_large_binary, pa.types.is_fixed_size_binary)
    return any(test(kind) for test in binary)


def _texts(column: Any) -> Any:
    """Return a binary column as text; None if it is none."""
    import pyarrow as pa
    import pyarrow.compute as pc

    if pa.types.is_dictionary(column.type):
        column = column.cast(column.type.value_type)
    if pa.types.is_fixed_size_binary(column.type):
        column = column.cast(pa.binary())
    try:
        return pc.cast(column, pa.large_string())
    except pa.ArrowInvalid:
        return None


def _with_index(frame: pd.DataFrame) -> pd.DataFrame:
    """Make columns of an index that has names; one that repeats a column is left out."""
    named = [name for name in frame.index.names if name is not None]
    new = [name for name in named if name not in frame.columns]
    repeated = [name for name in named if name in frame.columns]
    if repeated:
        frame = frame.reset_index(level=repeated, drop=True)
    return frame.reset_index(level=new) if new else frame
