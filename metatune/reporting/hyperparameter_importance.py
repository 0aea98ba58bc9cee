"""Importances of hyperparameters, as values."""

from dataclasses import asdict, dataclass
from typing import TYPE_CHECKING, Any

from metatune.files.plain import without_nan
from metatune.notation.numbers import percent

if TYPE_CHECKING:
    import pandas as pd

__all__ = ["HyperparameterImportance", "Importance", "SpaceImportance"]

_SHOWN = 3


@dataclass(frozen=True, slots=True, kw_only=True)
class Importance:
    """Importance of a hyperparameter, or of the interaction of two.

    Attributes
    ----------
    hyperparameters : tuple of str
        One name, or two.
    share : float
        Share of the variance of scores that it explains in this run; the mean over trees.
    low, high : float
        Four of five trees, each fitted to a bootstrap sample of the trials, lie between.
    past, past_low, past_high : float or None
        The same over past tables of the task kind: the mean, and where four of five tables lie;
        None where the meta-dataset does not know enough configurations.
    """

    hyperparameters: tuple[str, ...]
    share: float
    low: float
    high: float
    past: float | None = None
    past_low: float | None = None
    past_high: float | None = None

    @property
    def name(self) -> str:
        """Name for people."""
        return " x ".join(self.hyperparameters)


@dataclass(frozen=True, slots=True, kw_only=True)
class SpaceImportance:
    """Importances in the space of one family, or of all families together.

    Attributes
    ----------
    family : str
        Name of the family; "all families" for all together that have enough configurations, whose
        hyperparameters are then named ``family.hyperparameter``.
    n_configurations : int
        Configurations with a score in this run.
    hyperparameters : tuple of Importance
        Single hyperparameters, the most important first.
    interactions : tuple of Importance
        Pairs among those that explain most alone.
    explained : float or None
        Share of the variance between trials that trees explain which have not seen them; where it
        is not above 0, the importances are chance.
    not_varied : tuple of str
        Hyperparameters that had the same value in all trials, about which nothing can be said.
    n_scheduled : int
        Configurations among them whose hyperparameters changed while the model was trained: each
        counts with its mean over the iterations.
    n_past : int
        Past tables; 0 where the meta-dataset does not know enough configurations.
    note : str
        Reason why there are no importances; empty if there are.
    """

    family: str
    n_configurations: int
    hyperparameters: tuple[Importance, ...] = ()
    interactions: tuple[Importance, ...] = ()
    explained: float | None = None
    not_varied: tuple[str, ...] = ()
    n_scheduled: int = 0
    n_past: int = 0
    note: str = ""

    @property
    def about_schedules(self) -> str:
        """Sentence about configurations with a schedule; empty without any."""
        if not self.n_scheduled:
            return ""
        return (
            f"{self.n_scheduled:,} of them changed hyperparameters while the model was trained: "
            "what changed counts with its mean, at the length of the longest training"
        )


@dataclass(frozen=True, slots=True, kw_only=True, repr=False)
class HyperparameterImportance:
    """Importance of the hyperparameters of a run.

    Attributes
    ----------
    metric : str
        Metric of the run, whose differences are explained.
    past_metric : str
        Metric of past tables: the same if the meta-dataset records it.
    spaces : tuple of SpaceImportance
        All families together, then each that was tried, those with most configurations first.
    """

    metric: str
    past_metric: str
    spaces: tuple[SpaceImportance, ...] = ()

    def to_dict(self) -> dict[str, Any]:
        """Return plain values."""
        plain: dict[str, Any] = without_nan(asdict(self))
        return plain

    def to_frame(self) -> "pd.DataFrame":
        """Return a table with a row for each importance.

        Returns
        -------
        DataFrame
            Columns family, hyperparameter (two joined by " x " for an interaction), interaction
            (whether it is one), share, low, high, past, past_low and past_high.
        """
        import pandas as pd

        figures = ("share", "low", "high", "past", "past_low", "past_high")
        rows = [
            {
                "family": space.family,
                "hyperparameter": one.name,
                "interaction": len(one.hyperparameters) > 1,
                **{name: getattr(one, name) for name in figures},
            }
            for space in self.spaces
            for one in (*space.hyperparameters, *space.interactions)
        ]
        columns = ["family", "hyperparameter", "interaction", *figures]
        return pd.DataFrame(rows, columns=columns).astype(dict.fromkeys(figures, "float64"))

    def __repr__(self) -> str:
        lines = [f"importance of hyperparameters for {self.metric}:"]
        for space in self.spaces:
            first = ", ".join(
                f"{one.name} {percent(one.share)}" for one in space.hyperparameters[:_SHOWN]
            )
            lines.append(f"  {space.family}: {first or space.note}")
        return "\n".join(lines)
