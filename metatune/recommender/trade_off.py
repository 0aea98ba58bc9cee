"""Trade-off between the loss and the costs of a model, as one number to improve.

ParEGO (Knowles 2006, "ParEGO: a hybrid algorithm with on-line landscape approximation for expensive
multiobjective optimization problems") draws weights for each proposal, joins the objectives by the
augmented Chebyshev function, and looks for the largest expected improvement of it: over many draws
that leads to all parts of the front. Here the loss has the posterior of past datasets and this
run's trials, and each cost one of its own, by kriging over the hyperparameters tried.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from metatune.recommender.kernel import kriging_weights
from metatune.space import Configuration, SearchSpace

if TYPE_CHECKING:
    from metatune._typing import FloatArray
    from metatune.recommender.belief import Posterior

__all__ = ["Chebyshev", "CostForecast", "TradeOff", "forecast_costs"]

_AUGMENTATION = 0.05  # of the sum beside the largest, as in the paper: no ties along the axes
_LOSS_NODES, _COST_NODES = 9, 3  # of the Gauss-Hermite quadrature
_LEAST_SPREAD = 0.05  # standard deviation of the logarithm of a cost within a family


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class CostForecast:
    """Forecast of the logarithms of costs.

    Attributes
    ----------
    mean, deviation : ndarray of shape (n_configurations, n_costs)
        Of each configuration.
    """

    mean: "FloatArray"
    deviation: "FloatArray"


def forecast_costs(
    asked: Sequence[Configuration],
    tried: Sequence[Configuration],
    log_costs: "FloatArray",
    spaces: Mapping[str, SearchSpace],
) -> CostForecast:
    """Predict what configurations cost from those that were tried.

    Parameters
    ----------
    asked : sequence of Configuration
        Configurations to predict. Those of a family that was not tried have the mean of all.
    tried : sequence of Configuration
        Configurations of known costs, at least one.
    log_costs : ndarray of shape (n_tried, n_costs)
        Logarithms of their costs.
    spaces : Mapping of str to SearchSpace
        Search spaces of the families.
    """
    weights = kriging_weights(asked, tried, spaces)
    families = np.array([c.algorithm for c in tried])
    centred = log_costs.copy()
    for family in set(families.tolist()):
        centred[families == family] -= log_costs[families == family].mean(axis=0)
    within = np.maximum(centred.std(axis=0), _LEAST_SPREAD)
    everywhere = np.maximum(log_costs.std(axis=0), within)
    is_known = np.isin([c.algorithm for c in asked], families)
    deviation = np.where(is_known[:, None], within, everywhere) * np.sqrt(weights.rest)[:, None]
    return CostForecast(mean=weights.shares @ log_costs, deviation=deviation)


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Chebyshev:
    """Augmented Chebyshev function, which joins several objectives into one.

    Attributes
    ----------
    weights : ndarray of shape (n_objectives,)
        Weights of the loss and of each cost; add up to 1.
    ideal, width : ndarray of shape (n_objectives,)
        Best value of each objective so far, and its range on the front: the loss on the scale of
        `metatune.recommender.losses`, costs as logarithms.
    """

    weights: "FloatArray"
    ideal: "FloatArray"
    width: "FloatArray"

    def of(self, objectives: "FloatArray") -> "FloatArray":
        """Return its value; less is better.

        Parameters
        ----------
        objectives : ndarray of shape (..., n_objectives)
            Loss and logarithms of costs.
        """
        scaled = self.weights * (objectives - self.ideal) / self.width
        return np.asarray(scaled.max(axis=-1) + _AUGMENTATION * scaled.sum(axis=-1))


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class TradeOff:
    """Trade-off to improve.

    Attributes
    ----------
    function : Chebyshev
        Function that joins the objectives.
    best : float
        Lowest value of it so far.
    costs : CostForecast
        Forecast for the configurations in `places`.
    places : Mapping of str to int
        Row of each configuration in it, by key.
    """

    function: Chebyshev
    best: float
    costs: CostForecast
    places: Mapping[str, int]

    def gain(self, posterior: "Posterior", configurations: Sequence[Configuration]) -> "FloatArray":
        """Return the expected improvement of each configuration below the best value so far.

        Loss and costs are taken as independent Gaussians with the moments of their posteriors.

        Parameters
        ----------
        posterior : Posterior
            Posterior of the losses.
        configurations : sequence of Configuration
            Configurations of its columns.

        Returns
        -------
        ndarray of shape (n_configurations,)
            Not negative.
        """
        rows = [self.places[c.key] for c in configurations]
        mean = np.column_stack([posterior.mean, self.costs.mean[rows]])
        deviation = np.column_stack([posterior.deviation, self.costs.deviation[rows]])
        nodes, weights = _grid(mean.shape[1])
        objectives = mean[:, None, :] + deviation[:, None, :] * nodes
        better = np.maximum(self.best - self.function.of(objectives), 0.0)
        return np.asarray(better @ weights)


def _grid(n_objectives: int) -> "tuple[FloatArray, FloatArray]":
    """Return nodes, (n_nodes, n_objectives), and weights of a product of Gauss-Hermite rules."""
    rules = [np.polynomial.hermite_e.hermegauss(_LOSS_NODES)]
    rules += [np.polynomial.hermite_e.hermegauss(_COST_NODES)] * (n_objectives - 1)
    nodes = np.stack(np.meshgrid(*(x for x, _ in rules), indexing="ij"), axis=-1)
    weights = np.ones(1)
    for _, own in rules:
        weights = np.multiply.outer(weights, own / own.sum()).ravel()
    return nodes.reshape(-1, n_objectives), weights
