"""The run directory: what a run leaves behind."""

import contextlib
import json
import os
from importlib.metadata import version
from pathlib import Path
from typing import Any

from metatune.bundle import MODEL_FILE
from metatune.errors import BundleError, OptionError

__all__ = ["JOURNAL_FILE", "PREDICTIONS_FOLDER", "RUN_FILES", "RunDirectory", "library_versions"]

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
        Where it lies.
    """

    def __init__(self, path: Path) -> None:
        self.path = path

    @classmethod
    def check(cls, path: Path, *, overwrite: bool) -> "RunDirectory":
        """Refuse a directory that cannot be used, without making anything.

        Raises
        ------
        OptionError
            If it exists and is not empty (unless `overwrite` and it is a run directory), is a
            file, or cannot be written.
        """
        if path.is_dir():
            content = {entry.name for entry in path.iterdir()}
            strange = sorted(content - {*RUN_FILES, PREDICTIONS_FOLDER})
            if content and not overwrite:
                raise OptionError(
                    f"output directory {path} is not empty: name another with --output, "
                    "or replace the run in it with --overwrite"
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
        return cls(path)

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

    def make(self) -> None:
        """Make the directory, emptied of an earlier run's files."""
        try:
            self.path.mkdir(parents=True, exist_ok=True)
            self.clear()
        except OSError as error:
            raise OptionError(
                f"output directory {self.path} cannot be written ({error.strerror}): "
                "name another with --output"
            ) from error

    def clear(self) -> None:
        """Delete what a run has written, and nothing else."""
        for name in RUN_FILES:
            (self.path / name).unlink(missing_ok=True)
        for pattern in ("*.npy", "*.npy.part"):
            for file in self.predictions.glob(pattern):
                file.unlink(missing_ok=True)
        with contextlib.suppress(OSError):  # none, or holding what is not a run's
            self.predictions.rmdir()

    @property
    def predictions(self) -> Path:
        """The folder of the out-of-fold predictions."""
        return self.path / PREDICTIONS_FOLDER

    @property
    def journal(self) -> Path:
        """The journal's file."""
        return self.path / JOURNAL_FILE

    @property
    def model(self) -> Path:
        """The model's file."""
        return self.path / MODEL_FILE

    def write_record(self, record: dict[str, Any]) -> None:
        """Write ``run.json``, replacing it in one step."""
        part = self.path / (_RECORD_FILE + ".part")
        text = json.dumps(record, indent=2, ensure_ascii=False, default=str)
        part.write_text(text + "\n", encoding="utf-8")
        part.replace(self.path / _RECORD_FILE)

    def read_record(self) -> dict[str, Any]:
        """Read ``run.json``."""
        path = self.path / _RECORD_FILE
        try:
            return dict(json.loads(path.read_text(encoding="utf-8")))
        except (OSError, ValueError) as error:
            raise BundleError(f"{path} cannot be read ({error}): the run is damaged") from error

    def write_leaderboard(self, leaderboard: Any) -> None:
        """Write ``leaderboard.csv`` from a DataFrame."""
        leaderboard.to_csv(self.path / _LEADERBOARD_FILE, index=False)


def library_versions() -> dict[str, str]:
    """Return the versions of the libraries that a run depends on."""
    return {name: version(name) for name in _LIBRARIES}


def _existing_parent(path: Path) -> Path:
    parent = path.absolute().parent
    while not parent.exists():
        parent = parent.parent
    return parent
