"""One entrant of a race: a whole run in a process of its own, judged on rows that were held out.

    python -m benchmarks.races.entrant '{"strategy": "metatune", "train": ..., "test": ..., ...}'

The budget counts from the start of this process to the saved model, as it does on the command line.
Judging comes afterwards. The record goes to standard output, as one line of JSON.
"""

import json
import sys
import tempfile
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from metatune.budget import Budget, Deadline, Stopwatch, seconds_since_process_start

if TYPE_CHECKING:
    import pandas as pd
    from sklearn.pipeline import Pipeline

    from metatune.data.task.task import Task
    from metatune.tuning.result import TuningResult

__all__ = ["Entry", "Finished", "run_entry", "search"]

_MEMORY_SHARE = 0.8  # of the free memory, divided among runs at the same time


@dataclass(frozen=True, slots=True, kw_only=True)
class Entry:
    """Task of an entrant.

    Attributes
    ----------
    strategy : str
        Name in `benchmarks.races.variants.VARIANTS`.
    train, test : str
        Files of the two parts.
    target, kind : str
        What is predicted, and of which kind it is.
    budget : float
        Seconds.
    seed : int
        Of the run.
    metadata : str
        Meta-dataset that knows nothing of the table.
    at_once : int
        Entrants that run at the same time: they share the memory.
    max_trials : int or None
        End after so many trials, whatever the budget.
    """

    strategy: str
    train: str
    test: str
    target: str
    kind: str
    budget: float
    seed: int
    metadata: str
    at_once: int = 1
    max_trials: int | None = None

    def text(self) -> str:
        """Return it as the argument of a process."""
        return json.dumps(asdict(self))


class Elapsed:
    """Seconds since the process started, or since whatever the budget counts from."""

    def __init__(self, before: float) -> None:
        self._before = before
        self._watch = Stopwatch()

    def seconds(self) -> float:
        """Return them."""
        return self._before + self._watch.seconds()


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Finished:
    """Run that has ended.

    Attributes
    ----------
    task : Task
        What was searched on.
    result : TuningResult
        Of the search.
    pipeline : Pipeline
        The model as it was saved.
    seconds : float
        Of the budget that had passed by then.
    trajectory : list of (float, int, float)
        Seconds of the budget, rung and cross-validated score of each incumbent.
    """

    task: "Task"
    result: "TuningResult"
    pipeline: "Pipeline"
    seconds: float
    trajectory: list[tuple[float, int, float]]


def search(entry: Entry, elapsed: float = 0.0) -> Finished:
    """Run a whole search, to the saved model and back.

    Parameters
    ----------
    entry : Entry
        What to do.
    elapsed : float
        Seconds of the budget that have passed before.
    """
    clock = Elapsed(elapsed)
    deadline = Deadline.after(entry.budget - elapsed)
    from metatune.execution.cores import available_memory
    from metatune.execution.local_pool import LocalPool

    limit = int(_MEMORY_SHARE * available_memory() / entry.at_once)
    with (
        tempfile.TemporaryDirectory(prefix="metatune-race-") as folder,
        LocalPool(1, memory_limit=limit) as pool,
    ):
        pool.start()
        from benchmarks.races.trajectory import Trajectory
        from benchmarks.races.variants import VARIANTS
        from metatune.data.reading.table_reader import read_table
        from metatune.data.task.make_task import make_task
        from metatune.models import model_file
        from metatune.storage.directory import RunDirectory
        from metatune.tuning.options import TuneOptions
        from metatune.tuning.tune import tune

        table = read_table(Path(entry.train), deadline=deadline)
        task = make_task(table.frame, target=entry.target, task=entry.kind)
        run_dir = RunDirectory.check(Path(folder) / "run", overwrite=False)
        run_dir.make()
        trajectory = Trajectory(clock)
        result = tune(
            task,
            TuneOptions(
                budget=Budget(seconds=entry.budget, max_trials=entry.max_trials),
                seed=entry.seed,
                metadata=Path(entry.metadata),
                strategy=VARIANTS[entry.strategy],
            ),
            deadline=deadline,
            executor=pool,
            directory=run_dir,
            events=trajectory,
        )
        seconds = clock.seconds()
        return Finished(
            task=task,
            result=result,
            pipeline=model_file.load(run_dir.path),
            seconds=seconds,
            trajectory=trajectory.points,
        )


def run_entry(entry: Entry, elapsed: float = 0.0) -> dict[str, Any]:
    """Run and judge; return plain values.

    Parameters
    ----------
    entry : Entry
        What to do.
    elapsed : float
        Seconds of the budget that have passed before.
    """
    finished = search(entry, elapsed)
    from metatune.data.reading.table_reader import read_table

    task, result = finished.task, finished.result
    test = read_table(Path(entry.test)).frame
    return {
        "seconds": round(finished.seconds, 2),
        "metric": task.metric.name,
        "greater_is_better": task.metric.greater_is_better,
        **_judged(task, finished.pipeline, result, test, entry),
        "cross_validated": result.score,
        "cross_validated_constant": result.constant_score,
        "winner": str(result.winner),
        "trials": len(result.history.results),
        "configurations": len({r.trial.configuration.key for r in result.history.results}),
        "trajectory": finished.trajectory,
    }


def _judged(
    task: "Task", saved: "Pipeline", result: "TuningResult", test: "pd.DataFrame", entry: Entry
) -> dict[str, Any]:
    """Score the saved model, the best single pipeline and the constant on the held-out rows."""
    from benchmarks.races.single import fit_single
    from metatune.cli.judgement import judge
    from metatune.evaluation.constant import constant_model

    constant = constant_model(task.kind, task.metric).fit(task.X, task.y)
    answer = constant.predict_proba([0]) if task.classes is not None else constant.predict([0])
    info = {"task": str(task.kind), "target": task.target, "metric": task.metric.name}

    def scored(pipeline: "Pipeline") -> tuple[float, float]:
        values = answer[0].tolist()
        (first, *_) = judge(pipeline, test, info, metric=None, constant=values).scores
        return first.score, first.constant

    score, constant_score = scored(saved)
    single = fit_single(task, result.history, seed=entry.seed, budget=entry.budget)
    return {
        "score": score,
        "single": constant_score if single is None else scored(single)[0],
        "constant": constant_score,
    }


def main() -> None:
    record = run_entry(Entry(**json.loads(sys.argv[1])), seconds_since_process_start())
    print(json.dumps(record, default=float))


if __name__ == "__main__":
    main()
