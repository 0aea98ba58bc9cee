"""The journey of `metatune fit`: check, read, tune, record, report."""

from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from metatune.algorithms.registry import select_algorithms
from metatune.budget import Budget, Deadline, Stopwatch, seconds_since_process_start
from metatune.cli import interrupts
from metatune.cli.console import Voice, show_json
from metatune.cli.course import Course, Extension, plan_course
from metatune.cli.data import check_exists, open_data, stem_of
from metatune.cli.options import names, role_columns
from metatune.cli.wording import command
from metatune.ensemble.limits import parse_limits
from metatune.errors import BundleError, MetatuneError, OptionError, SearchError
from metatune.execution.cores import available_cores, available_memory, parse_memory
from metatune.execution.local_pool import LocalPool
from metatune.storage.directory import RunDirectory

if TYPE_CHECKING:
    from metatune.cli.fit_options import FitOptions
    from metatune.cli.record import RunRecord
    from metatune.data.reading.source import Table
    from metatune.data.task.task import Task
    from metatune.execution.executor import Executor
    from metatune.tuning.result import TuningResult

__all__ = ["FitResult", "FitRun", "default_output"]

_AFTERWARDS = 0.15  # seconds for records and report, after everything else
_MEMORY_SHARE = 0.8  # of the free memory goes to the workers


@dataclass(frozen=True, slots=True, kw_only=True)
class FitResult:
    """How a fit ended."""

    beats_constant: bool
    interrupted: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class FitRun:
    """A fit whose options were found to be sound.

    Attributes
    ----------
    options : FitOptions
        What the user typed.
    course : Course
        What the run may use, and what of it is used.
    deadline : Deadline
        When the process has to be at its end.
    run_dir : RunDirectory
        Not made yet.
    jobs : int or None
        Worker processes; None for as many as the cluster has threads.
    memory_limit : int or None
        Bytes that each may hold; None for what the cluster's workers allow.
    voice : Voice
        Tells the user.
    extended : bool
        Whether the run shall go on longer than was planned.
    """

    options: "FitOptions"
    course: Course
    deadline: Deadline
    run_dir: RunDirectory
    jobs: int | None
    memory_limit: int | None
    voice: Voice
    extended: bool = False

    @classmethod
    def prepare(cls, options: "FitOptions", extension: Extension | None = None) -> "FitRun":
        """Check what can be checked without reading the table.

        Parameters
        ----------
        options : FitOptions
            What the user typed.
        extension : Extension, optional
            How much longer an earlier run shall go on than was planned.

        Raises
        ------
        OptionError
            If an option cannot work.
        BundleError
            If the run to go on with is damaged.
        """
        Budget.parse(options.budget, options.max_trials)
        if options.resume and options.overwrite:
            raise OptionError("--resume goes on with a run, --overwrite replaces it: give one")
        select_algorithms(names(options.include), names(options.exclude))
        parse_limits(options.max_latency, options.max_size)
        jobs = options.jobs
        limit = None if options.memory_limit is None else parse_memory(options.memory_limit)
        check_exists(options.data)
        if options.metadata is not None and not options.metadata.is_dir():
            raise OptionError(f"{options.metadata} is no directory: name one with a meta-dataset")
        if options.scheduler is None:
            jobs = jobs or available_cores()
            limit = limit or int(_MEMORY_SHARE * available_memory() / jobs)
        run_dir = RunDirectory.check(
            options.output or default_output(options.data),
            overwrite=options.overwrite,
            resume=options.resume,
        )
        try:
            course = plan_course(options, run_dir, extension)
        except MetatuneError:
            run_dir.release()
            raise
        left = course.budget.seconds - course.used - seconds_since_process_start()
        return cls(
            options=options,
            course=course,
            deadline=Deadline.after(left),
            run_dir=run_dir,
            jobs=jobs,
            memory_limit=limit,
            voice=Voice(quiet=options.quiet),
            extended=extension is not None,
        )

    def run(self) -> FitResult:
        """Read the table while the workers start, and do the rest."""
        if self._is_over():
            return self._say_over()
        try:
            with self._start_workers() as pool:
                watch = Stopwatch()
                table, task = self._read()
                return self._tune(table, task, pool, read_seconds=watch.seconds())
        finally:
            self.run_dir.release()

    def _is_over(self) -> bool:
        """Whether an earlier process has ended the run, and it was not given more."""
        earlier = self.course.earlier
        return earlier is not None and earlier.finished and not self.extended

    def _say_over(self) -> FitResult:
        more = command("continue", str(self.run_dir.path), "--budget", "+10m")
        self.voice.say(f"the run in {self.run_dir.path} is finished; to go on with it: {more}")
        record = self.run_dir.read_record()
        self.run_dir.release()
        if self.options.as_json:
            show_json(record)
        return FitResult(beats_constant=bool(record["beats_constant"]), interrupted=False)

    def _start_workers(self) -> "Executor":
        """Return where trials run; it is getting ready while we go on."""
        if self.options.scheduler is not None:
            from metatune.execution.dask_executor import connect

            address = self.options.scheduler
            return connect(address, jobs=self.jobs, memory_limit=self.memory_limit)
        pool = LocalPool(self.jobs or 1, memory_limit=self.memory_limit)
        pool.start()
        return pool

    def _read(self) -> "tuple[Table, Task]":
        from metatune.cli.wording import announce
        from metatune.data.task.make_task import make_task
        from metatune.metadataset.store import check_metadata

        given = self.options
        check_metadata(given.metadata)
        # However little is left to a run that goes on: it has a model, and ends in good order.
        deadline = self.deadline if self.course.earlier is None else None
        roles = role_columns(given.weight, given.group, given.time)
        opened = open_data(
            given.data,
            target=given.target,
            server=given.openml_server,
            keep=roles.given.values(),
            deadline=deadline,
        )
        table = opened.table
        task = make_task(
            table,
            target=opened.target,
            task=given.task or opened.task,
            metric=given.metric or opened.metric,
            roles=roles,
        )
        announce(table, task, self.voice)
        return table, task

    def _tune(
        self, table: "Table", task: "Task", pool: "Executor", read_seconds: float
    ) -> FitResult:
        from metatune.cli.record import RunRecord

        record = RunRecord.start(self, table, task, read_seconds)
        existed = self.run_dir.path.exists()
        earlier = self.course.earlier
        self.run_dir.make(resume=earlier is not None)
        interrupts.say_at_the_end(self._how_to_go_on())
        try:
            self.run_dir.write_record(record.values)
            result = self._search(task, pool)
        except (BundleError, SearchError):  # the run broke off: what there is may be of use
            raise
        except MetatuneError:
            if earlier is None:
                _undo(self.run_dir, existed=existed)
            elif earlier.record is not None:
                self.run_dir.write_record(dict(earlier.record))
            raise
        except KeyboardInterrupt:
            self.run_dir.write_record(record.interrupted())
            raise
        return self._report(record, result)

    def _how_to_go_on(self) -> str:
        return f"to go on with it: {command('continue', str(self.run_dir.path))}"

    def _search(self, task: "Task", pool: "Executor") -> "TuningResult":
        from metatune.cli.progress import make_progress
        from metatune.tuning.options import TuneOptions
        from metatune.tuning.tune import tune

        given = self.options
        chosen = TuneOptions(
            budget=self.course.budget,
            plan_seconds=self.course.plan_seconds,
            include=names(given.include),
            exclude=names(given.exclude),
            seed=given.seed,
            metadata=given.metadata,
            ensemble=given.ensemble,
            limits=parse_limits(given.max_latency, given.max_size),
        )
        progress = make_progress(
            self.voice, task.metric, self.deadline, quiet=given.quiet, every_trial=given.verbose
        )
        with progress:
            return tune(
                task,
                chosen,
                deadline=self.deadline.earlier(_AFTERWARDS),
                executor=pool,
                run_dir=self.run_dir,
                past=None if self.course.earlier is None else self.course.earlier.past,
                listener=progress,
            )

    def _report(self, record: "RunRecord", result: "TuningResult") -> FitResult:
        from metatune.cli.fit_report import show_result

        self.run_dir.write_leaderboard(result.leaderboard())
        values = record.end(result)
        self.run_dir.write_record(values)
        if self.options.as_json:
            show_json(values)
        else:
            show_result(values, result, self.options.data)
        if result.note:
            self.voice.say(result.note)
        if not result.beats_constant:
            self.voice.say(
                "no model beat the constant prediction: the saved model is the constant; "
                "look at the leaderboard, or give more time or other columns"
            )
        interrupted = values["status"] == "interrupted"
        if interrupted:
            self.voice.say(f"interrupted; {self._how_to_go_on()}")
        return FitResult(beats_constant=result.beats_constant, interrupted=interrupted)


def default_output(data: str) -> Path:
    """Name the directory of a run after the table's file, in the current directory."""
    return Path(f"{stem_of(data)}.metatune")


def _undo(run_dir: RunDirectory, *, existed: bool) -> None:
    """Take away what was written before the options turned out not to work."""
    run_dir.clear()
    if not existed:
        run_dir.path.rmdir()
