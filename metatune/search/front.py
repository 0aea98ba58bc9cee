"""Front of a run with several objectives: the trials that none beats in everything, and the choice.

Trials are compared at the highest rung that any has reached. Costs differ by factors rather than by
amounts, from a tree to a forest of thousands: their logarithms are compared.
"""

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from metatune.evaluation.trial import TrialResult
from metatune.search.objectives import Objectives
from metatune.search.pareto import (
    crowding_distances,
    domination_ranks,
    knee_point,
    non_dominated,
)

if TYPE_CHECKING:
    from metatune._typing import FloatArray

__all__ = ["Front", "Preference", "by_domination", "find_front", "log_costs"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Preference:
    """Preference among trials of known costs, as it chooses the model of a run.

    Attributes
    ----------
    costs : Mapping of int to tuple of float
        Logarithms of the costs of each trial, by its number.
    preferred : int or None
        Position of the objective that decides, the loss first; None for the knee.
    """

    costs: Mapping[int, tuple[float, ...]]
    preferred: int | None = None

    def choose(self, numbers: Sequence[int], losses: "FloatArray") -> int:
        """Return the position of the trial that is chosen.

        Parameters
        ----------
        numbers : sequence of int
            Trials of known costs, at least one.
        losses : ndarray of shape (n_trials,)
            Their losses, all finite; less is better.
        """
        costs = np.array([self.costs[number] for number in numbers], dtype=np.float64)
        points = np.column_stack([np.asarray(losses, dtype=np.float64), costs])
        front = np.flatnonzero(non_dominated(points))
        if self.preferred is None:
            return int(front[knee_point(points[front])])
        first = np.roll(points[front], -self.preferred, axis=1)  # ties go to what follows
        return int(front[np.lexsort(first.T[::-1])[0]])


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Front:
    """Front of a run.

    Attributes
    ----------
    objectives : Objectives
        Objectives of the run.
    candidates : tuple of TrialResult
        Trials that are compared: those at the highest rung that have a score and all costs.
    points : tuple of TrialResult
        Those among them that none beats in everything, the best score first.
    chosen : TrialResult or None
        Knee of the front, or the best in the preferred objective; None without any.
    """

    objectives: Objectives
    candidates: tuple[TrialResult, ...]
    points: tuple[TrialResult, ...]
    chosen: TrialResult | None

    @property
    def preference(self) -> Preference:
        """Preference that has chosen, for the costs of the candidates."""
        return Preference(
            costs={r.trial.number: log_costs(r, self.objectives) for r in self.candidates},
            preferred=self.objectives.preferred,
        )


def find_front(
    results: Sequence[TrialResult], losses: Sequence[float], objectives: Objectives
) -> Front:
    """Find the front of trials, and the one of them that the user wants.

    Parameters
    ----------
    results : sequence of TrialResult
        One of each configuration.
    losses : sequence of float
        Their scores as numbers where less is better.
    objectives : Objectives
        Objectives of the run.
    """
    top = max((result.trial.rung.index for result in results), default=0)
    losses_at = {
        result.trial.number: loss
        for result, loss in zip(results, losses, strict=True)
        if result.trial.rung.index == top and math.isfinite(loss)
    }
    known = [
        result
        for result in results
        if result.trial.number in losses_at
        and all(map(math.isfinite, log_costs(result, objectives)))
    ]
    if not known:
        return Front(objectives=objectives, candidates=(), points=(), chosen=None)
    points = _points(known, [losses_at[r.trial.number] for r in known], objectives)
    on_front = np.flatnonzero(non_dominated(points))
    front = Front(
        objectives=objectives,
        candidates=tuple(known),
        points=tuple(known[i] for i in sorted(on_front, key=lambda i: tuple(points[i]))),
        chosen=None,
    )
    chosen = front.preference.choose([r.trial.number for r in known], points[:, 0])
    return Front(
        objectives=objectives,
        candidates=front.candidates,
        points=front.points,
        chosen=known[chosen],
    )


def by_domination(
    results: Sequence[TrialResult], losses: Sequence[float], objectives: Objectives
) -> list[TrialResult]:
    """Order trials of one rung: front after front, within each the least crowded first.

    That is how successive halving promotes with several objectives (Schmucker et al. 2021,
    "Multi-objective asynchronous successive halving").

    Parameters
    ----------
    results : sequence of TrialResult
        Trials of the same rung.
    losses : sequence of float
        Their losses. Trials without a finite loss or cost come last.
    objectives : Objectives
        Objectives of the run.
    """
    points = _points(results, losses, objectives)
    known = np.flatnonzero(np.isfinite(points).all(axis=1))
    ranks = np.full(len(results), len(results), dtype=np.intp)
    crowding = np.zeros(len(results))
    ranks[known] = domination_ranks(points[known])
    for rank in set(ranks[known].tolist()):
        shell = np.flatnonzero(ranks == rank)
        crowding[shell] = crowding_distances(points[shell])
    order = sorted(
        range(len(results)),
        key=lambda i: (ranks[i], -crowding[i], losses[i], results[i].trial.number),
    )
    return [results[i] for i in order]


def log_costs(result: TrialResult, objectives: Objectives) -> tuple[float, ...]:
    """Return the logarithms of a trial's costs; NaN for one that was not measured."""
    costs = (float(getattr(result, name)) for name in objectives.costs)
    return tuple(math.log(cost) if cost > 0.0 else math.nan for cost in costs)


def _points(
    results: Sequence[TrialResult], losses: Sequence[float], objectives: Objectives
) -> "FloatArray":
    rows = [
        (loss, *log_costs(result, objectives)) for result, loss in zip(results, losses, strict=True)
    ]
    return np.array(rows, dtype=np.float64).reshape(len(results), 1 + len(objectives.costs))
