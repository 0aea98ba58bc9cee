"""The journal: finished trials, one line of JSON each, that survive whatever happens next.

Besides the result a line holds the version of this format (``schema``), and what a later process
needs in order to go on: which run it belongs to (``run``), and how much of the budget was used when
it was written (``used``, in seconds).
"""

import json
import math
import os
from collections.abc import Iterator
from dataclasses import asdict, dataclass, fields
from pathlib import Path
from types import TracebackType
from typing import Any, Self

from metatune.errors import BundleError
from metatune.evaluation.trial import Expectation, Slope, TrialResult, TrialStatus
from metatune.files.plain import parse_json, read_dataclass, without_nan

__all__ = ["SCHEMA_VERSION", "Journal", "Past", "Stamp", "read_journal", "read_past"]

_MOST = 2**62  # of counts, bytes and seconds: what is beyond was not measured

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
    ended : tuple of (float or None)
        Seconds of the budget that were used when each result was written; None if not known.
    """

    results: tuple[TrialResult, ...] = ()
    used: float = 0.0
    runs: frozenset[str] = frozenset()
    ended: tuple[float | None, ...] = ()


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


@dataclass(frozen=True, slots=True, kw_only=True)
class _Line:
    """Line of a journal, as `TrialResult.to_record` and `Journal.append` write it."""

    trial: int
    algorithm: str
    params: dict[str, str | int | float | bool | None]
    origin: str
    rung: int
    row_share: float
    n_folds: int
    seed: int
    status: TrialStatus
    score: float | None
    fold_scores: dict[str, tuple[float | None, ...]]
    fit_seconds: float
    predict_seconds: float
    predicted_rows: int = 0
    model_bytes: int = 0
    latency: float = 0.0
    seconds: float
    cpu_seconds: float
    iterations: tuple[int, ...]
    memory_mb: float
    error: str
    recipe_version: int | None = None
    preprocess_seconds: float = 0.0
    saved_seconds: float = 0.0
    copied_folds: int = 0
    stored_matrices: int = 0
    decision: tuple[float, ...] = ()
    expected: Expectation | None = None
    slope: Slope | None = None
    run: str | None = None
    used: float | None = None

    def check(self) -> None:
        """Raise ValueError with a clause about a value that no trial has."""
        at_least = {
            1: ("n_folds",),
            0: (
                *("trial", "rung", "seed", "fit_seconds", "predict_seconds", "predicted_rows"),
                *("model_bytes", "latency", "seconds", "cpu_seconds", "memory_mb", "used"),
                *("preprocess_seconds", "saved_seconds", "copied_folds", "stored_matrices"),
            ),
        }
        for least, names in at_least.items():
            for name in names:
                value = getattr(self, name)
                if value is not None and not least <= value <= _MOST:
                    raise ValueError(f"{name} is {value!r:.40}, not at least {least}")
        if not 0 < self.row_share <= 1:
            raise ValueError(f"row_share is {self.row_share}, not a share")
        if self.score is not None and self.status is not TrialStatus.OK:
            raise ValueError(f"score is {self.score}, but status is {str(self.status)!r}")

    def result(self) -> TrialResult:
        """Return the result that the line tells."""
        record = {field.name: getattr(self, field.name) for field in fields(self)}
        scores = {
            name: [math.nan if score is None else score for score in folds]
            for name, folds in self.fold_scores.items()
        }
        expected = None if self.expected is None else asdict(self.expected)
        slope = None if self.slope is None else asdict(self.slope)
        return TrialResult.from_record(
            {**record, "fold_scores": scores, "expected": expected, "slope": slope}
        )


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
    return [_parse(record, path, number).result() for number, record in _records(path)]


def read_past(path: Path) -> Past:
    """Read the results in a journal, and what is needed in order to go on.

    Parameters and errors are those of `read_journal`; a trial may not be told twice either.
    """
    lines = {number: _parse(record, path, number) for number, record in _records(path)}
    places: dict[int, int] = {}
    for number, line in lines.items():
        if places.setdefault(line.trial, number) != number:
            reason = f"trial {line.trial} stands in line {places[line.trial]} already"
            raise _no_trial(path, number, reason)
    told = lines.values()
    return Past(
        results=tuple(line.result() for line in told),
        used=max((line.used for line in told if line.used is not None), default=0.0),
        runs=frozenset(line.run for line in told if line.run is not None),
        ended=tuple(line.used for line in told),
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
            record = parse_json(line)
        except ValueError as error:
            raise _no_trial(path, number, "it is not JSON") from error
        version = record.get("schema", 1) if isinstance(record, dict) else 1
        if not isinstance(version, int):
            raise _no_trial(path, number, f"its version is {version!r:.40}")
        if version > SCHEMA_VERSION:
            raise BundleError(
                f"the journal {path} was written by a newer metatune (version {version} of the "
                f"format, this one knows {SCHEMA_VERSION}): update metatune, or start a new run"
            )
        yield number, record


def _parse(record: dict[str, Any], path: Path, number: int) -> _Line:
    try:
        line = read_dataclass(_Line, record)
        line.check()
    except ValueError as error:
        raise _no_trial(path, number, str(error)) from error
    return line


def _no_trial(path: Path, number: int, reason: str) -> BundleError:
    return BundleError(
        f"line {number} of the journal {path} is no trial ({reason}): remove the line, or start a "
        "new run"
    )


def _drop_torn_line(path: Path) -> None:
    if not path.exists():
        return
    with path.open("r+b") as file:
        content = file.read()
        finished = content.rfind(b"\n") + 1
        if finished < len(content):
            file.truncate(finished)
