"""Messages of refused files."""

from pathlib import Path

from metatune.data.reading.table_reader import read_table
from metatune.errors import TableError


def refusal(path: Path) -> str:
    """Read a table and return the message if it is refused; other errors are raised."""
    try:
        read_table(path)
    except TableError as error:
        return str(error)
    return ""
