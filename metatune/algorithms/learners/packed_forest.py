"""Random forests and extra trees, packed to what a prediction needs.

Scikit-learn keeps 64 bytes for each node of a tree, and a value of 8 bytes for each class. A
prediction needs less, and a packed forest predicts the same: trees compare single precision, so a
threshold rounded down to it sends every row the same way; nodes in the order of their growth (a
left child follows its parent) tell by their kind alone which node is whose child; many leaves
predict the same. The values of leaves are rounded to single precision. A file is ten times smaller.
"""

from collections.abc import Iterator
from typing import TYPE_CHECKING, Any, Self

import numpy as np
from sklearn.base import BaseEstimator, ClassifierMixin, RegressorMixin, clone

if TYPE_CHECKING:
    from metatune._typing import AnyArray, BoolArray, FloatArray, IndexArray

__all__ = ["LEAF", "PackedForestClassifier", "PackedForestRegressor", "tree_ends"]

LEAF = -1
"""Feature of a node that splits no column."""

_MOST_SHORT = 2**15  # columns, or different leaves, that fit into two bytes
_WORTH = 0.5  # share of the leaves: with more values than that, each leaf has its own


class _PackedForest(BaseEstimator):  # type: ignore[misc]
    """Base of the classifier and the regressor.

    Parameters
    ----------
    forest : estimator
        Forest of scikit-learn, not fitted, whose trees grow without a limit on their leaves.

    Attributes
    ----------
    features_ : ndarray of shape (n_nodes,), int16 or int32
        Column that each node splits, `LEAF` for a leaf: tree after tree, each from its root, a left
        child after its parent and a right child after all below the left one.
    thresholds_ : ndarray of shape (n_splits,), float32
        Threshold of each node that splits; a row goes left where it is not above.
    missing_left_ : ndarray of shape (ceil(n_splits / 8),), uint8
        A bit for each of these nodes: missing cells go left.
    values_ : ndarray of shape (n_values, n_outputs), float32
        Values of leaves: shares of the classes, or the mean of the target.
    places_ : ndarray of shape (n_leaves,), uint16 or int32, or None
        Row of `values_` of each leaf; None if they are in the order of the leaves.
    n_features_in_ : int
        Number of columns.
    """

    def __init__(self, forest: Any) -> None:
        self.forest = forest

    def fit(self, X: "AnyArray", y: "AnyArray", sample_weight: "AnyArray | None" = None) -> Self:
        """Grow the trees and pack them.

        Parameters
        ----------
        X : ndarray of shape (n_rows, n_columns)
        y : ndarray of shape (n_rows,)
            Labels 0..n_classes-1, or values.
        sample_weight : ndarray of shape (n_rows,), optional
        """
        grown = clone(self.forest).fit(X, y, sample_weight=sample_weight)
        trees = [tree.tree_ for tree in grown.estimators_]
        splits = [np.flatnonzero(tree.children_left != LEAF) for tree in trees]
        self.n_features_in_ = int(X.shape[1])
        short = np.int16 if self.n_features_in_ < _MOST_SHORT else np.int32
        self.features_ = np.concatenate([_split_columns(tree, short) for tree in trees])
        both = list(zip(trees, splits, strict=True))
        self.thresholds_ = _rounded_down(np.concatenate([t.threshold[at] for t, at in both]))
        missing_left = [tree.missing_go_to_left[at] for tree, at in both]
        self.missing_left_ = np.packbits(np.concatenate(missing_left).astype(bool))
        leaves = [tree.value[tree.children_left == LEAF, 0].astype(np.float32) for tree in trees]
        self.values_, self.places_ = _distinct(np.concatenate(leaves))
        self.__dict__.pop("_unpacked", None)
        return self

    def _mean(self, X: "AnyArray") -> "FloatArray":
        """Return the mean of the trees' values, (n_rows, n_outputs)."""
        X = np.ascontiguousarray(X, dtype=np.float32)
        if X.shape[1] != self.n_features_in_:  # compiled code would read beyond the row
            raise ValueError(f"{X.shape[1]} columns instead of {self.n_features_in_}")
        if "_unpacked" not in self.__dict__:  # made on demand and never saved
            self._unpacked = list(self._trees())
        total = np.zeros((len(X), self.values_.shape[1]))
        for tree in self._unpacked:
            total += tree.predict(X)
        return total / len(self._unpacked)

    def _trees(self) -> Iterator[Any]:
        """Yield scikit-learn's trees, made of the packed nodes."""
        inner = self.features_ != LEAF
        thresholds = np.zeros(len(inner), dtype=np.float32)
        thresholds[inner] = self.thresholds_
        missing_left = np.zeros(len(inner), dtype=bool)
        missing_left[inner] = np.unpackbits(self.missing_left_, count=len(self.thresholds_))
        places = np.zeros(len(inner), dtype=np.intp)
        n_leaves = len(inner) - len(self.thresholds_)
        places[~inner] = np.arange(n_leaves) if self.places_ is None else self.places_
        start = 0
        for end in tree_ends(self.features_) + 1:
            part = slice(start, end)
            values = self.values_[places[part]].astype(np.float64)
            yield _tree(
                self.features_[part],
                thresholds[part],
                missing_left[part],
                values,
                self.n_features_in_,
            )
            start = end

    def __getstate__(self) -> dict[str, Any]:
        state = dict(super().__getstate__())
        state.pop("_unpacked", None)
        return state


class PackedForestClassifier(ClassifierMixin, _PackedForest):  # type: ignore[misc]
    """Forest for labels 0..n_classes-1.

    Attributes
    ----------
    n_classes_ : int
        Number of classes.
    """

    def fit(self, X: "AnyArray", y: "AnyArray", sample_weight: "AnyArray | None" = None) -> Self:
        """Grow the trees and pack them; all classes are among the labels."""
        super().fit(X, y, sample_weight)
        self.n_classes_ = int(self.values_.shape[1])
        return self

    def predict_proba(self, X: "AnyArray") -> "FloatArray":
        """Return probabilities of shape (n_rows, n_classes)."""
        return self._mean(X)


class PackedForestRegressor(RegressorMixin, _PackedForest):  # type: ignore[misc]
    """Forest for values."""

    def predict(self, X: "AnyArray") -> "FloatArray":
        """Return values of shape (n_rows,)."""
        return np.asarray(self._mean(X)[:, 0])


def tree_ends(features: "AnyArray") -> "IndexArray":
    """Return the position of the last node of each tree.

    Parameters
    ----------
    features : ndarray of shape (n_nodes,)
        Column that each node splits, `LEAF` for a leaf. A node that splits opens a place for one
        more node; a leaf fills one. A tree ends where no place is left.
    """
    places = np.cumsum(np.where(features == LEAF, -1, 1))
    fewest = np.minimum(np.minimum.accumulate(places), 0)
    return np.flatnonzero(np.diff(fewest, prepend=0) < 0)


def _split_columns(tree: Any, dtype: type) -> "AnyArray":
    """Return the column that each node of a tree splits, `LEAF` for a leaf."""
    return np.where(tree.children_left == LEAF, LEAF, tree.feature).astype(dtype)


def _tree(
    features: "AnyArray",
    thresholds: "AnyArray",
    missing_left: "BoolArray",
    values: "FloatArray",
    n_columns: int,
) -> Any:
    from sklearn.tree._tree import NODE_DTYPE, Tree

    nodes = np.zeros(len(features), dtype=NODE_DTYPE)
    inner = np.flatnonzero(features != LEAF)
    nodes["left_child"] = nodes["right_child"] = LEAF
    nodes["left_child"][inner] = inner + 1
    nodes["right_child"][inner] = _right_children(features, inner)
    nodes["feature"] = features
    nodes["threshold"] = thresholds
    nodes["missing_go_to_left"] = missing_left
    tree = Tree(n_columns, np.array([values.shape[1]], dtype=np.intp), 1)
    state = {
        "max_depth": len(features) - 1,
        "node_count": len(features),
        "nodes": nodes,
        "values": np.ascontiguousarray(values[:, None, :]),
    }
    tree.__setstate__(state)
    return tree


def _right_children(features: "AnyArray", inner: "IndexArray") -> "IndexArray":
    """Return the right child of each node that splits: what follows the subtree of its left one."""
    n_nodes = len(features)
    places = np.cumsum(np.where(features == LEAF, -1, 1))
    # The left subtree ends at the first later node that leaves one place less than its parent did.
    short = n_nodes < _MOST_SHORT
    order = np.argsort(places.astype(np.int16) if short else places, kind="stable")
    sought = (places[inner] - 1) * n_nodes + inner
    return order[np.searchsorted(places[order] * n_nodes + order, sought)] + 1


def _rounded_down(thresholds: "FloatArray") -> "AnyArray":
    """Return the largest numbers of single precision that are not above the thresholds."""
    near = thresholds.astype(np.float32)
    return np.where(near > thresholds, np.nextafter(near, np.float32(-np.inf)), near)


def _distinct(leaves: "AnyArray") -> "tuple[AnyArray, AnyArray | None]":
    """Return the values that differ, and which of them each leaf has, if that takes less room."""
    import pandas as pd

    keys = leaves.astype(np.float64) @ np.random.default_rng(0).random(leaves.shape[1])
    places, different = pd.factorize(keys)  # hashes what `numpy.unique` would sort
    values = np.empty((len(different), leaves.shape[1]), dtype=leaves.dtype)
    values[places] = leaves
    if len(values) > _WORTH * len(leaves) or not np.array_equal(values[places], leaves):
        return leaves, None
    return values, places.astype(np.uint16 if len(values) < _MOST_SHORT else np.int32)
