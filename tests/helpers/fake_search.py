"""A search of made-up trials: candidates, an executor that ends them in any order, the call."""

import random
from pathlib import Path

import numpy as np
from fake_jobs import evaluate

from metatune.budget import Deadline
from metatune.evaluation.rungs import plan_rungs
from metatune.execution.executor import Executor, Handle, InlineExecutor, Job
from metatune.kinds import TaskKind
from metatune.metrics import resolve_metric
from metatune.search.halving import SuccessiveHalving
from metatune.search.limits import SearchLimits
from metatune.search.outcome import SearchOutcome
from metatune.space import Configuration
from metatune.tuning.search import Folders, run_search

ACCURACY = resolve_metric("accuracy", TaskKind.BINARY)
RUNGS = plan_rungs(20_000, 5)
_HERE = Path(__file__).parent
FOLDERS = Folders(inbox=_HERE, outbox=_HERE)


def configurations(n: int, **params: float | str) -> list[Configuration]:
    qualities = np.random.default_rng(0).permutation(n) / max(n, 1)
    return [
        Configuration(algorithm="fake", params={"quality": float(quality), **params})
        for quality in qualities
    ]


def listed(candidates: list[Configuration]) -> SuccessiveHalving:
    upcoming = iter(candidates)
    return SuccessiveHalving(RUNGS, ACCURACY, lambda history: next(upcoming, None))


class ScrambledExecutor(Executor):
    """Executor that runs jobs at once but tells in random order that they have ended."""

    def __init__(self, n_workers: int, seed: int) -> None:
        self._n_workers = n_workers
        self._rng = random.Random(seed)
        self._ran = InlineExecutor()
        self._waiting: list[Handle] = []
        self.most_at_once = 0
        self.cancelled: list[Handle] = []
        self.jobs: list[Job] = []

    @property
    def n_workers(self) -> int:
        return self._n_workers

    @property
    def idle(self) -> int:
        return self._n_workers - len(self._waiting)

    def submit(self, job: Job, *, beside: bool = False) -> Handle:
        assert self.idle > 0
        self.jobs.append(job)
        handle = Handle(job, self, beside=beside)
        handle.outcome = self._ran.call(job)
        self._waiting.append(handle)
        self.most_at_once = max(self.most_at_once, len(self._waiting))
        return handle

    def wait(self, timeout: float) -> list[Handle]:
        if not self._waiting or self._rng.random() < 0.2:
            return []
        n_told = self._rng.randint(1, len(self._waiting))
        self._rng.shuffle(self._waiting)
        told, self._waiting = self._waiting[:n_told], self._waiting[n_told:]
        return told

    def call(self, job):
        raise AssertionError("the search submits, it does not call")

    def _cancel(self, handle: Handle) -> float:
        self.cancelled.append(handle)
        self._waiting.remove(handle)
        return 0.0

    def close(self) -> None:
        self._waiting.clear()


def search(
    halving: SuccessiveHalving,
    executor: Executor,
    *,
    seconds: float = 60.0,
    max_trials: int | None = None,
    **options: object,
) -> SearchOutcome:
    limits = SearchLimits(deadline=Deadline.after(seconds), max_trials=max_trials)
    return run_search(halving, executor, FOLDERS, limits=limits, evaluate=evaluate, **options)


def inventive(seed: int) -> SuccessiveHalving:
    """Halving whose candidates depend on everything it was told and on how often it was asked."""
    rng = np.random.default_rng(seed)

    def invent(history):
        if rng.random() < 0.2:
            return None
        best = history.best(1)
        base = float(best[0].params["quality"]) if best else 0.0
        quality = base + float(rng.normal()) + len(history.results) / 1_000
        return Configuration(algorithm="fake", params={"quality": quality})

    return SuccessiveHalving(RUNGS, ACCURACY, invent, seed=seed)


def told(outcome: SearchOutcome) -> list[tuple[int, str, int, int, float]]:
    return [
        (r.trial.number, r.trial.configuration.key, r.trial.rung.index, r.trial.seed, r.score)
        for r in outcome.history.results
    ]
