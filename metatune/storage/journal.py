"""The journal: finished trials, one line of JSON each, that survive whatever happens next.

Besides the result a line holds the version of this format (``schema``), and what a later process
needs in order to go on: which run it belongs to (``run``), and how much of the budget was used when
it was written (``used``, in seconds).
"""

import json
import math
import os
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from types import TracebackType
from typing import Any, Self

from metatune.errors import BundleError
from metatune.evaluation.trial import TrialResult
from metatune.files.plain import without_nan

__all__ = ["SCHEMA_VERSION", "Journal", "Past", "Stamp", "read_journal", "read_past"]

SCHEMA_VERSION = 2
"""Of the lines; those without a number are of version 1, which knew neither run nor seconds."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Past:
    """Past of a run: results that earlier processes have written into its journal.

    Attributes
    ----------
    results : tuple of TrialResult
        In the order of the file.
    used : float
        Seconds of the budget that were used when the last one was written; 0 if not known.
    runs : frozenset of str
        The runs that the lines name.
    """

    results: tuple[TrialResult, ...] = ()
    used: float = 0.0
    runs: frozenset[str] = frozenset()


@dataclass(frozen=True, slots=True, kw_only=True)
class Stamp:
    """Stamp that the journal puts beside a result.

    Attributes
    ----------
    run : str
        Identifies the run.
    used : float or None
        Seconds of the run's budget that are used by now.
    """

    run: str = ""
    used: float | None = None


class Journal:
    """Appends results to a file. Leaving its context closes it.

    A line that a killed process left unfinished is removed when the journal is opened again.

    Parameters
    ----------
    path : Path
        Made if there is none; its directory has to exist.

    Raises
    ------
    BundleError
        If the file cannot be written.
    """

    def __init__(self, path: Path) -> None:
        try:
            _drop_torn_line(path)
            flags = os.O_WRONLY | os.O_CREAT | os.O_APPEND
            self._file: int | None = os.open(path, flags, 0o644)
        except OSError as error:
            raise BundleError(f"cannot write the journal {path}: {error.strerror}") from error
        self._path = path

    def append(self, result: TrialResult, *, run: str = "", used: float | None = None) -> None:
        """Write a result; it is on the disk when this returns.

        Parameters
        ----------
        result : TrialResult
            What is written.
        run : str
            Identifies the run.
        used : float, optional
            Seconds of its budget that are used.

        Raises
        ------
        BundleError
            If it cannot be written, for example because the disk is full.
        """
        if self._file is None:
            raise BundleError(f"the journal {self._path} is closed: open it again")
        beside = {"schema": SCHEMA_VERSION, "run": run or None, "used": used}
        told = {name: value for name, value in beside.items() if value is not None}
        record = without_nan({**result.to_record(), **told})
        text = json.dumps(record, allow_nan=False, separators=(",", ":"))
        rest = (text + "\n").encode()
        try:
            while rest:
                rest = rest[os.write(self._file, rest) :]
            os.fsync(self._file)
        except OSError as error:
            raise BundleError(
                f"cannot write the journal {self._path} ({error.strerror}): "
                "free some room, or mend its permissions"
            ) from error

    def close(self) -> None:
        """Close the file. May be called twice."""
        if self._file is not None:
            os.close(self._file)
            self._file = None

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self.close()


def read_journal(path: Path) -> list[TrialResult]:
    """Read the results in a journal.

    Parameters
    ----------
    path : Path
        Where it is; one that does not exist is empty.

    Returns
    -------
    list of TrialResult
        In the order of the file, without a last line that was not finished.

    Raises
    ------
    BundleError
        If a finished line is not a result or of a newer version, or the file cannot be read.
    """
    return [_parse(record, path, number) for number, record in _records(path)]


def read_past(path: Path) -> Past:
    """Read the results in a journal, and what is needed in order to go on.

    Parameters and errors are those of `read_journal`.
    """
    records = list(_records(path))
    used = [record.get("used") for _, record in records]
    return Past(
        results=tuple(_parse(record, path, number) for number, record in records),
        used=max((float(value) for value in used if value is not None), default=0.0),
        runs=frozenset(str(record["run"]) for _, record in records if "run" in record),
    )


def _records(path: Path) -> Iterator[tuple[int, dict[str, Any]]]:
    """Yield the number of each finished line and what it holds."""
    try:
        content = path.read_bytes()
    except FileNotFoundError:
        return
    except OSError as error:
        raise BundleError(f"cannot read the journal {path}: {error.strerror}") from error
    lines = content.split(b"\n")[:-1]  # what follows the last line break was never finished
    for number, line in enumerate(lines, start=1):
        try:
            record = dict(json.loads(line))
            version = int(record.get("schema", 1))
        except (ValueError, TypeError) as error:
            raise _no_trial(path, number) from error
        if version > SCHEMA_VERSION:
            raise BundleError(
                f"the journal {path} was written by a newer metatune (version {version} of the "
                f"format, this one knows {SCHEMA_VERSION}): update metatune, or start a new run"
            )
        yield number, record


def _parse(record: dict[str, Any], path: Path, number: int) -> TrialResult:
    try:
        folds = record["fold_scores"].items()
        scores = {name: [_or_nan(score) for score in scores] for name, scores in folds}
        return TrialResult.from_record({**record, "fold_scores": scores})
    except (ValueError, KeyError, TypeError, AttributeError) as error:
        raise _no_trial(path, number) from error


def _no_trial(path: Path, number: int) -> BundleError:
    return BundleError(
        f"line {number} of the journal {path} is no trial: remove the line, or start a new run"
    )


def _drop_torn_line(path: Path) -> None:
    if not path.exists():
        return
    with path.open("r+b") as file:
        content = file.read()
        finished = content.rfind(b"\n") + 1
        if finished < len(content):
            file.truncate(finished)


def _or_nan(score: float | None) -> float:
    return math.nan if score is None else score
