"""Findings of a search that sees all folds but one, judged on the fold that it does not see.

The best of many configurations owes part of its score to luck, and the more are drawn, the more of
it. Choosing on some folds and judging on another takes that part out.
"""

from typing import TYPE_CHECKING

import numpy as np

from metatune.kinds import TaskKind
from metatune.metadataset.schema import constant_column, score_column
from metatune.metrics import DEFAULT_METRIC, PERFECT_SCORE, RECORDED_METRICS
from metatune.recommender.levels import TOP, level_of
from metatune.recommender.losses import error_share, log_share

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from metatune.metadataset.store import MetaDataset
    from metatune.recommender.past import Past

    FloatArray = NDArray[np.float64]
    IntArray = NDArray[np.intp]

__all__ = ["fold_shares", "judged", "judged_random", "shown_values"]

_FAILED = 1.0  # leaves the constant's error
_WORST = 3.0  # in units of the distance from the best to the median configuration


def fold_shares(metadata: "MetaDataset", past: "Past", metric: str) -> "FloatArray":
    """Read what each configuration leaves of the constant's error, fold by fold.

    Parameters
    ----------
    metadata : MetaDataset
        Where `past` was collected from.
    past : Past
        Says which datasets and configurations are wanted.
    metric : str
        The one of `past`.

    Returns
    -------
    ndarray of shape (n_datasets, n_configurations, n_folds)
        At the top level; 1 where a configuration failed, NaN where it was never evaluated.
    """
    rows = {name: row for row, name in enumerate(past.names)}
    columns = {c.key: column for column, c in enumerate(past.configurations)}
    datasets = metadata.datasets[metadata.datasets["dataset"].isin(list(rows))]
    n_folds = int(datasets["protocol:n_folds"].max())
    shares = np.full((len(rows), len(columns), n_folds), np.nan)
    for kind, constants in datasets.groupby("kind"):
        task = TaskKind(str(kind))
        recorded = metric if metric in RECORDED_METRICS[task] else DEFAULT_METRIC[task]
        constant = dict(
            zip(constants["dataset"], constants[constant_column(recorded)], strict=True)
        )
        known = metadata.evaluations["dataset"].isin(list(constant))
        known &= metadata.evaluations["configuration"].isin(list(columns))
        names = ["dataset", "configuration", "row_share", "n_folds", "status"]
        cells = metadata.evaluations.loc[known, [*names, score_column(recorded)]]
        for name, key, row_share, folds, status, scores in cells.itertuples(index=False, name=None):
            cell = shares[rows[name], columns[key]]
            if status != "ok":
                cell[:] = _FAILED
            elif level_of(row_share, folds) == TOP:
                cell[: len(scores)] = [
                    error_share(score, constant=constant[name], perfect=PERFECT_SCORE[recorded])
                    for score in scores
                ]
    return shares


def shown_values(shares: "FloatArray", held: int) -> "FloatArray":
    """Return the logarithm of what is left on the folds that a search sees.

    Parameters
    ----------
    shares : ndarray of shape (n_configurations, n_folds)
        Of one dataset.
    held : int
        The fold that it does not see.

    Returns
    -------
    ndarray of shape (n_configurations, 2)
        On the first of the other folds, and on all of them.
    """
    shown = np.delete(shares, held, axis=1)
    return np.column_stack([log_share(shown[:, 0]), log_share(shown.mean(axis=1))])


def judged(shares: "FloatArray", held: int, tried: "IntArray") -> "FloatArray":
    """Judge the best of the configurations tried so far on the fold that was not seen.

    Parameters
    ----------
    shares : ndarray of shape (n_configurations, n_folds)
        Of one dataset.
    held : int
        The fold that judges; the best is the best on the others.
    tried : ndarray of int, shape (n_tried,)
        In that order.

    Returns
    -------
    ndarray of shape (n_tried,)
        1 is the median configuration of the pool on that fold. The unit is the distance from the
        best to the median configuration in the mean of all folds, so that 0 is about what can be
        had; by luck it may be less.
    """
    shown = np.delete(shares, held, axis=1).mean(axis=1)
    best = [tried[: n + 1][np.argmin(shown[tried[: n + 1]])] for n in range(len(tried))]
    overall = shares.mean(axis=1)
    unit = max(float(np.median(overall) - overall.min()), 1e-9)
    excess = (shares[best, held] - np.median(shares[:, held])) / unit
    return np.asarray(np.clip(1.0 + excess, -_WORST, _WORST))


def judged_random(shares: "FloatArray", n_drawn: int, repeats: int) -> float:
    """Judge random search over the pool alike: the mean over draws and folds held out."""
    rng = np.random.default_rng(0)
    found = []
    for _ in range(repeats):
        drawn = rng.permutation(len(shares))[:n_drawn]
        found += [judged(shares, held, drawn)[-1] for held in range(shares.shape[1])]
    return float(np.mean(found))
