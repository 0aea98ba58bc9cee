"""The run directory: what a run leaves behind."""

import contextlib
import os
import stat
from collections.abc import Iterable, Iterator
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING

from metatune.errors import BundleError, OptionError
from metatune.files.atomic import replacing
from metatune.files.locks import ProcessLock
from metatune.files.plain import read_json
from metatune.files.text import json_text
from metatune.models.model_file import MODEL_FILE, cannot_write
from metatune.storage.door import Door
from metatune.storage.findings import ARRAYS_FILE, FINDINGS_FILE
from metatune.storage.record import RECORD_FILE, RunRecord
from metatune.storage.training_rows import ROWS_FILE

if TYPE_CHECKING:
    import pandas as pd

__all__ = [
    "DATA_FILE",
    "JOURNAL_FILE",
    "PREDICTIONS_FOLDER",
    "REPORT_FILE",
    "RUN_FILES",
    "RunDirectory",
]

JOURNAL_FILE = "trials.jsonl"
DATA_FILE = "data.parquet"
"""Holds the rows of a run that was started from Python."""

LOG_FILE = "warnings.log"
"""Holds what libraries warned of while the run went on."""

_LEADERBOARD_FILE = "leaderboard.csv"
REPORT_FILE = "report.html"
RUN_FILES = (
    MODEL_FILE,
    JOURNAL_FILE,
    RECORD_FILE,
    DATA_FILE,
    LOG_FILE,
    ROWS_FILE,
    _LEADERBOARD_FILE,
    FINDINGS_FILE,
    ARRAYS_FILE,
    REPORT_FILE,
    # what a run that was killed while it saved may have left behind
    MODEL_FILE + ".part",
    RECORD_FILE + ".part",
    DATA_FILE + ".part",
    ROWS_FILE + ".part",
    FINDINGS_FILE + ".part",
    ARRAYS_FILE + ".part",
    REPORT_FILE + ".part",
)
"""Everything that a run writes; nothing else is ever deleted."""

PREDICTIONS_FOLDER = "predictions"
"""Holds the out-of-fold predictions of the best trials, as ``.npy`` files."""


class RunDirectory:
    """The directory of one run.

    Parameters
    ----------
    path : Path
        Where it lies.
    door : Door
        Messages name options as they are written there.
    is_scratch : bool
        Whether it goes with the run, so that no model has to be saved in it.
    """

    def __init__(
        self, path: Path, *, door: Door = Door.COMMAND_LINE, is_scratch: bool = False
    ) -> None:
        self.path = path
        self.is_scratch = is_scratch
        self._door = door
        self._lock: ProcessLock | None = None
        self._record: RunRecord | None = None

    @classmethod
    def check(
        cls,
        path: Path,
        *,
        overwrite: bool = False,
        resume: bool = False,
        door: Door = Door.COMMAND_LINE,
    ) -> "RunDirectory":
        """Refuse a directory that cannot be used, without making anything.

        Raises
        ------
        OptionError
            If it exists and is not empty (unless it is a run directory, and `overwrite` or
            `resume`), is a file, cannot be written, or another process runs in it.
        """
        output = door.spell("output")
        if path.is_dir():
            _refuse_odd_entries(path)
            content = {entry.name for entry in path.iterdir()}
            strange = sorted(content - {*RUN_FILES, PREDICTIONS_FOLDER})
            if content and not (overwrite or resume):
                replaced = ", or replace it with --overwrite" if door is Door.COMMAND_LINE else ""
                raise OptionError(
                    f"output directory {path} is not empty: name another with {output}, or "
                    f"continue the run in it with {door.resume}{replaced}"
                )
            if strange:
                raise OptionError(
                    f"output directory {path} holds files that are not a run's "
                    f"({', '.join(strange[:3])}): name another with {output}"
                )
        elif path.exists():
            raise OptionError(f"output {path} is a file: name a directory with {output}")
        parent = path if path.is_dir() else _existing_parent(path)
        if not os.access(parent, os.W_OK | os.X_OK) or not parent.is_dir():
            raise OptionError(
                f"output directory {path} cannot be written (no permission in {parent}): "
                f"name another with {output}"
            )
        run_dir = cls(path, door=door)
        if path.is_dir():
            run_dir.hold()
        return run_dir

    @classmethod
    def open(cls, path: Path) -> "RunDirectory":
        """Open the directory of a run.

        Raises
        ------
        BundleError
            If it is none, or what it holds lies elsewhere.
        """
        if not (path / RECORD_FILE).is_file():
            raise BundleError(f"{path} is not a run directory: it holds no {RECORD_FILE}")
        _refuse_odd_entries(path)
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
                f"name another with {self._door.spell('output')}"
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
                who = ""
                with contextlib.suppress(BundleError):
                    who = f" (process {self.read_record().process.pid})"
                raise OptionError(
                    f"a run is going on in {self.path}{who}: wait for its end or stop it, "
                    f"or name another directory with {self._door.spell('output')}"
                )

    def release(self) -> None:
        """Let other processes run in the directory."""
        if self._lock is not None:
            self._lock.release()
            self._lock = None

    @property
    def holds_run(self) -> bool:
        """True if a run has left anything to go on from."""
        return self.journal.is_file() or (self.path / RECORD_FILE).is_file()

    @property
    def journal(self) -> Path:
        """The journal's file."""
        return self.path / JOURNAL_FILE

    @property
    def model(self) -> Path:
        """The model's file."""
        return self.path / MODEL_FILE

    @property
    def data(self) -> Path:
        """The file of the rows that were handed over in Python."""
        return self.path / DATA_FILE

    def write_record(self, record: RunRecord) -> None:
        """Write ``run.json``, replacing it in one step.

        Raises
        ------
        BundleError
            If it cannot be written.
        """
        self._record = record
        text = json_text(record.values(), indent=2, default=str)
        path = self.path / RECORD_FILE
        with _writing(path), replacing(path) as part:
            part.write_text(text + "\n", encoding="utf-8")

    def note_used(self, seconds: float) -> None:
        """Note in ``run.json`` how many seconds of the budget are used, for whoever goes on."""
        if self._record is not None:
            times = replace(self._record.seconds, used=seconds)
            with contextlib.suppress(BundleError):  # the journal complains soon enough
                self.write_record(replace(self._record, seconds=times))

    def find_record(self) -> RunRecord | None:
        """Read ``run.json``; None if there is none, or it is torn.

        Raises
        ------
        BundleError
            If it is whole, but was changed by hand or written by another version.
        """
        path = self.path / RECORD_FILE
        try:
            values = read_json(path)
        except (OSError, ValueError):
            return None
        return RunRecord.from_values(values, path)

    def read_record(self) -> RunRecord:
        """Read ``run.json``.

        Raises
        ------
        BundleError
            If it cannot be read.
        """
        return RunRecord.read(self.path)

    @property
    def report(self) -> Path:
        """The file of the report."""
        return self.path / REPORT_FILE

    def write_report(self, page: str) -> None:
        """Write ``report.html``, replacing it in one step.

        Raises
        ------
        BundleError
            If it cannot be written.
        """
        with _writing(self.report), replacing(self.report) as part:
            part.write_text(page, encoding="utf-8", errors="replace")

    def write_leaderboard(self, leaderboard: "pd.DataFrame") -> None:
        """Write ``leaderboard.csv`` from a DataFrame.

        Raises
        ------
        BundleError
            If it cannot be written.
        """
        path = self.path / _LEADERBOARD_FILE
        with _writing(path):
            leaderboard.to_csv(path, index=False)

    def add_to_log(self, lines: Iterable[str]) -> None:
        """Append lines to ``warnings.log``; nobody needs it, so that it may fail."""
        text = "".join(f"{line}\n" for line in lines)
        if text:
            with (
                contextlib.suppress(OSError),
                (self.path / LOG_FILE).open("a", encoding="utf-8") as file,
            ):
                file.write(text)


@contextlib.contextmanager
def _writing(path: Path) -> Iterator[None]:
    """Say in a line why a file cannot be written."""
    try:
        yield
    except OSError as error:
        raise BundleError(cannot_write(path, error)) from error


def _refuse_odd_entries(path: Path) -> None:
    """Refuse links, pipes and the like among what a run writes.

    A run directory may come from somebody else: whatever is read, written or deleted in it has to
    lie there.

    Raises
    ------
    BundleError
        If there is one.
    """
    folder = path / PREDICTIONS_FOLDER
    entries = [path / name for name in RUN_FILES]
    if not folder.is_symlink() and folder.is_dir():
        entries += folder.iterdir()
    for entry in (folder, *entries):
        with contextlib.suppress(FileNotFoundError):
            mode = entry.lstat().st_mode
            usual = stat.S_ISDIR(mode) if entry == folder else stat.S_ISREG(mode)
            if not usual:
                kind = "a link" if stat.S_ISLNK(mode) else "of an unusual kind"
                raise BundleError(
                    f"{entry} is {kind}, and a run writes only files of its own: remove it, or "
                    "name another directory"
                )


def _existing_parent(path: Path) -> Path:
    parent = path.absolute().parent
    while not parent.exists():
        parent = parent.parent
    return parent
