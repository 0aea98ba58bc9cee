"""Functional analysis of variance of a random forest: how much of a function each input explains.

Hutter, Hoos and Leyton-Brown 2014, "An efficient approach for assessing hyperparameter importance":
a regression forest is fitted to what was observed, and the variance of each of its trees over the
whole space is divided exactly among the inputs and their interactions, since a tree is constant on
boxes. The variance explained by an input alone is that of its marginal, the mean over all others.

Optuna has an evaluator after the same paper, for the shares of single inputs only. Here are
interactions, intervals, and inputs that are held at a value.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

import numpy as np

if TYPE_CHECKING:
    from sklearn.tree import DecisionTreeRegressor

    from metatune._typing import FloatArray

__all__ = ["Axis", "Decomposition", "decompose_variance"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Axis:
    """Axis of an input, with the measure that its marginals are taken by.

    Attributes
    ----------
    atoms : tuple of float
        Places that alone count, each as much as the others: the options of a choice, or the single
        place at which an input is held. Empty for an input that is uniform from 0 to 1.
    """

    atoms: tuple[float, ...] = ()

    def measure(self, low: "FloatArray", high: "FloatArray") -> "FloatArray":
        """Return the share of the axis above `low` and not above `high`, of the same shape."""
        if not self.atoms:
            return np.asarray(np.clip(high, 0.0, 1.0) - np.clip(low, 0.0, 1.0))
        places = np.sort(np.asarray(self.atoms, dtype=np.float64))
        upper = np.searchsorted(places, high, side="right")
        return np.asarray((upper - np.searchsorted(places, low, side="right")) / len(places))


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Decomposition:
    """Variance of each tree of a forest, divided among inputs.

    Attributes
    ----------
    single : ndarray of shape (n_trees, n_inputs)
        Share that each input explains alone; NaN where a tree is constant.
    pairs : Mapping of (int, int) to ndarray of shape (n_trees,)
        Share that two inputs explain together beyond what each explains alone.
    mean, variance : ndarray of shape (n_trees,)
        Mean of each tree over the space, and the variance that is divided.
    explained : float
        Share of the variance of the observations that the forest explains of those that a tree has
        not seen; NaN where that cannot be told.
    """

    single: "FloatArray"
    pairs: Mapping[tuple[int, int], "FloatArray"]
    mean: "FloatArray"
    variance: "FloatArray"
    explained: float


def decompose_variance(
    X: "FloatArray",
    y: "FloatArray",
    axes: Sequence[Axis],
    *,
    pairs: Sequence[tuple[int, int]] | None = (),
    n_trees: int = 64,
    n_pairs: int = 0,
    seed: int = 0,
) -> Decomposition:
    """Fit a forest to observations, and divide the variance of its trees among the inputs.

    Parameters
    ----------
    X : ndarray of shape (n_observations, n_inputs)
        Inputs, in [0, 1].
    y : ndarray of shape (n_observations,)
        Values of the function.
    axes : sequence of Axis
        Axis of each input.
    pairs : sequence of (int, int), or None
        Pairs of inputs whose interactions are wanted; None for those among the `n_pairs` inputs
        that explain most.
    n_trees : int
        Trees of the forest, each fitted to a bootstrap sample.
    n_pairs : int
        Number of inputs whose pairs are looked at where none are named.
    seed : int
        Seed of the forest.
    """
    from sklearn.ensemble import RandomForestRegressor

    forest = RandomForestRegressor(
        n_estimators=n_trees, bootstrap=True, oob_score=False, random_state=seed
    )
    forest.fit(X, y)
    divided = [_Tree.of(tree, axes) for tree in forest.estimators_]
    single = np.stack([tree.single() for tree in divided])
    if pairs is None:
        strength = np.nan_to_num(single).mean(axis=0)
        free = [place for place, axis in enumerate(axes) if len(axis.atoms) != 1]  # not held
        first = sorted(sorted(free, key=lambda place: -strength[place])[:n_pairs])
        pairs = [(i, j) for n, i in enumerate(first) for j in first[n + 1 :]]
    return Decomposition(
        single=single,
        pairs={(i, j): np.array([tree.pair(i, j) for tree in divided]) for i, j in pairs},
        mean=np.array([tree.mean for tree in divided]),
        variance=np.array([tree.variance for tree in divided]),
        explained=_explained(forest, X, y),
    )


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class _Tree:
    """Boxes of a tree's leaves, and the measure of each along each axis."""

    low: "FloatArray"  # (n_leaves, n_inputs)
    high: "FloatArray"
    value: "FloatArray"  # (n_leaves,), less the mean
    mean: float
    measure: "FloatArray"  # (n_leaves, n_inputs)
    variance: float  # 0 for a constant tree
    axes: Sequence[Axis]
    known_cells: dict[int, "tuple[FloatArray, FloatArray]"] = field(default_factory=dict)
    known_variances: dict[int, float] = field(default_factory=dict)

    @classmethod
    def of(cls, tree: "DecisionTreeRegressor", axes: Sequence[Axis]) -> "_Tree":
        low, high, value = _leaves(tree.tree_, len(axes))
        measure = np.column_stack(
            [axis.measure(low[:, i], high[:, i]) for i, axis in enumerate(axes)]
        )
        volume = measure.prod(axis=1)
        mean = float(volume @ value)
        value = value - mean
        return cls(
            low=low,
            high=high,
            value=value,
            mean=mean,
            measure=measure,
            variance=float(volume @ value**2),
            axes=axes,
        )

    def single(self) -> "FloatArray":
        """Return the shares of single inputs, (n_inputs,)."""
        return np.array([self._share(self._explained(i)) for i in range(len(self.axes))])

    def pair(self, i: int, j: int) -> float:
        """Return the share of the interaction of two inputs."""
        own = self._explained(i) + self._explained(j)
        rest = np.delete(self.measure, (i, j), axis=1).prod(axis=1)
        (along_i, first), (along_j, second) = self._cells(i), self._cells(j)
        marginal = (first * (rest * self.value)[:, None]).T @ second
        return self._share(max(0.0, float(along_i @ marginal**2 @ along_j) - own))

    def _explained(self, i: int) -> float:
        """Return the variance of the marginal of an input."""
        if i not in self.known_variances:
            rest = np.delete(self.measure, i, axis=1).prod(axis=1)
            weights, covers = self._cells(i)
            self.known_variances[i] = float(weights @ (covers.T @ (rest * self.value)) ** 2)
        return self.known_variances[i]

    def _cells(self, i: int) -> "tuple[FloatArray, FloatArray]":
        """Return the measure of the parts between the splits of an axis, and which leaves cover."""
        if i not in self.known_cells:
            ends = np.unique(np.concatenate([self.low[:, i], self.high[:, i]]))
            low, high = ends[:-1], ends[1:]
            covers = (self.low[:, i, None] <= low) & (self.high[:, i, None] >= high)
            self.known_cells[i] = self.axes[i].measure(low, high), covers.astype(np.float64)
        return self.known_cells[i]

    def _share(self, explained: float) -> float:
        return explained / self.variance if self.variance > 0.0 else float("nan")


def _leaves(tree: Any, n_inputs: int) -> "tuple[FloatArray, FloatArray, FloatArray]":
    """Return the lower and upper ends of the leaves' boxes, and their values."""
    low = np.full((tree.node_count, n_inputs), -np.inf)
    high = np.full((tree.node_count, n_inputs), np.inf)
    for node in range(tree.node_count):  # parents come before their children
        left, right, split = tree.children_left[node], tree.children_right[node], tree.feature[node]
        if left < 0:
            continue
        for child in (left, right):
            low[child], high[child] = low[node], high[node]
        high[left, split] = low[right, split] = tree.threshold[node]
    is_leaf = tree.children_left < 0
    return low[is_leaf], high[is_leaf], tree.value[is_leaf][:, 0, 0]


def _explained(forest: Any, X: "FloatArray", y: "FloatArray") -> float:
    """Return the coefficient of determination out of bag, on the rows that have been out."""
    total, count = np.zeros(len(y)), np.zeros(len(y))
    for tree, drawn in zip(forest.estimators_, forest.estimators_samples_, strict=True):
        out = np.setdiff1d(np.arange(len(y)), drawn)
        if len(out):
            total[out] += tree.predict(X[out])
            count[out] += 1
    seen = count > 0
    if not seen.any() or np.ptp(y[seen]) == 0.0:
        return float("nan")
    error = (total[seen] / count[seen] - y[seen]) ** 2
    return float(1.0 - error.mean() / y[seen].var())
