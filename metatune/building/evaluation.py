"""Building the meta-dataset by evaluation: resumable, time-boxed, on any executor.

A work directory holds, for each dataset, the encoded arrays, a description, and a journal of
finished trials. Whatever a journal holds is not evaluated again, so the build can be stopped at any
instant and continued.
"""

import json
from collections import deque
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import asdict, dataclass
from itertools import count
from pathlib import Path

from metatune.algorithms.base import Shape
from metatune.algorithms.registry import get_algorithm
from metatune.budget import Deadline
from metatune.building.catalogue import CatalogueEntry, load_entry
from metatune.data.fingerprint import Fingerprint
from metatune.kinds import TaskKind
from metatune.metafeatures import extract_metafeatures
from metatune.metrics import RECORDED_METRICS
from metatune.search.executor import Executor, Job, JobOutcome, to_trial_result
from metatune.search.journal import Journal, read_journal
from metatune.search.rungs import REDUCTION_FACTOR, Rung
from metatune.search.trial import Trial, TrialResult
from metatune.search.trial_data import TrialData
from metatune.space import Configuration

__all__ = [
    "Ladder",
    "PoolEvaluation",
    "Protocol",
    "prepare_dataset",
    "protocol_rungs",
    "read_known",
]

JOURNAL_FILE = "trials.jsonl"

Known = dict[tuple[str, int], TrialResult]
"""Results by configuration key and rung index."""

_MIN_TRAIN_ROWS = 40


@dataclass(frozen=True, slots=True, kw_only=True)
class Protocol:
    """How configurations are evaluated for the meta-dataset.

    Attributes
    ----------
    max_rows : int
        Larger tables are cut to a stratified sample.
    n_folds : int
        Folds of the top rung.
    trial_seconds : float
        Time limit of one trial.
    seed : int
        Seed of sample, folds and learners.
    """

    max_rows: int = 2_000
    n_folds: int = 3
    trial_seconds: float = 40.0
    seed: int = 0


def protocol_rungs(n_train_rows: int, n_folds: int) -> tuple[Rung, ...]:
    """Return the rungs that are evaluated.

    Two row shares with one fold, as far as rows remain to be learned from, and all rows with all
    folds; all rows with one fold need no rung, as theirs is the first fold score of the top rung.
    """
    shares = (1 / REDUCTION_FACTOR**2, 1 / REDUCTION_FACTOR)
    lower = [share for share in shares if share * n_train_rows >= _MIN_TRAIN_ROWS]
    levels = [(share, 1) for share in lower] + [(1.0, n_folds)]
    return tuple(Rung(index=i, row_share=s, n_folds=f) for i, (s, f) in enumerate(levels))


def prepare_dataset(entry: CatalogueEntry, folder: Path, protocol: Protocol) -> TrialData:
    """Write a dataset's arrays and description to `folder`, or load them if they are there."""
    described = folder / "dataset.json"
    if described.is_file():
        return TrialData.load(folder / "data")
    whole = load_entry(entry, protocol.seed)
    task = whole.cut(protocol.max_rows, protocol.seed)
    data = TrialData.make(
        task, RECORDED_METRICS[entry.kind], seed=protocol.seed, n_folds=protocol.n_folds
    )
    data.save(folder / "data")
    features = extract_metafeatures(task, seed=protocol.seed, max_seconds=30.0)
    description = {
        "dataset": entry.name,
        "family": entry.family,
        "kind": str(entry.kind),
        "openml_id": entry.openml_id,
        "source": entry.source,
        "licence": entry.licence,
        "fingerprint": str(Fingerprint.of(whole)),
        "n_rows": task.n_rows,
        "n_columns": task.layout.n_columns,
        "n_classes": task.n_classes,
        "protocol": asdict(protocol),
        "features": dict(features.values),
    }
    described.write_text(json.dumps(description) + "\n", encoding="utf-8")
    return data


@dataclass(frozen=True, slots=True, kw_only=True)
class Ladder:
    """The rungs that configurations climb on one dataset.

    Attributes
    ----------
    kind : TaskKind
        What is predicted.
    shape : Shape
        Training rows of a fold, columns, classes.
    rungs : tuple of Rung
        From the lowest to the top.
    """

    kind: TaskKind
    shape: Shape
    rungs: tuple[Rung, ...]

    @classmethod
    def of(
        cls, kind: TaskKind, *, n_rows: int, n_columns: int, n_classes: int, n_folds: int
    ) -> "Ladder":
        """Lay out the rungs of a dataset as it was cut."""
        n_train = n_rows - -(-n_rows // n_folds)
        return cls(
            kind=kind,
            shape=Shape(n_rows=n_train, n_columns=n_columns, n_classes=n_classes),
            rungs=protocol_rungs(n_train, n_folds),
        )

    def next_rung(self, configuration: Configuration, known: Known) -> Rung | None:
        """Return the lowest rung without a result.

        None once the top has one, a lower rung failed, or the algorithm does not take the dataset.
        """
        if get_algorithm(configuration.algorithm).refuses(self.kind, self.shape):
            return None
        for rung in self.rungs:
            result = known.get((configuration.key, rung.index))
            if result is None:
                return rung
            if not result.ok:
                return None
        return None


def read_known(folder: Path) -> Known:
    """Read what the journal of a dataset's folder holds."""
    results = read_journal(folder / JOURNAL_FILE)
    return {(r.trial.configuration.key, r.trial.rung.index): r for r in results}


@dataclass(slots=True, eq=False)
class _Bench:
    """One dataset under evaluation."""

    folder: Path
    ladder: Ladder
    journal: Journal
    known: Known


class PoolEvaluation:
    """Evaluates pools of configurations on datasets, one dataset after the other.

    The next dataset is started while the last trials of the one before are still running, so that
    no worker waits.

    Parameters
    ----------
    work : Path
        The work directory.
    pools : mapping of TaskKind to list of Configuration
        What to evaluate.
    executor : Executor
        Where to evaluate.
    protocol : Protocol
        How to evaluate.
    on_result : callable, optional
        Called with the dataset's name and each new result.
    """

    def __init__(
        self,
        work: Path,
        pools: Mapping[TaskKind, list[Configuration]],
        executor: Executor,
        protocol: Protocol,
        on_result: Callable[[str, TrialResult], None] | None = None,
    ) -> None:
        self._work = work
        self._pools = pools
        self._executor = executor
        self._protocol = protocol
        self._on_result = on_result
        self._queue: deque[tuple[_Bench, Configuration]] = deque()
        self._running: dict[int, tuple[_Bench, Trial]] = {}
        self._ids = count()

    def run(self, entries: Iterable[CatalogueEntry], deadline: Deadline) -> bool:
        """Evaluate until everything is done or the deadline has passed.

        Returns
        -------
        bool
            Whether everything is done.
        """
        upcoming = iter(entries)
        while True:
            self._fill(upcoming, deadline)
            if not self._running:
                return not self._queue and next(upcoming, None) is None
            for outcome in self._executor.wait(timeout=1.0):
                self._record(outcome)

    def _fill(self, upcoming: Iterator[CatalogueEntry], deadline: Deadline) -> None:
        while self._executor.idle and not deadline.passed():
            if not self._queue:
                entry = next(upcoming, None)
                if entry is None:
                    return
                bench = self._open(entry)
                self._queue.extend((bench, c) for c in self._pools[entry.kind])
                continue
            bench, configuration = self._queue.popleft()
            rung = bench.ladder.next_rung(configuration, bench.known)
            if rung is not None:
                number = len(bench.known)
                seed = self._protocol.seed
                self._submit(
                    bench, Trial(number=number, configuration=configuration, rung=rung, seed=seed)
                )

    def _open(self, entry: CatalogueEntry) -> _Bench:
        folder = self._work / entry.name
        folder.mkdir(parents=True, exist_ok=True)
        data = prepare_dataset(entry, folder, self._protocol)
        return _Bench(
            folder=folder,
            ladder=Ladder.of(
                data.task.kind,
                n_rows=data.task.n_rows,
                n_columns=data.task.layout.n_columns,
                n_classes=data.task.n_classes,
                n_folds=self._protocol.n_folds,
            ),
            journal=Journal(folder / JOURNAL_FILE),
            known=read_known(folder),
        )

    def _submit(self, bench: _Bench, trial: Trial) -> None:
        job = Job(
            id=next(self._ids),
            function="metatune.search.evaluate:evaluate_in_worker",
            arguments=(str(bench.folder / "data"), trial),
            time_limit=self._protocol.trial_seconds,
        )
        self._running[job.id] = (bench, trial)
        self._executor.submit(job)

    def _record(self, outcome: JobOutcome) -> None:
        bench, trial = self._running.pop(outcome.id)
        result = to_trial_result(trial, outcome)
        bench.journal.append(result)
        bench.known[trial.configuration.key, trial.rung.index] = result
        self._queue.appendleft((bench, trial.configuration))
        if self._on_result is not None:
            self._on_result(bench.folder.name, result)
