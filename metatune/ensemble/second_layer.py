"""Second layer of an ensemble, learned from the members' out-of-fold predictions.

Wolpert 1992, "Stacked generalization". Extra trees see the columns of the table and the
predictions, a linear model the predictions alone. Each is fitted on the folds of the run, so that
it has out-of-fold predictions of its own, and is offered to the selection of weights beside the
members if it beats the best of them. Alone such learners are dangerous: on many tables they lose
more than a tenth. Without the guard they gained .4 % in the mean of 100 tables, and lost 12.9 % on
the worst one; with it .2 % and 2.8 % (``scripts/benchmarks second-layer``). Most is gained where
there are several classes.
"""

import hashlib
import pickle
import warnings
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from metatune.algorithms.base import BuildContext
from metatune.algorithms.fitting import fit_pipeline
from metatune.algorithms.registry import get_algorithm
from metatune.data.encoding.layout import Layout
from metatune.data.encoding.shape import Shape
from metatune.ensemble.losses import make_mixture_loss, rows_to_select_on
from metatune.ensemble.member_pool import CONSTANT, MemberPool, read_pool
from metatune.ensemble.plan import EnsemblePlan, PlanRequest, with_second_layer
from metatune.ensemble.selection import single_losses
from metatune.evaluation.trial_data import TrialData
from metatune.execution.numeric_threads import one_numeric_thread
from metatune.files.atomic import replacing
from metatune.models.prediction import predict_array
from metatune.models.second_layer import n_prediction_columns, prediction_columns
from metatune.space import Value

if TYPE_CHECKING:
    from metatune._typing import Float32Array, FloatArray, IndexArray

__all__ = [
    "LEARNERS",
    "Learner",
    "add_in_worker",
    "better_than_members",
    "fit_second_layer",
    "learned_from",
    "learned_predictions",
    "learner_file",
    "learning_seconds",
    "prediction_path",
    "second_folder",
]

_FEWEST_ROWS = 200
_FIDELITY = 0.5  # 100 trees: more of them change nothing in a mean with other members
_SECONDS = 2.5e-8  # for each tree, row, binary logarithm of the rows and column tried
_TREES = 100


@dataclass(frozen=True, slots=True, kw_only=True)
class Learner:
    """Learner of the second layer.

    Attributes
    ----------
    number : int
        Its number among the members of an ensemble, below `CONSTANT`.
    algorithm : str
        Family.
    params : Mapping of str to Value
        Hyperparameters that differ from the family's default.
    blind : bool
        It sees the predictions alone, without the columns of the table.
    """

    number: int
    algorithm: str
    params: Mapping[str, Value] = field(default_factory=dict)
    blind: bool = False


LEARNERS = {
    learner.number: learner
    for learner in (
        Learner(
            number=CONSTANT - 1,
            algorithm="extra_trees",
            params={"min_samples_leaf": 5, "max_features": 0.5},
        ),
        Learner(number=CONSTANT - 2, algorithm="linear", blind=True),
    )
}
"""Learners of the second layer by number."""


def learned_from(weights: Iterable[int]) -> list[int]:
    """Return the trials among an ensemble's members, in the order in which they are learned from.

    All of them are: those of weight 0 are members for that reason.
    """
    return sorted(number for number in weights if number > CONSTANT)


def second_folder(scratch: Path, weights: Iterable[int]) -> Path:
    """Return the folder of the learners, and of their predictions, for an ensemble's members.

    A run may plan more than once; what was learned from other members is something else.
    """
    members = ",".join(str(number) for number in learned_from(weights))
    return scratch / f"second-{hashlib.sha256(members.encode()).hexdigest()[:16]}"


def learner_file(number: int) -> str:
    """Name the file of a fitted learner."""
    return f"second{-number}.pkl"


def prediction_path(folder: Path, number: int) -> Path:
    """Return where the out-of-fold predictions of a learner lie."""
    return folder / f"second{-number}.npy"


def learning_seconds(shape: Shape, n_folds: int) -> float:
    """Predict the seconds of fitting the second layer where nothing else runs."""
    sorting = shape.n_rows * np.log2(max(2, shape.n_rows))
    tried = np.sqrt(shape.n_columns) + 2.0
    each = _SECONDS * _TREES * sorting * tried * (1.0 + shape.n_classes / 8.0)
    return float(0.3 + (n_folds + 1) * each)


def add_in_worker(
    inbox: str, outbox: str, request: PlanRequest, plan: EnsemblePlan
) -> EnsemblePlan:
    """Fit the second layer of a plan, and plan anew; the function that a worker process calls.

    Parameters
    ----------
    inbox : str
        Folder of a pool with the plan's members, and of the run's data.
    outbox : str
        Takes the fitted learners and their predictions. The pickles are scratch space of the run,
        read back by the same run only.
    request : PlanRequest
        Metric and seed.
    plan : EnsemblePlan
        Plan of the first layer.
    """
    with one_numeric_thread(), warnings.catch_warnings():
        warnings.simplefilter("ignore")
        pool, trial_data = read_pool(Path(inbox)), TrialData.load(Path(inbox))
        second = fit_second_layer(pool, trial_data, learned_from(plan.weights), request.seed)
        second = {number: second[number] for number in better_than_members(pool, request, second)}
        if not second:
            return plan
        members = {**pool.members, **{n: oof for n, (oof, _) in second.items()}}
        new = with_second_layer(replace(pool, members=members), request, plan)
    for number in set(new.weights) & set(second):
        oof, pipeline = second[number]
        np.save(prediction_path(Path(outbox), number), oof)
        with replacing(Path(outbox) / learner_file(number)) as part:
            part.write_bytes(pickle.dumps(pipeline, protocol=5))
    return new


def learned_predictions(scratch: Path, weights: Iterable[int]) -> "dict[int, Float32Array]":
    """Return the out-of-fold predictions of the learners among an ensemble's members, mapped."""
    numbers = list(weights)
    folder = second_folder(scratch, numbers)
    return {
        number: np.load(prediction_path(folder, number), mmap_mode="r", allow_pickle=False)
        for number in numbers
        if number < CONSTANT
    }


def fit_second_layer(
    pool: MemberPool, data: TrialData, numbers: Sequence[int], seed: int
) -> "dict[int, tuple[Float32Array, Any]]":
    """Fit the learners of the second layer on all rows, and on the folds for their predictions.

    Parameters
    ----------
    pool : MemberPool
        Out-of-fold predictions of the members.
    data : TrialData
        Rows and folds of the run.
    numbers : sequence of int
        Members to learn from.
    seed : int
        Seed of the learners.

    Returns
    -------
    dict of int to (ndarray of shape (n_rows,) or (n_rows, n_classes), Pipeline)
        Out-of-fold predictions, and the pipeline fitted on all rows, by the number of the learner;
        empty where rows or folds do not suffice. Rows that no member predicts are NaN.
    """
    rows = pool.covered()
    parts = _parts(data, rows)
    if not parts or len(rows) < _FEWEST_ROWS:
        return {}
    stack = np.stack([np.asarray(pool.members[number]) for number in numbers])
    columns = prediction_columns(stack)
    found = {}
    for learner in LEARNERS.values():
        bench = _Bench(
            learner=learner, data=data, columns=columns, n_members=len(numbers), seed=seed
        )
        found[learner.number] = bench.out_of_fold(parts, rows), bench.fit(rows)
    return found


def better_than_members(
    pool: MemberPool, request: PlanRequest, second: "Mapping[int, tuple[Float32Array, Any]]"
) -> list[int]:
    """Return the learners of the second layer whose out-of-fold loss is below every member's.

    Parameters
    ----------
    pool : MemberPool
        Members of the first layer.
    request : PlanRequest
        Metric and seed.
    second : Mapping of int to (ndarray, Pipeline)
        Learners with their out-of-fold predictions, as `fit_second_layer` returns them.
    """
    if not second:
        return []
    metric = request.metric
    both = replace(pool, members={**pool.members, **{n: oof for n, (oof, _) in second.items()}})
    rows = both.sample(both.covered(), rows_to_select_on(metric, pool.n_classes), request.seed)
    y, weights = np.asarray(pool.y)[rows], pool.weights_of(rows)
    losses = single_losses(make_mixture_loss(metric, y, both.stack(rows), weights))
    alone = dict(zip(both.members, losses, strict=True))
    best = min(alone[number] for number in pool.members)
    return [number for number in second if alone[number] < best]


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class _Bench:
    """Learner with the rows that it learns from."""

    learner: Learner
    data: TrialData
    columns: "FloatArray"
    n_members: int
    seed: int

    def fit(self, rows: "IndexArray", fold: int | None = None) -> Any:
        task, algorithm = self.data.task, get_algorithm(self.learner.algorithm)
        space = algorithm.space(task.kind)
        configuration = space.from_values({**space.defaults, **self.learner.params}, "second")
        X = self._matrix(rows, fold)
        context = BuildContext(
            kind=task.kind,
            layout=self._layout(),
            shape=Shape(n_rows=len(rows), n_columns=X.shape[1], n_classes=task.n_classes),
            seed=self.seed,
            fidelity=_FIDELITY,
        )
        pipeline = algorithm.build(configuration, context)
        return fit_pipeline(pipeline, X, task.y[rows], self.data.row_metadata.take(rows))

    def out_of_fold(
        self, parts: "list[tuple[int, IndexArray]]", rows: "IndexArray"
    ) -> "Float32Array":
        task = self.data.task
        shape = (task.n_rows, task.n_classes) if task.n_classes else (task.n_rows,)
        found = np.full(shape, np.nan, dtype=np.float32)
        for fold, valid in parts:
            pipeline = self.fit(np.setdiff1d(rows, valid, assume_unique=True), fold)
            found[valid] = predict_array(pipeline, self._matrix(valid, fold), task.n_classes)
        return found

    def _matrix(self, rows: "IndexArray", fold: int | None) -> "FloatArray":
        if self.learner.blind:
            return self.columns[rows]
        own = self.data.task.X[rows] if fold is None else self.data.matrix(fold, rows)
        return np.column_stack([own, self.columns[rows]])

    def _layout(self) -> Layout:
        task = self.data.task
        n_columns = n_prediction_columns(self.n_members, task.n_classes)
        own = Layout(names=(), n_levels=()) if self.learner.blind else task.layout
        names = (*own.names, *(f"prediction {i}" for i in range(n_columns)))
        return Layout(names=names, n_levels=(*own.n_levels, *(0 for _ in range(n_columns))))


def _parts(data: TrialData, rows: "IndexArray") -> "list[tuple[int, IndexArray]]":
    """Return the folds that validate each row once, with their validated rows; none if one is all.

    Folds that follow each other in time are left out: a layer that learns from later rows would
    have its say on earlier ones.
    """
    if data.row_metadata.times is not None or data.row_metadata.splits is not None:
        return []
    parts, seen = [], np.zeros(data.task.n_rows, dtype=bool)
    for number, fold in enumerate(data.folds):
        if seen[fold.valid].any():
            break
        seen[fold.valid] = True
        parts.append((number, np.intersect1d(fold.valid, rows)))
    return parts if len(parts) > 1 and seen[rows].all() else []
