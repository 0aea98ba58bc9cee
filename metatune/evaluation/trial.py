"""Trials and their results, as values."""

from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass, field, replace
from enum import StrEnum
from statistics import fmean
from typing import Any

from metatune.evaluation.rungs import Rung
from metatune.execution.executor import JobOutcome, JobStatus
from metatune.space import Configuration

__all__ = [
    "Expectation",
    "Reason",
    "Slope",
    "Trial",
    "TrialResult",
    "TrialStatus",
    "to_trial_result",
]

_SHARING = ("preprocess_seconds", "saved_seconds", "copied_folds", "stored_matrices")


class TrialStatus(StrEnum):
    """End of a trial."""

    OK = "ok"
    FAILED = "failed"
    """The algorithm raised an error."""
    CRASHED = "crashed"
    """The worker process died."""
    TIMED_OUT = "timed out"
    PRUNED = "pruned"
    """Some of its folds were enough to see that it is clearly behind."""
    OUT_OF_MEMORY = "out of memory"


class Reason(StrEnum):
    """Reason for which the recommender proposed a configuration."""

    SIMILAR = "similar datasets"
    """It adds most to those tried before it on similar past datasets, for its price."""
    IMPROVEMENT = "expected improvement"
    """After the results so far the largest improvement was expected of it, for its price."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Expectation:
    """Expectation of a configuration when it was proposed.

    Attributes
    ----------
    metric : str
        In which the scores are: the recorded metric that guides the search.
    score : float
        Expected on all rows and folds.
    low, high : float
        It lies between these with a probability of 80 %, the smaller number first.
    seconds : float
        Processor seconds that it was expected to take.
    reason : Reason
        Why it was proposed.
    """

    metric: str
    score: float
    low: float
    high: float
    seconds: float
    reason: Reason

    @classmethod
    def from_record(cls, record: Mapping[str, Any]) -> "Expectation":
        """Make it of the plain values of `dataclasses.asdict`."""
        return cls(**{**record, "reason": Reason(record["reason"])})


@dataclass(frozen=True, slots=True, kw_only=True)
class Slope:
    """Loss of a model's validation rows, and its derivatives by hyperparameters.

    Attributes
    ----------
    loss : float
        Smooth loss as the learner sees it: mean log loss, or mean squared error of the transformed
        target; less is better, whatever the run's metric is.
    by : dict of str to float
        Derivative by each hyperparameter that it is a smooth function of.
    """

    loss: float
    by: dict[str, float]

    @classmethod
    def mean(cls, slopes: "Sequence[Slope]") -> "Slope":
        """Return the mean of the slopes of several folds."""
        names = set.intersection(*(set(slope.by) for slope in slopes))
        return cls(
            loss=fmean(slope.loss for slope in slopes),
            by={name: fmean(slope.by[name] for slope in slopes) for name in sorted(names)},
        )


@dataclass(frozen=True, slots=True, kw_only=True)
class Trial:
    """One configuration at one fidelity.

    Attributes
    ----------
    number : int
        Counts the trials of a run from 0.
    configuration : Configuration
        What is tried.
    rung : Rung
        How much is spent on it.
    seed : int
        Seed of its random choices; the same for all trials of one configuration.
    expected : Expectation or None
        Expectation of its configuration, told with the first trial; None where nobody had one.
        Not part of what is tried.
    """

    number: int
    configuration: Configuration
    rung: Rung
    seed: int
    expected: Expectation | None = field(default=None, compare=False)


@dataclass(frozen=True, slots=True, kw_only=True)
class TrialResult:
    """Result of a trial.

    Attributes
    ----------
    trial : Trial
        What was tried.
    status : TrialStatus
        How it ended.
    score : float
        Mean of the finite fold scores in the run's metric, in its own sign; NaN unless ok.
    fold_scores : Mapping of str to tuple of float
        For every metric asked for (the run's metric first), the score of each fold: of those
        before it was stopped, if the trial was pruned.
    fit_seconds, predict_seconds : float
        Wall clock, summed over the folds, as if nothing had been taken over from earlier trials.
    predicted_rows : int
        Rows that were predicted in `predict_seconds`.
    model_bytes : int
        Size of the first fold's pipeline.
    latency : float
        Seconds that it takes for one encoded row on its own.
    preprocess_seconds : float
        How much of that was preprocessing.
    saved_seconds : float
        How much of that was not spent, since folds or preprocessed rows were taken over.
    copied_folds, stored_matrices : int
        Folds taken over from a lower rung; further folds whose preprocessed rows were taken over.
    seconds : float
        Wall clock of the whole trial in its worker, or until it was stopped.
    cpu_seconds : float
        Processor time of the whole trial: what it costs on a machine that is not busy.
    iterations : tuple of int
        For algorithms that stop early, the iterations of each fold.
    memory_mb : float
        Largest resident memory seen for the worker, where it was measured; 0 else.
    decision : tuple of float
        Factors of the classes' probabilities by which the metric wants labels decided; empty for
        the most probable class.
    slope : Slope or None
        Mean over the folds, where it was asked for and the learner has one.
    error : str
        One line for people; empty if ok.
    recipe_version : int or None
        Of the algorithm when it was evaluated, where that is kept: in the journals of a
        meta-dataset, which outlive a change of the recipe.
    """

    trial: Trial
    status: TrialStatus
    score: float = float("nan")
    fold_scores: Mapping[str, tuple[float, ...]] = field(default_factory=dict)
    fit_seconds: float = 0.0
    predict_seconds: float = 0.0
    predicted_rows: int = 0
    model_bytes: int = 0
    latency: float = 0.0
    seconds: float = 0.0
    cpu_seconds: float = 0.0
    iterations: tuple[int, ...] = ()
    memory_mb: float = 0.0
    error: str = ""
    recipe_version: int | None = None
    preprocess_seconds: float = 0.0
    saved_seconds: float = 0.0
    copied_folds: int = 0
    stored_matrices: int = 0
    decision: tuple[float, ...] = ()
    slope: Slope | None = None

    @property
    def failed(self) -> bool:
        """True if something went wrong: pruned trials have no score, but did not fail."""
        return not self.ok and self.status is not TrialStatus.PRUNED

    @property
    def n_folds_done(self) -> int:
        """Folds that have a score: fewer than its rung has if it was pruned, 0 if it failed."""
        return len(next(iter(self.fold_scores.values()), ()))

    @property
    def full_cpu_seconds(self) -> float:
        """Processor seconds if nothing had been taken over: what the configuration costs."""
        return self.cpu_seconds + self.saved_seconds

    @property
    def row_seconds(self) -> float:
        """Seconds to predict each of many rows together; NaN if that is not known."""
        return self.predict_seconds / self.predicted_rows if self.predicted_rows else float("nan")

    @property
    def ok(self) -> bool:
        """True if the trial has a score."""
        return self.status is TrialStatus.OK

    def to_record(self) -> dict[str, Any]:
        """Return the result as plain values that JSON can hold."""
        trial, configuration, rung = self.trial, self.trial.configuration, self.trial.rung
        recipe = {} if self.recipe_version is None else {"recipe_version": self.recipe_version}
        return {
            "trial": trial.number,
            "algorithm": configuration.algorithm,
            "params": dict(configuration.params),
            "origin": configuration.origin,
            "rung": rung.index,
            "row_share": rung.row_share,
            "n_folds": rung.n_folds,
            "seed": trial.seed,
            "status": str(self.status),
            "score": self.score if self.ok else None,
            "fold_scores": {name: list(scores) for name, scores in self.fold_scores.items()},
            "fit_seconds": self.fit_seconds,
            "predict_seconds": self.predict_seconds,
            "predicted_rows": self.predicted_rows,
            "model_bytes": self.model_bytes,
            "latency": self.latency,
            "seconds": self.seconds,
            "cpu_seconds": self.cpu_seconds,
            "iterations": list(self.iterations),
            "memory_mb": self.memory_mb,
            "error": self.error,
            **{name: getattr(self, name) for name in _SHARING if getattr(self, name)},
            **({"decision": list(self.decision)} if self.decision else {}),
            **({} if self.slope is None else {"slope": asdict(self.slope)}),
            **({} if trial.expected is None else {"expected": asdict(trial.expected)}),
            **recipe,
        }

    @classmethod
    def from_record(cls, record: Mapping[str, Any]) -> "TrialResult":
        """Inverse of `to_record`."""
        configuration = Configuration(
            algorithm=record["algorithm"], params=record["params"], origin=record["origin"]
        )
        rung = Rung(index=record["rung"], row_share=record["row_share"], n_folds=record["n_folds"])
        expected, slope = record.get("expected"), record.get("slope")
        trial = Trial(
            number=record["trial"],
            configuration=configuration,
            rung=rung,
            seed=record["seed"],
            expected=None if expected is None else Expectation.from_record(expected),
        )
        return cls(
            trial=trial,
            status=TrialStatus(record["status"]),
            score=float("nan") if record["score"] is None else record["score"],
            fold_scores={name: tuple(scores) for name, scores in record["fold_scores"].items()},
            fit_seconds=record["fit_seconds"],
            predict_seconds=record["predict_seconds"],
            predicted_rows=record.get("predicted_rows", 0),
            model_bytes=record.get("model_bytes", 0),
            latency=record.get("latency", 0.0),
            seconds=record["seconds"],
            cpu_seconds=record["cpu_seconds"],
            iterations=tuple(record["iterations"]),
            memory_mb=record["memory_mb"],
            decision=tuple(record.get("decision", ())),
            slope=None if slope is None else Slope(**slope),
            error=record["error"],
            recipe_version=record.get("recipe_version"),
            **{name: record.get(name, 0) for name in _SHARING},
        )


def to_trial_result(trial: Trial, outcome: JobOutcome) -> TrialResult:
    """Turn the outcome of a job that evaluates `trial` into the trial's result.

    Parameters
    ----------
    trial : Trial
        What the job evaluated.
    outcome : JobOutcome
        Its value is a `TrialResult` if it is ok.

    Returns
    -------
    TrialResult
        What the job returned, with the memory that was measured; or how the job ended.
    """
    if isinstance(outcome.value, TrialResult):
        memory = max(outcome.value.memory_mb, outcome.memory_mb)
        return replace(outcome.value, memory_mb=memory)
    failed = outcome.status is JobStatus.OK
    kind = type(outcome.value).__name__
    return TrialResult(
        trial=trial,
        status=TrialStatus.FAILED if failed else TrialStatus(outcome.status.value),
        seconds=outcome.seconds,
        memory_mb=outcome.memory_mb,
        error=f"the job returned {kind} instead of a result" if failed else outcome.error,
    )
