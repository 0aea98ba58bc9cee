"""Levels of fidelity at which past evaluations and trials of a run can be compared.

The rungs of the meta-dataset and of a run depend on the size of a table and differ; levels are a
common scale.
"""

import math

__all__ = ["LEVELS", "TOP", "level_of"]

LEVELS = (1 / 9, 1 / 3, 1.0, 1.0)
"""Shares of the training rows: on one fold each, on the last level on all folds."""

TOP = len(LEVELS) - 1
"""Top level: all rows and all folds."""


def level_of(row_share: float, n_folds: int) -> int:
    """Return the level that comes nearest to a rung.

    Parameters
    ----------
    row_share : float
        Share of the training rows, in (0, 1].
    n_folds : int
        Folds that are evaluated.
    """
    if row_share == 1.0:
        return TOP if n_folds > 1 else TOP - 1
    below = LEVELS[: TOP - 1]
    distance = [abs(math.log(row_share / share)) for share in below]
    return distance.index(min(distance))
