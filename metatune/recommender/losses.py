"""Error shares, by which datasets are compared: the share of the constant's error that remains.

A share of 1 is as bad as predicting the same for every row, 0 is perfect. The meta-model works with
its logarithm: an error halved counts the same on easy and on hard datasets, and a factor that all
configurations have in common becomes an offset.
"""

import math
from typing import TYPE_CHECKING

import numpy as np

if TYPE_CHECKING:
    from metatune._typing import FloatArray


__all__ = ["FAILED", "error_share", "log_share", "score_of_value", "share_of_log"]

_OFFSET = 0.01  # a hundredth of the constant's error: less does not matter, and log(0) is no number
_WORST = 3.0  # a model may do worse than the constant; how much worse says little


def error_share(score: float, *, constant: float, perfect: float) -> float:
    """Return the share of the constant's error that a score leaves.

    Parameters
    ----------
    score : float
        Score of a configuration, with the metric's own sign.
    constant : float
        Score of the constant prediction.
    perfect : float
        Score of a prediction without error.

    Returns
    -------
    float
        0 is perfect, 1 as bad as the constant; NaN where that cannot be told.
    """
    gap = perfect - constant
    if not (math.isfinite(score) and math.isfinite(gap)) or gap == 0.0:
        return math.nan
    return (perfect - score) / gap


def log_share(share: "FloatArray") -> "FloatArray":
    """Take the logarithm, cut off where shares are too small or too large to matter."""
    return np.asarray(np.log(np.clip(share, 0.0, _WORST) + _OFFSET))


def share_of_log(value: "FloatArray") -> "FloatArray":
    """Undo `log_share`."""
    return np.asarray(np.clip(np.exp(value) - _OFFSET, 0.0, _WORST))


def score_of_value(value: float, *, constant: float, perfect: float) -> float:
    """Return the score that a logarithm of an error share stands for."""
    return perfect - float(share_of_log(np.array(value))) * (perfect - constant)


FAILED = float(log_share(np.array(1.0)))
"""Value of a failed trial, which leaves the constant prediction."""
