"""What `run.json` says about a run."""

import hashlib
from collections import Counter
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from metatune.budget import seconds_since_process_start, utc_now
from metatune.cli.console import without_nan
from metatune.cli.data import is_openml
from metatune.estimating import estimate_record
from metatune.rundir import library_versions
from metatune.search.runner import Ended

if TYPE_CHECKING:
    from metatune.cli.fit_run import FitRun
    from metatune.data.source import Table
    from metatune.data.task import Task
    from metatune.tuning import TuningResult

__all__ = ["RunRecord"]

_CHUNK = 2**20


@dataclass(frozen=True, slots=True, kw_only=True)
class RunRecord:
    """The content of ``run.json`` while a run goes on.

    Attributes
    ----------
    values : dict
        Plain values that JSON can hold.
    """

    values: dict[str, Any]

    @classmethod
    def start(cls, run: "FitRun", table: "Table", task: "Task", read_seconds: float) -> "RunRecord":
        """Record what is known when the search begins."""
        given = asdict(run.options)
        for name in ("as_json", "quiet", "verbose"):
            given.pop(name)
        values = {
            "status": "running",
            "started_at": utc_now(),
            "versions": library_versions(),
            "options": {
                **given,
                "output": str(run.run_dir.path),
                "metadata": None if given["metadata"] is None else str(given["metadata"]),
                "jobs": run.jobs,
                "memory_limit": run.memory_limit,
            },
            "seed": given["seed"],
            "data": {
                "name": table.name,
                "fingerprint": _file_hash(given["data"]),
                "source": asdict(table.source),
            },
            "target": task.target,
            "weight": task.roles.weight,
            "group": task.roles.group,
            "time": task.roles.time,
            "task": str(task.kind),
            "metric": task.metric.name,
            "greater_is_better": task.metric.greater_is_better,
            "n_rows": task.n_rows,
            "n_dropped": task.n_dropped,
            "classes": _classes(task),
            "columns": dict(Counter(str(column.kind) for column in task.columns)),
            "notes": list(task.notes),
            "constant_prediction": _constant_prediction(task),
            "seconds": {"budget": run.budget.seconds, "reading": read_seconds},
            "timings": {
                "starting": seconds_since_process_start() - read_seconds,
                "reading": read_seconds,
            },
        }
        return cls(values=without_nan(values))

    def interrupted(self) -> dict[str, Any]:
        """Return the record of a run that was broken off."""
        used = {**self.values["seconds"], "used": seconds_since_process_start()}
        return {**self.values, "status": "interrupted", "seconds": used}

    def end(self, result: "TuningResult") -> dict[str, Any]:
        """Return the record of a run that has come to its end."""
        results = result.history.results
        winner = result.winner
        outcome = {
            "status": "interrupted" if result.ended == Ended.INTERRUPTED else "done",
            "ended": str(result.ended),
            "score": result.score,
            **estimate_record(result.estimate),
            "constant_score": result.constant_score,
            "beats_constant": result.beats_constant,
            "winner": None
            if winner is None
            else {
                "algorithm": winner.algorithm,
                "params": dict(winner.params),
                "origin": winner.origin,
                "key": winner.key,
            },
            "fitted_on": result.fitted_on,
            "trials": {
                "finished": len(results),
                "ok": sum(trial.ok for trial in results),
                "pruned": sum(not trial.ok and not trial.failed for trial in results),
                "configurations": len({trial.trial.configuration.key for trial in results}),
            },
            "advice": _advice(result),
            "seconds": {
                **self.values["seconds"],
                "tuning": result.seconds,
                "used": seconds_since_process_start(),
            },
            "timings": {**self.values["timings"], **result.timings},
        }
        return dict(without_nan({**self.values, **outcome}))


def _file_hash(data: str) -> str | None:
    """Return the SHA-256 of a file; None for standard input."""
    if data == "-" or is_openml(data):
        return None
    digest = hashlib.sha256()
    with Path(data).expanduser().open("rb") as file:
        while chunk := file.read(_CHUNK):
            digest.update(chunk)
    return digest.hexdigest()


def _classes(task: "Task") -> dict[str, int] | None:
    if task.classes is None:
        return None
    return dict(zip(map(str, task.classes), task.class_counts.tolist(), strict=True))


def _constant_prediction(task: "Task") -> list[float] | float:
    """Return the shares of the classes, or the value that is predicted for every row."""
    from metatune.search.constant import constant_model

    model = constant_model(task.kind, task.metric).fit(task.X, task.y, task.facts.weights)
    if task.kind.is_classification:
        return [float(share) for share in model.predict_proba([0])[0]]
    return float(model.predict([0])[0])


def _advice(result: "TuningResult") -> dict[str, Any] | None:
    if result.advice is None:
        return None
    said = result.advice.recommendations
    return {
        "familiarity": said.familiarity,
        "n_past_datasets": said.n_datasets,
        "excluded": list(said.excluded),
        "most_similar": [
            {"dataset": n.dataset, "similarity": n.similarity, "best": str(n.best)}
            for n in said.neighbours
        ],
        "skipped_meta_features": list(result.advice.features.skipped),
    }
