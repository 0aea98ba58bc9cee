"""Simulation of the honest estimate, on made-up predictions whose true scores are known.

Each simulation draws a small table and the out-of-fold predictions of many members, lets the best
be chosen on it, and looks up on many fresh rows of the same kind what the choice is worth.
"""

from collections.abc import Callable
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np

from metatune.data.row_metadata import PLAIN, RowMetadata
from metatune.estimate.corrected import Estimate, estimate_score
from metatune.estimate.scoring import RowScorer
from metatune.estimate.selector import BestSingle, FunctionSelector, Selector
from metatune.kinds import TaskKind
from metatune.metrics import Metric, resolve_metric

if TYPE_CHECKING:
    from numpy.typing import NDArray

    FloatArray = NDArray[np.float64]
    IndexArray = NDArray[np.intp]

__all__ = ["SETTINGS", "Setting", "Simulated", "simulate"]

_FRESH_ROWS = 20_000
_AVERAGED = 5


@dataclass(frozen=True, slots=True, kw_only=True)
class Setting:
    """Size, metric and luck of what is made up.

    Attributes
    ----------
    metric : str
        One of metatune's own.
    n_rows, n_members : int
        Size of the table, and candidates.
    strength : float
        How much the members know: half the distance of the classes in standard deviations of a
        member's noise, or the standard deviation of the noise for numbers.
    spread : float
        Standard deviation of the members' strength.
    shared : float
        Share of the noise's variance that all members have in common.
    minority : float
        Share of the rarer class.
    ensemble : bool
        Average the best five members instead of taking the best one.
    group_size : int
        Rows that share their noise, drawn together; 1 for independent rows.
    """

    metric: str
    n_rows: int
    n_members: int
    strength: float = 0.7
    spread: float = 0.02
    shared: float = 0.5
    minority: float = 0.5
    ensemble: bool = False
    group_size: int = 1

    @property
    def name(self) -> str:
        """For tables."""
        what = f"{self.metric}, {self.n_rows} rows, {self.n_members} members"
        what += f", strength {self.strength:g} +- {self.spread:g}"
        what += f", minority {self.minority:g}" if self.minority != 0.5 else ""
        what += f", shared {self.shared:g}" if self.shared != 0.5 else ""
        what += ", ensemble" if self.ensemble else ""
        return what + (f", groups of {self.group_size}" if self.group_size > 1 else "")


SETTINGS = (
    Setting(metric="roc_auc", n_rows=100, n_members=40),
    Setting(metric="roc_auc", n_rows=300, n_members=1),
    Setting(metric="roc_auc", n_rows=300, n_members=40),
    Setting(metric="roc_auc", n_rows=300, n_members=40, shared=0.9),
    Setting(metric="roc_auc", n_rows=300, n_members=40, spread=0.2),
    Setting(metric="roc_auc", n_rows=1000, n_members=40, minority=0.05),
    Setting(metric="roc_auc", n_rows=300, n_members=40, strength=2.0),
    Setting(metric="roc_auc", n_rows=300, n_members=40, ensemble=True),
    Setting(metric="roc_auc", n_rows=400, n_members=40, group_size=10),
    Setting(metric="log_loss", n_rows=300, n_members=40),
    Setting(metric="log_loss", n_rows=300, n_members=40, ensemble=True),
    Setting(metric="accuracy", n_rows=300, n_members=40),
    Setting(metric="accuracy", n_rows=300, n_members=40, strength=2.5),
    Setting(metric="balanced_accuracy", n_rows=300, n_members=40, minority=0.1),
    Setting(metric="f1", n_rows=300, n_members=4, minority=0.3),
    Setting(metric="rmse", n_rows=100, n_members=40),
    Setting(metric="rmse", n_rows=300, n_members=40, spread=0.1),
    Setting(metric="rmse", n_rows=300, n_members=40, ensemble=True),
    Setting(metric="r2", n_rows=300, n_members=40),
)
"""Varied sizes, metrics and degrees of luck."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Simulated:
    """One simulation: what was estimated, and what is true."""

    estimate: Estimate
    truth: float

    @property
    def covered(self) -> bool:
        """True if the interval holds the truth."""
        return self.estimate.low <= self.truth <= self.estimate.high


@dataclass(frozen=True, slots=True, kw_only=True)
class _Sample:
    y: "NDArray[Any]"
    groups: "NDArray[np.int64]"
    predictions: "list[FloatArray]"


def simulate(
    setting: Setting, n_simulations: int, *, n_bootstraps: int = 300, seed: int = 0
) -> list[Simulated]:
    """Run a setting so many times; simulations without an estimate are left out."""
    found = []
    for number in range(n_simulations):
        rng = np.random.default_rng((seed, number))
        found += _simulate_once(setting, rng, n_bootstraps, number)
    return found


def _simulate_once(
    setting: Setting, rng: np.random.Generator, n_bootstraps: int, seed: int
) -> list[Simulated]:
    number = setting.metric in ("rmse", "mae", "r2")
    metric = resolve_metric(setting.metric, TaskKind.REGRESSION if number else TaskKind.BINARY)
    make = _numbers if number else _classes
    strengths = np.abs(setting.strength + setting.spread * rng.normal(size=setting.n_members))
    sample = make(setting, strengths, setting.n_rows, rng)
    fresh = make(setting, strengths, _FRESH_ROWS, rng)
    row_metadata = RowMetadata(groups=sample.groups) if setting.group_size > 1 else PLAIN
    estimate = estimate_score(
        metric,
        sample.y,
        _chooser(setting, metric, sample),
        row_metadata=row_metadata,
        n_bootstraps=n_bootstraps,
        seed=seed,
    )
    if not isinstance(estimate, Estimate):
        return []
    chosen = _choose(setting, metric, sample, np.arange(setting.n_rows))
    truth = metric.score(fresh.y, np.mean([fresh.predictions[i] for i in chosen], axis=0))
    return [Simulated(estimate=estimate, truth=truth)]


def _chooser(setting: Setting, metric: Metric, sample: _Sample) -> Selector:
    if not setting.ensemble:
        return BestSingle(sample.predictions, metric, sample.y)

    def select(rows: "IndexArray", counts: "FloatArray") -> "Callable[[IndexArray], FloatArray]":
        chosen = _choose(setting, metric, sample, np.repeat(rows, counts.astype(int)))
        blend = np.mean([sample.predictions[i] for i in chosen], axis=0)
        return lambda wanted: np.asarray(blend[wanted])

    return FunctionSelector(select, n_rows=setting.n_rows, n_candidates=setting.n_members)


def _choose(setting: Setting, metric: Metric, sample: _Sample, rows: "IndexArray") -> list[int]:
    scorer = RowScorer(metric, sample.y[rows])
    once = np.ones((1, len(rows)))
    scores = [scorer.prepare(p[rows]).under(once)[0] for p in sample.predictions]
    order = np.argsort([metric.loss(score) for score in scores], kind="stable")
    return [int(i) for i in order[: _AVERAGED if setting.ensemble else 1]]


def _noise(
    setting: Setting, n_rows: int, rng: np.random.Generator
) -> "tuple[NDArray[np.int64], Any]":
    """Return groups of rows, and a function that makes the noise of another member each time."""
    groups = np.arange(n_rows, dtype=np.int64) // setting.group_size
    of_group = np.sqrt(0.5) if setting.group_size > 1 else 0.0

    def draw() -> "FloatArray":
        between = rng.normal(size=groups[-1] + 1)[groups]
        within = rng.normal(size=n_rows)
        return np.asarray(of_group * between + np.sqrt(1.0 - of_group**2) * within)

    common = draw()
    own, all_share = np.sqrt(1.0 - setting.shared), np.sqrt(setting.shared)
    return groups, lambda: np.asarray(all_share * common + own * draw())


def _classes(
    setting: Setting, strengths: "FloatArray", n_rows: int, rng: np.random.Generator
) -> _Sample:
    groups, noise = _noise(setting, n_rows, rng)
    y = (rng.random(n_rows) < setting.minority).astype(np.int64)
    prior = np.log(setting.minority / (1.0 - setting.minority))
    predictions = []
    for strength in strengths:
        logit = prior + 2.0 * strength * ((2 * y - 1) * strength + noise())
        p = 1.0 / (1.0 + np.exp(-logit))
        predictions.append(np.column_stack((1.0 - p, p)))
    return _Sample(y=y, groups=groups, predictions=predictions)


def _numbers(
    setting: Setting, strengths: "FloatArray", n_rows: int, rng: np.random.Generator
) -> _Sample:
    groups, noise = _noise(setting, n_rows, rng)
    y = rng.normal(size=n_rows)
    predictions = [y + strength * noise() for strength in strengths]
    return _Sample(y=y, groups=groups, predictions=predictions)
