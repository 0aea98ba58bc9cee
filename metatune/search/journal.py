"""The journal: finished trials, one line of JSON each, that survive whatever happens next."""

import json
import math
import os
from collections.abc import Mapping
from pathlib import Path
from types import TracebackType
from typing import Any, Self

from metatune.errors import BundleError
from metatune.search.trial import TrialResult

__all__ = ["Journal", "read_journal"]


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

    def append(self, result: TrialResult) -> None:
        """Write a result; it is on the disk when this returns.

        Raises
        ------
        BundleError
            If it cannot be written, for example because the disk is full.
        """
        if self._file is None:
            raise BundleError(f"the journal {self._path} is closed: open it again")
        record = _without_nan(result.to_record())
        text = json.dumps(record, allow_nan=False, separators=(",", ":"), default=_from_numpy)
        rest = (text + "\n").encode()
        try:
            while rest:
                rest = rest[os.write(self._file, rest) :]
            os.fsync(self._file)
        except OSError as error:
            raise BundleError(f"cannot write the journal {self._path}: {error.strerror}") from error

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
        If a finished line is not a result, or the file cannot be read.
    """
    try:
        content = path.read_bytes()
    except FileNotFoundError:
        return []
    except OSError as error:
        raise BundleError(f"cannot read the journal {path}: {error.strerror}") from error
    lines = content.split(b"\n")[:-1]  # what follows the last line break was never finished
    return [_parse(line, path, number) for number, line in enumerate(lines, start=1)]


def _parse(line: bytes, path: Path, number: int) -> TrialResult:
    try:
        record = json.loads(line)
        folds = record["fold_scores"].items()
        record["fold_scores"] = {
            name: [_or_nan(score) for score in scores] for name, scores in folds
        }
        return TrialResult.from_record(record)
    except (ValueError, KeyError, TypeError, AttributeError) as error:
        raise BundleError(
            f"line {number} of the journal {path} is no trial: remove the line, or start a new run"
        ) from error


def _drop_torn_line(path: Path) -> None:
    if not path.exists():
        return
    with path.open("r+b") as file:
        content = file.read()
        finished = content.rfind(b"\n") + 1
        if finished < len(content):
            file.truncate(finished)


def _without_nan(value: Any) -> Any:
    """JSON knows neither NaN nor infinity: write None for them."""
    if isinstance(value, float):
        return value if math.isfinite(value) else None
    if isinstance(value, Mapping):
        return {name: _without_nan(item) for name, item in value.items()}
    if isinstance(value, list | tuple):
        return [_without_nan(item) for item in value]
    return value


def _or_nan(score: float | None) -> float:
    return math.nan if score is None else score


def _from_numpy(value: Any) -> Any:
    """Turn a numpy scalar, such as a learner may report, into a plain number."""
    return _without_nan(value.item())
