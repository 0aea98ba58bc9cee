"""Estimate of a score on new rows, as a value: light to import, for all who only show it."""

from dataclasses import dataclass

__all__ = ["LEVEL", "Estimate", "NoEstimate"]

LEVEL = 0.95
"""Of the intervals."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Estimate:
    """Score to expect of the model on new rows.

    Attributes
    ----------
    metric : str
        In which the scores are.
    score : float
        Corrected for having chosen the best of many, in the metric's own sign.
    low, high : float
        Interval of `level`; `low` <= `score` <= `high` as numbers.
    level : float
        0.95.
    optimistic : float
        Score of what was chosen, on the very rows that it was chosen by.
    n_candidates : int
        Among how many it was chosen.
    method : str
        "bias-corrected bootstrap", or "bootstrap" where there was no choice to correct for.
    n_bootstraps : int
        Draws that count.
    n_skipped : int
        Draws on which the metric was undefined.
    n_rows : int
        Rows with predictions of models that had not seen them.
    """

    metric: str
    score: float
    low: float
    high: float
    level: float = LEVEL
    optimistic: float
    n_candidates: int
    method: str
    n_bootstraps: int
    n_skipped: int
    n_rows: int


@dataclass(frozen=True, slots=True, kw_only=True)
class NoEstimate:
    """Reason why there is no estimate.

    Attributes
    ----------
    reason : str
        A few words.
    """

    reason: str
