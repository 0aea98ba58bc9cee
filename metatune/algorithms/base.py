"""Algorithm interface: search space, limits and pipeline of a family of learners."""

import math
from abc import ABC, abstractmethod
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, ClassVar

from metatune.data.encoding.layout import Layout
from metatune.data.encoding.shape import Shape
from metatune.kinds import TaskKind
from metatune.space import Configuration, SearchSpace

if TYPE_CHECKING:
    from sklearn.pipeline import Pipeline

__all__ = ["Algorithm", "BuildContext", "Limits", "learner_of"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Limits:
    """Limits on the training set that an algorithm accepts; None means no limit.

    `max_cells` bounds rows x columns, `max_work` bounds rows x columns x classes.
    """

    max_rows: int | None = None
    max_columns: int | None = None
    max_classes: int | None = None
    max_cells: int | None = None
    max_work: int | None = None

    def refusal(self, shape: Shape) -> str | None:
        """Return a short reason if `shape` is too large, else None."""
        fixed = (
            ("columns", shape.n_columns, self.max_columns),
            ("classes", shape.n_classes, self.max_classes),
        )
        for what, value, limit in (*self._growing(shape), *fixed):
            if limit is not None and value > limit:
                return f"{value:,} {what} exceed its limit of {limit:,}"
        return None

    def most_rows(self, n_columns: int, n_classes: int = 0) -> float:
        """Return the number of training rows that are accepted: infinity without a limit."""
        row = Shape(n_rows=1, n_columns=max(1, n_columns), n_classes=n_classes)
        if self.refusal(row) is not None:
            return 0
        of_a_row = self._growing(row)
        return min(
            (limit // value for _, value, limit in of_a_row if limit is not None),
            default=math.inf,
        )

    def _growing(self, shape: Shape) -> tuple[tuple[str, int, int | None], ...]:
        """Return what grows with the rows: its name, its size and its limit."""
        cells = shape.n_rows * shape.n_columns
        return (
            ("rows", shape.n_rows, self.max_rows),
            ("cells", cells, self.max_cells),
            ("rows x columns x classes", cells * max(1, shape.n_classes), self.max_work),
        )


@dataclass(frozen=True, slots=True, kw_only=True)
class BuildContext:
    """Context of a pipeline: properties of its training set, seeds and iterations.

    Attributes
    ----------
    kind : TaskKind
        What is predicted.
    layout : Layout
        Columns of the encoded matrix.
    shape : Shape
        Size of the training set.
    seed : int
        Seed of every random choice in the learner.
    iterations : int or None
        For algorithms that stop early: train exactly so many iterations on all rows, without
        holding rows out. Used for the final fit; None stops early.
    preprocess_seed : int or None
        Seed of every random choice in the preprocessing step: the same for all configurations of
        a run, so that they can share its work. None takes `seed`.
    fidelity : float
        Share of the rows, in (0, 1], that the pipeline is fitted on: below 1 it only has to rank
        as the model of all rows would.
    """

    kind: TaskKind
    layout: Layout
    shape: Shape
    seed: int
    iterations: int | None = None
    preprocess_seed: int | None = None
    fidelity: float = 1.0


class Algorithm(ABC):
    """Family of learners: search space, preprocessing recipe, limits, fidelity.

    Class attributes
    ----------------
    name : str
        Key in the registry: "lightgbm", "random_forest", ...
    title : str
        Name in messages.
    kinds : frozenset of TaskKind
        Task kinds it can learn.
    recipe_version : int
        Raised whenever the same configuration would give another model, so that past evaluations
        made under another recipe are recognised.
    limits : Limits
        The largest training set it accepts.
    iterative : bool
        Whether it stops early, so that `iterations_used` is known.
    averages_well : bool
        Whether models of folds, averaged with the one of all rows, predict better than that alone:
        the learner is unstable (Breiman 1996).
    """

    name: ClassVar[str]
    title: ClassVar[str]
    kinds: ClassVar[frozenset[TaskKind]] = frozenset(TaskKind)
    recipe_version: ClassVar[int] = 1
    limits: ClassVar[Limits] = Limits()
    iterative: ClassVar[bool] = False
    averages_well: ClassVar[bool] = False

    @abstractmethod
    def space(self, kind: TaskKind) -> SearchSpace:
        """Return the search space for a task kind."""

    @abstractmethod
    def build(self, configuration: Configuration, context: BuildContext) -> "Pipeline":
        """Return an unfitted pipeline of two steps, ``preprocess`` and ``model``.

        It is fitted on the encoded matrix (float64, NaN where missing, category codes in the
        columns that `context.layout` names) and on labels or values. A classifier has
        ``classes_`` and ``predict_proba`` after the fit. It uses one thread and leaves the global
        random state alone.
        """

    def refuses(self, kind: TaskKind, shape: Shape) -> str | None:
        """Return a short reason if the algorithm does not take this task, else None."""
        if kind not in self.kinds:
            return f"it does not learn {kind} tasks"
        return self.limits.refusal(shape)

    def takes_weights(self, kind: TaskKind) -> bool:  # noqa: ARG002
        """Return True if sample weights count in a fit: in every family of metatune's."""
        return True

    def iterations_used(self, pipeline: "Pipeline") -> int | None:
        """Return the iterations that a fitted pipeline predicts with, if it stops early."""
        learner = learner_of(pipeline) if self.iterative else None
        return None if learner is None else int(learner.n_iterations_)

    def __repr__(self) -> str:
        return f"<algorithm {self.name}>"


def learner_of(pipeline: "Pipeline") -> Any:
    """Return the learner in the last step of a fitted pipeline; None if it was not needed."""
    return getattr(pipeline.steps[-1][1], "estimator_", None)
