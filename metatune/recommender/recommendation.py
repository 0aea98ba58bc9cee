"""Recommendation values: ranked configurations and similar past datasets."""

from dataclasses import dataclass

from metatune.space import Configuration

__all__ = ["Course", "Neighbour", "Outlook", "Recommendation", "Recommendations"]


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


@dataclass(frozen=True, slots=True, kw_only=True)
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
