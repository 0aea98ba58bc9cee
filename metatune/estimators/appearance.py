"""Appearance of the estimators: as a card once they are fitted, as a table, as plain values."""

from dataclasses import asdict
from typing import TYPE_CHECKING, Any

from sklearn.utils.validation import check_is_fitted

from metatune.estimators.contract import ScikitLearnEstimator
from metatune.listeners.words import short_extent
from metatune.notation.cards import Card, Grid
from metatune.notation.numbers import duration, milliseconds, number, short_settings
from metatune.tuning.summary import summary_rows

if TYPE_CHECKING:
    import pandas as pd

    from metatune.storage.record import Outcome

__all__ = ["Appearance"]

_SHOWN = 8  # configurations of a card


class Appearance(ScikitLearnEstimator):
    """Base of estimators that say what they found; an unfitted one looks as scikit-learn has it."""

    leaderboard_: "pd.DataFrame"
    metric_: str
    _greater_is_better: bool
    _outcome: "Outcome"

    def to_frame(self) -> "pd.DataFrame":
        """Return the leaderboard: configurations from best to worst, then failures."""
        check_is_fitted(self, "pipeline_")
        return self.leaderboard_.copy()

    def to_dict(self) -> dict[str, Any]:
        """Return what was found as plain values.

        Returns
        -------
        dict
            The metric, and what the record of a run says of its outcome: score, estimate (or
            no_estimate, the reason), winner, ensemble, model (its cost), trials, ...
        """
        check_is_fitted(self, "pipeline_")
        return {"metric": self.metric_, **asdict(self._outcome)}

    def __repr__(self, N_CHAR_MAX: int = 700) -> str:
        usual = str(super().__repr__(N_CHAR_MAX))
        return usual if not self._is_fitted else self._card(usual).text()

    def _repr_html_(self) -> str:
        if not self._is_fitted:
            return str(super()._repr_html_())
        return self._card(str(super().__repr__())).html()

    def _repr_mimebundle_(self, **given: Any) -> dict[str, Any]:
        if not self._is_fitted:
            bundle: dict[str, Any] = super()._repr_mimebundle_(**given)
            return bundle
        return {"text/plain": repr(self), "text/html": self._repr_html_()}

    @property
    def _is_fitted(self) -> bool:
        return "_outcome" in vars(self)

    def _card(self, title: str) -> Card:
        facts = summary_rows(self._outcome, self.metric_, self._greater_is_better)
        return Card(title=title, facts=tuple(facts), grids=(_board(self.leaderboard_),))


def _board(leaderboard: "pd.DataFrame") -> Grid:
    ranked = leaderboard[leaderboard["rank"].notna()]
    rows = [
        (
            str(row["rank"]),
            str(row["algorithm"]),
            number(row["score"]),
            "" if row["rank"] == 0 else short_extent(row["row_share"], row["n_folds"]),
            "" if row["rank"] == 0 else duration(row["fit_seconds"]),
            milliseconds(row["latency"]),
            short_settings(str(row["configuration"])),
        )
        for row in ranked.to_dict("records")
    ]
    headings = ("rank", "algorithm", "score", "rows", "fit", "one row", "settings")
    right = ("rank", "score", "rows", "fit", "one row")
    return Grid.of(headings, rows, right=right, most=_SHOWN, rest="leaderboard_")
