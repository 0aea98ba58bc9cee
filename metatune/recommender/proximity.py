"""Which past datasets resemble a new one: proximity in a random forest.

A forest learns to predict the regret of every configuration from meta-features. Two datasets are
near if they end in the same leaves (Breiman 2001), so that only those meta-features count which
tell good configurations from bad ones. The weights of a new dataset are those with which the forest
would average past results (Meinshausen 2006, "Quantile regression forests").
"""

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np

if TYPE_CHECKING:
    from numpy.typing import NDArray

    FloatArray = NDArray[np.float64]

__all__ = ["Proximity"]

_N_TREES = 200


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Proximity:
    """A forest over meta-features, and the leaves in which past datasets end.

    Attributes
    ----------
    forest : RandomForestRegressor
        Fitted on past datasets.
    leaves : ndarray of shape (n_datasets, n_trees)
        Leaf of every past dataset in every tree.
    """

    forest: Any
    leaves: "NDArray[np.int64]"

    @classmethod
    def fit(cls, features: "FloatArray", regret: "FloatArray", seed: int = 0) -> "Proximity":
        """Learn from past datasets.

        Parameters
        ----------
        features : ndarray of shape (n_datasets, n_features)
            Meta-features, NaN where unknown.
        regret : ndarray of shape (n_datasets, n_configurations)
            Normalised regrets, NaN where unknown.
        seed : int
            Seed of the forest.
        """
        from sklearn.ensemble import RandomForestRegressor

        known = np.isfinite(regret)
        mean = np.nansum(np.where(known, regret, 0.0), axis=0) / np.maximum(known.sum(axis=0), 1)
        forest = RandomForestRegressor(
            n_estimators=_N_TREES, min_samples_leaf=2, max_features=0.4, random_state=seed
        )
        forest.fit(_finite(features), np.where(known, regret, mean))
        return cls(forest=forest, leaves=forest.apply(_finite(features)))

    def weights(self, features: "FloatArray") -> "FloatArray":
        """Weigh past datasets for a new one.

        Parameters
        ----------
        features : ndarray of shape (n_features,)
            Meta-features of the new dataset.

        Returns
        -------
        ndarray of shape (n_datasets,)
            Not negative; adds up to 1.
        """
        own = self.forest.apply(_finite(features[None, :]))
        return _leaf_weights(self.leaves == own)

    @property
    def importances(self) -> "FloatArray":
        """How much each meta-feature tells about which configurations are good; adds up to 1."""
        return np.asarray(self.forest.feature_importances_)


def _leaf_weights(shared: "NDArray[np.bool_]") -> "FloatArray":
    size = np.maximum(shared.sum(axis=0), 1)
    weights = (shared / size).mean(axis=1)
    total = weights.sum()
    n = len(shared)
    return np.asarray(weights / total if total > 0 else np.full(n, 1.0 / n))


def _finite(features: "FloatArray") -> "FloatArray":
    """Forests take NaN but not infinity, and compare as float32."""
    limit = float(np.finfo(np.float32).max) / 2
    return np.clip(features, -limit, limit)
