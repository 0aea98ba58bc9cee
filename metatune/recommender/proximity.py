"""Which past datasets resemble a new one, and how far that can be trusted.

Three views are blended: leaves shared in a forest that has learned which meta-features matter, the
nearest datasets in meta-feature space, and all datasets alike. How much each counts is settled
when the past is learned, by how well portfolios made with a blend do on past datasets whose
families were left out (stacking; Wolpert 1992): where meta-features tell little, the blend moves
towards the portfolio that is good everywhere.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from itertools import product
from typing import TYPE_CHECKING

import numpy as np

from metatune.recommender.forest import LeafForest
from metatune.recommender.nearest import even_weights, nearest_weights
from metatune.recommender.portfolio import first_choices

if TYPE_CHECKING:
    from collections.abc import Sequence

    from numpy.typing import NDArray

    FloatArray = NDArray[np.float64]
    BoolArray = NDArray[np.bool_]

__all__ = ["Proximity", "chosen_blend"]

_STEPS = 4  # trust is given in quarters
_N_FOLDS = 5
_FEWEST = 20  # datasets: fewer cannot tell one blend from another
_AFTER = (1, 2, 4, 8)  # choices after which portfolios are compared
_DEFAULT = (0.75, 0.0, 0.25)


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Proximity:
    """Weighs past datasets for a new one.

    Attributes
    ----------
    past : ndarray of shape (n_datasets, n_features)
        Meta-features of past datasets, NaN where unknown.
    forest : LeafForest
        Fitted on them.
    trust : ndarray of shape (3,)
        Share of the forest, of the nearest datasets, and of all alike; adds up to 1.
    """

    past: "FloatArray"
    forest: LeafForest
    trust: "FloatArray"

    @classmethod
    def fit(
        cls,
        features: "FloatArray",
        regret: "FloatArray",
        families: "Sequence[str]",
        seed: int = 0,
    ) -> "Proximity":
        """Learn from past datasets.

        Parameters
        ----------
        features : ndarray of shape (n_datasets, n_features)
            Meta-features, NaN where unknown.
        regret : ndarray of shape (n_datasets, n_configurations)
            Normalised regrets, NaN where unknown.
        families : sequence of str
            Datasets of a family are left out together when blends are compared.
        seed : int
            Seed of the forest.
        """
        filled = _filled(regret)
        return cls(
            past=features,
            forest=LeafForest.fit(features, filled, seed),
            trust=_settle_trust(features, filled, families, seed),
        )

    def refitted(self, features: "FloatArray", regret: "FloatArray", seed: int = 0) -> "Proximity":
        """Return the same blend of views on other past datasets."""
        forest = LeafForest.fit(features, _filled(regret), seed)
        return Proximity(past=features, forest=forest, trust=self.trust)

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
        return np.asarray(self.trust @ _views(self.forest, self.past, features, left_out))


def _views(
    forest: LeafForest, past: "FloatArray", features: "FloatArray", left_out: "BoolArray"
) -> "FloatArray":
    """Return the weights of each view, (3, n_datasets)."""
    near = nearest_weights(past, features, left_out)
    return np.vstack([forest.weights(features, left_out), near, even_weights(left_out)])


def _settle_trust(
    features: "FloatArray", regret: "FloatArray", families: "Sequence[str]", seed: int
) -> "FloatArray":
    """Choose the blend whose portfolios leave the least regret on families left out."""
    numbers = np.unique(families, return_inverse=True)[1]
    if len(regret) < _FEWEST or numbers.max() < _N_FOLDS:
        return np.array(_DEFAULT)
    blends = np.array(list(_blends()))
    left: list[FloatArray] = []
    for fold in range(_N_FOLDS):
        unseen = numbers % _N_FOLDS == fold
        known, nothing = features[~unseen], np.zeros(int((~unseen).sum()), dtype=bool)
        forest = LeafForest.fit(known, regret[~unseen], seed)
        for row in np.flatnonzero(unseen):
            weights = blends @ _views(forest, known, features[row], nothing)
            left.append(
                np.array([_regret_left(regret[~unseen], own, regret[row]) for own in weights])
            )
    return chosen_blend(blends, np.array(left))


def chosen_blend(blends: "FloatArray", left: "FloatArray") -> "FloatArray":
    """Return the forest alone unless the best blend clearly beats it, else the mean of the best.

    It does so if it is better by two standard errors of the difference: among many blends one
    always looks a little better by chance. The mean is that of the blends which the best one does
    not beat by one standard error (Breiman et al. 1984).

    Parameters
    ----------
    blends : ndarray of shape (n_blends, 3)
        What was compared.
    left : ndarray of shape (n_datasets, n_blends, n_choices)
        Regret after some choices.
    """
    scale = np.maximum(left.mean(axis=(0, 1)), 1e-9)
    each = (left / scale).mean(axis=2)
    best = int(np.argmin(each.mean(axis=0)))
    behind = each - each[:, [best]]
    error = behind.std(axis=0) / np.sqrt(len(each))
    forest_alone = blends[:, 0] == 1.0
    beaten = (behind.mean(axis=0) > 2 * error)[forest_alone].all()
    good = behind.mean(axis=0) <= error if beaten else forest_alone
    return np.asarray(blends[good].mean(axis=0))


def _blends() -> Iterator[tuple[float, float, float]]:
    for first, second in product(range(_STEPS + 1), repeat=2):
        if first + second <= _STEPS:
            yield first / _STEPS, second / _STEPS, (_STEPS - first - second) / _STEPS


def _regret_left(past: "FloatArray", weights: "FloatArray", own: "FloatArray") -> "FloatArray":
    """Return the regret of the portfolio on a dataset after 1, 2, 4 and 8 choices."""
    chosen = first_choices(past, weights, max(_AFTER))
    best = np.minimum.accumulate(own[chosen])
    return np.asarray(best[[min(n, len(best)) - 1 for n in _AFTER]])


def _filled(regret: "FloatArray") -> "FloatArray":
    """Put the mean of its column in place of a regret that is not known."""
    known = np.isfinite(regret)
    mean = np.where(known, regret, 0.0).sum(axis=0) / np.maximum(known.sum(axis=0), 1)
    return np.where(known, regret, mean)
