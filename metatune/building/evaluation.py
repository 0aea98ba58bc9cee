"""Evaluation of pools on datasets for the meta-dataset: resumable, with a deadline.

Whatever the journals of the work directory or a known meta-dataset hold is not evaluated again, so
a build can be stopped at any instant and continued, and a finished one can be extended.
"""

from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass, field, replace
from pathlib import Path

from metatune.algorithms.registry import get_algorithm
from metatune.budget import Deadline
from metatune.building.catalogue import CatalogueEntry
from metatune.building.kept_predictions import KeptPredictions
from metatune.building.known import (
    JOURNAL_FILE,
    KnownDatasets,
    read_known,
    without_short_limits,
)
from metatune.building.protocol import Known, Ladder, Protocol, protocol_rungs
from metatune.building.work import find_folder, ladder_of, prepare_dataset, read_description
from metatune.errors import InputError
from metatune.evaluation.trial import Trial, TrialResult, to_trial_result
from metatune.evaluation.trial_job import evaluate_in_worker, evaluate_with_predictions
from metatune.execution.executor import Executor, Handle, Job
from metatune.kinds import TaskKind
from metatune.metadataset.store import MetaDataset
from metatune.space import Configuration
from metatune.storage.journal import Journal

__all__ = [
    "Ladder",
    "PoolEvaluation",
    "Protocol",
    "prepare_dataset",
    "protocol_rungs",
    "read_known",
]


@dataclass(slots=True, eq=False)
class _Bench:
    """Dataset under evaluation."""

    name: str
    folder: Path
    ladder: Ladder
    pool: list[Configuration]
    journal: Journal
    known: Known
    under_way: set[str] = field(default_factory=set)
    """Keys of configurations."""

    def next_trial(self, seed: int) -> Trial | None:
        """Return a trial that is due and not running; None if there is none for now."""
        for configuration, rung in self.ladder.due(self.pool, self.known):
            if configuration.key not in self.under_way:
                number = len(self.known)
                return Trial(number=number, configuration=configuration, rung=rung, seed=seed)
        return None

    @property
    def finished(self) -> bool:
        """True if nothing is left to evaluate."""
        return not self.under_way and next(self.ladder.due(self.pool, self.known), None) is None


class PoolEvaluation:
    """Evaluation of pools of configurations on datasets, one dataset after the other.

    The next dataset is started as soon as the ones before have nothing for a free worker, while
    their last trials are still running.

    Parameters
    ----------
    work : Path
        The work directory.
    pools : mapping of TaskKind to list of Configuration
        Configurations to evaluate.
    executor : Executor
        Executor of the trials.
    protocol : Protocol
        Protocol of the evaluations.
    on_result : callable, optional
        Called with the dataset's name and each new result.
    known : MetaDataset, optional
        Meta-dataset whose evaluations are not repeated.
    special : mapping of str to Protocol, optional
        Protocols of single datasets, by name: large ones with more rows.
    predictions : KeptPredictions, optional
        Store of the out-of-fold predictions of the top rung.
    """

    def __init__(
        self,
        work: Path,
        pools: Mapping[TaskKind, list[Configuration]],
        executor: Executor,
        protocol: Protocol,
        on_result: Callable[[str, TrialResult], None] | None = None,
        *,
        known: MetaDataset | None = None,
        special: Mapping[str, Protocol] | None = None,
        predictions: KeptPredictions | None = None,
    ) -> None:
        self._work = work
        self._pools = pools
        self._executor = executor
        self._protocol = protocol
        self._on_result = on_result
        self._known = KnownDatasets(known)
        self._special = dict(special or {})
        self._predictions = predictions
        self._benches: list[_Bench] = []
        self._running: dict[Handle, tuple[_Bench, Trial]] = {}
        self.problems: dict[str, str] = {}
        """Datasets that could not be used, with the reason."""

    def run(self, entries: Iterable[CatalogueEntry], deadline: Deadline) -> bool:
        """Evaluate until everything is done or the deadline has passed.

        A table that cannot be read or learned from is passed over and noted in `problems`.

        Returns
        -------
        bool
            Whether everything is done.
        """
        upcoming = iter(entries)
        while True:
            self._fill(upcoming, deadline)
            if not self._running:
                return not self._benches and next(upcoming, None) is None
            for handle in self._executor.wait(timeout=1.0):
                self._record(handle)

    def _fill(self, upcoming: Iterator[CatalogueEntry], deadline: Deadline) -> None:
        while self._executor.idle and not deadline.passed():
            for bench in self._benches:
                trial = bench.next_trial(self._protocol.seed)
                if trial is not None:
                    self._submit(bench, trial)
                    break
            else:
                entry = next(upcoming, None)
                if entry is None:
                    return
                self._start(entry)

    def _start(self, entry: CatalogueEntry) -> None:
        try:
            bench = self._open(entry)
        except InputError as error:
            self.problems[entry.name] = str(error)
            return
        if not bench.finished:
            self._benches.append(bench)

    def _open(self, entry: CatalogueEntry) -> _Bench:
        protocol = self._special.get(entry.name, self._protocol)
        folder = find_folder(self._work, entry.name, protocol)
        prepare_dataset(entry, folder, protocol)
        description = read_description(folder)
        known = self._known.results(description) | read_known(folder)
        return _Bench(
            name=entry.name,
            folder=folder,
            ladder=ladder_of(description),
            pool=self._pools[entry.kind],
            journal=Journal(folder / JOURNAL_FILE),
            known=without_short_limits(known, protocol.trial_seconds),
        )

    def _submit(self, bench: _Bench, trial: Trial) -> None:
        protocol = self._special.get(bench.name, self._protocol)
        kept = self._predictions
        job = Job(
            function=evaluate_in_worker if kept is None else evaluate_with_predictions,
            inbox=str(bench.folder / "data"),
            outbox="" if kept is None else str(kept.outbox(bench.name)),
            arguments=(trial,),
            time_limit=protocol.trial_seconds,
        )
        self._running[self._executor.submit(job)] = (bench, trial)
        bench.under_way.add(trial.configuration.key)

    def _record(self, handle: Handle) -> None:
        bench, trial = self._running.pop(handle)
        outcome = handle.outcome
        if outcome is None:
            return
        recipe = get_algorithm(trial.configuration.algorithm).recipe_version
        result = replace(to_trial_result(trial, outcome), recipe_version=recipe)
        if self._predictions is not None:
            self._predictions.keep(bench.name, bench.folder / "data", result)
        bench.journal.append(result)
        bench.known[trial.configuration.key, trial.rung.index] = result
        bench.under_way.remove(trial.configuration.key)
        if bench.finished:
            self._benches.remove(bench)
        if self._on_result is not None:
            self._on_result(bench.name, result)
