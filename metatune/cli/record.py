"""What `run.json` says about a run."""

from collections import Counter
from collections.abc import Mapping
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from metatune.budget import seconds_since_process_start, utc_now
from metatune.cli.console import without_nan
from metatune.cli.course import file_hash
from metatune.cli.data import is_openml
from metatune.search.outcome import Ended
from metatune.storage.directory import library_versions, this_process
from metatune.tuning.estimate import estimate_record

if TYPE_CHECKING:
    from metatune.cli.fit_run import FitRun
    from metatune.data.reading.source import Table
    from metatune.data.task.task import Task
    from metatune.tuning.result import TuningResult

__all__ = ["RunRecord"]


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
        for name in ("as_json", "quiet", "verbose", "resume", "overwrite"):
            given.pop(name)
        earlier = run.course.earlier
        before = (earlier.record if earlier is not None else None) or {}
        values = {
            "status": "running",
            "started_at": before.get("started_at", utc_now()),
            "went_on_at": [*before.get("went_on_at", []), *([utc_now()] if earlier else [])],
            "process": this_process(),
            "versions": library_versions(),
            "options": {
                **given,
                **_kept_options(before),
                "output": str(run.run_dir.path),
                "metadata": None if given["metadata"] is None else str(given["metadata"]),
                "jobs": run.jobs,
                "memory_limit": run.memory_limit,
            },
            "seed": given["seed"],
            "data": {
                "name": table.name,
                "path": _absolute(given["data"]),
                "fingerprint": file_hash(given["data"]),
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
            "max_trials": run.course.budget.max_trials,
            "seconds": {
                "budget": run.course.budget.seconds,
                "plan": run.course.plan_seconds,
                "before": run.course.used,
                "reading": read_seconds,
                "used": run.course.used + seconds_since_process_start(),
            },
            "timings": {
                "starting": seconds_since_process_start() - read_seconds,
                "reading": read_seconds,
            },
        }
        return cls(values=without_nan(values))

    def interrupted(self) -> dict[str, Any]:
        """Return the record of a run that was broken off."""
        seconds = {**self.values["seconds"], "used": self.used()}
        return {**self.values, "status": "interrupted", "seconds": seconds}

    def used(self) -> float:
        """Return the seconds that the run has used by now, earlier processes included."""
        return float(self.values["seconds"]["before"]) + seconds_since_process_start()

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
            "ensemble": result.ensemble,
            "model": None if result.figures is None else asdict(result.figures),
            "note": result.note,
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
                "used": self.used(),
            },
            "timings": {**self.values["timings"], **result.timings},
        }
        return dict(without_nan({**self.values, **outcome}))


def _absolute(data: str) -> str | None:
    """Return where a file is, whatever the current directory will be."""
    if data == "-" or is_openml(data):
        return None
    return str(Path(data).expanduser().absolute())


def _kept_options(before: Mapping[str, Any]) -> dict[str, Any]:
    """Return what the command that started the run said, so that it can be repeated."""
    options = before.get("options", {})
    return {name: options[name] for name in ("data", "budget", "max_trials") if name in options}


def _classes(task: "Task") -> dict[str, int] | None:
    if task.classes is None:
        return None
    return dict(zip(map(str, task.classes), task.class_counts.tolist(), strict=True))


def _constant_prediction(task: "Task") -> list[float] | float:
    """Return the shares of the classes, or the value that is predicted for every row."""
    from metatune.evaluation.constant import constant_model

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
