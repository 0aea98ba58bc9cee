"""The scikit-learn estimators: thin doors to `metatune.tuning.tune.tune`."""

import warnings
from collections.abc import Callable, Mapping, Sequence
from contextlib import ExitStack
from pathlib import Path
from typing import TYPE_CHECKING, Any, ClassVar, Self

import numpy as np
import pandas as pd
from sklearn.base import ClassifierMixin, RegressorMixin

from metatune.data.risks.risks import find_risks, warn_of
from metatune.data.task.given_target import target_name
from metatune.data.task.task import Task
from metatune.errors import PartialModelWarning
from metatune.estimate.values import Estimate, NoEstimate
from metatune.estimators.appearance import Appearance
from metatune.estimators.checks import check_rows, check_training_data, column_names
from metatune.estimators.explained import ExplainedEstimator
from metatune.estimators.parameters import asked_metric, read_request, read_weights
from metatune.estimators.predictions import Predicts, PredictsProbabilities
from metatune.estimators.remarks import partial, remarks_on
from metatune.estimators.saved import SavedEstimator
from metatune.estimators.splits import read_held_out, with_splits
from metatune.estimators.talker import talker
from metatune.evaluation.trial import TrialResult
from metatune.execution.executor import Executor
from metatune.execution.numeric_threads import one_numeric_thread
from metatune.execution.workers import workers
from metatune.listeners.group import Group, read_callbacks
from metatune.models.bounds import predict_interval, predict_set
from metatune.storage.record import DataRecord
from metatune.storage.session import open_run
from metatune.storage.training_data import TrainingData
from metatune.tuning.options import TuneOptions
from metatune.tuning.outcome import outcome_of
from metatune.tuning.result import TuningResult
from metatune.tuning.tune import tune

if TYPE_CHECKING:
    from distributed import Client
    from numpy.typing import ArrayLike, NDArray
    from sklearn.pipeline import Pipeline

    from metatune.metafeatures import MetaFeatures
    from metatune.recommender.recommendation import Recommendations
    from metatune.tuning.events import Events

__all__ = ["MetaTuneClassifier", "MetaTuneRegressor"]


class _MetaTune(Predicts, ExplainedEstimator, SavedEstimator, Appearance):
    """Base of both estimators."""

    _classification: ClassVar[bool]

    pipeline_: "Pipeline"
    leaderboard_: pd.DataFrame
    estimate_: Estimate | NoEstimate
    trials_: tuple[TrialResult, ...]
    recommendations_: "Recommendations | None"
    meta_features_: "MetaFeatures | None"
    n_features_in_: int

    def __init__(  # noqa: PLR0913  # scikit-learn wants every parameter by name
        self,
        budget: str | float = "10m",
        *,
        metric: "str | Callable[..., Any] | None" = None,
        objectives: "Sequence[str | Callable[..., Any]] | None" = None,
        prefer: str | None = None,
        pos_label: Any = None,
        cv: Any = None,
        max_trials: int | None = None,
        include: Sequence[str] | None = None,
        exclude: Sequence[str] | None = None,
        space: "str | Path | Mapping[str, Any] | None" = None,
        strategy: str = "metatune",
        cold_start: bool = False,
        ensemble: bool = True,
        max_latency: str | float | None = None,
        max_size: str | int | None = None,
        n_jobs: int | None = None,
        memory_limit: str | int | None = None,
        metadata: str | Path | None = None,
        run_dir: str | Path | None = None,
        resume: bool = False,
        random_state: int | np.random.RandomState | None = None,
        verbose: int = 0,
        callbacks: "Sequence[Events] | Events | None" = None,
        executor: "Executor | Client | None" = None,
    ) -> None:
        self.budget = budget
        self.metric = metric
        self.objectives = objectives
        self.prefer = prefer
        self.pos_label = pos_label
        self.cv = cv
        self.max_trials = max_trials
        self.include = include
        self.exclude = exclude
        self.space = space
        self.strategy = strategy
        self.cold_start = cold_start
        self.ensemble = ensemble
        self.max_latency = max_latency
        self.max_size = max_size
        self.n_jobs = n_jobs
        self.memory_limit = memory_limit
        self.metadata = metadata
        self.run_dir = run_dir
        self.resume = resume
        self.random_state = random_state
        self.verbose = verbose
        self.callbacks = callbacks
        self.executor = executor

    def fit(
        self,
        X: Any,
        y: "ArrayLike",
        sample_weight: "ArrayLike | float | None" = None,
        groups: "ArrayLike | None" = None,
        times: "ArrayLike | None" = None,
        validation: "tuple[Any, ArrayLike] | None" = None,
    ) -> Self:
        """Find and fit a pipeline.

        Parameters
        ----------
        X : DataFrame or array-like of shape (n_rows, n_columns)
            Features: numbers, texts, dates, categories, missing values.
        y : array-like of shape (n_rows,)
            Target.
        sample_weight : array-like of shape (n_rows,), optional
            How much each row counts in fits and scores, in proportion to the others. Rows of
            weight zero count as absent.
        groups : array-like of shape (n_rows,), optional
            Which rows belong together: they never are on both sides of a split. The columns of
            `X` are features all the same; leave the group out of them.
        times : array-like of shape (n_rows,), optional
            When each row was, as dates or numbers: models are validated on later rows than they
            learn from. Columns of `X` that grow with time are better left out.
        validation : tuple of (X, y), optional
            Further rows that models are judged by, instead of cross-validation. The final model
            learns from them as well.

        Returns
        -------
        Self

        Raises
        ------
        InputError
            If the data cannot be learned or a parameter cannot work; it is a ValueError.
        MetadataError
            If the meta-dataset is missing.
        KeyboardInterrupt
            If the fit is interrupted; from the first trial on, the best model so far is kept.
        """
        listeners = read_callbacks(self.callbacks)
        with open_run(read_request(self, classification=self._classification)) as session:
            name = target_name(y, taken=column_names(X))
            X, y = check_training_data(self, X, y)
            given = TrainingData(
                X=X,
                y=y,
                target=name,
                classification=self._classification,
                weights=read_weights(sample_weight, len(y)),
                groups=groups,
                times=times,
            )
            given = with_splits(given, self.cv, read_held_out(self, validation))
            task = given.task(asked_metric(self), self.pos_label)
            risks = find_risks(task)
            warn_of(risks, stacklevel=2)
            with ExitStack() as stack:
                enter = stack.enter_context
                executor = enter(
                    workers(self.executor, self.n_jobs, self.memory_limit, session.logs)
                )
                session.begin(task, DataRecord(name=task.name), given=given, risks=risks)
                enter(one_numeric_thread())  # the cores belong to the workers
                result = tune(
                    task,
                    TuneOptions.of(session),
                    deadline=session.deadline,
                    executor=executor,
                    directory=session.directory,
                    past=session.past,
                    events=Group([talker(session, self.verbose), *listeners]),
                )
            self._keep(task, result)
            session.finish(
                self._outcome,
                self.leaderboard_,
                tuning=result.seconds,
                timings=result.timings,
                interrupted=result.is_interrupted,
            )
        if result.is_interrupted:  # whoever loops over fits has to hear of it
            try:
                warnings.warn(partial(self._outcome), PartialModelWarning, stacklevel=2)
            finally:
                raise KeyboardInterrupt  # also where warnings are errors
        return self

    def _keep(self, task: Task, result: TuningResult) -> None:
        """Set the fitted attributes."""
        self.pipeline_ = result.pipeline
        for said in filter(None, (result.note, *remarks_on(task, result))):
            warnings.warn(said, stacklevel=3)
        self.metric_, self._kind = task.metric.name, task.kind
        self._target = task.target
        self.pos_label_: Any = None
        self._positive = task.metric.positive
        if task.classes is not None:
            self.classes_: NDArray[Any] = task.classes
            if task.positive is not None:
                self.pos_label_ = task.classes[task.positive.code]
        self.leaderboard_ = result.leaderboard()
        self._outcome = outcome_of(result)
        self._greater_is_better = task.metric.greater_is_better
        self.estimate_ = result.estimate
        self.trials_ = result.history.results
        self._history, self._found = result.history, result.found
        self._winner = result.winner
        self.recommendations_ = None if result.advice is None else result.advice.recommendations
        self.meta_features_ = None if result.advice is None else result.advice.features


class MetaTuneClassifier(ClassifierMixin, PredictsProbabilities, _MetaTune):  # type: ignore[misc]
    """Find and fit the best classifier for a table within a time budget.

    Parameters
    ----------
    budget : str or float
        Wall clock from the call of `fit` to the fitted model: "90s", "10m", "1h30m", or seconds.
    metric : str, optional
        What counts: "roc_auc" (default for two classes), "log_loss" (default for more), "rmse"
        (default for numbers), "accuracy", "balanced_accuracy", "mae", "r2", or the name of any
        scikit-learn scorer. Also a scorer itself, as `make_scorer` returns it, or a function of
        ``(y_true, y_pred)``: labels or values, where a better prediction may score higher or lower.
    objectives : sequence of str, optional
        What counts, where it is more than a metric: the metric first, then costs:
        "predict_seconds", "latency", "fit_seconds" or "model_bytes", as they stand in the
        leaderboard. The model is then a single pipeline, which no other one beats in all of them.
    prefer : str, optional
        Objective whose best model among those is wanted; if None or "knee", the one at the knee,
        where less cost begins to lose most.
    pos_label : label, optional
        Positive class of two, which metrics such as "f1", "recall" or "average_precision" are
        about; 1 or True if None, else the rarer one.
    cv : int, splitter or iterable, optional
        How rows are split to judge models, as in scikit-learn: a number of folds, a splitter, or
        pairs of positions. Metatune's own folds if None.
    max_trials : int, optional
        End after so many trials; with the same `random_state` the result is then always the same,
        if the budget suffices.
    include, exclude : sequence of str, optional
        Names of algorithms to use, or not to use.
    space : str, Path or dict, optional
        Hyperparameters to fix or narrow, by family: a file as `metatune space` prints, or a dict.
    strategy : str
        Tuning method that configurations come from: "random", "tpe", "gp", "hyperband" and others,
        which the command `metatune strategies` lists. Metatune's own by default.
    cold_start : bool
        Whether the strategy begins without what past datasets recommend; else that is tried first.
    ensemble : bool
        Whether the model may join several pipelines; else it is the best single one.
    max_latency, max_size : str or number, optional
        Of predicting a table of one row on this machine ("5ms", or seconds), and of the saved
        model ("50MB", or bytes). A limit that no model keeps warns.
    n_jobs : int, optional
        Worker processes, one for each core if None; negative numbers as in scikit-learn.
    memory_limit : str or int, optional
        What a worker may hold, like "4GB" or in bytes; its share of the free memory if None.
    metadata : str or Path, optional
        Folder of a meta-dataset to learn from, instead of the one that comes with metatune.
    run_dir : str or Path, optional
        Directory for journal and model, and for the rows, so that `metatune continue` can go on;
        nothing is left behind if None.
    resume : bool
        Go on with the run in `run_dir`, if there is one, instead of refusing the directory: after
        an interruption, or with a larger `budget` or `max_trials`. These count the whole run,
        earlier fits included, as `n_estimators` does with `warm_start` in scikit-learn. Data,
        metric, algorithms, strategy and seed have to be the same.
    random_state : int, RandomState instance or None
        Seed; None takes another one for each fit. The global random state is never used.
    verbose : int
        1 writes a line for each new best model to standard error, 2 one for each trial. In a
        notebook 1 keeps one line up to date.
    callbacks : Events or sequence of Events, optional
        Listeners that are told of everything while the fit goes on: see `metatune.Events`, and
        `metatune.listeners` for MLflow, Weights & Biases and TensorBoard.
    executor : Executor or distributed.Client, optional
        Where trials run, instead of own worker processes: with a client, on the workers of its Dask
        cluster, at most `n_jobs` at once (one for each of their threads if None). It is left open.

    Attributes
    ----------
    classes_ : ndarray of shape (n_classes,)
        The labels.
    pipeline_ : Pipeline
        The fitted scikit-learn pipeline; takes tables with the columns of the fit.
    leaderboard_ : DataFrame
        Configurations from best to worst, then failures.
    estimate_ : Estimate or NoEstimate
        What to expect on new rows: `score`, corrected for having chosen the best of many
        configurations, `low` and `high` of a 95 % interval, and the `optimistic` score. Where time
        or rows did not suffice, it says so as `reason`, and is false.
    trials_ : tuple of TrialResult
        Everything that was tried, in order.
    metric_ : str
        What was optimised.
    pos_label_ : label or None
        The positive class; None where there are not two.
    recommendations_ : Recommendations or None
        What past runs recommended; None if the run ended before it asked.
    meta_features_ : MetaFeatures or None
        What characterises the dataset; None likewise.
    feature_importances_ : ndarray of shape (n_features_in_,)
        What the metric loses when the cells of a column are shuffled; see `explain`.
    n_features_in_ : int
        Columns of the fit.
    feature_names_in_ : ndarray of shape (n_features_in_,)
        Their names, if they are all texts.

    Examples
    --------
    >>> from metatune import MetaTuneClassifier
    >>> model = MetaTuneClassifier(budget="1m", random_state=0)
    >>> model.fit(X, y).predict_proba(X_new)  # doctest: +SKIP
    """

    _classification = True

    def predict_set(self, X: Any, level: float = 0.9) -> "NDArray[np.bool_]":
        """Predict sets of labels that hold the true one in a share of the rows to come.

        Parameters
        ----------
        X : DataFrame or array-like of shape (n_rows, n_columns)
            With the columns of the fit.
        level : float
            That share; more on it, and errors: see `metatune.predict_set`.

        Returns
        -------
        ndarray of shape (n_rows, n_classes), bool
            True for the labels in the set, in the order of `classes_`.
        """
        return predict_set(self.pipeline_, check_rows(self, X), level)


class MetaTuneRegressor(RegressorMixin, _MetaTune):  # type: ignore[misc]
    """Find and fit the best regressor for a table within a time budget.

    Parameters and attributes are those of `MetaTuneClassifier`, without `classes_`; the default
    metric is "rmse".

    Examples
    --------
    >>> from metatune import MetaTuneRegressor
    >>> model = MetaTuneRegressor(budget="1m", random_state=0)
    >>> model.fit(X, y).predict(X_new)  # doctest: +SKIP
    """

    _classification = False

    def predict_interval(self, X: Any, level: float = 0.9) -> "NDArray[np.float64]":
        """Predict intervals that hold a share of the values to come.

        Parameters
        ----------
        X : DataFrame or array-like of shape (n_rows, n_columns)
            With the columns of the fit.
        level : float
            That share; more on it, and errors: see `metatune.predict_interval`.

        Returns
        -------
        ndarray of shape (n_rows, 2)
            Lower and upper ends.
        """
        return predict_interval(self.pipeline_, check_rows(self, X), level)
