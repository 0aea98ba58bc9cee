"""Session: one process that makes a run or goes on with it, from its directory to its record."""

from collections.abc import Iterator, Mapping
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING

from metatune.budget import Budget, Deadline, Stopwatch, utc_now
from metatune.errors import BundleError, MetatuneError, OptionError, SearchError
from metatune.files.hashing import file_hash
from metatune.files.scratch import scratch_directory
from metatune.storage.directory import RunDirectory
from metatune.storage.door import Door
from metatune.storage.extension import CHOICE, Extension, choice_alone, extended
from metatune.storage.journal import Past
from metatune.storage.library_log import lines_of
from metatune.storage.provenance import library_versions, this_process
from metatune.storage.record import DataRecord, Outcome, RunRecord, Seconds, TaskRecord
from metatune.storage.resume import Earlier, check_same_budget, check_same_options, find_earlier
from metatune.storage.run_options import RunOptions

if TYPE_CHECKING:
    import pandas as pd

    from metatune.data.risks.risk import Risk
    from metatune.data.task.task import Task
    from metatune.storage.training_data import TrainingData

__all__ = ["RunRequest", "Session", "open_run"]

_LATEST = (*CHOICE, "output", "jobs", "memory_limit", "ensemble", "report")
_LATEST_ON_COMMAND_LINE = ("scheduler", "openml_server")


@dataclass(frozen=True, slots=True, kw_only=True)
class RunRequest:
    """Run that somebody asks for.

    Attributes
    ----------
    door : Door
        From Python, the budget counts the whole run, earlier processes included; on the command
        line it is repeated as it was, and an `extension` gives more.
    options : RunOptions
        As given.
    directory : Path or None
        None for a run that leaves nothing behind.
    data_file : Path or None
        File of the table; None if it is none.
    seed_given : bool
        Whether the user named the seed; else that of the beginning of the run is taken.
    resume, overwrite : bool
        Go on with the run in the directory, or replace it.
    extension : Extension or None
        More than was planned.
    spent : float
        Seconds of the budget that this process has used before it asked.
    """

    door: Door
    options: RunOptions
    directory: Path | None
    data_file: Path | None = None
    seed_given: bool = True
    resume: bool = False
    overwrite: bool = False
    extension: Extension | None = None
    spent: float = 0.0


class Session:
    """Open run: what it may use, and its record. Made by `open_run`.

    Attributes
    ----------
    directory : RunDirectory
        Locked; in the scratch folder if none was asked for.
    earlier : Earlier or None
        What earlier processes have left; None for a new run.
    budget : Budget
        Of the whole run, earlier processes included.
    plan_seconds : float
        Budget with which the run began.
    options : RunOptions
        As given, with the seed of the run.
    deadline : Deadline
        When this process has used up the budget.
    logs : Path or None
        Folder for what libraries print and warn of while the run goes on; None where nothing of the
        run is kept.
    """

    def __init__(
        self,
        request: RunRequest,
        directory: RunDirectory,
        earlier: Earlier | None,
        logs: Path | None,
    ) -> None:
        watch = Stopwatch()
        self._request = request
        self.directory = directory
        self.earlier = earlier
        self._extension = request.extension or choice_alone(request.options, earlier)
        self.budget = self._whole_budget()
        self.plan_seconds = self.budget.seconds
        self.options = replace(request.options, output=str(directory.path))
        if earlier is not None:
            self.plan_seconds = earlier.plan_seconds(self.plan_seconds)
            if earlier.record is not None and not request.seed_given:
                self.options = replace(self.options, seed=earlier.record.seed)
            self._check_same(earlier)
        left = self.budget.seconds - self._before - request.spent - watch.seconds()
        self.deadline = Deadline.after(left)
        self._existed = directory.path.exists()
        self.logs = logs
        self._record: RunRecord | None = None

    @property
    def past(self) -> Past | None:
        """Trials of earlier processes."""
        return None if self.earlier is None else self.earlier.past

    @property
    def is_over(self) -> bool:
        """True if an earlier process has ended the run, and neither time nor choice is new."""
        ended = self.earlier is not None and self.earlier.finished
        return ended and self._extension is None

    @property
    def used(self) -> float:
        """Seconds of the budget that the whole run has used by now."""
        return self.budget.seconds - self.deadline.remaining()

    @property
    def _before(self) -> float:
        return 0.0 if self.earlier is None else self.earlier.used

    def begin(
        self,
        task: "Task",
        data: DataRecord,
        *,
        given: "TrainingData | None" = None,
        reading: float = 0.0,
        risks: "tuple[Risk, ...]" = (),
    ) -> RunRecord:
        """Make the directory, and record what is known when the search begins.

        Parameters
        ----------
        task : Task
        data : DataRecord
            Where the task comes from.
        given : TrainingData, optional
            Rows that exist nowhere else; they are stored in a directory that was asked for.
        reading : float
            Seconds in which they were read.
        risks : tuple of Risk
            Risks in the table: what makes results misleading.

        Raises
        ------
        OptionError
            If the directory cannot be made.
        BundleError
            If the record cannot be written.
        """
        before = None if self.earlier is None else self.earlier.record
        self.directory.make(resume=self.earlier is not None)
        if before is not None and before.started_from is not self._request.door:
            data = before.data
        elif given is not None:
            data = self._stored(data, given)
        now = utc_now()
        went_on = () if before is None else before.went_on_at
        self._record = RunRecord(
            status="running",
            started_from=self._request.door if before is None else before.started_from,
            started_at=now if before is None else before.started_at,
            went_on_at=went_on if self.earlier is None else (*went_on, now),
            process=this_process(),
            versions=library_versions(),
            options=self._options(before),
            seed=self.options.seed,
            data=replace(data, fingerprint=data.fingerprint or _fingerprint(self._request)),
            task=TaskRecord.of(task, risks),
            max_trials=self.budget.max_trials,
            seconds=Seconds(
                budget=self.budget.seconds,
                plan=self.plan_seconds,
                before=self._before,
                used=self.used,
                reading=reading,
            ),
            timings={"starting": self.used - self._before - reading, "reading": reading},
        )
        self.directory.write_record(self._record)
        return self._record

    def finish(
        self,
        outcome: Outcome,
        leaderboard: "pd.DataFrame",
        *,
        tuning: float,
        timings: Mapping[str, float],
        interrupted: bool,
    ) -> RunRecord:
        """Write leaderboard and record of a run that has come to its end.

        Parameters
        ----------
        outcome : Outcome
        leaderboard : DataFrame
        tuning : float
            Seconds of the search and what follows it.
        timings : Mapping of str to float
            Where they went.
        interrupted : bool
            Whether the user ended it.

        Raises
        ------
        BundleError
            If they cannot be written.
        """
        assert self._record is not None, "a session begins before it finishes"
        self.directory.write_leaderboard(leaderboard)
        self._record = replace(
            self._record,
            status="interrupted" if interrupted else "done",
            outcome=outcome,
            seconds=replace(self._record.seconds, used=self.used, tuning=tuning),
            timings={**self._record.timings, **timings},
        )
        self.directory.write_record(self._record)
        return self._record

    def break_off(self) -> None:
        """Record that the user ended the run before it came to its end."""
        if self._record is not None:
            seconds = replace(self._record.seconds, used=self.used)
            self.directory.write_record(
                replace(self._record, status="interrupted", seconds=seconds)
            )

    def keep_log(self) -> None:
        """Write to the directory what libraries have printed and warned of, each line once."""
        if self._record is not None and self.logs is not None:
            self.directory.add_to_log(lines_of(self.logs))

    def undo(self) -> None:
        """Take away what was written before the options turned out not to work."""
        if self._record is None:
            return
        if self.earlier is None:
            self.directory.clear()
            if not self._existed:
                self.directory.path.rmdir()
            self._record = None
        elif self.earlier.record is not None:
            self.directory.write_record(self.earlier.record)

    def _whole_budget(self) -> Budget:
        """Return the budget of the whole run."""
        options = self._request.options
        budget = Budget.parse(options.budget, options.max_trials)
        if self.earlier is None or self._request.door is Door.PYTHON:
            return budget
        return extended(budget, self.earlier, self._extension)

    def _options(self, before: RunRecord | None) -> RunOptions:
        """Return the options that the run began with, and the latest of those that may change."""
        if before is None:
            return self.options
        on_command_line = self._request.door is Door.COMMAND_LINE
        names = (*_LATEST, *(_LATEST_ON_COMMAND_LINE if on_command_line else ()))
        return replace(before.options, **{name: getattr(self.options, name) for name in names})

    def _stored(self, data: DataRecord, given: "TrainingData") -> DataRecord:
        """Store rows in the directory, if they are not there yet."""
        file = self.directory.data
        if self.directory.is_scratch:
            return data
        if self.earlier is None or not file.is_file():
            from metatune.storage.training_data import store_training_data

            reason = store_training_data(given, file, self.budget.seconds)
            if reason:
                return replace(data, not_stored=reason)
        return replace(data, stored=file.name)

    def _check_same(self, earlier: Earlier) -> None:
        request, where = self._request, str(self.directory.path)
        output = request.door.spell("output")
        check_same_options(earlier.record, self.options, request.door, where)
        if request.door is Door.COMMAND_LINE:
            check_same_budget(earlier.record, self.options, where)
        known = None if earlier.record is None else earlier.record.data.fingerprint
        if known is not None and _fingerprint(request) not in (None, known):
            raise OptionError(
                f"{request.options.data} has changed since the run in {where} was started: give "
                f"the file as it was, or start a new run with another {output}"
            )


@contextmanager
def open_run(request: RunRequest) -> Iterator[Session]:
    """Open a run: check and lock its directory, find what is left of it, and decide its budget.

    An interruption or an error that ends the context is recorded; the directory is released, or
    deleted if none was asked for.

    Parameters
    ----------
    request : RunRequest

    Yields
    ------
    Session
        `begin` and `finish` are left to the caller.

    Raises
    ------
    OptionError
        If the directory cannot be used, or the run in it was started with other options.
    BundleError
        If that run is damaged.
    """
    Budget.parse(request.options.budget, request.options.max_trials)
    with ExitStack() as stack:
        directory = _directory(request, stack)
        earlier = find_earlier(directory) if request.resume else None
        logs = None if directory.is_scratch else stack.enter_context(scratch_directory())
        session = Session(request, directory, earlier, logs)
        try:
            yield session
        except (BundleError, SearchError):  # the run broke off: what there is may be of use
            raise
        except MetatuneError:
            session.undo()
            raise
        except KeyboardInterrupt:
            session.break_off()
            raise
        finally:
            session.keep_log()


def _directory(request: RunRequest, stack: ExitStack) -> RunDirectory:
    door = request.door
    if request.resume and request.overwrite:
        raise OptionError("--resume goes on with a run, --overwrite replaces it: give one")
    if request.directory is None:
        if request.resume:
            raise OptionError(
                f"{door.resume} has nothing to go on with: name a {door.spell('output')}"
            )
        folder = stack.enter_context(scratch_directory())
        return RunDirectory(folder / "run", door=door, is_scratch=True)
    directory = RunDirectory.check(
        request.directory, overwrite=request.overwrite, resume=request.resume, door=door
    )
    stack.callback(directory.release)
    return directory


def _fingerprint(request: RunRequest) -> str | None:
    return None if request.data_file is None else file_hash(request.data_file)
