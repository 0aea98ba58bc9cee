"""Rungs: the fidelity levels of successive halving.

A rung is a share of the training rows and a number of folds. The top rung uses all rows and all
folds; rungs below use one fold and, on larger tables, fewer rows (Karnin et al. 2013; Li et al.
2020, "A system for massively parallel hyperparameter tuning").
"""

from dataclasses import dataclass

__all__ = ["REDUCTION_FACTOR", "Rung", "plan_rungs"]

REDUCTION_FACTOR = 3
"""One in so many configurations is promoted to the next rung (eta)."""

_MIN_TRAIN_ROWS = 400  # below so many rows a subsample says little about the whole
_MAX_ROW_RUNGS = 3


@dataclass(frozen=True, slots=True, kw_only=True)
class Rung:
    """One fidelity level.

    Attributes
    ----------
    index : int
        0 is the cheapest.
    row_share : float
        Share of each fold's training rows, in (0, 1].
    n_folds : int
        Folds that are evaluated, from the first on.
    """

    index: int
    row_share: float
    n_folds: int


def plan_rungs(n_train_rows: int, n_folds: int) -> tuple[Rung, ...]:
    """Lay out the rungs for a table.

    Parameters
    ----------
    n_train_rows : int
        Training rows of one fold.
    n_folds : int
        Folds of the top rung.

    Returns
    -------
    tuple of Rung
        From the cheapest to the top. Small tables start with all rows and one fold.
    """
    shares = [1.0]
    while (
        len(shares) <= _MAX_ROW_RUNGS
        and n_train_rows * shares[-1] / REDUCTION_FACTOR >= _MIN_TRAIN_ROWS
    ):
        shares.append(shares[-1] / REDUCTION_FACTOR)
    levels = [(share, 1) for share in reversed(shares)]
    if n_folds > 1:
        levels.append((1.0, n_folds))
    return tuple(Rung(index=i, row_share=s, n_folds=f) for i, (s, f) in enumerate(levels))
