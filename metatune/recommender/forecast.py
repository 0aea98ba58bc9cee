"""Forecast: expectations on one dataset before its first trial."""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

import numpy as np

from metatune.recommender.belief import Belief, BeliefSettings
from metatune.recommender.cost import CostModel
from metatune.recommender.levels import LEVELS, TOP
from metatune.recommender.meta_model import MetaModel
from metatune.space import Configuration

if TYPE_CHECKING:
    from metatune._typing import BoolArray, FloatArray


__all__ = ["Forecast", "level_log_seconds", "make_forecast"]


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Forecast:
    """Expectations for the configurations that may be used.

    Columns of the belief are configurations x levels, the levels of a configuration side by side.

    Attributes
    ----------
    configurations : tuple of Configuration
        Usable configurations of the pool.
    regret : ndarray of shape (n_datasets, n_configurations)
        Normalised regret on past datasets.
    weights : ndarray of shape (n_datasets,)
        Proximity of past datasets; adds up to 1.
    belief : Belief
        Belief about the values of `metatune.recommender.past.Past`.
    log_seconds : ndarray of shape (n_configurations, n_levels)
        Expected logarithm of the processor seconds of a trial.
    spread : float
        Factor by which deviations before the first trial are too small; see `MetaModel`.
    """

    configurations: tuple[Configuration, ...]
    regret: "FloatArray"
    weights: "FloatArray"
    belief: Belief
    log_seconds: "FloatArray"
    spread: float = 1.0

    @property
    def n_levels(self) -> int:
        """Levels of fidelity."""
        return int(self.log_seconds.shape[1])

    def at_levels(self, levels: Sequence[int]) -> "Forecast":
        """Return the forecast for some of the levels only.

        Parameters
        ----------
        levels : sequence of int
            Levels to keep, in ascending order.
        """
        first = np.arange(len(self.configurations)) * self.n_levels
        columns = (first[:, None] + np.array(levels, dtype=np.intp)).ravel()
        return replace(
            self, belief=self.belief.only(columns), log_seconds=self.log_seconds[:, list(levels)]
        )


def level_log_seconds(
    cost: CostModel, size: tuple[float, int, int], n_folds: int, weights: "FloatArray"
) -> "FloatArray":
    """Predict the logarithm of the processor seconds of every configuration at every level.

    Parameters
    ----------
    cost : CostModel
        Predicts seconds.
    size : tuple of (float, int, int)
        Training rows of a fold, columns, classes.
    n_folds : int
        Folds of the top level.
    weights : ndarray of shape (n_datasets,)
        Proximity of past datasets; adds up to 1.

    Returns
    -------
    ndarray of shape (n_configurations, n_levels)
    """
    n_rows, n_columns, n_classes = size
    found = [cost.log_seconds(share * n_rows, n_columns, n_classes, weights) for share in LEVELS]
    found[TOP] = found[TOP] + np.log(n_folds)
    return np.column_stack(found)


def make_forecast(
    model: MetaModel,
    *,
    usable: "BoolArray",
    weights: "FloatArray",
    left_out: "BoolArray",
    log_seconds: "FloatArray",
    settings: BeliefSettings | None = None,
) -> Forecast:
    """Make the forecast for a dataset.

    Parameters
    ----------
    model : MetaModel
        Meta-model of the past datasets.
    usable : ndarray of bool, shape (n_pool,)
        Configurations that may be used; at least one.
    weights : ndarray of shape (n_datasets,)
        Proximity of past datasets.
    left_out : ndarray of bool, shape (n_datasets,)
        Past datasets that do not count at all.
    log_seconds : ndarray of shape (n_pool, n_levels)
        Expected logarithm of the processor seconds of a trial.
    settings : BeliefSettings, optional
        Settings of the prior.
    """
    columns = np.flatnonzero(usable)
    counted = ~left_out
    values = model.values[:, columns, :]
    return Forecast(
        configurations=tuple(model.configurations[i] for i in columns),
        regret=model.regret[counted][:, columns],
        weights=weights[counted],
        belief=Belief.from_past(
            values[counted].reshape(int(counted.sum()), -1),
            weights[counted],
            settings or BeliefSettings(),
        ),
        log_seconds=log_seconds[columns],
        spread=model.spread,
    )
