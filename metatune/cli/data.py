"""Opening what DATA names: a file, standard input, or something on OpenML."""

from collections.abc import Collection
from dataclasses import dataclass
from math import inf
from pathlib import Path
from typing import TYPE_CHECKING

from metatune.errors import OptionError, TargetError

if TYPE_CHECKING:
    from metatune.budget import Deadline
    from metatune.data.reading.options import ReadingOptions
    from metatune.data.reading.source import Table

__all__ = ["OpenedData", "check_exists", "is_openml", "open_data", "stem_of"]

_SUFFIXES = (".gz", ".bz2", ".zip", ".xz", ".zst", ".zstd")
_OPENML = "openml:"
_MIN_TIMEOUT = 1.0  # seconds


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class OpenedData:
    """A table, and what its source says about the task; None where it says nothing.

    Attributes
    ----------
    table : Table
    target : str or None
        What the user wants to predict, else what the source says.
    task : str or None
    metric : str or None
    own_target : str or None
        What the source says, whatever the user wants.
    """

    table: "Table"
    target: str | None = None
    own_target: str | None = None
    task: str | None = None
    metric: str | None = None


def open_data(
    data: str,
    *,
    target: str | None,
    server: str | None,
    reading: "ReadingOptions",
    keep: Collection[str] = (),
    deadline: "Deadline | None" = None,
) -> OpenedData:
    """Read what DATA names.

    Parameters
    ----------
    data : str
        A file, ``-``, ``openml:31`` or ``openml:task/31``.
    target : str or None
        What the user wants to predict, if that was said.
    server : str or None
        OpenML server; None for the public one.
    reading : ReadingOptions
        What the user knows of the file.
    keep : collection of str
        Columns that stay in the table even where OpenML leaves them out, and by which the sheet of
        a workbook is chosen; the target always is among them.
    deadline : Deadline, optional
        When the whole run has to be finished.

    Raises
    ------
    InputError
        If it cannot be had or read.
    """
    from metatune.data.reading.options import DETECT

    if is_openml(data):
        if reading != DETECT:
            raise OptionError(f"{data} is no file: leave out the options for reading files")
        patience = inf if deadline is None else deadline.remaining()
        return _from_openml(data, target, server, keep, patience)
    from metatune.data.reading.table_reader import read_table
    from metatune.data.reading.verbatim import Verbatim

    wanted = [*keep] if target is None else [target, *keep]
    labels = Verbatim(has_target=True, target=target)
    table = read_table(data, options=reading, wanted=wanted, verbatim=labels, deadline=deadline)
    return OpenedData(table=table, target=target)


def check_exists(data: str) -> None:
    """Spare the start of workers for a mistyped name; reading says what is wrong with it."""
    if is_openml(data):
        from metatune.openml.reference import Reference

        Reference.parse(data)
    elif data != "-":
        from metatune.data.reading.payload import check_file

        check_file(data)


def stem_of(data: str) -> str:
    """Name DATA in a word that can be part of a file's name."""
    if data == "-":
        return "stdin"
    if is_openml(data):
        return data.lower().replace(":", "-").replace("/", "-")
    path = Path(data)
    if path.suffix.lower() in _SUFFIXES:
        path = path.with_suffix("")
    return path.stem


def is_openml(data: str) -> bool:
    """Return True if DATA names something on OpenML rather than a file."""
    return data.lower().startswith(_OPENML)


def _from_openml(
    data: str, target: str | None, server: str | None, keep: Collection[str], patience: float
) -> OpenedData:
    from metatune.openml.client import (
        DEFAULT_SERVER,
        ConnectionSettings,
        OpenMLClient,
        default_cache,
    )
    from metatune.openml.dataset import fetch_table
    from metatune.openml.measures import metric_of
    from metatune.openml.reference import Reference

    reference = Reference.parse(data)
    # A silent server is no reason to be late: tries have to fail before the time is over.
    timeout = min(ConnectionSettings().timeout, max(_MIN_TIMEOUT, patience / 3))
    settings = ConnectionSettings(timeout=timeout)
    client = OpenMLClient(server or DEFAULT_SERVER, cache=default_cache(), settings=settings)
    kept = keep if target is None else {*keep, target}
    found = fetch_table(reference, client, keep=kept)
    if target is None and found.target is None:
        raise TargetError(f"{data} names no target: say which column to predict with --target")
    chosen = target or found.target
    own = target is None or target == found.target
    frame = found.table.frame
    classes = found.task == "classification" and chosen in frame.columns
    return OpenedData(
        table=found.table,
        target=chosen,
        own_target=found.target,
        task=found.task if own else None,
        metric=metric_of(found.measure, n_classes=frame[chosen].nunique() if classes else 0)
        if own
        else None,
    )
