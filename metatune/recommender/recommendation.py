"""Recommendation values: ranked configurations and similar past datasets."""

from dataclasses import asdict, dataclass
from typing import TYPE_CHECKING, Any

from metatune.files.plain import without_nan
from metatune.notation.cards import Card, Grid
from metatune.notation.numbers import duration, number, percent, settings
from metatune.space import Configuration

if TYPE_CHECKING:
    import pandas as pd

__all__ = [
    "Course",
    "Neighbour",
    "Outlook",
    "Recommendation",
    "Recommendations",
    "familiarity_in_words",
]

_FAMILIARITY = (
    (0.05, "unlike anything known: the recommendations are those that work for most datasets"),
    (0.25, "unusual"),
    (0.6, "fairly familiar"),
    (1.0, "familiar"),
)
_SHOWN = 10  # recommendations of a card
_SHOWN_NEIGHBOURS = 5


def familiarity_in_words(value: float) -> str:
    """Return words for the familiarity of a dataset, a number in [0, 1]."""
    return next(words for limit, words in _FAMILIARITY if value <= limit or limit == 1.0)


@dataclass(frozen=True, slots=True, kw_only=True)
class Recommendation:
    """Configuration worth trying.

    Attributes
    ----------
    rank : int
        1 is tried first.
    configuration : Configuration
        Configuration to try.
    expected_regret : float
        Expected normalised regret on this dataset: 0 is the best configuration of the pool, 1 the
        median one.
    expected_score : float
        Expected cross-validated score; NaN where the metric was not recorded in the past.
    score_interval : tuple of float
        The score lies between these with a probability of 80 %, the smaller one first.
    expected_seconds : float
        Predicted seconds of one evaluation on all folds, on one core.
    """

    rank: int
    configuration: Configuration
    expected_regret: float
    expected_score: float
    score_interval: tuple[float, float]
    expected_seconds: float


@dataclass(frozen=True, slots=True, kw_only=True)
class Neighbour:
    """Past dataset that resembles the new one.

    Attributes
    ----------
    dataset : str
        Name of the dataset.
    similarity : float
        Its share of the weight that all past datasets have; the weights add up to 1.
    n_rows, n_columns : int
        Size of the dataset.
    best : Configuration
        Best configuration on it.
    """

    dataset: str
    similarity: float
    n_rows: int
    n_columns: int
    best: Configuration


@dataclass(frozen=True, slots=True, kw_only=True)
class Course:
    """Expected best score over time, before the first trial.

    Attributes
    ----------
    metric : str
        In which scores are.
    seconds : tuple of float
        Since the search began.
    low, expected, high : tuple of float
        The best score of a single configuration in cross-validation, and what it lies between with
        a probability of 80 %; `low` is the smaller number.
    """

    metric: str
    seconds: tuple[float, ...]
    low: tuple[float, ...]
    expected: tuple[float, ...]
    high: tuple[float, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Outlook:
    """Expected effect of more time.

    Attributes
    ----------
    metric : str
        In which scores are.
    seconds : float
        So much more.
    now : float
        Best score of a single configuration in cross-validation without it.
    expected, low, high : float
        The same with it, and ends of its 80 % interval; `low` is the smaller number.
    chance : float
        Probability that a hundredth of the remaining error or more goes.
    """

    metric: str
    seconds: float
    now: float
    expected: float
    low: float
    high: float
    chance: float

    @property
    def is_likely_to_pay(self) -> bool:
        """True if that is more likely than not."""
        return self.chance > 0.5


@dataclass(frozen=True, slots=True, kw_only=True, repr=False)
class Recommendations:
    """Answer of the recommender.

    Attributes
    ----------
    ranked : tuple of Recommendation
        In the order in which to try them; covers every configuration of the pool that fits.
    neighbours : tuple of Neighbour
        The most similar past datasets, nearest first; empty if none stands out.
    familiarity : float
        In [0, 1]: the share of past datasets whose nearest others are no nearer than this
        dataset's. Near 0 the dataset resembles nothing known.
    n_datasets : int
        Past datasets that were used.
    excluded : tuple of str
        Past datasets left out because their content is this dataset's.
    course : Course or None
        Expected best score over time; None where it was not asked for.
    outlook : Outlook or None
        Expected effect of three times the budget; None likewise.
    """

    ranked: tuple[Recommendation, ...]
    neighbours: tuple[Neighbour, ...] = ()
    familiarity: float = 0.0
    n_datasets: int = 0
    excluded: tuple[str, ...] = ()
    course: Course | None = None
    outlook: Outlook | None = None

    def to_frame(self) -> "pd.DataFrame":
        """Return the ranked configurations as a table.

        Returns
        -------
        DataFrame
            Columns: rank, algorithm, configuration, expected_score, score_low, score_high,
            expected_regret and expected_seconds.
        """
        import pandas as pd

        rows = [
            (
                *(r.rank, r.configuration.algorithm, str(r.configuration), r.expected_score),
                *(*r.score_interval, r.expected_regret, r.expected_seconds),
            )
            for r in self.ranked
        ]
        names = ["rank", "algorithm", "configuration", "expected_score", "score_low", "score_high"]
        return pd.DataFrame(rows, columns=[*names, "expected_regret", "expected_seconds"])

    def to_dict(self) -> dict[str, Any]:
        """Return plain values, as JSON can hold them."""
        plain: dict[str, Any] = without_nan(asdict(self))
        return {**plain, "familiarity_in_words": familiarity_in_words(self.familiarity)}

    def __repr__(self) -> str:
        return self._card().text()

    def _repr_html_(self) -> str:
        return self._card().html()

    def _card(self) -> Card:
        known = f"{number(self.familiarity, 3)} of 1, {familiarity_in_words(self.familiarity)}"
        excluded = (("left out", f"{', '.join(self.excluded)}: this very data"),)
        none = (("similar", "none resembles this one more than others do: all count about alike"),)
        return Card(
            title=f"{len(self.ranked):,} recommendations from {self.n_datasets:,} past datasets",
            facts=(
                ("familiarity", known),
                *(() if self.neighbours else none),
                *(excluded if self.excluded else ()),
            ),
            grids=(self._ranked_grid(), *((self._neighbours_grid(),) if self.neighbours else ())),
        )

    def _ranked_grid(self) -> Grid:
        rows = [
            (
                str(r.rank),
                r.configuration.algorithm,
                number(r.expected_score),
                " .. ".join(map(number, r.score_interval)),
                duration(r.expected_seconds),
                settings(r.configuration.params),
            )
            for r in self.ranked
        ]
        headings = ("rank", "algorithm", "expected score", "80 % interval", "time", "settings")
        right = ("rank", "expected score", "80 % interval", "time")
        return Grid.of(headings, rows, right=right, most=_SHOWN, rest="to_frame()")

    def _neighbours_grid(self) -> Grid:
        rows = [
            (
                n.dataset,
                percent(n.similarity),
                f"{n.n_rows:,} x {n.n_columns:,}",
                n.best.algorithm,
            )
            for n in self.neighbours
        ]
        headings = ("most similar past datasets", "weight", "size", "best there")
        right = ("weight", "size")
        return Grid.of(headings, rows, right=right, most=_SHOWN_NEIGHBOURS, rest="neighbours")
