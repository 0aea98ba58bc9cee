"""The method of Oboe: collaborative filtering on the matrix of errors.

Re-implemented from Yang, Akimoto, Kim and Udell, "OBOE: Collaborative filtering for AutoML model
selection", KDD 2019: errors are factorised as ``E = X' Y``; on a new dataset a D-optimal experiment
design over ``Y`` says which configurations to run first, least squares infer the dataset's latent
features from their errors, and the configuration with the least predicted error comes next. Run
times are predicted from rows and columns by polynomial regression.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from itertools import product
from typing import TYPE_CHECKING

import numpy as np
from scipy.linalg import qr

from benchmarks.recommenders.curves import (
    EVALUATIONS,
    TIME_GRID,
    TIMES,
    after_evaluations,
    over_time,
)
from benchmarks.recommenders.harness import run_session
from benchmarks.recommenders.matrix import Matrix, regrets
from benchmarks.recommenders.strategy import Session

if TYPE_CHECKING:
    from numpy.typing import NDArray

    FloatArray = NDArray[np.float64]
    IntArray = NDArray[np.intp]

__all__ = ["Oboe"]

_INNER_SHARE = 3  # one of so many folds of the past judges the rank
_INNER_DATASETS = 60
_RIDGE = 1e-6


@dataclass(frozen=True, slots=True, kw_only=True)
class Oboe:
    """Low-rank factorisation with experiment design.

    Attributes
    ----------
    ranks : tuple of int
        Candidates; the one with the least regret on held-out past datasets is used. So is decided
        whether errors are factorised as they are, as in the paper, or on one scale for datasets
        with different metrics.
    per_cost : bool
        Probes by information per predicted second, then predicted improvement per second.
    """

    ranks: tuple[int, ...] = (2, 3, 5, 8, 12)
    per_cost: bool = False
    repeats: int = 1

    def fit(self, train: Matrix) -> "_Factors":
        """Choose the rank and factorise."""
        rank, scaled = _best_setting(train, self)
        return _factorise(train, rank, scaled, self.per_cost)


@dataclass(frozen=True, slots=True, kw_only=True)
class _Factors:
    """Knowledge of the configurations.

    Attributes
    ----------
    latent : ndarray of shape (rank, n_configurations)
        Latent features of the configurations.
    runtime : _Runtime or None
        Where cost counts.
    probes : ndarray of shape (rank,)
        Experiment design without cost.
    """

    latent: "FloatArray"
    runtime: "_Runtime | None"
    probes: "IntArray"

    def start(self, features: "FloatArray", seconds_budget: float | None) -> Session:  # noqa: ARG002
        if self.runtime is None:
            return _OboeSession(self.latent, None, iter(self.probes))
        costs = self.runtime.seconds(features)
        return _OboeSession(self.latent, costs, _design_per_cost(self.latent, costs))


class _OboeSession:
    """Probes first, then the best prediction, inferred anew after each evaluation."""

    def __init__(
        self, latent: "FloatArray", costs: "FloatArray | None", probes: Iterator[int]
    ) -> None:
        self._latent = latent
        self._costs = costs
        self._probes = probes
        self._tried: list[int] = []
        self._losses: list[float] = []

    def next(self) -> int:
        probe = next(self._probes, None)
        return self._best() if probe is None else int(probe)

    def tell(self, column: int, loss: float, seconds: float) -> None:  # noqa: ARG002
        self._tried.append(column)
        self._losses.append(loss)

    def _best(self) -> int:
        losses = np.array(self._losses)
        known = np.isfinite(losses)
        design = self._latent[:, np.array(self._tried)[known]].T
        dataset = np.linalg.lstsq(design, losses[known], rcond=None)[0]
        predicted = dataset @ self._latent
        predicted[self._tried] = np.inf
        if self._costs is None or not known.any():
            return int(np.argmin(predicted))
        gain = np.maximum(losses[known].min() - predicted, 0.0) / self._costs
        return int(np.argmax(gain) if gain.max() > 0 else np.argmin(predicted))


def _factorise(train: Matrix, rank: int, scaled: bool, per_cost: bool) -> _Factors:
    errors = _errors(train.loss, scaled)
    rank = min(rank, *errors.shape)
    _, values, vectors = np.linalg.svd(errors, full_matrices=False)
    latent = values[:rank, None] * vectors[:rank]
    probes = qr(latent, mode="r", pivoting=True)[1][:rank]
    return _Factors(latent=latent, runtime=_Runtime.fit(train) if per_cost else None, probes=probes)


def _errors(loss: "FloatArray", scaled: bool) -> "FloatArray":
    """Complete the matrix: what failed counts as the worst of its dataset.

    A factor per dataset is absorbed by its latent features, so that other metrics and units may be
    brought to one scale without a word about the new dataset's.
    """
    finite = np.where(np.isfinite(loss), loss, np.nan)
    worst = np.nanmax(finite, axis=1, keepdims=True)
    completed = np.where(np.isnan(finite), worst, finite)
    if not scaled:
        return completed
    scale = np.median(np.abs(completed), axis=1, keepdims=True)
    return np.asarray(completed / np.where(scale > 0, scale, 1.0))


def _design_per_cost(latent: "FloatArray", costs: "FloatArray") -> Iterator[int]:
    """Choose as many probes as the rank, each by its gain in log det per second."""
    rank = len(latent)
    scale = np.linalg.norm(latent) / np.sqrt(latent.size)
    inverse = np.eye(rank) / (_RIDGE * scale**2)
    left = np.ones(latent.shape[1], dtype=bool)
    for _ in range(rank):
        spread = np.einsum("kj,kl,lj->j", latent, inverse, latent)
        gain = np.log1p(np.maximum(spread, 0.0)) / costs
        chosen = int(np.argmax(np.where(left, gain, -1.0)))
        left[chosen] = False
        along = inverse @ latent[:, chosen]
        inverse -= np.outer(along, along) / (1.0 + latent[:, chosen] @ along)
        yield chosen


@dataclass(frozen=True, slots=True, kw_only=True)
class _Runtime:
    """Log seconds as a polynomial in the logarithms of rows and columns."""

    sizes: tuple[int, int]
    coefficients: "FloatArray"

    @classmethod
    def fit(cls, train: Matrix) -> "_Runtime":
        sizes = train.sizes[:2]
        design = _polynomial(train.features[:, sizes])
        gram = design.T @ design + 1e-2 * np.eye(design.shape[1])
        target = design.T @ np.log(train.seconds)
        return cls(sizes=sizes, coefficients=np.asarray(np.linalg.solve(gram, target)))

    def seconds(self, features: "FloatArray") -> "FloatArray":
        design = _polynomial(features[None, self.sizes])
        return np.asarray(np.exp((design @ self.coefficients)[0]))


def _polynomial(sizes: "FloatArray") -> "FloatArray":
    logs = np.log(np.maximum(np.nan_to_num(sizes, nan=1.0), 1.0))
    rows, columns = logs[:, 0], logs[:, 1]
    terms = [np.ones_like(rows), rows, columns, rows**2, columns**2, rows * columns]
    return np.column_stack(terms)


def _best_setting(train: Matrix, strategy: Oboe) -> tuple[int, bool]:
    """Judge rank and scale on past datasets of some folds, without having seen those."""
    position = np.unique(train.folds, return_inverse=True)[1]
    held_out = position % _INNER_SHARE == 0
    settings = list(product(strategy.ranks, (False, True)))
    if held_out.all():
        return settings[0]
    known, unseen = train.select(~held_out), train.select(held_out)
    scores = [
        _score(_factorise(known, rank, scaled, strategy.per_cost), unseen)
        for rank, scaled in settings
    ]
    return settings[int(np.argmin(scores))]


def _score(factors: _Factors, unseen: Matrix) -> float:
    regret = regrets(unseen.loss)
    rows = np.linspace(0, len(regret) - 1, min(len(regret), _INNER_DATASETS)).astype(np.intp)
    total = 0.0
    for row in rows:
        loss, seconds = unseen.loss[row], unseen.seconds[row]
        if factors.runtime is None:
            tried = run_session(factors.start(unseen.features[row], None), loss, seconds)
            curve = after_evaluations(loss, regret[row], tried)[np.array(EVALUATIONS) - 1]
        else:
            budget = TIMES[-1] * float(np.median(seconds))
            session = factors.start(unseen.features[row], budget)
            tried = run_session(session, loss, seconds, budget)
            curve = over_time(loss, regret[row], seconds, tried)[np.isin(TIME_GRID, TIMES)]
        total += float(curve.mean())
    return total / len(rows)
