"""Trade-offs that a search with several objectives draws, one for each proposal."""

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from metatune.evaluation.rungs import Rung
from metatune.evaluation.trial import TrialResult
from metatune.recommender.trade_off import Chebyshev, TradeOff, forecast_costs
from metatune.search.front import log_costs
from metatune.search.history import History
from metatune.search.objectives import Objectives
from metatune.space import Configuration, SearchSpace

if TYPE_CHECKING:
    from metatune._typing import FloatArray

__all__ = ["draw_trade_off"]

_LEAST_LOSS_WIDTH = 0.05  # of the logarithm of an error: a twentieth of it
_LEAST_COST_WIDTH = 0.1  # of the logarithm of a cost: a tenth of it


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class _Tried:
    """Configurations of known costs, with the logarithms of these at the top rung."""

    configurations: list[Configuration]
    log_costs: "FloatArray"


def draw_trade_off(
    history: History,
    losses: Mapping[int, float],
    asked: Sequence[Configuration],
    spaces: Mapping[str, SearchSpace],
    rng: np.random.Generator,
) -> TradeOff | None:
    """Draw weights of the objectives, and join them into one number to improve.

    Parameters
    ----------
    history : History
        Trials of a run with several objectives.
    losses : Mapping of int to float
        Losses of its trials by number, on the scale of `metatune.recommender.losses`.
    asked : sequence of Configuration
        Configurations that may be proposed.
    spaces : Mapping of str to SearchSpace
        Search spaces of the families.
    rng : Generator
        Draws the weights, uniformly among those that add up to 1.

    Returns
    -------
    TradeOff or None
        None as long as there is no front, and in a run with the metric as its only objective.
    """
    objectives, front = history.objectives, history.front()
    if objectives is None or front is None or not front.points:
        return None
    points = _values(front.points, losses, objectives)
    least = np.full(points.shape[1], _LEAST_COST_WIDTH)
    least[0] = _LEAST_LOSS_WIDTH
    function = Chebyshev(
        weights=rng.dirichlet(np.ones(points.shape[1])),
        ideal=points.min(axis=0),
        width=np.maximum(np.ptp(points, axis=0), least),
    )
    tried = _tried(history, front.points[0].trial.rung, objectives)
    return TradeOff(
        function=function,
        best=float(function.of(_values(front.candidates, losses, objectives)).min()),
        costs=forecast_costs(asked, tried.configurations, tried.log_costs, spaces),
        places={configuration.key: place for place, configuration in enumerate(asked)},
    )


def _values(
    results: Sequence[TrialResult], losses: Mapping[int, float], objectives: Objectives
) -> "FloatArray":
    rows = [(losses[r.trial.number], *log_costs(r, objectives)) for r in results]
    return np.array(rows, dtype=np.float64)


def _tried(history: History, top: Rung, objectives: Objectives) -> _Tried:
    """Return what the configurations cost that have a score, each at its highest rung."""
    known = [
        (result.trial.configuration, _at_rung(result, top, objectives))
        for result in history.ranked()
    ]
    known = [(c, costs) for c, costs in known if all(map(math.isfinite, costs))]
    return _Tried(
        configurations=[configuration for configuration, _ in known],
        log_costs=np.array([costs for _, costs in known], dtype=np.float64),
    )


def _at_rung(result: TrialResult, top: Rung, objectives: Objectives) -> tuple[float, ...]:
    """Return the logarithms of costs at the top rung: times grow with the rows and folds."""
    rung = result.trial.rung
    folds = math.log(top.n_folds / rung.n_folds)
    more = {
        "predict_seconds": folds,
        "fit_seconds": folds + math.log(top.row_share / rung.row_share),
    }
    costs = log_costs(result, objectives)
    return tuple(
        cost + more.get(name, 0.0) for name, cost in zip(objectives.costs, costs, strict=True)
    )
