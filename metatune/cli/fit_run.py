"""Journey of `metatune fit` and `metatune continue`: check, open, read, tune, record, report."""

import os
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import asdict, dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING

from metatune.algorithms.narrowed_space import check_space
from metatune.algorithms.registry import select_algorithms
from metatune.budget import Stopwatch
from metatune.cli import interrupts
from metatune.cli.console import Voice, show_json
from metatune.cli.data import check_exists, is_openml, open_data
from metatune.cli.library_warnings import library_warnings
from metatune.cli.options import role_columns
from metatune.cli.wording import command
from metatune.data.reading.payload import check_file
from metatune.ensemble.limits import parse_limits
from metatune.errors import BundleError, OptionError, SearchError
from metatune.execution.cores import parse_memory
from metatune.execution.workers import local_workers, workers
from metatune.samplers.catalogue import CATALOGUE, StrategyName, read_strategy
from metatune.search.objectives import read_objectives
from metatune.storage.door import continue_command
from metatune.storage.record import DataRecord
from metatune.storage.run_options import RunOptions
from metatune.storage.session import RunRequest, Session, open_run

if TYPE_CHECKING:
    from contextlib import AbstractContextManager

    from metatune.data.risks.risk import Risk
    from metatune.data.task.task import Task
    from metatune.execution.executor import Executor
    from metatune.listeners.tracker import Tracker
    from metatune.tuning.result import TuningResult

__all__ = ["Display", "file_of", "run_fit"]

_AFTERWARDS = 0.15  # seconds for records and report, after everything else
_PAGE_PATIENCE = 60.0  # seconds for the report of a run that counts trials
_WITHOUT_MODEL = 3
_INTERRUPTED = 130


@dataclass(frozen=True, slots=True, kw_only=True)
class Display:
    """Display that the user asked for."""

    as_json: bool
    quiet: bool
    verbose: bool
    mlflow: str | None = None


def run_fit(request: RunRequest, display: Display) -> int:
    """Find and fit a pipeline in a run directory, and report it.

    Parameters
    ----------
    request : RunRequest
        Run that the user asks for.
    display : Display
        How to tell of it.

    Returns
    -------
    int
        Exit code of the command.

    Raises
    ------
    MetatuneError
        If an option cannot work, or the run cannot go on.
    """
    options = _checked(request.options)
    voice = Voice(quiet=display.quiet)
    with (
        _trackers(display, voice) as trackers,
        open_run(replace(request, options=options)) as session,
    ):
        if session.is_over:
            return _say_over(session, display, voice)
        with (
            _workers(options, session.logs) as executor,
            library_warnings(voice, session.logs),
        ):
            result = _tune(session, executor, display, voice, trackers)
            return _report(session, result, executor, display, voice)


def file_of(data: str | None) -> Path | None:
    """Return the absolute path of the file that DATA names; None if it names none, or a pipe.

    Raises
    ------
    TableError
        If there is no such file.
    """
    if data is None or data == "-" or is_openml(data):
        return None
    path, is_pipe = check_file(data)
    return None if is_pipe else path.absolute()


def _checked(options: RunOptions) -> RunOptions:
    """Check what can be checked without reading the table, and count the workers."""
    select_algorithms(options.include, options.exclude)
    if options.space is not None:  # that of a run directory may say anything
        check_space(options.space, "space")
    several = read_objectives(options.objectives, options.prefer) is not None
    read_strategy(options.strategy, cold_start=options.cold_start, several=several)
    parse_limits(options.max_latency, options.max_size)
    _ = options.reading  # raises what is wrong with them
    if options.data is not None:
        check_exists(options.data)
    if options.metadata is not None and not Path(options.metadata).is_dir():
        raise OptionError(f"{options.metadata} is no directory: name one with a meta-dataset")
    if options.scheduler is None:
        jobs, memory_limit = local_workers(options.jobs, options.memory_limit)
        return replace(options, jobs=jobs, memory_limit=memory_limit)
    given = options.memory_limit  # None for what the workers of the cluster allow
    return replace(options, memory_limit=parse_memory(given) if isinstance(given, str) else given)


@contextmanager
def _trackers(display: Display, voice: Voice) -> "Iterator[list[Tracker]]":
    """Make the trackers that are asked for, or say how to install them; let them finish."""
    if display.mlflow is None:
        yield []
        return
    from metatune.listeners.mlflow_tracker import MLflowTracker

    os.environ.setdefault("MLFLOW_LOGGING_LEVEL", "WARNING")  # it tells of all that it makes
    tracker = MLflowTracker(display.mlflow)
    try:
        yield [tracker]
    finally:
        missing = tracker.leave()
        if missing:
            voice.warn(" ".join(missing.split()))


def _workers(options: RunOptions, logs: Path | None) -> "AbstractContextManager[Executor]":
    """Start workers, or connect to those of a cluster."""
    limit = options.memory_limit
    assert not isinstance(limit, str), "it was parsed when the options were checked"
    if options.scheduler is None:
        return workers(None, options.jobs, limit, logs)
    from metatune.execution.dask_executor import connect

    return connect(options.scheduler, jobs=options.jobs, memory_limit=limit)


def _read(session: Session, voice: Voice) -> "tuple[Task, DataRecord]":
    """Read the table while the workers start."""
    from metatune.cli.wording import announce, announce_task
    from metatune.data.task.make_task import make_task
    from metatune.metadataset.store import check_metadata
    from metatune.storage.training_data import read_training_data

    given = session.options
    check_metadata(None if given.metadata is None else Path(given.metadata))
    if given.data is None:
        task = read_training_data(session.directory.data).task(given.metric, given.positive)
        voice.say(f"the rows that the run was started with: {session.directory.data}")
        announce_task(task, voice)
        return task, DataRecord(name=task.name)
    roles = role_columns(given.weight, given.group, given.time)
    opened = open_data(
        given.data,
        target=given.target,
        server=given.openml_server,
        reading=given.reading,
        keep=roles.given.values(),
        # However little is left to a run that goes on: it has a model, and ends in good order.
        deadline=session.deadline if session.earlier is None else None,
    )
    table = opened.table
    task = make_task(
        table,
        target=opened.target,
        task=given.task or opened.task,
        metric=given.metric or opened.metric,
        positive=given.positive,
        roles=roles,
    )
    announce(table, given.reading, task, voice)
    path = file_of(given.data)
    source = asdict(table.source)
    return task, DataRecord(
        name=table.name, path=None if path is None else str(path), source=source
    )


def _look_for_risks(task: "Task", voice: Voice) -> "tuple[Risk, ...]":
    """Say what makes the results of the run misleading."""
    from metatune.data.risks.risks import find_risks

    risks = find_risks(task)
    for risk in risks:
        voice.warn(risk.text)
    return risks


def _tune(
    session: Session,
    executor: "Executor",
    display: Display,
    voice: Voice,
    trackers: "list[Tracker]",
) -> "TuningResult":
    from metatune.cli.progress import make_progress
    from metatune.listeners.group import Group

    progress = make_progress(voice, session.budget, session.deadline, every_trial=display.verbose)
    with progress:  # it is there while the libraries are imported
        from metatune.tuning.options import TuneOptions
        from metatune.tuning.tune import tune

        watch = Stopwatch()
        task, data = _read(session, voice)
        risks = _look_for_risks(task, voice)
        _announce_objectives(session, voice)
        _announce_strategy(session.options, voice)
        session.begin(task, data, reading=watch.seconds(), risks=risks)
        interrupts.say_at_the_end(_how_to_go_on(session))
        return tune(
            task,
            TuneOptions.of(session),
            deadline=session.deadline,
            executor=executor,
            closing=_AFTERWARDS + _page_seconds(session),
            directory=session.directory,
            past=session.past,
            events=Group([progress, *trackers]),
        )


def _announce_objectives(session: Session, voice: Voice) -> None:
    """Say what else counts, and what follows from it."""
    given = read_objectives(session.options.objectives, session.options.prefer)
    if given is None:
        return
    wanted = "the knee of the front" if given.prefer is None else f"the best {given.prefer} of it"
    voice.say(
        f"objectives {', '.join(given.names)}: the model is a single pipeline that no other one "
        f"beats in all of them, {wanted} (other choice: --prefer)"
    )
    if given.measured and session.budget.max_trials is not None:
        voice.say(
            f"{' and '.join(given.measured)} are measured, so that the same command may choose "
            "otherwise"
        )


def _announce_strategy(options: RunOptions, voice: Voice) -> None:
    """Say where configurations come from, unless it is where they usually do."""
    facts = CATALOGUE[options.strategy]
    if facts.name is StrategyName.METATUNE:
        return
    start = "a cold start" if options.cold_start else "after what past datasets recommend"
    start = "" if facts.needs_advice else f", {start}"
    voice.say(f"strategy {facts.name}{start}: {facts.about}")


def _page_seconds(session: Session) -> float:
    """Return the seconds to keep free for the report; none where trials are counted."""
    from metatune.reporting.job import page_seconds

    timed = session.options.report and session.budget.max_trials is None
    return page_seconds(session.deadline.remaining()) if timed else 0.0


def _page(
    session: Session, result: "TuningResult", executor: "Executor", voice: Voice
) -> Path | None:
    """Write the report, as far as there is time for it; return where it is."""
    from metatune.execution.executor import Job, JobStatus
    from metatune.reporting.job import PAGE_SECONDS, render_in_worker
    from metatune.reporting.view import read_view

    if not session.options.report or result.is_interrupted:
        return None
    left = session.deadline.remaining()
    counted = session.budget.max_trials is not None
    where = session.directory.path
    later = f"to write it: {command('report', str(where))}"
    if not counted and left < 0.5 * PAGE_SECONDS:
        voice.say(f"the budget is too short for a report; {later}")
        return None
    try:
        view = read_view(session.directory)
        limit = _PAGE_PATIENCE if counted else left
        job = Job(function=render_in_worker, arguments=(view,), time_limit=limit)
        outcome = executor.call(job)
        if outcome.status is not JobStatus.OK:
            late = outcome.status is JobStatus.TIMED_OUT
            why = "the time did not suffice for it" if late else outcome.error
            voice.say(f"no report: {why}; {later}")
            return None
        session.directory.write_report(outcome.value)
    except KeyboardInterrupt:
        return None
    except (BundleError, SearchError) as error:  # the run is saved: nothing else is lost
        voice.say(f"no report: {error}")
        return None
    return session.directory.report


def _report(
    session: Session,
    result: "TuningResult",
    executor: "Executor",
    display: Display,
    voice: Voice,
) -> int:
    """Record the result, show it, and say how the command ends."""
    from metatune.cli.fit_report import show_result
    from metatune.search.outcome import Ended
    from metatune.tuning.outcome import outcome_of

    interrupted = result.ended is Ended.INTERRUPTED
    record = session.finish(
        outcome_of(result),
        result.leaderboard(),
        tuning=result.seconds,
        timings=result.timings,
        interrupted=interrupted,
    )
    page = _page(session, result, executor, voice)
    if display.as_json:
        show_json(record.values())
    else:
        show_result(record, result, session.directory, session.options.data, page)
    if result.note:
        voice.say(result.note)
    if not result.beats_constant:
        voice.say(
            "no model beat the constant prediction: the saved model is the constant; "
            "look at the leaderboard, or give more time or other columns"
        )
    if interrupted:
        voice.say("interrupted: the model is the best of what was tried until now")
        voice.command(_how_to_go_on(session))
        return _INTERRUPTED
    return 0 if result.beats_constant else _WITHOUT_MODEL


def _say_over(session: Session, display: Display, voice: Voice) -> int:
    where = session.directory.path
    more = continue_command(where, "--budget", "+10m", *_places(session))
    voice.say(f"the run in {where} is finished")
    voice.command(f"to go on with it: {more}")
    record = session.directory.read_record()
    if display.as_json:
        show_json(record.values())
    return 0 if record.outcome is not None and record.outcome.beats_constant else _WITHOUT_MODEL


def _how_to_go_on(session: Session) -> str:
    return f"to go on with it: {continue_command(session.directory.path, *_places(session))}"


def _places(session: Session) -> list[str]:
    """Return the options that a run does not repeat by itself: other machines and folders."""
    words = []
    for name in ("scheduler", "metadata", "openml_server"):
        value = getattr(session.options, name)
        words += [] if value is None else [f"--{name.replace('_', '-')}", value]
    return words
