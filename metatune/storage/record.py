"""Record of a run: everything that `run.json` says, with the same schema for every door."""

from collections import Counter
from dataclasses import MISSING, asdict, dataclass, field, fields
from pathlib import Path
from typing import TYPE_CHECKING, Any, Literal

from metatune.budget import parse_duration
from metatune.data.risks.risk import Risk
from metatune.errors import BundleError
from metatune.estimate.values import Estimate
from metatune.files.plain import read_dataclass, read_json, without_nan
from metatune.kinds import TaskKind
from metatune.space import Configuration
from metatune.storage.door import Door
from metatune.storage.front_record import FrontRecord
from metatune.storage.provenance import Process
from metatune.storage.run_options import RunOptions

if TYPE_CHECKING:
    from metatune.data.task.task import Task

__all__ = [
    "RECORD_FILE",
    "SCHEMA_VERSION",
    "DataRecord",
    "EnsembleRecord",
    "Figures",
    "Member",
    "Outcome",
    "RunRecord",
    "Seconds",
    "TaskRecord",
    "TrialCounts",
    "Winner",
]

RECORD_FILE = "run.json"
_SEEDS = 2**32
SCHEMA_VERSION = 2
"""Of the record; those without a number are of version 1, one for each door."""


@dataclass(frozen=True, slots=True, kw_only=True)
class DataRecord:
    """Table of a run, and the place to find it again.

    Attributes
    ----------
    name : str
        For people.
    path : str or None
        Absolute path of its file; None for standard input, OpenML and Python.
    fingerprint : str or None
        SHA-256 of that file.
    source : dict or None
        What was detected about it, as in `data.reading.source.Source`.
    stored : str or None
        File of the run directory that holds the rows; None where they are not stored there.
    not_stored : str or None
        Reason why rows that were handed over in Python are not stored.
    """

    name: str
    path: str | None = None
    fingerprint: str | None = None
    source: dict[str, Any] | None = None
    stored: str | None = None
    not_stored: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class TaskRecord:
    """Task as it was understood.

    Attributes
    ----------
    target, weight, group, time : str or None
        Names of columns.
    task : TaskKind
    metric : str
    greater_is_better : bool
    positive : str or None
        Label of the positive class of two.
    is_sided : bool
        Whether the metric depends on it.
    n_rows, n_dropped : int
        Rows of the task, and those without a target.
    classes : dict of str to int or None
        Rows of each class; None for regression.
    columns : dict of str to int
        Number of columns of each kind.
    notes : tuple of str
    warnings : tuple of Risk
        Risks in the table: what makes results misleading.
    constant_prediction : tuple of float, or float
        Shares of the classes, or the value that the constant predicts for every row.
    """

    target: str
    weight: str | None
    group: str | None
    time: str | None
    task: TaskKind
    metric: str
    greater_is_better: bool
    positive: str | None = None
    is_sided: bool = False
    n_rows: int
    n_dropped: int
    classes: dict[str, int] | None
    columns: dict[str, int]
    notes: tuple[str, ...]
    warnings: tuple[Risk, ...] = ()
    constant_prediction: tuple[float, ...] | float

    @classmethod
    def of(cls, task: "Task", risks: tuple[Risk, ...] = ()) -> "TaskRecord":
        """Describe a task by plain values, with the risks in its table."""
        from metatune.evaluation.constant import constant_prediction

        classes = None
        if task.classes is not None:
            counts = task.class_counts.tolist()
            classes = dict(zip(map(str, task.classes.tolist()), counts, strict=True))
        return cls(
            target=task.target,
            weight=task.roles.weight,
            group=task.roles.group,
            time=task.roles.time,
            task=task.kind,
            metric=task.metric.name,
            greater_is_better=task.metric.greater_is_better,
            positive=None if task.positive is None else task.positive.label,
            is_sided=task.metric.is_sided,
            n_rows=task.n_rows,
            n_dropped=task.n_dropped,
            classes=classes,
            columns=dict(Counter(str(column.kind) for column in task.columns)),
            notes=task.notes,
            warnings=risks,
            constant_prediction=constant_prediction(task),
        )

    @property
    def judged_class(self) -> str | None:
        """Label of the positive class, if the metric depends on it."""
        return self.positive if self.is_sided else None


@dataclass(frozen=True, slots=True, kw_only=True)
class Seconds:
    """Wall clock of a run.

    Attributes
    ----------
    budget : float
        Seconds that the whole run may use.
    plan : float
        Budget with which the run began; plans of deterministic runs rest on it.
    before : float
        Seconds that earlier processes have used.
    used : float
        All that is used, earlier processes included.
    reading : float
        Seconds in which the table was read.
    tuning : float or None
        Seconds of `tune`; None as long as it has not ended.
    """

    budget: float
    plan: float
    before: float
    used: float
    reading: float = 0.0
    tuning: float | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Winner:
    """Configuration that won, as in `space.Configuration`."""

    algorithm: str
    params: dict[str, Any]
    origin: str
    key: str

    @property
    def configuration(self) -> Configuration:
        """The configuration as a value."""
        return Configuration(algorithm=self.algorithm, params=self.params, origin=self.origin)


@dataclass(frozen=True, slots=True, kw_only=True)
class Member:
    """Part of an ensemble: a trial and its weight; the trial is None for the constant."""

    trial: int | None
    algorithm: str
    weight: float


@dataclass(frozen=True, slots=True, kw_only=True)
class EnsembleRecord:
    """Ensemble, as `ensemble.report.ensemble_record` describes it."""

    members: tuple[Member, ...]
    score: float | None
    single_score: float | None
    gain: float | None
    gain_error: float | None
    temperature: float
    shifts: tuple[float, ...]
    decision: tuple[float, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Figures:
    """Cost of the saved model: see `tuning.model_cost.ModelFigures`."""

    latency: float
    batch_seconds: float | None
    n_bytes: int
    encoding: float | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class TrialCounts:
    """Numbers of trials: all, with a score, cut short; and of configurations."""

    finished: int
    ok: int
    pruned: int
    configurations: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Outcome:
    """Result of a run that has come to its end; the names are those of `tuning.TuningResult`."""

    ended: str
    score: float | None
    estimate: Estimate | None
    no_estimate: str | None = None
    constant_score: float | None
    beats_constant: bool
    winner: Winner | None
    fitted_on: str
    ensemble: EnsembleRecord | None
    model: Figures | None
    note: str
    trials: TrialCounts
    advice: dict[str, Any] | None
    front: FrontRecord | None = None


_OUTCOME = frozenset(f.name for f in fields(Outcome))
_NEEDED = frozenset(f.name for f in fields(Outcome) if f.default is MISSING)
_TASK = frozenset(f.name for f in fields(TaskRecord))


@dataclass(frozen=True, slots=True, kw_only=True)
class RunRecord:
    """Record of a run. In the file the values of `task` and `outcome` stand beside the others.

    Attributes
    ----------
    status : {"running", "interrupted", "done"}
        A run that was killed is "running" for ever.
    started_from : Door
    started_at : str
        Instant in UTC.
    went_on_at : tuple of str
        Instants at which later processes went on.
    process : Process
        The last one.
    versions : dict of str to str
        Those of libraries.
    options : RunOptions
        Those that the run was started with.
    seed : int
    data : DataRecord
    task : TaskRecord
    max_trials : int or None
        Trials that the whole run may take.
    seconds : Seconds
    timings : dict of str to float
        Seconds by what they were spent on.
    outcome : Outcome or None
        None as long as there is none.
    """

    status: Literal["running", "interrupted", "done"]
    started_from: Door
    started_at: str
    went_on_at: tuple[str, ...] = ()
    process: Process
    versions: dict[str, str]
    options: RunOptions
    seed: int
    data: DataRecord
    task: TaskRecord
    max_trials: int | None
    seconds: Seconds
    timings: dict[str, float] = field(default_factory=dict)
    outcome: Outcome | None = None

    @classmethod
    def read(cls, directory: Path) -> "RunRecord":
        """Read the record of a run directory.

        Raises
        ------
        BundleError
            If there is none, it is no JSON, of another version, or holds what it cannot hold.
        """
        path = directory / RECORD_FILE
        try:
            values = read_json(path)
        except (OSError, ValueError) as error:
            raise BundleError(f"{path} cannot be read ({error}): the run is damaged") from error
        return cls.from_values(values, path)

    @classmethod
    def from_values(cls, values: Any, path: Path) -> "RunRecord":
        """Read a record from the values of its file.

        Raises
        ------
        BundleError
            If they are of another version, or are not what they have to be.
        """
        schema = values.get("schema", 1) if isinstance(values, dict) else None
        if schema is not None and schema != SCHEMA_VERSION:
            raise BundleError(
                f"{path} was written by another version of metatune (schema {schema!r}, this one "
                f"reads {SCHEMA_VERSION}): use that version, or start a new run elsewhere"
            )
        try:
            record = read_dataclass(cls, _nested(values))
            _check(record)
        except ValueError as error:
            raise BundleError(
                f"{path} is damaged ({error}): undo the change, or start a new run elsewhere"
            ) from error
        return record

    def values(self) -> dict[str, Any]:
        """Return the plain values of the file."""
        values = asdict(self)
        task, outcome = values.pop("task"), values.pop("outcome") or {}
        for name in ("no_estimate", "front"):
            if outcome and outcome[name] is None:
                del outcome[name]
        return dict(without_nan({"schema": SCHEMA_VERSION, **values, **task, **outcome}))


def _check(record: RunRecord) -> None:
    """Raise ValueError with a clause about a value that no run has."""
    options, seconds = record.options, record.seconds
    counts = (record.max_trials, options.max_trials, options.jobs)
    if min(seconds.budget, seconds.plan) <= 0 or min(seconds.before, seconds.used) < 0:
        raise ValueError("its seconds are none that a run can have")
    if any(count is not None and count <= 0 for count in counts):
        raise ValueError("max_trials or jobs are not above zero")
    if not 0 <= record.seed < _SEEDS:
        raise ValueError(f"seed is {record.seed!r:.40}, not from 0 to {_SEEDS - 1}")
    parse_duration(options.budget)


def _nested(values: Any) -> Any:
    """Put the values of task and outcome into objects of their own."""
    if not isinstance(values, dict):
        return values
    nested = {name: value for name, value in values.items() if name not in _TASK | _OUTCOME}
    nested["task"] = {name: values[name] for name in _TASK & values.keys()}
    outcome = {name: values[name] for name in _OUTCOME & values.keys()}
    status, is_whole = values.get("status"), outcome.keys() >= _NEEDED
    ended = is_whole if status == "running" else status == "done" or "ended" in outcome
    nested["outcome"] = outcome if ended else None
    return nested
