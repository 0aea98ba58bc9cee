"""A matrix of results, datasets x configurations, on which recommenders are compared."""

import hashlib
import re
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

import numpy as np

if TYPE_CHECKING:
    from numpy.typing import NDArray

    BoolArray = NDArray[np.bool_]
    FloatArray = NDArray[np.float64]
    IntArray = NDArray[np.intp]

__all__ = [
    "MAX_REGRET",
    "MIN_SPREAD",
    "Matrix",
    "family_of",
    "grouped_folds",
    "held_out_regrets",
    "regrets",
]

MAX_REGRET = 3.0
"""Regrets are cut here; a cell without a result has this regret."""

MIN_SPREAD = 1e-4
"""Datasets on which the best configuration beats the median one by less are left out."""

_STEM = re.compile(r"^(?:kdd_)?[^a-z]*([a-z]+)")


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Matrix:
    """Results of every configuration on every dataset.

    Attributes
    ----------
    name : str
        Where the results come from.
    datasets : tuple of str
        Identity of the rows.
    families : tuple of str
        Datasets that resemble each other by origin share a family.
    folds : ndarray of shape (n_datasets,)
        Number of the fold in which a dataset is the unseen one.
    features : ndarray of shape (n_datasets, n_features)
        Meta-features, NaN where unknown.
    sizes : tuple of int
        Columns of `features` that hold the number of rows, of columns and of classes.
    loss : ndarray of shape (n_datasets, n_configurations)
        Less is better; the scale is the dataset's own. NaN where unknown or failed.
    seconds : ndarray of shape (n_datasets, n_configurations)
        Cost of an evaluation, above zero.
    algorithms : tuple of str
        Learner of each configuration.
    configurations : ndarray of shape (n_configurations, n_configuration_features)
        Algorithm (indicators) and hyperparameters (in [0, 1]); NaN where one does not apply.
    held_out : ndarray of shape (n_datasets, n_configurations) or None
        Losses on a fold that no search sees, by which its best is judged; None where the losses
        that it sees have to do.
    """

    name: str
    datasets: tuple[str, ...]
    families: tuple[str, ...]
    folds: "IntArray"
    features: "FloatArray"
    sizes: tuple[int, int, int]
    loss: "FloatArray"
    seconds: "FloatArray"
    algorithms: tuple[str, ...]
    configurations: "FloatArray"
    held_out: "FloatArray | None" = None

    @property
    def regret(self) -> "FloatArray":
        """Regrets by which the best of a search is judged, (n_datasets, n_configurations)."""
        if self.held_out is None:
            return regrets(self.loss)
        return held_out_regrets(self.loss, self.held_out)

    def select(self, rows: "BoolArray") -> "Matrix":
        """Keep the datasets where `rows` is true."""
        kept = np.flatnonzero(rows)
        return replace(
            self,
            datasets=tuple(self.datasets[row] for row in kept),
            families=tuple(self.families[row] for row in kept),
            folds=self.folds[kept],
            features=self.features[kept],
            loss=self.loss[kept],
            seconds=self.seconds[kept],
            held_out=None if self.held_out is None else self.held_out[kept],
        )

    def usable(self) -> "Matrix":
        """Leave out datasets on which nothing is known or configurations hardly differ."""
        finite = np.where(np.isfinite(self.loss), self.loss, np.nan)
        known = np.asarray(np.isfinite(finite).any(axis=1))
        finite[~known] = 0.0
        spread = np.nanmedian(finite, axis=1) - np.nanmin(finite, axis=1)
        return self.select(known & (spread >= MIN_SPREAD))

    @property
    def digest(self) -> str:
        """Changes when results, costs, meta-features, configurations or folds do."""
        state = hashlib.sha256("\n".join(self.datasets).encode())
        parts = (self.folds, self.features, self.loss, self.seconds, self.configurations)
        for part in parts if self.held_out is None else (*parts, self.held_out):
            state.update(np.ascontiguousarray(part).tobytes())
        return state.hexdigest()


def regrets(loss: "FloatArray") -> "FloatArray":
    """Scale losses to regrets within each dataset.

    Parameters
    ----------
    loss : ndarray of shape (n_datasets, n_configurations)
        At least one finite value in each row.

    Returns
    -------
    ndarray of shape (n_datasets, n_configurations)
        0 is the best configuration, 1 the median one; cut at `MAX_REGRET`, which is also the
        regret of an unknown or failed cell.
    """
    finite = np.where(np.isfinite(loss), loss, np.nan)
    best = np.nanmin(finite, axis=1, keepdims=True)
    spread = np.nanmedian(finite, axis=1, keepdims=True) - best
    scaled = np.clip((finite - best) / np.maximum(spread, 1e-12), 0.0, MAX_REGRET)
    return np.asarray(np.where(np.isnan(scaled), MAX_REGRET, scaled))


def held_out_regrets(loss: "FloatArray", held_out: "FloatArray") -> "FloatArray":
    """Scale losses on folds that were held out to regrets within each dataset.

    The best of many configurations owes part of its score to luck. What was chosen on some folds
    and is judged on others has none: its regret is rarely 0, even where everything was tried.

    Parameters
    ----------
    loss : ndarray of shape (n_datasets, n_configurations)
        On the folds that a search sees. The distance from its best to its median is the unit.
    held_out : ndarray of shape (n_datasets, n_configurations)
        On the others.

    Returns
    -------
    ndarray of shape (n_datasets, n_configurations)
        1 is the median configuration; cut at `MAX_REGRET` to both sides, which is also the regret
        of an unknown or failed cell.
    """
    known = np.isfinite(loss) & np.isfinite(held_out)
    seen = np.where(known, loss, np.nan)
    unit = np.nanmedian(seen, axis=1, keepdims=True) - np.nanmin(seen, axis=1, keepdims=True)
    judged = np.where(known, held_out, np.nan)
    excess = (judged - np.nanmedian(judged, axis=1, keepdims=True)) / np.maximum(unit, 1e-12)
    return np.asarray(np.where(known, np.clip(1.0 + excess, -MAX_REGRET, MAX_REGRET), MAX_REGRET))


def family_of(name: str) -> str:
    """Return the letters that a dataset's name begins with, in lower case.

    ``fri_c0_1000_5``, ``fri_c4_1000_100`` -> ``fri``; ``mfeat-zernike`` -> ``mfeat``;
    ``OVA_Breast`` -> ``ova``; ``kdd_ipums_la_97-small`` -> ``ipums``. Unrelated datasets may share
    a family, which makes the validation stricter, never kinder.
    """
    lowered = name.lower()
    found = _STEM.match(lowered)
    return found.group(1) if found else lowered


def grouped_folds(families: Sequence[str], n_folds: int) -> "IntArray":
    """Spread families over folds: the largest first, each into the smallest fold.

    Parameters
    ----------
    families : sequence of str
        Family of each dataset.
    n_folds : int
        At most this many folds; 0 gives each family its own.

    Returns
    -------
    ndarray of shape (n_datasets,)
    """
    sizes = Counter(families)
    filled = np.zeros(n_folds or len(sizes), dtype=np.intp)
    fold_of: dict[str, int] = {}
    for family in sorted(sizes, key=lambda name: (-sizes[name], name)):
        fold = int(np.argmin(filled))
        fold_of[family] = fold
        filled[fold] += sizes[family]
    return np.array([fold_of[family] for family in families], dtype=np.intp)
