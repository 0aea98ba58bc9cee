"""Search class for one estimator, with the interface of scikit-learn's."""

import math
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any, Self

import numpy as np
from sklearn.base import is_classifier, is_regressor
from sklearn.model_selection._search import BaseSearchCV  # what all search classes inherit from
from sklearn.utils.multiclass import type_of_target

from metatune.budget import Budget, Deadline, seconds_of_import
from metatune.data.encoding.shape import Shape
from metatune.errors import OptionError
from metatune.estimators.parameters import read_seed
from metatune.evaluation.rungs import plan_rungs
from metatune.evaluation.trial import TrialResult
from metatune.execution.cores import available_cores
from metatune.kinds import TaskKind
from metatune.metrics import Metric
from metatune.model_selection.cross_validation import SCORE, CrossValidation, Evaluate, Guide
from metatune.model_selection.loop import Limits, make_sampler, run_trials
from metatune.model_selection.tuned import Tuned, tuned_estimator
from metatune.model_selection.warm_start import WarmRequest, ask_past
from metatune.samplers.catalogue import read_strategy
from metatune.samplers.patience import Patience
from metatune.samplers.strategies.registry import make_strategy
from metatune.samplers.strategy import Asked, Situation, Strategy
from metatune.search.halving import SuccessiveHalving

if TYPE_CHECKING:
    from metatune.recommender.advice import Advice
    from metatune.recommender.recommendation import Recommendations

__all__ = ["MetaTuneSearchCV"]

_FEATURE_SHARE = 0.1  # of the budget, for meta-features
_GUIDES = {
    "accuracy": Guide(metric="accuracy"),
    "balanced_accuracy": Guide(metric="balanced_accuracy"),
    "roc_auc": Guide(metric="roc_auc"),
    "roc_auc_ovr": Guide(metric="roc_auc"),
    "neg_log_loss": Guide(metric="log_loss", sign=-1.0),
    "neg_root_mean_squared_error": Guide(metric="rmse", sign=-1.0),
    "neg_mean_absolute_error": Guide(metric="mae", sign=-1.0),
    "r2": Guide(metric="r2"),
}
"""Scorers of scikit-learn that past datasets have been scored by."""


class MetaTuneSearchCV(BaseSearchCV):  # type: ignore[misc]
    """Search over the hyperparameters of an estimator, warm-started by what past datasets tell.

    It stands where scikit-learn's search classes stand: a space may be given as their
    `param_grid` or `param_distributions`, and what they leave (`best_params_`, `cv_results_`, ...)
    is there. Estimators of the families that metatune knows, also as the last step of a pipeline,
    need no space, and begin with the configurations that did best on similar datasets. Where fits
    are dear, candidates start with few rows or one fold, and the best rise (successive halving).

    Parameters
    ----------
    estimator : estimator
        Classifier, regressor, or a pipeline that ends with one.
    space : dict or list of dict, optional
        Parameters with lists of values, distributions of `scipy.stats`, domains of
        `metatune.space`, or a domain and its default; several dicts are alternatives. Needed where
        metatune does not know the estimator; the family's own space by default.
    strategy : str
        Where candidates come from, as in `metatune fit --strategy`.
    budget : str or float
        Wall clock of `fit`, the fit of the best candidate included: "90s", "10m", or seconds. A fit
        that has begun is not stopped. Spaces of lists may be exhausted before.
    max_trials : int, optional
        End after so many trials, those on few rows or folds included; with the same `random_state`
        the result is then always the same, if the budget suffices.
    cold_start : bool
        Whether past datasets are left out.
    scoring : str, callable, list, tuple or dict, optional
        As in `GridSearchCV`. With several scores, candidates are compared by that of `refit`, or by
        the first.
    n_jobs : int, optional
        Fits at once, as in `GridSearchCV`.
    refit : bool, str or callable
        As in `GridSearchCV`.
    cv : int, splitter or iterable, optional
        As in `GridSearchCV`; all candidates see the same splits.
    verbose : int
        As in `GridSearchCV`.
    pre_dispatch : int or str
        As in `GridSearchCV`.
    random_state : int, RandomState instance or None
        Seed of the search; estimators keep their own.
    error_score : "raise" or number
        As in `GridSearchCV`.
    return_train_score : bool
        As in `GridSearchCV`.
    metadata : str or Path, optional
        A meta-dataset other than the one that comes with metatune.

    Attributes
    ----------
    cv_results_ : dict of str to ndarray
        Candidates that were judged on all rows and folds, as in `GridSearchCV`.
    best_estimator_ : estimator
        Best candidate, fitted on all rows.
    best_score_, best_params_, best_index_, scorer_, refit_time_, multimetric_, n_splits_
        As in `GridSearchCV`.
    trials_ : tuple of TrialResult
        Everything that was tried, in order, also on few rows or folds.
    recommendations_ : Recommendations or None
        What past datasets recommend; None where they were not asked or know nothing.
    """

    trials_: tuple[TrialResult, ...]
    recommendations_: "Recommendations | None"

    def __init__(  # noqa: PLR0913  # scikit-learn wants every parameter by name
        self,
        estimator: Any,
        space: "Mapping[str, Any] | Sequence[Mapping[str, Any]] | None" = None,
        *,
        strategy: str = "metatune",
        budget: str | float = "1m",
        max_trials: int | None = None,
        cold_start: bool = False,
        scoring: "str | Callable[..., Any] | Sequence[str] | Mapping[str, Any] | None" = None,
        n_jobs: int | None = None,
        refit: "bool | str | Callable[..., Any]" = True,
        cv: Any = None,
        verbose: int = 0,
        pre_dispatch: int | str = "2*n_jobs",
        random_state: int | np.random.RandomState | None = None,
        error_score: str | float = np.nan,
        return_train_score: bool = False,
        metadata: str | Path | None = None,
    ) -> None:
        super().__init__(
            estimator=estimator,
            scoring=scoring,
            n_jobs=n_jobs,
            refit=refit,
            cv=cv,
            verbose=verbose,
            pre_dispatch=pre_dispatch,
            error_score=error_score,
            return_train_score=return_train_score,
        )
        self.space = space
        self.strategy = strategy
        self.budget = budget
        self.max_trials = max_trials
        self.cold_start = cold_start
        self.random_state = random_state
        self.metadata = metadata

    def fit(self, X: Any, y: Any = None, **params: Any) -> Self:
        """Search, and fit the best candidate on all rows.

        Parameters
        ----------
        X : array-like of shape (n_rows, n_columns)
            Features.
        y : array-like of shape (n_rows,) or (n_rows, n_outputs), optional
            Target.
        **params : dict of str to object
            Passed to the estimator's `fit`, split like the rows (`sample_weight`); `groups` goes to
            the splitter.

        Returns
        -------
        Self

        Raises
        ------
        OptionError
            If a parameter cannot work; it is a ValueError.
        """
        budget = Budget.parse(self.budget, self.max_trials)
        left = budget.seconds - seconds_of_import(budget.seconds)
        self._budget, self._deadline = budget, Deadline.after(left)
        self._fit_params = {name: value for name, value in params.items() if name != "groups"}
        try:
            super().fit(X, y, **params)
        finally:
            for name in ("_budget", "_deadline", "_fit_params", "_rows"):
                self.__dict__.pop(name, None)
        return self

    def _check_input_parameters(self, X: Any, y: Any, split_params: Mapping[str, Any]) -> None:
        self._rows = X, y, split_params

    def _run_search(self, evaluate_candidates: Evaluate) -> None:
        X, y, split_params = self._rows
        strategy = make_strategy(read_strategy(str(self.strategy)))
        seed = read_seed(self.random_state)
        splits = list(self._checked_cv_orig.split(X, y, **split_params))
        if not splits:
            raise OptionError("cv gives no splits: give at least one")
        kind = _task_kind(self.estimator, y)
        n_train = min((len(train) for train, _ in splits), default=0)
        tuned = tuned_estimator(self.estimator, self.space, X, y, kind, n_train)
        guide = None if kind is None else self._guide(kind)
        advice = self._advice(strategy, tuned, kind, guide, seed)
        self.recommendations_ = None if advice is None else advice.recommendations
        judge = CrossValidation(
            search=self,
            tuned=tuned,
            evaluate=evaluate_candidates,
            X=X,
            y=y,
            splits=splits,
            fit_params=self._fit_params,
            kind=kind,
            seed=seed,
            guide=guide,
        )
        shape = _training_shape(X, y, kind, n_train)
        rungs = plan_rungs(shape, len(splits), budget_seconds=self._budget.seconds)
        counted = self.max_trials is not None
        situation = Situation(
            spaces=tuned.spaces,
            rungs=rungs,
            n_first=len(tuned.spaces),
            patience=Patience(
                deadline=self._deadline,
                planned_seconds=self._budget.seconds if counted else None,
            ),
            seed=seed,
        )
        history = run_trials(
            SuccessiveHalving(rungs, _COMPARED, seed=seed),
            make_sampler(strategy, situation, advice, is_guided=guide is not None),
            judge,
            Limits(
                deadline=self._deadline,
                max_trials=self.max_trials,
                # How many are judged at once must not change what a counted search finds.
                width=1 if counted else max(1, _n_at_once(self.n_jobs) // len(splits)),
            ),
        )
        self.trials_ = history.results
        if judge.error is not None and not any(result.ok for result in history.results):
            raise judge.error

    def _advice(
        self,
        strategy: Strategy,
        tuned: Tuned,
        kind: TaskKind | None,
        guide: Guide | None,
        seed: int,
    ) -> "Advice | None":
        """Ask past datasets, where they can tell something and are wanted."""
        if self.cold_start or strategy.asked is Asked.NONE or kind is None or not tuned.is_known:
            return None
        X, y, _ = self._rows
        seconds = self._budget.seconds
        counted = self.max_trials is not None
        request = WarmRequest(
            metric=None if guide is None else guide.metric,
            classification=kind.is_classification,
            spaces=tuned.family_spaces,
            seconds=seconds,
            # A measured time would make the order of a counted search depend on the machine.
            feature_seconds=seconds if counted else _FEATURE_SHARE * seconds,
            metadata=None if self.metadata is None else Path(self.metadata),
            seed=seed,
            alike=strategy.asked is Asked.ALL_ALIKE,
        )
        advice = ask_past(X, y, request)
        return None if advice is None else tuned.translated(advice)

    def _guide(self, kind: TaskKind) -> Guide | None:
        """Return the metric of past datasets that candidates are compared by; None for others."""
        scoring = self.scoring
        if isinstance(scoring, Mapping):
            scoring = scoring.get(self.refit) if isinstance(self.refit, str) else None
        elif isinstance(scoring, list | tuple | set):
            scoring = self.refit
        elif scoring is None:
            scoring = "accuracy" if kind.is_classification else "r2"
        guide = _GUIDES.get(scoring) if isinstance(scoring, str) else None
        of_classes = guide is not None and guide.metric not in ("rmse", "mae", "r2")
        return guide if of_classes == kind.is_classification else None


_COMPARED = Metric(name=SCORE, greater_is_better=True, function=lambda _y, _p, _w: math.nan)
"""Score that scikit-learn computes: nothing is scored here."""


def _task_kind(estimator: Any, y: Any) -> TaskKind | None:
    """Return the kind of task that metatune knows this as; None for others."""
    if y is None or np.ndim(y) != 1 or not len(y):
        return None
    values = np.asarray(y)
    if values.dtype.kind == "c" or (values.dtype.kind == "f" and not np.isfinite(values).all()):
        return None  # the estimator says what is wrong with it
    if is_regressor(estimator):
        return TaskKind.REGRESSION
    if not is_classifier(estimator):
        return None
    kinds = {"binary": TaskKind.BINARY, "multiclass": TaskKind.MULTICLASS}
    return kinds.get(type_of_target(y))


def _n_at_once(n_jobs: int | None) -> int:
    """Return how many fits take place at once, as joblib counts them."""
    if n_jobs is None:
        return 1
    return n_jobs if n_jobs > 0 else max(1, available_cores() + 1 + n_jobs)


def _training_shape(X: Any, y: Any, kind: TaskKind | None, n_train: int) -> Shape:
    return Shape(
        n_rows=n_train,
        n_columns=int(np.prod(getattr(X, "shape", ())[1:])),  # 1 where it has no columns
        n_classes=len(np.unique(y)) if kind and kind.is_classification else 0,
    )
