"""Estimate of a score on new rows, as a value: light to import, for all who only show it."""

from dataclasses import asdict, dataclass
from typing import TYPE_CHECKING, Any

from metatune.notation.cards import Card
from metatune.notation.numbers import number, percent

if TYPE_CHECKING:
    import pandas as pd

__all__ = ["LEVEL", "Estimate", "NoEstimate"]

LEVEL = 0.95
"""Of the intervals."""


@dataclass(frozen=True, slots=True, kw_only=True, repr=False)
class Estimate:
    """Score to expect of the model on new rows.

    Attributes
    ----------
    metric : str
        In which the scores are.
    score : float
        Corrected for having chosen the best of many, and for the rows that models of folds lack,
        in the metric's own sign.
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
    growth : float
        Factor of the loss by which a model of all rows is expected to be better than those of
        folds, by past datasets; 1 without a correction.
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
    growth: float = 1.0

    def in_words(self) -> str:
        """Return a line that says what to expect on new rows."""
        ends = f"{number(self.low)} to {number(self.high)}"
        said = f"{number(self.score)}, {percent(self.level)} interval {ends}"
        if self.n_candidates == 1:
            return f"{said} (honest: there was nothing to choose from)"
        looked = f"the best of {self.n_candidates} looked like {number(self.optimistic)}"
        fewer = " with fewer rows to learn from" if self.growth < 1.0 else ""
        return f"{said} (honest; {looked}{fewer})"

    def to_dict(self) -> dict[str, Any]:
        """Return plain values."""
        return asdict(self)

    def to_frame(self) -> "pd.DataFrame":
        """Return a table of one row, its columns the attributes."""
        import pandas as pd

        return pd.DataFrame([asdict(self)])

    def __repr__(self) -> str:
        return self._card().text()

    def _repr_html_(self) -> str:
        return self._card().html()

    def _card(self) -> Card:
        rows = f"{self.n_rows:,} rows, predicted by models that had not seen them"
        return Card(
            title=f"Estimate of {self.metric} on new rows",
            facts=(
                ("score", number(self.score)),
                (f"{percent(self.level)} interval", f"{number(self.low)} to {number(self.high)}"),
                ("looked like", f"{number(self.optimistic)}, the best of {self.n_candidates}"),
                ("from", rows),
                ("by", f"{self.method}, {self.n_bootstraps} draws"),
            ),
        )


@dataclass(frozen=True, slots=True, kw_only=True, repr=False)
class NoEstimate:
    """Reason why there is no estimate. It is false in conditions, as None is.

    Attributes
    ----------
    reason : str
        A few words.
    """

    reason: str

    def __bool__(self) -> bool:
        return False

    def __repr__(self) -> str:
        return f"no honest estimate: {self.reason}"

    def to_dict(self) -> dict[str, Any]:
        """Return plain values."""
        return asdict(self)
