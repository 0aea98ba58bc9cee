"""metatune's own meta-model as a strategy, and what is left of it without one part or another."""

from collections.abc import Callable
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING

import numpy as np

from benchmarks.recommenders.matrix import Matrix
from benchmarks.recommenders.strategy import Fitted, Session, Strategy
from metatune.recommender.belief import BeliefSettings
from metatune.recommender.forecast import Forecast, make_forecast
from metatune.recommender.losses import FAILED, log_share
from metatune.recommender.meta_model import MetaModel
from metatune.recommender.observations import Observation
from metatune.recommender.past import Past, Times
from metatune.recommender.planner import Planner, PlannerSettings
from metatune.space import Configuration

if TYPE_CHECKING:
    from numpy.typing import NDArray

    FloatArray = NDArray[np.float64]

__all__ = ["STRATEGIES", "TITLES", "Metatune"]

_RELATIVE = ("tabrepo_lightgbm",)
"""Matrices whose losses have a scale of their own on each dataset, which has to be guessed."""


@dataclass(frozen=True, kw_only=True)
class Metatune:
    """The meta-model on a matrix of past results, with a single level of fidelity.

    Parameters
    ----------
    per_cost : bool
        Whether the order follows gain per second.
    belief, planner
        Settings of the parts.
    alike : bool
        All past datasets weigh the same: no meta-features.
    """

    per_cost: bool = False
    belief: BeliefSettings = field(default_factory=BeliefSettings)
    planner: PlannerSettings = field(default_factory=PlannerSettings)
    alike: bool = False
    repeats: int = 1

    def fit(self, train: Matrix) -> Fitted:
        planner = self.planner if self.per_cost else replace(self.planner, floor=np.inf)
        return _Fitted(
            model=_learned(train),
            belief=self.belief,
            planner=planner,
            alike=self.alike,
            relative=train.name in _RELATIVE,
            sizes=train.sizes,
        )


@dataclass(frozen=True, kw_only=True)
class _Fitted:
    model: MetaModel
    belief: BeliefSettings
    planner: PlannerSettings
    alike: bool
    relative: bool
    sizes: tuple[int, int, int]

    def start(self, features: "FloatArray", seconds_budget: float | None) -> Session:  # noqa: ARG002
        n = len(self.model.names)
        nothing = np.zeros(n, dtype=bool)
        weights = (
            np.full(n, 1.0 / n) if self.alike else self.model.proximity.weights(features, nothing)
        )
        n_rows, n_columns, n_classes = _sizes(features[None, :], self.sizes)[0]
        forecast = make_forecast(
            self.model,
            usable=np.ones(len(self.model.configurations), dtype=bool),
            weights=weights,
            left_out=nothing,
            log_seconds=self.model.cost.log_seconds(
                n_rows, int(n_columns), int(n_classes), weights
            )[:, None],
            settings=self.belief,
        )
        return _Session(forecast, self.planner, self.relative)


class _Session:
    def __init__(self, forecast: Forecast, settings: PlannerSettings, relative: bool) -> None:
        self._planner = Planner(forecast, settings=settings)
        self._observations: list[Observation] = []
        self._expected = 0.0
        self._scale: float | None = None if relative else 1.0

    def next(self) -> int:
        choice = self._planner.choose(self._observations)
        assert choice is not None, "the harness asks for no more than there is"
        self._expected = choice.expected_value
        return int(choice.configuration.params["column"])  # type: ignore[arg-type]

    def tell(self, column: int, loss: float, seconds: float) -> None:
        if self._scale is None and np.isfinite(loss):
            # The scale of a new dataset is not known: its first result is as good as expected.
            self._scale = max(loss, 1e-12) / max(float(np.exp(self._expected)) - 0.01, 0.01)
        value = log_share(np.array(loss / (self._scale or 1.0))) if np.isfinite(loss) else FAILED
        configuration = self._planner.forecast.configurations[column]
        self._observations.append(
            Observation(
                configuration=configuration, level=0, value=float(value), seconds=float(seconds)
            )
        )


_MODELS: dict[str, MetaModel] = {}


def _learned(train: Matrix) -> MetaModel:
    """Fit the meta-model; once for all variants, which differ in how they use it."""
    key = f"{train.name} {train.digest}"
    if key not in _MODELS:
        _MODELS[key] = MetaModel.fit(_past(train))
    return _MODELS[key]


def _past(train: Matrix) -> Past:
    scale = scale_of(train.loss) if train.name in _RELATIVE else np.ones((len(train.loss), 1))
    failed = np.isnan(train.loss)
    values = np.where(failed, FAILED, log_share(train.loss / scale))
    return Past(
        names=tuple(map(str, train.datasets)),
        families=tuple(map(str, train.families)),
        fingerprints=("",) * len(train.loss),
        sizes=_sizes(train.features, train.sizes),
        configurations=tuple(
            Configuration(algorithm=str(name), params={"column": column})
            for column, name in enumerate(train.algorithms)
        ),
        features=train.features,
        values=values[:, :, None],
        times=_times(train),
    )


def scale_of(loss: "FloatArray") -> "FloatArray":
    """Return the median loss of each dataset, (n_datasets, 1)."""
    return np.maximum(np.nanmedian(loss, axis=1, keepdims=True), 1e-12)


def _sizes(features: "FloatArray", columns: tuple[int, int, int]) -> "FloatArray":
    """Return rows, columns and classes of datasets, (n_datasets, 3); 1 where not known."""
    sizes = features[:, list(columns)]
    return np.where(np.isfinite(sizes), np.maximum(sizes, 1.0), 1.0)


def _times(train: Matrix) -> Times:
    rows, columns = np.nonzero(np.isfinite(train.seconds))
    return Times(
        dataset=rows,
        configuration=columns,
        sizes=_sizes(train.features, train.sizes)[rows],
        seconds=train.seconds[rows, columns],
    )


_BELIEF, _PLANNER = BeliefSettings(), PlannerSettings()

_VARIANTS: dict[str, tuple[str, Metatune]] = {
    "metatune": ("metatune", Metatune()),
    "metatune-global": ("without meta-features", Metatune(alike=True)),
    "metatune-prior": (
        "without posterior",
        Metatune(planner=replace(_PLANNER, n_portfolio=10**6)),
    ),
    "metatune-no-portfolio": (
        "without portfolio",
        Metatune(planner=replace(_PLANNER, n_portfolio=1)),
    ),
    "metatune-one-guess": (
        "one Gaussian instead of guesses",
        Metatune(belief=replace(_BELIEF, bandwidth=1.0)),
    ),
    "metatune-fixed-scale": ("scale not learned", Metatune(belief=replace(_BELIEF, doubt=0.0))),
    "metatune-uniform": (
        "covariance of all datasets alike",
        Metatune(belief=replace(_BELIEF, uniform=1.0)),
    ),
}

TITLES = {
    name + ending: title + words
    for ending, words in (("", ""), ("-cost", " / cost"))
    for name, (title, _) in _VARIANTS.items()
}


def _factory(variant: Metatune) -> Callable[[], Strategy]:
    return lambda: variant


STRATEGIES: dict[str, Callable[[], Strategy]] = {
    **{name: _factory(variant) for name, (_, variant) in _VARIANTS.items()},
    **{
        name + "-cost": _factory(replace(variant, per_cost=True))
        for name, (_, variant) in _VARIANTS.items()
    },
}
