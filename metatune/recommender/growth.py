"""Growth of a score with the training rows, as past datasets show it."""

import math
from dataclasses import dataclass

import numpy as np

from metatune.recommender.belief import BeliefSettings
from metatune.recommender.forecast import Forecast
from metatune.recommender.levels import LEVELS, TOP

__all__ = ["Growth", "expected_growth"]

_THIRD, _WHOLE = TOP - 2, TOP - 1
"""Levels of one fold, on a third of the training rows and on all of them."""

_N_BEST = 10  # configurations whose growth counts: those that a run ends with


@dataclass(frozen=True, slots=True, kw_only=True)
class Growth:
    """Growth of a score with the training rows: the loss falls with a power of them.

    Attributes
    ----------
    slope : float
        Change of the logarithm of the loss by a unit of the logarithm of the rows, at most 0.
    spread : float
        Its standard deviation among past datasets that resemble this one.
    """

    slope: float
    spread: float


def expected_growth(forecast: Forecast) -> Growth | None:
    """Return the growth to expect of the best configurations, from similar past datasets.

    Learning curves are about power laws (Viering and Loog 2023, "The shape of learning curves: a
    review", IEEE Transactions on Pattern Analysis and Machine Intelligence 45).

    Parameters
    ----------
    forecast : Forecast
        Expectations before the first trial, at all levels.

    Returns
    -------
    Growth or None
        None where no configuration is known.
    """
    belief, n_configurations = forecast.belief, len(forecast.configurations)
    if not n_configurations or forecast.n_levels != len(LEVELS):
        return None
    guesses = belief.means.reshape(len(belief.weights), n_configurations, len(LEVELS))
    best = np.argsort(belief.weights @ guesses[:, :, TOP], kind="stable")[:_N_BEST]
    steps = np.median(guesses[:, best, _WHOLE] - guesses[:, best, _THIRD], axis=1)
    slopes = steps / math.log(LEVELS[_WHOLE] / LEVELS[_THIRD])
    slope = float(belief.weights @ slopes)
    variance = float(belief.weights @ (slopes - slope) ** 2)
    # Guesses are moved towards their mean by the bandwidth.
    return Growth(
        slope=min(0.0, slope), spread=math.sqrt(variance / (1.0 - BeliefSettings().bandwidth))
    )
