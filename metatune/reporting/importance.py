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
from metatune.metrics import Metric
from metatune.reporting.blocks import Block
from metatune.reporting.drawn_scores import DrawnScores
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
_PART_SHARE = 0.1  # of the time left, between two looks at the clock
_NO_TIME = "the time did not suffice"

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
        When to end with what there is, models and rows read; None where the result must be
        repeatable.
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
    watch, folder = Stopwatch(), Path(inbox)
    with (folder / "model.pkl").open("rb") as file:
        model = pickle.load(file)  # this run's own process wrote it
    X, y, weights = np.load(folder / "X.npy"), np.load(folder / "y.npy"), folder / "weights.npy"
    known = np.load(weights) if weights.exists() else None
    if request.seconds is not None:
        request = replace(request, seconds=request.seconds - watch.seconds())
    return measure_importances(model, X, y, known, request)


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
    """One measurement: the rows, what is predicted of them, and until when.

    Nothing is begun that is expected to end too late: of fewer rows everything is measured, then
    shuffles are repeated less often, and at last columns are left out.
    """

    predict: Predict
    X: "FloatArray"
    y: "AnyArray"
    weights: "FloatArray | None"
    request: ImportanceRequest
    deadline: Deadline | None
    row_seconds: float = 0.0

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
        started = self._fitting()
        if started is None:
            return _NO_TIME
        fitting, base = started
        scorer = fitting._scorer(base)
        if not math.isfinite(scorer.score):
            return f"{self.request.metric.name} is undefined on the rows to measure on"
        scorer = fitting._within_time(scorer)
        found = fitting._all_shuffled(scorer)
        if not found:
            return _NO_TIME
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

    def _fits(self, seconds: float) -> bool:
        """Return True if so many seconds are left."""
        return self.deadline is None or 0.0 <= seconds < self.deadline.remaining()

    def _fitting(self) -> "tuple[_Measurement, FloatArray] | None":
        """Return the measurement on as many rows as there is time for, with their prediction.

        A few rows tell how many are affordable, and these whether that is so. None if there is no
        time at all.
        """
        if self.deadline is None:
            return self, self.predict(self.X)
        few = self._first(_MIN_ROWS)
        few.predict(few.X)  # libraries load lazily
        if not self._fits(0.0):
            return None
        few, _ = few._timed()
        n_rows = min(len(self.y), few._affordable_rows())
        if not self._fits(n_rows * few.row_seconds):
            return None
        many, base = self._first(n_rows)._timed()
        n_rows = min(n_rows, many._affordable_rows())
        return many._first(n_rows), base[:n_rows]

    def _first(self, n_rows: int) -> "_Measurement":
        weights = None if self.weights is None else self.weights[:n_rows]
        return replace(self, X=self.X[:n_rows], y=self.y[:n_rows], weights=weights)

    def _timed(self) -> "tuple[_Measurement, FloatArray]":
        """Predict all rows, and note how long each takes."""
        watch = Stopwatch()
        base = self.predict(self.X)
        return replace(self, row_seconds=watch.seconds() / len(base)), base

    def _affordable_rows(self) -> int:
        """Return the rows of which a shuffle of every column takes a third of the time."""
        assert self.deadline is not None, "without one all rows are affordable"
        share = 0.3 * self.deadline.remaining() / (1 + len(self.request.blocks))
        return int(max(_MIN_ROWS, share / max(self.row_seconds, 1e-9)))

    def _scorer(self, base: "FloatArray") -> DrawnScores:
        n_blocks = max(1, len(self.request.blocks))
        return DrawnScores.of(
            base,
            self.y,
            self.weights,
            metric=self.request.metric,
            decision=self.request.decision,
            n_draws=min(_DRAWS, max(_LEAST_DRAWS, _MOST_SCORES // n_blocks)),
            seed=self.request.seed,
        )

    def _within_time(self, scorer: DrawnScores) -> DrawnScores:
        """Return a scorer with as many draws as there is time for."""
        if self.deadline is None:
            return scorer.with_base(scorer.draws)
        watch = Stopwatch()
        scorer.on(scorer.prediction, scorer.draws[0])
        scorer = replace(scorer, draw_seconds=watch.seconds())
        each = max(scorer.draw_seconds, 1e-6) * (1 + len(self.request.blocks))
        affordable = int(0.4 * self.deadline.remaining() / each)
        return scorer.with_base(scorer.draws[: max(_LEAST_DRAWS, affordable)])

    def _all_shuffled(self, scorer: DrawnScores) -> "dict[tuple[str, ...], FloatArray]":
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
        self, blocks: Sequence[Block], scorer: DrawnScores, repeat: int
    ) -> "dict[tuple[str, ...], FloatArray]":
        """Return losses of score by column, (n_draws,) each; of those there was time for."""
        found: dict[tuple[str, ...], FloatArray] = {}
        n_rows, left = len(self.y), list(blocks)
        row_seconds = self.row_seconds
        rng = np.random.default_rng([self.request.seed, repeat])
        while left and (at_once := self._at_once(scorer, row_seconds)):
            part, left = left[:at_once], left[at_once:]
            stacked = np.tile(self.X, (len(part), 1))
            for place, block in enumerate(part):
                rows = rng.permutation(n_rows)
                columns = list(block.positions)
                stacked[place * n_rows : (place + 1) * n_rows, columns] = self.X[rows][:, columns]
            watch = Stopwatch()
            predicted = self.predict(stacked)
            row_seconds = watch.seconds() / len(stacked)  # less of a call where rows are many
            for place, block in enumerate(part):
                own = predicted[place * n_rows : (place + 1) * n_rows]
                losses = scorer.losses(own, few=repeat > 0)
                if len(losses):
                    found[block.names] = losses
        return found

    def _at_once(self, scorer: DrawnScores, row_seconds: float) -> int:
        """Return the columns that are shuffled next; 0 where there is no time for another one."""
        most = max(1, _MOST_CELLS // max(1, self.X.size))
        if self.deadline is None:
            return most
        each = len(self.y) * row_seconds + len(scorer.draws) * scorer.draw_seconds
        if not self._fits(each):
            return 0
        affordable = int(_PART_SHARE * self.deadline.remaining() / max(each, 1e-9))
        return min(most, max(1, affordable))

    def _with_effects(self, columns: list[Importance]) -> list[Importance]:
        by_names = {block.names: block for block in self.request.blocks}
        outputs = outputs_of(self.request.classes, self.y, self.request.positive)
        looked, n_told = [], 0
        for importance in columns:
            grid = None
            if n_told < _N_DEPENDENCES and importance.mean > 0:
                block = by_names[importance.columns]
                grid = block.grid(self.X)
            seconds = 0.0 if grid is None else len(grid.rows) * _DEPENDENCE_ROWS * self.row_seconds
            if grid is None or not self._fits(seconds):
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


def _importance(names: tuple[str, ...], losses: "FloatArray") -> Importance:
    mean = float(losses.mean())
    if len(losses) >= _FOR_QUANTILES:
        low, high = map(float, np.quantile(losses, (_TAIL, 1.0 - _TAIL)))
    else:
        reach = 1.645 * float(losses.std(ddof=1)) if len(losses) > 1 else 0.0
        low, high = mean - reach, mean + reach
    return Importance(columns=names, mean=mean, low=min(low, mean), high=max(high, mean))
