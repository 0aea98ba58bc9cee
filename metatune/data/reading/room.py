"""Room for a table: a look at the free memory before it is filled."""

from metatune.errors import TableError
from metatune.execution.cores import available_memory

__all__ = ["check_room", "size"]

_SHARE = 0.8  # of the free memory that a table may take while it is read


def check_room(n_bytes: float, label: str, what: str = "reading it") -> None:
    """Refuse what would not fit into the free memory.

    Parameters
    ----------
    n_bytes : float
        Bytes that will be needed.
    label : str
        Name of the file in messages.
    what : str
        What needs them.

    Raises
    ------
    TableError
        If there is no room.
    """
    free = available_memory()
    if n_bytes > _SHARE * free:
        raise TableError(
            f"{label} is too large: {what} takes about {size(n_bytes)} of memory, and "
            f"{size(free)} are free: take a sample of its rows, or a larger machine"
        )


def size(n_bytes: float) -> str:
    """Write a number of bytes for people."""
    if n_bytes >= 1e9:
        return f"{n_bytes / 1e9:,.1f} GB"
    return f"{n_bytes / 1e6:,.0f} MB" if n_bytes >= 1e6 else f"{n_bytes / 1e3:,.0f} kB"
