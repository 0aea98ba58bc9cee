"""Cross-validation of trials: on all folds for the table of results, on a part of them below."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

import numpy as np
from sklearn.base import clone
from sklearn.model_selection import check_cv, cross_validate
from sklearn.utils.parallel import Parallel, delayed

from metatune.budget import Stopwatch
from metatune.data.splits.folds import nested_order
from metatune.evaluation.rungs import Rung
from metatune.evaluation.trial import Trial, TrialResult, TrialStatus
from metatune.kinds import TaskKind
from metatune.model_selection.loop import Judge
from metatune.model_selection.tuned import Tuned
from metatune.search.history import History

if TYPE_CHECKING:
    from numpy.typing import NDArray

__all__ = ["SCORE", "CrossValidation", "Guide"]

SCORE = "score"
"""Name of the score by which trials are compared: higher is better."""

Evaluate = Callable[..., Mapping[str, Any]]
"""``evaluate(candidates, cv)`` of scikit-learn's search classes: the table of all candidates."""

_REFIT_MARGIN = 1.5


@dataclass(frozen=True, slots=True, kw_only=True)
class Guide:
    """Metric of past datasets that a score amounts to.

    Attributes
    ----------
    metric : str
        Name of the metric.
    sign : float
        Factor that turns scores, of which higher ones are better, into it.
    """

    metric: str
    sign: float = 1.0


@dataclass(slots=True, kw_only=True, eq=False)
class CrossValidation(Judge):
    """Judge by scikit-learn's cross-validation.

    Parameters
    ----------
    search : MetaTuneSearchCV
        Its estimator, scoring and the like.
    tuned : Tuned
        Turns configurations into parameters.
    evaluate : callable
        Evaluates candidates on all folds, and puts them into the table of results.
    X, y : array-like
        Data of the search.
    splits : list of (train, test)
        Positions of the rows of each fold.
    fit_params : Mapping of str to object
        Passed to the estimator's fit, split like the rows.
    kind : TaskKind or None
        For samples of rows.
    seed : int
        Likewise.
    guide : Guide or None
        Metric of past datasets, if scores amount to one.
    """

    search: Any
    tuned: Tuned
    evaluate: Evaluate
    X: Any
    y: Any
    splits: Any
    fit_params: Mapping[str, Any]
    kind: TaskKind | None
    seed: int
    guide: Guide | None = None
    error: Exception | None = None
    """Error of the latest trial that failed altogether."""
    _fit_seconds: dict[str, float] = field(default_factory=dict)

    def judge(self, trials: Sequence[Trial]) -> list[TrialResult]:
        top = trials[0].rung.row_share == 1.0 and trials[0].rung.n_folds == len(self.splits)
        try:
            return self._on_all(trials) if top else self._on_part(trials)
        except ValueError as error:
            # All fits have failed: that there is nothing to score is no end where others may.
            if self.search.error_score == "raise" or "fits failed" not in str(error):
                raise
            self.error = error
            why = f"all fits failed: {str(error).strip().splitlines()[-1]}"
            return [TrialResult(trial=t, status=TrialStatus.FAILED, error=why) for t in trials]

    def refit_seconds(self, history: History) -> float:
        best = history.incumbent()
        known = None if best is None else self._fit_seconds.get(best.trial.configuration.key)
        if known is None or not self.search.refit:
            return 0.0
        n_rows = max(len(np.concatenate(split)) for split in self.splits)
        return _REFIT_MARGIN * known * n_rows / max(1, len(self.splits[0][0]))

    def _on_all(self, trials: Sequence[Trial]) -> list[TrialResult]:
        """Evaluate on all rows and folds."""
        watch = Stopwatch()
        candidates = [self.tuned.params(trial.configuration) for trial in trials]
        table = self.evaluate(candidates, cv=check_cv(self.splits))
        seconds = watch.seconds()
        name = _score_name(table, self.search.refit, "mean_test_")
        first = len(table["params"]) - len(trials)
        n_folds = len(self.splits)
        return [
            self._result(
                trial,
                [float(table[f"split{k}_test_{name}"][first + i]) for k in range(n_folds)],
                (n_folds * float(table["mean_fit_time"][first + i])),
                (n_folds * float(table["mean_score_time"][first + i])),
                seconds / len(trials),
            )
            for i, trial in enumerate(trials)
        ]

    def _on_part(self, trials: Sequence[Trial]) -> list[TrialResult]:
        """Evaluate on a part of the rows, or of the folds."""
        watch = Stopwatch()
        splits = self._splits(trials[0].rung)
        tables = Parallel(n_jobs=self.search.n_jobs)(
            delayed(cross_validate)(
                clone(self.search.estimator).set_params(
                    **clone(self.tuned.params(trial.configuration), safe=False)
                ),
                self.X,
                self.y,
                scoring=self.search.scoring,
                cv=splits,
                params=dict(self.fit_params) or None,
                error_score=self.search.error_score,
            )
            for trial in trials
        )
        seconds = watch.seconds() / len(trials)
        name = _score_name(tables[0], self.search.refit, "test_")
        return [
            self._result(
                trial,
                [float(score) for score in table[f"test_{name}"]],
                float(np.sum(table["fit_time"])),
                float(np.sum(table["score_time"])),
                seconds,
            )
            for trial, table in zip(trials, tables, strict=True)
        ]

    def _result(
        self, trial: Trial, scores: list[float], fitting: float, scoring: float, seconds: float
    ) -> TrialResult:
        if trial.rung.row_share == 1.0:
            self._fit_seconds[trial.configuration.key] = fitting / max(1, len(scores))
        finite = [score for score in scores if np.isfinite(score)]
        known = {SCORE: tuple(scores)}
        if self.guide is not None:
            known[self.guide.metric] = tuple(self.guide.sign * score for score in scores)
        is_scored = len(finite) == len(scores)
        return TrialResult(
            trial=trial,
            status=TrialStatus.OK if is_scored else TrialStatus.FAILED,
            score=float(np.mean(finite)) if is_scored else float("nan"),
            fold_scores=known if is_scored else {},
            fit_seconds=fitting,
            predict_seconds=scoring,
            seconds=seconds,
            cpu_seconds=fitting + scoring,
            error="" if is_scored else "some folds have no score",
        )

    def _splits(self, rung: Rung) -> Any:
        """Return the folds of a rung, with a sample of their training rows."""
        splits = self.splits[: rung.n_folds]
        if rung.row_share == 1.0:
            return splits
        return [(self._sample(train, rung.row_share), test) for train, test in splits]

    def _sample(self, train: "NDArray[np.intp]", share: float) -> "NDArray[np.intp]":
        n_rows = max(1, round(share * len(train)))
        if self.kind is None:
            order = np.random.default_rng(self.seed).permutation(len(train))
        else:
            values = np.asarray(self.y)[train]
            if self.kind.is_classification:
                values = np.unique(values, return_inverse=True)[1]
            order = nested_order(values, self.kind, self.seed)
        return np.sort(np.asarray(train)[order[:n_rows]])


def _score_name(table: Mapping[str, Any], refit: Any, prefix: str) -> str:
    """Return which of several scores decides: that of `refit`, else the first."""
    names = [name.removeprefix(prefix) for name in table if name.startswith(prefix)]
    return refit if isinstance(refit, str) and refit in names else names[0]
