"""Base of the estimators that configure themselves when they are fitted."""

from pathlib import Path
from typing import TYPE_CHECKING, Any, ClassVar, Self

import numpy as np
from sklearn.base import ClassifierMixin, RegressorMixin

from metatune.algorithms.base import BuildContext
from metatune.algorithms.fitting import fit_pipeline
from metatune.algorithms.registry import get_algorithm
from metatune.budget import parse_duration
from metatune.data.encoding.encoder import encode_task
from metatune.data.task.make_task import make_task_from_arrays
from metatune.data.task.task import Task
from metatune.errors import OptionError
from metatune.estimators.checks import check_training_data
from metatune.estimators.contract import TableEstimator
from metatune.estimators.parameters import read_seed
from metatune.estimators.predictions import Predicts, PredictsProbabilities
from metatune.evaluation.rungs import plan_folds
from metatune.evaluation.text_columns import add_texts
from metatune.evaluation.trial_data import TrialData
from metatune.execution.numeric_threads import one_numeric_thread
from metatune.models.pipeline import assemble_pipeline
from metatune.recommender.advice import advise, eligible_shape, usable_algorithms
from metatune.space import Configuration

if TYPE_CHECKING:
    from numpy.typing import ArrayLike, NDArray
    from sklearn.pipeline import Pipeline

    from metatune.recommender.recommendation import Recommendations

__all__ = ["ZeroShotClassifier", "ZeroShotRegressor"]

_FEWEST_ROWS = 20  # below so many rows meta-features mean nothing


class _ZeroShot(Predicts, TableEstimator):
    """Base of the classifiers and the regressors.

    Subclasses name their family.
    """

    family: ClassVar[str]
    _classification: ClassVar[bool]

    pipeline_: "Pipeline"
    configuration_: Configuration
    recommendations_: "Recommendations | None"
    n_features_in_: int

    def __init__(
        self,
        *,
        metric: str | None = None,
        budget: str | float = "10m",
        metadata: str | Path | None = None,
        random_state: int | np.random.RandomState | None = None,
    ) -> None:
        self.metric = metric
        self.budget = budget
        self.metadata = metadata
        self.random_state = random_state

    def fit(self, X: Any, y: "ArrayLike") -> Self:
        """Choose a configuration for a table, and fit it.

        Parameters
        ----------
        X : DataFrame or array-like of shape (n_rows, n_columns)
            Features: numbers, texts, dates, categories, missing values.
        y : array-like of shape (n_rows,)
            Target.

        Returns
        -------
        Self

        Raises
        ------
        InputError
            If the data cannot be learned, or the family does not take a table of this size.
        MetadataError
            If the meta-dataset is missing.
        """
        algorithm = get_algorithm(self.family)
        X, y = check_training_data(self, X, y)
        task = make_task_from_arrays(X, y, classification=self._classification, metric=self.metric)
        seed = read_seed(self.random_state)
        encoder, encoded = encode_task(task, seed)
        data = TrialData.make(
            encoded,
            (task.metric.name,),
            metric=task.metric,
            seed=seed,
            plan=plan_folds(encoded.shape, parse_duration(self.budget)),
        )
        with one_numeric_thread():
            data = add_texts(data, encoder, task.X)
            self.configuration_ = self._choose(task, data)
            context = BuildContext(
                kind=task.kind,
                layout=data.task.layout,
                shape=data.task.shape,
                seed=seed,
            )
            fitted = fit_pipeline(
                algorithm.build(self.configuration_, context), data.task.X, data.task.y
            )
        self.n_iter_ = algorithm.iterations_used(fitted)
        self.pipeline_ = assemble_pipeline(encoder, fitted, task.classes)
        if task.classes is not None:
            self.classes_: NDArray[Any] = task.classes
        return self

    def get_params(self, deep: bool = True) -> dict[str, Any]:
        """Return the parameters, once fitted with the hyperparameters that were chosen.

        Parameters
        ----------
        deep : bool
            Without effect: no parameter is an estimator.

        Returns
        -------
        dict of str to object
        """
        given: dict[str, Any] = super().get_params(deep=deep)
        if not hasattr(self, "configuration_"):
            return given
        return {**given, **self.configuration_.params}

    def set_params(self, **params: Any) -> Self:
        """Set parameters.

        Raises
        ------
        OptionError
            If one of them is a hyperparameter, which `fit` chooses.
        """
        chosen = [name for name in params if name in get_algorithm_names(self)]
        if chosen:
            raise OptionError(
                f"{chosen[0]} is chosen by fit: to choose it yourself, use the estimator of the "
                "library, or write metatune recommend --as code to a file and change it there"
            )
        super().set_params(**params)
        return self

    def _choose(self, task: Task, data: TrialData) -> Configuration:
        """Return the family's configuration that is expected to do best on a table."""
        usable = usable_algorithms(task.kind, eligible_shape(data), (self.family,))
        self.recommendations_ = None
        if task.n_rows < _FEWEST_ROWS:
            return usable[self.family].space(task.kind).default()
        advice = advise(
            data,
            task.metric.name,
            spaces={name: algorithm.space(task.kind) for name, algorithm in usable.items()},
            budget_seconds=parse_duration(self.budget),
            metadata=None if self.metadata is None else Path(self.metadata),
        )
        self.recommendations_ = advice.recommendations
        if not advice.recommendations.ranked:  # nothing is known of the family
            return usable[self.family].space(task.kind).default()
        best = min(advice.recommendations.ranked, key=lambda r: r.expected_regret)
        return best.configuration


def get_algorithm_names(model: _ZeroShot) -> "set[str]":
    """Return the hyperparameters that a fit has chosen."""
    configuration = getattr(model, "configuration_", None)
    return set() if configuration is None else set(configuration.params)


class ZeroShotClassifier(ClassifierMixin, PredictsProbabilities, _ZeroShot):  # type: ignore[misc]
    """Classifier of one family, configured by what past datasets say.

    Parameters
    ----------
    metric : str, optional
        What counts; "roc_auc" for two classes, "log_loss" for more if None.
    budget : str or float
        Seconds that cross-validation would have: what is too slow for it is not chosen.
    metadata : str or Path, optional
        A meta-dataset other than the one that comes with metatune.
    random_state : int, RandomState instance or None
        Seed; None takes another one for each fit.

    Attributes
    ----------
    classes_ : ndarray of shape (n_classes,)
        The labels.
    configuration_ : Configuration
        What was chosen; `get_params` returns its hyperparameters among the others.
    recommendations_ : Recommendations or None
        All configurations of the family, with their expected scores, and the similar past
        datasets; None for tables too small to be compared.
    n_iter_ : int or None
        Iterations of learners that stop early.
    pipeline_ : Pipeline
        The fitted scikit-learn pipeline; takes tables with the columns of the fit.
    n_features_in_ : int
        Columns of the fit.
    """

    _classification = True


class ZeroShotRegressor(RegressorMixin, _ZeroShot):  # type: ignore[misc]
    """Regressor of one family, configured by what past datasets say.

    Parameters and attributes are those of `ZeroShotClassifier`, without `classes_`; the default
    metric is "rmse".
    """

    _classification = False
