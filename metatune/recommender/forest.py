"""Proximity of datasets in a forest over their meta-features.

The forest learns to predict the regret of every configuration from meta-features. Two datasets are
near if they end in the same leaves (Breiman 2001), so that only those meta-features count which
tell good configurations from bad ones. The weights of a new dataset are those with which the forest
would average past results (Meinshausen 2006, "Quantile regression forests").

Half of the trees are extremely randomised (Geurts et al. 2006), half those of a random forest
(Breiman 2001): each kind alone does a little worse. The fitted forest is kept as plain arrays.
"""

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np

from metatune.recommender.nearest import even_weights
from metatune.recommender.portfolio import CAP

if TYPE_CHECKING:
    from metatune._typing import BoolArray, FloatArray, Int32Array


__all__ = ["LeafForest"]

_N_TREES = 150  # of each half
_UNKNOWN = -1.0  # most meta-features are counts, shares or entropies: none of them is negative
_LARGEST = 1e30  # trees compare as float32


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class LeafForest:
    """Forest over meta-features, with the leaves of past datasets.

    Attributes
    ----------
    feature : ndarray of int, shape (n_nodes,)
        Position of the meta-feature that a node splits by; negative in a leaf.
    threshold : ndarray of shape (n_nodes,)
        Go left if the value is not larger.
    left, right : ndarray of int, shape (n_nodes,)
        Child nodes; a leaf points to itself.
    roots : ndarray of int, shape (n_trees,)
        Root of each tree.
    leaves : ndarray of int, shape (n_datasets, n_trees)
        Leaf of every past dataset in every tree.
    importances : ndarray of shape (n_features,)
        Importance of each meta-feature for predicting regrets; adds up to 1.
    """

    feature: "Int32Array"
    threshold: "FloatArray"
    left: "Int32Array"
    right: "Int32Array"
    roots: "Int32Array"
    leaves: "Int32Array"
    importances: "FloatArray"

    @classmethod
    def fit(cls, features: "FloatArray", regret: "FloatArray", seed: int = 0) -> "LeafForest":
        """Learn from past datasets.

        Parameters
        ----------
        features : ndarray of shape (n_datasets, n_features)
            Meta-features, NaN where unknown.
        regret : ndarray of shape (n_datasets, n_configurations)
            Normalised regrets, without NaN.
        seed : int
            Seed of the forest.
        """
        from sklearn.ensemble import ExtraTreesRegressor, RandomForestRegressor

        rows, target = _plain(features), np.minimum(regret, CAP)
        shared = {"n_estimators": _N_TREES, "min_samples_leaf": 2, "random_state": seed}
        forests = [
            ExtraTreesRegressor(max_features=1.0, **shared).fit(rows, target),
            RandomForestRegressor(max_features=0.4, **shared).fit(rows, target),
        ]
        nodes = [_tree_nodes(tree.tree_) for forest in forests for tree in forest.estimators_]
        starts = np.cumsum([0, *(len(node[0]) for node in nodes)])[:-1].astype(np.int32)
        parts = {
            "feature": np.concatenate([n[0] for n in nodes]),
            "threshold": np.concatenate([n[1] for n in nodes]),
            "left": np.concatenate([n[2] + s for n, s in zip(nodes, starts, strict=True)]),
            "right": np.concatenate([n[3] + s for n, s in zip(nodes, starts, strict=True)]),
            "roots": starts,
        }
        return cls(
            leaves=_descend(rows, **parts),
            importances=np.mean([f.feature_importances_ for f in forests], axis=0),
            **parts,
        )

    def weights(self, features: "FloatArray", left_out: "BoolArray") -> "FloatArray":
        """Weigh past datasets for a new one.

        Parameters
        ----------
        features : ndarray of shape (n_features,)
            Meta-features of the new dataset, NaN where unknown.
        left_out : ndarray of bool, shape (n_datasets,)
            Past datasets that get no weight.

        Returns
        -------
        ndarray of shape (n_datasets,)
            Not negative; adds up to 1.
        """
        row = _plain(features[None, :])
        own = _descend(row, self.feature, self.threshold, self.left, self.right, self.roots)
        shared = (self.leaves == own) & ~left_out[:, None]
        weights = (shared / np.maximum(shared.sum(axis=0), 1)).mean(axis=1)
        total = weights.sum()
        return np.asarray(weights / total) if total > 0 else even_weights(left_out)


def _tree_nodes(tree: Any) -> "tuple[Int32Array, FloatArray, Int32Array, Int32Array]":
    """Return a tree's nodes; a leaf points to itself, so that descending past it does nothing."""
    own = np.arange(tree.node_count, dtype=np.int32)
    is_leaf = tree.children_left < 0
    feature = np.where(is_leaf, -1, tree.feature).astype(np.int32)
    left = np.where(is_leaf, own, tree.children_left).astype(np.int32)
    right = np.where(is_leaf, own, tree.children_right).astype(np.int32)
    return feature, np.where(is_leaf, 0.0, tree.threshold), left, right


def _descend(
    rows: "FloatArray",
    feature: "Int32Array",
    threshold: "FloatArray",
    left: "Int32Array",
    right: "Int32Array",
    roots: "Int32Array",
) -> "Int32Array":
    """Return the leaf of every row in every tree, shape (n_rows, n_trees)."""
    values = rows.astype(np.float32)
    node = np.tile(roots, (len(rows), 1))
    while (feature[node] >= 0).any():
        value = np.take_along_axis(values, np.maximum(feature[node], 0), axis=1)
        node = np.where(value <= threshold[node], left[node], right[node])
    return node


def _plain(features: "FloatArray") -> "FloatArray":
    return np.clip(np.where(np.isnan(features), _UNKNOWN, features), -_LARGEST, _LARGEST)
