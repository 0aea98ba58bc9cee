"""The run directory: what a run leaves behind."""

import contextlib
import json
import os
import socket
from collections.abc import Iterator
from importlib.metadata import version
from pathlib import Path
from typing import Any

from metatune.errors import BundleError, OptionError
from metatune.files.atomic import replacing
from metatune.files.locks import ProcessLock
from metatune.models.model_file import MODEL_FILE, cannot_write

__all__ = [
    "JOURNAL_FILE",
    "PREDICTIONS_FOLDER",
    "RUN_FILES",
    "RunDirectory",
    "library_versions",
    "this_process",
]

JOURNAL_FILE = "trials.jsonl"
_RECORD_FILE = "run.json"
_LEADERBOARD_FILE = "leaderboard.csv"
RUN_FILES = (
    MODEL_FILE,
    JOURNAL_FILE,
    _RECORD_FILE,
    _LEADERBOARD_FILE,
    # what a run that was killed while it saved may have left behind
    MODEL_FILE + ".part",
    _RECORD_FILE + ".part",
)
"""Everything that a run writes; nothing else is ever deleted."""

PREDICTIONS_FOLDER = "predictions"
"""Holds the out-of-fold predictions of the best trials, as ``.npy`` files."""

_LIBRARIES = ("metatune", "scikit-learn", "lightgbm", "numpy", "pandas", "skops")


class RunDirectory:
    """The directory of one run.

    Parameters
    ----------
    path : Path
        Place where it lies.
    keeps_model : bool
        False for a run whose directory is gone when it ends: no model is saved.
    """

    def __init__(self, path: Path, *, keeps_model: bool = True) -> None:
        self.path = path
        self.keeps_model = keeps_model
        self._lock: ProcessLock | None = None
        self._record: dict[str, Any] = {}

    @classmethod
    def check(cls, path: Path, *, overwrite: bool = False, resume: bool = False) -> "RunDirectory":
        """Refuse a directory that cannot be used, without making anything.

        Raises
        ------
        OptionError
            If it exists and is not empty (unless it is a run directory, and `overwrite` or
            `resume`), is a file, cannot be written, or another process runs in it.
        """
        if path.is_dir():
            content = {entry.name for entry in path.iterdir()}
            strange = sorted(content - {*RUN_FILES, PREDICTIONS_FOLDER})
            if content and not (overwrite or resume):
                raise OptionError(
                    f"output directory {path} is not empty: name another with --output, continue "
                    "the run in it with --resume, or replace it with --overwrite"
                )
            if strange:
                raise OptionError(
                    f"output directory {path} holds files that are not a run's "
                    f"({', '.join(strange[:3])}): name another with --output"
                )
        elif path.exists():
            raise OptionError(f"output {path} is a file: name a directory with --output")
        parent = path if path.is_dir() else _existing_parent(path)
        if not os.access(parent, os.W_OK | os.X_OK) or not parent.is_dir():
            raise OptionError(
                f"output directory {path} cannot be written (no permission in {parent}): "
                "name another with --output"
            )
        run_dir = cls(path)
        if path.is_dir():
            run_dir.hold()
        return run_dir

    @classmethod
    def open(cls, path: Path) -> "RunDirectory":
        """Open the directory of a run.

        Raises
        ------
        BundleError
            If it is none.
        """
        if not (path / _RECORD_FILE).is_file():
            raise BundleError(f"{path} is not a run directory: it holds no {_RECORD_FILE}")
        return cls(path)

    def make(self, *, resume: bool = False) -> None:
        """Make the directory, emptied of an earlier run's files unless that shall go on."""
        try:
            self.path.mkdir(parents=True, exist_ok=True)
            self.hold()
            self.clear(resume=resume)
        except OSError as error:
            raise OptionError(
                f"output directory {self.path} cannot be written ({error.strerror}): "
                "name another with --output"
            ) from error

    def clear(self, *, resume: bool = False) -> None:
        """Delete what a run has written, and nothing else.

        Parameters
        ----------
        resume : bool
            Delete only what was not written to its end.
        """
        for name in RUN_FILES:
            if not resume or name.endswith(".part"):
                (self.path / name).unlink(missing_ok=True)
        if resume:
            return
        for pattern in ("*.npy", "*.npy.part"):
            for file in self.predictions.glob(pattern):
                file.unlink(missing_ok=True)
        with contextlib.suppress(OSError):  # none, or holding what is not a run's
            self.predictions.rmdir()

    @property
    def predictions(self) -> Path:
        """The folder of the out-of-fold predictions."""
        return self.path / PREDICTIONS_FOLDER

    def hold(self) -> None:
        """Keep other processes from running in the directory, as long as this one lives.

        Raises
        ------
        OptionError
            If one does.
        """
        if self._lock is not None:
            return
        with contextlib.suppress(OSError):  # what cannot be opened cannot be written either
            self._lock = ProcessLock.try_hold(self.path)
            if self._lock is None:
                process = (self.find_record() or {}).get("process", {})
                who = f" (process {process['pid']})" if "pid" in process else ""
                raise OptionError(
                    f"a run is going on in {self.path}{who}: wait for its end or stop it, "
                    "or name another directory with --output"
                )

    def release(self) -> None:
        """Let other processes run in the directory."""
        if self._lock is not None:
            self._lock.release()
            self._lock = None

    @property
    def holds_run(self) -> bool:
        """Whether a run has left anything to go on from."""
        return self.journal.is_file() or (self.path / _RECORD_FILE).is_file()

    @property
    def journal(self) -> Path:
        """The journal's file."""
        return self.path / JOURNAL_FILE

    @property
    def model(self) -> Path:
        """The model's file."""
        return self.path / MODEL_FILE

    def write_record(self, record: dict[str, Any]) -> None:
        """Write ``run.json``, replacing it in one step.

        Raises
        ------
        BundleError
            If it cannot be written.
        """
        self._record = record
        text = json.dumps(self._record, indent=2, ensure_ascii=False, default=str)
        path = self.path / _RECORD_FILE
        with _writing(path), replacing(path) as part:
            part.write_text(text + "\n", encoding="utf-8")

    def note_used(self, seconds: float) -> None:
        """Note in ``run.json`` how many seconds of the budget are used, for whoever goes on."""
        if self._record:
            times = {**self._record.get("seconds", {}), "used": seconds}
            with contextlib.suppress(BundleError):  # the journal complains soon enough
                self.write_record({**self._record, "seconds": times})

    def find_record(self) -> dict[str, Any] | None:
        """Read ``run.json`` if it is there and whole."""
        try:
            return self.read_record()
        except BundleError:
            return None

    def read_record(self) -> dict[str, Any]:
        """Read ``run.json``."""
        path = self.path / _RECORD_FILE
        try:
            return dict(json.loads(path.read_text(encoding="utf-8")))
        except (OSError, ValueError, TypeError) as error:
            raise BundleError(f"{path} cannot be read ({error}): the run is damaged") from error

    def write_leaderboard(self, leaderboard: Any) -> None:
        """Write ``leaderboard.csv`` from a DataFrame.

        Raises
        ------
        BundleError
            If it cannot be written.
        """
        path = self.path / _LEADERBOARD_FILE
        with _writing(path):
            leaderboard.to_csv(path, index=False)


def this_process() -> dict[str, Any]:
    """Return what tells people which process a record is about."""
    return {"pid": os.getpid(), "host": socket.gethostname()}


def library_versions() -> dict[str, str]:
    """Return the versions of the libraries that a run depends on."""
    return {name: version(name) for name in _LIBRARIES}


@contextlib.contextmanager
def _writing(path: Path) -> Iterator[None]:
    """Say in a line why a file cannot be written."""
    try:
        yield
    except OSError as error:
        raise BundleError(cannot_write(path, error)) from error


def _existing_parent(path: Path) -> Path:
    parent = path.absolute().parent
    while not parent.exists():
        parent = parent.parent
    return parent
