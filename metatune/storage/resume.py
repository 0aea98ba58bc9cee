"""Going on with a run: what an earlier process left, and whether it is the same run."""

import hashlib
import json
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np

from metatune.budget import Deadline, Stopwatch, parse_duration
from metatune.data.reading.options import READING
from metatune.errors import OptionError, SpaceError
from metatune.evaluation.rungs import Rung
from metatune.evaluation.trial_data import TrialData
from metatune.kinds import TaskKind
from metatune.space import Configuration, SearchSpace
from metatune.storage.directory import RunDirectory
from metatune.storage.door import Door, continue_command
from metatune.storage.journal import Past, Stamp, read_past
from metatune.storage.record import RunRecord
from metatune.storage.run_options import RunOptions

__all__ = [
    "Earlier",
    "Pulse",
    "check_same_budget",
    "check_same_options",
    "check_same_run",
    "find_earlier",
    "identify",
]

_BEAT_SECONDS = 2.0
_BLOCK_ROWS = 100_000
_DECIDING_IN_PYTHON = (
    *("metric", "objectives", "positive", "task"),
    *("include", "exclude", "space", "seed"),
    *("strategy", "cold_start"),
)
_DECIDING = (
    *_DECIDING_IN_PYTHON,
    *("target", "weight", "group", "time", "metadata"),
    *READING,
)
"""Options that decide what is tried and what the results are; others may differ later."""

_LONGEST_SHOWN = 80  # characters of an option in a message
_COMPUTED = ": topic "  # columns whose last digits depend on the machine


@dataclass(frozen=True, slots=True, kw_only=True)
class Earlier:
    """Remains of a run that an earlier process left.

    Attributes
    ----------
    record : RunRecord or None
        None if there is none, or it is torn.
    past : Past
        Its journal.
    """

    record: RunRecord | None
    past: Past

    @property
    def used(self) -> float:
        """Seconds of the budget that are used, as far as they were noted."""
        return max(self.past.used, 0.0 if self.record is None else self.record.seconds.used)

    @property
    def finished(self) -> bool:
        """True if it came to its end."""
        return self.record is not None and self.record.status == "done"

    def budget_seconds(self, otherwise: float) -> float:
        """Return the seconds that the whole run may take."""
        return otherwise if self.record is None else self.record.seconds.budget

    def plan_seconds(self, otherwise: float) -> float:
        """Return the budget with which the run began."""
        return otherwise if self.record is None else self.record.seconds.plan

    def max_trials(self, otherwise: int | None) -> int | None:
        """Return the trials that the whole run may take."""
        return otherwise if self.record is None else self.record.max_trials


def find_earlier(run_dir: RunDirectory) -> Earlier | None:
    """Find what is left of an earlier process; None if there is nothing.

    Raises
    ------
    BundleError
        If journal or record were changed by hand, or are of another version.
    """
    if not run_dir.holds_run:
        return None
    return Earlier(record=run_dir.find_record(), past=read_past(run_dir.journal))


def check_same_options(record: RunRecord | None, now: RunOptions, door: Door, where: str) -> None:
    """Refuse to go on with other options than the run was started with.

    Parameters
    ----------
    record : RunRecord or None
        None for a run without a record: its journal is checked later.
    now : RunOptions
        Options that are given now.
    door : Door
        Where they are given.
    where : str
        The directory of the run, for people.

    Raises
    ------
    OptionError
        If one of those that decide about the results of trials differs.
    """
    if record is None:
        return
    for name in _DECIDING if door is Door.COMMAND_LINE else _DECIDING_IN_PYTHON:
        before, value = getattr(record.options, name), getattr(now, name)
        if _plain(before) != _plain(value) and value not in _understood(name, record):
            raise OptionError(
                f"{door.spell(name)} is {_shown(value)} now and was {_shown(before)} when the run "
                f"in {where} was started: repeat what it was, or start a new run elsewhere"
            )


def check_same_budget(record: RunRecord | None, now: RunOptions, where: str) -> None:
    """Refuse to go on with a command whose budget is not that of the beginning.

    Raises
    ------
    OptionError
        If it differs; the message names the command that gives more.
    """
    if record is None:
        return
    before = record.options
    same_seconds = parse_duration(before.budget) == parse_duration(now.budget)
    for name, same in (
        ("budget", same_seconds),
        ("max_trials", before.max_trials == now.max_trials),
    ):
        if not same:
            raise OptionError(
                f"{Door.COMMAND_LINE.spell(name)} was {_unquoted(getattr(before, name))} when the "
                f"run in {where} was started: repeat what it was, or give it more with "
                f"{continue_command(where, '--budget', '+10m')}"
            )


def check_same_run(
    past: Past,
    run: str,
    rungs: tuple[Rung, ...],
    spaces: Mapping[str, SearchSpace],
    where: str,
) -> None:
    """Refuse to go on with another table, other rungs or algorithms than those in a journal.

    Raises
    ------
    OptionError
        If they differ.
    """
    if past.runs and past.runs != {run}:
        raise OptionError(
            f"the run in {where} was made from another table, target, metric or seed: "
            "give it what it was started with, or start a new run elsewhere"
        )
    if any(result.trial.rung not in rungs for result in past.results):
        raise OptionError(
            f"the run in {where} was made by a version of metatune that divided this table "
            "otherwise: go on with that version, or start a new run elsewhere"
        )
    for trial in (result.trial for result in past.results):
        reason = _unknown(trial.configuration, spaces)
        if reason:
            raise OptionError(
                f"trial {trial.number} of the run in {where} cannot be of this version of "
                f"metatune ({reason}): go on with that version, or start a new run elsewhere"
            )


def _unknown(configuration: Configuration, spaces: Mapping[str, SearchSpace]) -> str:
    """Return why a configuration is none of these spaces; empty if it is one."""
    space = spaces.get(configuration.algorithm)
    if space is None:
        return f"there is no algorithm {configuration.algorithm!r} for this task"
    try:
        space.check(configuration)
    except SpaceError as error:
        return str(error)
    return ""


def identify(data: TrialData, seed: int) -> str:
    """Identify what the results of a run depend on: rows, target, folds, metrics, seed.

    Returns
    -------
    str
        16 hexadecimal digits.
    """
    task, row_metadata = data.task.observed, data.row_metadata
    kept = [i for i, name in enumerate(task.layout.names) if _COMPUTED not in name]
    digest = hashlib.blake2b(digest_size=8)
    metrics = (*data.metrics, *_sense(data))
    said = (data.task.layout.names, task.layout.n_levels, str(task.kind), metrics, seed)
    digest.update(repr((*said, task.X.shape)).encode())
    arrays = [task.y, *(part for fold in data.folds for part in (fold.train, fold.valid))]
    arrays += [
        v for v in (row_metadata.weights, row_metadata.groups, row_metadata.times) if v is not None
    ]
    for array in arrays:
        digest.update(np.ascontiguousarray(array).data.cast("B"))
    for start in range(0, len(task.X), _BLOCK_ROWS):
        block = task.X[start : start + _BLOCK_ROWS]
        block = block if len(kept) == block.shape[1] else block[:, kept]
        digest.update(np.ascontiguousarray(block).data.cast("B"))
    return digest.hexdigest()


def _sense(data: TrialData) -> tuple[object, ...]:
    """Return what scores depend on besides the metric's name."""
    metric = data.metric
    if metric is None:
        return ()
    decided = ("decided",) if metric.decides else ()
    return (*decided, metric.positive) if metric.is_sided else decided


class Pulse:
    """Notes how much of the budget is used, so that it is known whenever the process ends.

    Parameters
    ----------
    run : str
        Identifies the run.
    budget_seconds : float
        What the whole run may use, earlier processes included.
    deadline : Deadline
        When this process has used it up.
    run_dir : RunDirectory
        Where it is noted.
    """

    def __init__(
        self, run: str, budget_seconds: float, deadline: Deadline, run_dir: RunDirectory
    ) -> None:
        self._run = run
        self._budget_seconds = budget_seconds
        self.deadline = deadline
        self._run_dir = run_dir
        self._since_beat = Stopwatch()

    @property
    def used(self) -> float:
        """Seconds of the budget that are used by now."""
        return self._budget_seconds - self.deadline.remaining()

    def stamp(self) -> Stamp:
        """Return what the journal notes beside a result."""
        return Stamp(run=self._run, used=round(self.used, 3))

    def beat(self) -> None:
        """Note the used seconds now and then."""
        if self._since_beat.seconds() > _BEAT_SECONDS:
            self._run_dir.note_used(round(self.used, 3))
            self._since_beat = Stopwatch()


def _understood(name: str, record: RunRecord) -> tuple[str | None, ...]:
    """Return other values of an option that mean what the run made of it."""
    if name == "metric":
        return (record.task.metric,)
    if name == "positive":
        return (record.task.positive, None)
    if name == "task":
        is_regression = record.task.task == TaskKind.REGRESSION
        return (record.task.task, "regression" if is_regression else "classification")
    return ()


def _plain(value: Any) -> Any:
    """Make an option comparable, however its user wrote it."""
    if isinstance(value, tuple):
        return sorted(value)
    if isinstance(value, dict):
        return json.dumps(value, sort_keys=True)
    return None if value in (None, "") else str(value)


def _shown(value: Any) -> str:
    value = ",".join(value) if isinstance(value, tuple) else value
    if isinstance(value, dict):
        text = json.dumps(value, sort_keys=True)
        return text if len(text) <= _LONGEST_SHOWN else f"{text[:_LONGEST_SHOWN]}..."
    value = str(value) if isinstance(value, str) else value  # without the name of an enumeration
    return "not given" if value in (None, "") else f"{value!r}"


def _unquoted(value: Any) -> str:
    return "not given" if value is None else str(value)
