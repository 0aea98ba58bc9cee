"""Growth of an estimate: from the models of folds to one of all rows."""

import math
from dataclasses import replace

from scipy.special import ndtri

from metatune.estimate.values import LEVEL, Estimate

__all__ = ["grown"]


def grown(estimate: Estimate, *, perfect: float, shift: float, spread: float) -> Estimate:
    """Return the estimate of a model that learned from more rows than those that were scored.

    Parameters
    ----------
    estimate : Estimate
        Estimate by predictions of models of folds.
    perfect : float
        Score of a prediction without error.
    shift : float
        Expected change of the logarithm of the loss, which is the distance to `perfect`.
    spread : float
        Standard deviation of that change: the interval is widened by it, in quadrature.

    Returns
    -------
    Estimate
        Unchanged where there is no loss to speak of.
    """
    loss = abs(perfect - estimate.score)
    if not (math.isfinite(loss) and loss > 0.0):
        return estimate
    sign = 1.0 if perfect > estimate.score else -1.0
    reach = -float(ndtri(0.5 * (1.0 - LEVEL))) * spread
    score = perfect - sign * loss * math.exp(shift)

    def moved(end: float) -> float:
        ratio = abs(perfect - end) / loss
        if ratio == 0.0:  # perfect, whatever the rows
            return end
        distance = math.copysign(math.hypot(math.log(ratio), reach), math.log(ratio))
        return perfect - sign * loss * math.exp(shift + distance)

    return replace(
        estimate,
        score=score,
        low=min(score, moved(estimate.low)),
        high=max(score, moved(estimate.high)),
        growth=math.exp(shift),
    )
