"""Importance of columns: permutation, and partial dependence of the leading ones.

The importance of a column is what a score loses when the column's cells are shuffled among rows
(Breiman 2001, "Random forests"; Fisher, Rudin and Dominici 2019, "All models are wrong, but many
are useful"). Everything that becomes of a column is shuffled together: parts of a date, components
of a text. The interval covers both the shuffling and the choice of the rows: scores are taken on
bootstrap draws of the rows, with the rows as they are and shuffled alike.
"""

import math
import pickle
import warnings
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from metatune.budget import Deadline, Stopwatch
from metatune.metrics import Form, Metric
from metatune.models.adjustment import Adjustment
from metatune.reporting.blocks import Block
from metatune.reporting.effects import effect_of, outputs_of
from metatune.storage.findings import Dependence, Importance, Importances

if TYPE_CHECKING:
    from metatune._typing import AnyArray, FloatArray, IndexArray

__all__ = [
    "ImportanceRequest",
    "measure_importances",
    "measure_in_worker",
]

_TAIL = 0.05  # below and above the interval
_DRAWS = 40  # of rows, for each shuffle,
_LEAST_DRAWS = 4  # however short the time,
_MOST_SCORES = 4_000  # of draws and columns together
_FOR_QUANTILES = 30  # with fewer the interval is read off their standard deviation
_REPEATS = 5  # shuffles of the columns that matter
_N_REPEATED = 25
_N_DEPENDENCES = 6
_DEPENDENCE_ROWS = 300
_MOST_CELLS = 2_000_000  # rows x matrix columns that are predicted at once
_MIN_ROWS = 100

Predict = Callable[["FloatArray"], "FloatArray"]


@dataclass(frozen=True, slots=True, kw_only=True)
class ImportanceRequest:
    """Request to measure importances, as a worker gets it.

    Attributes
    ----------
    metric : Metric
        The run's.
    blocks : tuple of Block
        Columns of the table in the matrix.
    classes : tuple of str
        Labels; empty for regression.
    positive : int or None
        Code of the positive class.
    decision : tuple of float
        Factors of probabilities by which labels are decided.
    held_out : bool
        Whether the model has not seen the rows.
    seconds : float or None
        When to end with what there is; None where the result must be repeatable.
    seed : int
        Seed of shuffles and draws.
    """

    metric: Metric
    blocks: tuple[Block, ...]
    classes: tuple[str, ...]
    positive: int | None
    decision: tuple[float, ...]
    held_out: bool
    seconds: float | None
    seed: int


def measure_in_worker(inbox: str, request: ImportanceRequest) -> Importances | str:
    """Measure importances of the model and rows in `inbox`; what worker processes call.

    Returns
    -------
    Importances or str
        The latter is the reason why there are none.
    """
    folder = Path(inbox)
    with (folder / "model.pkl").open("rb") as file:
        model = pickle.load(file)  # this run's own process wrote it
    weights = folder / "weights.npy"
    return measure_importances(
        model,
        np.load(folder / "X.npy"),
        np.load(folder / "y.npy"),
        np.load(weights) if weights.exists() else None,
        request,
    )


def measure_importances(
    model: Any,
    X: "FloatArray",
    y: "AnyArray",
    weights: "FloatArray | None",
    request: ImportanceRequest,
) -> Importances | str:
    """Measure the importances of a model's columns.

    Parameters
    ----------
    model : estimator
        Fitted on encoded matrices.
    X : ndarray of shape (n_rows, n_matrix_columns)
        Encoded rows, in random order: fewer of them are taken where the time is short.
    y : ndarray of shape (n_rows,)
        Codes of their labels, or values.
    weights : ndarray of shape (n_rows,), optional
        Sample weights.
    request : ImportanceRequest

    Returns
    -------
    Importances or str
        The latter is the reason why there are none.
    """
    with warnings.catch_warnings(), np.errstate(all="ignore"):
        warnings.simplefilter("ignore")
        return _Measurement.of(model, X, y, weights, request).run()


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class _Measurement:
    """One measurement: the rows, what is predicted of them, and until when."""

    predict: Predict
    X: "FloatArray"
    y: "AnyArray"
    weights: "FloatArray | None"
    request: ImportanceRequest
    deadline: Deadline | None

    @classmethod
    def of(
        cls,
        model: Any,
        X: "FloatArray",
        y: "AnyArray",
        weights: "FloatArray | None",
        request: ImportanceRequest,
    ) -> "_Measurement":
        predict = model.predict_proba if request.classes else model.predict
        deadline = None if request.seconds is None else Deadline.after(request.seconds)
        return cls(
            predict=lambda rows: np.asarray(predict(rows), dtype=np.float64),
            X=np.array(X, dtype=np.float64),
            y=y,
            weights=weights,
            request=request,
            deadline=deadline,
        )

    def run(self) -> Importances | str:
        """Shuffle every column once, those that matter more often, and look at the leading ones."""
        fitting = self._fitting()
        if fitting is None:
            return "the time did not suffice"
        base = fitting.predict(fitting.X)
        scorer = _Scorer.of(fitting, base)
        if not math.isfinite(scorer.score):
            return f"{self.request.metric.name} is undefined on the rows to measure on"
        scorer = fitting._within_time(scorer)
        found = fitting._all_shuffled(scorer)
        if not found:
            return "the time did not suffice"
        columns = [_importance(names, losses) for names, losses in found.items()]
        columns.sort(key=lambda importance: -importance.mean)
        return Importances(
            metric=self.request.metric.name,
            score=scorer.score,
            n_rows=len(fitting.y),
            held_out=self.request.held_out,
            columns=tuple(fitting._with_effects(columns)),
            n_left_out=len(self.request.blocks) - len(found),
        )

    @property
    def _is_late(self) -> bool:
        return self.deadline is not None and self.deadline.passed()

    def _fitting(self) -> "_Measurement | None":
        """Return the measurement on as many rows as there is time for; None if there is none."""
        if self.deadline is None:
            return self
        n = min(len(self.y), _MIN_ROWS)
        self.predict(self.X[:n])  # libraries load lazily
        watch = Stopwatch()
        self.predict(self.X[:n])
        each = watch.seconds() / n
        # A third of the time for one shuffle of every column, the rest for scores and the others.
        rows = 0.3 * self.deadline.remaining() / max(each * (1 + len(self.request.blocks)), 1e-9)
        if self._is_late:
            return None
        n = int(min(len(self.y), max(n, rows)))
        weights = None if self.weights is None else self.weights[:n]
        return replace(self, X=self.X[:n], y=self.y[:n], weights=weights)

    def _within_time(self, scorer: "_Scorer") -> "_Scorer":
        """Return a scorer with as many draws as there is time for."""
        draws = [rows for rows in scorer.draws if self.deadline is None or not self._is_late]
        if self.deadline is not None:
            watch = Stopwatch()
            scorer.on(self.predict(self.X[:1]).repeat(len(self.y), axis=0), scorer.draws[0])
            each = max(watch.seconds(), 1e-6) * (1 + len(self.request.blocks))
            affordable = int(0.4 * self.deadline.remaining() / each)
            draws = draws[: max(_LEAST_DRAWS, affordable)]
        return scorer.with_base(draws)

    def _all_shuffled(self, scorer: "_Scorer") -> "dict[tuple[str, ...], FloatArray]":
        """Return losses of score by column; those that matter are shuffled several times."""
        found = self._shuffled(self._promising_first(), scorer, 0)
        leading = sorted(found, key=lambda names: -np.mean(found[names]))[:_N_REPEATED]
        again = [block for block in self.request.blocks if block.names in leading]
        for repeat in range(1, _REPEATS):
            for names, losses in self._shuffled(again, scorer, repeat).items():
                found[names] = np.concatenate([found[names], losses])
        return found

    def _promising_first(self) -> list[Block]:
        """Return the blocks, those first whose columns go along with the target by themselves.

        Where the time does not suffice for all of very many, the others are left out.
        """
        X = self.X - np.nanmean(self.X, axis=0)
        X = np.where(np.isfinite(X), X, 0.0)
        y = np.asarray(self.y, dtype=np.float64)
        if len(self.request.classes) > 2:
            y = (y[:, None] == np.arange(len(self.request.classes))).astype(np.float64)
        y = y.reshape(len(y), -1)
        along = np.abs(X.T @ (y - y.mean(axis=0))).max(axis=1)
        along /= np.maximum(np.sqrt((X**2).sum(axis=0)), 1e-12)
        return sorted(self.request.blocks, key=lambda block: -along[list(block.positions)].max())

    def _shuffled(
        self, blocks: Sequence[Block], scorer: "_Scorer", repeat: int
    ) -> "dict[tuple[str, ...], FloatArray]":
        """Return losses of score by column, (n_draws,) each; of those there was time for."""
        found: dict[tuple[str, ...], FloatArray] = {}
        n_rows = len(self.y)
        at_once = max(1, _MOST_CELLS // max(1, self.X.size))
        rng = np.random.default_rng([self.request.seed, repeat])
        for start in range(0, len(blocks), at_once):
            if self._is_late:
                break
            part = blocks[start : start + at_once]
            stacked = np.tile(self.X, (len(part), 1))
            for place, block in enumerate(part):
                rows = rng.permutation(n_rows)
                columns = list(block.positions)
                stacked[place * n_rows : (place + 1) * n_rows, columns] = self.X[rows][:, columns]
            predicted = self.predict(stacked)
            for place, block in enumerate(part):
                own = predicted[place * n_rows : (place + 1) * n_rows]
                losses = scorer.losses(own, few=repeat > 0)
                if len(losses):
                    found[block.names] = losses
        return found

    def _with_effects(self, columns: list[Importance]) -> list[Importance]:
        by_names = {block.names: block for block in self.request.blocks}
        outputs = outputs_of(self.request.classes, self.y, self.request.positive)
        looked, n_told = [], 0
        for importance in columns:
            grid = None
            if n_told < _N_DEPENDENCES and importance.mean > 0 and not self._is_late:
                block = by_names[importance.columns]
                grid = block.grid(self.X)
            if grid is None:
                looked.append(importance)
                continue
            n_told += 1
            values = self._dependence(block, grid.rows, [code for code, _ in outputs])
            dependence = Dependence(
                labels=grid.labels,
                positions=grid.positions,
                outputs=tuple(label for _, label in outputs),
                values=tuple(tuple(map(float, line)) for line in values),
            )
            effect = effect_of(dependence)
            looked.append(replace(importance, dependence=dependence, effect=effect))
        return looked

    def _dependence(self, block: Block, grid_rows: "IndexArray", codes: list[int]) -> "FloatArray":
        """Return the mean prediction at each value, (n_outputs, n_points)."""
        rows = self.X[:_DEPENDENCE_ROWS]
        weights = None if self.weights is None else self.weights[:_DEPENDENCE_ROWS]
        columns = list(block.positions)
        stacked = np.tile(rows, (len(grid_rows), 1))
        stacked[:, columns] = np.repeat(self.X[grid_rows][:, columns], len(rows), axis=0)
        predicted = self.predict(stacked).reshape(len(grid_rows), len(rows), -1)
        means = np.average(predicted, axis=1, weights=weights)
        return np.asarray(means[:, [0 if code < 0 else code for code in codes]].T)


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class _Scorer:
    """Scores predictions on draws of rows, and compares them with those of whole rows."""

    request: ImportanceRequest
    y: "AnyArray"
    weights: "FloatArray | None"
    prediction: "FloatArray"
    draws: "list[IndexArray]"
    base: "FloatArray"
    score: float

    @classmethod
    def of(cls, measurement: _Measurement, prediction: "FloatArray") -> "_Scorer":
        request, y = measurement.request, measurement.y
        rng = np.random.default_rng([request.seed, 1_000_003])
        n_draws = min(_DRAWS, max(_LEAST_DRAWS, _MOST_SCORES // max(1, len(request.blocks))))
        plain = cls(
            request=request,
            y=y,
            weights=measurement.weights,
            prediction=prediction,
            draws=[rng.integers(len(y), size=len(y)) for _ in range(n_draws)],
            base=np.zeros(0),
            score=math.nan,
        )
        return replace(plain, score=plain.on(prediction, np.arange(len(y))))

    def with_base(self, draws: "list[IndexArray]") -> "_Scorer":
        """Return it with the scores, on some draws, of the rows as they are."""
        base = np.array([self.on(self.prediction, rows) for rows in draws])
        return replace(self, draws=draws, base=base)

    def on(self, prediction: "FloatArray", rows: "IndexArray") -> float:
        weights = None if self.weights is None else self.weights[rows]
        judged = prediction[rows]
        if self.request.decision and self.request.metric.form is Form.LABELS:
            labels = Adjustment(decision=self.request.decision).decide(judged)
            judged = np.eye(prediction.shape[1])[labels]
        return self.request.metric.score(self.y[rows], judged, weights)

    def losses(self, prediction: "FloatArray", *, few: bool) -> "FloatArray":
        """Return what is lost on each draw: a few suffice where shuffles are repeated."""
        n = max(1, len(self.draws) // 2) if few else len(self.draws)
        scores = np.array([self.on(prediction, rows) for rows in self.draws[:n]])
        sign = 1.0 if self.request.metric.greater_is_better else -1.0
        lost = sign * (self.base[:n] - scores)
        return np.asarray(lost[np.isfinite(lost)])


def _importance(names: tuple[str, ...], losses: "FloatArray") -> Importance:
    mean = float(losses.mean())
    if len(losses) >= _FOR_QUANTILES:
        low, high = map(float, np.quantile(losses, (_TAIL, 1.0 - _TAIL)))
    else:
        reach = 1.645 * float(losses.std(ddof=1)) if len(losses) > 1 else 0.0
        low, high = mean - reach, mean + reach
    return Importance(columns=names, mean=mean, low=min(low, mean), high=max(high, mean))
