"""Objectives of a run besides its metric: what a model costs, and the choice among the front."""

from collections.abc import Sequence
from dataclasses import dataclass
from difflib import get_close_matches
from typing import Any

from metatune.errors import OptionError
from metatune.notation.numbers import duration, size

__all__ = ["COSTS", "Objectives", "TrialCost", "read_objectives"]


@dataclass(frozen=True, slots=True, kw_only=True)
class TrialCost:
    """Cost that a search can keep low.

    Attributes
    ----------
    name : str
        Name of the objective, of the attribute of a trial's result, and of the leaderboard's
        column.
    short : str
        Heading of a narrow column.
    about : str
        Description for people.
    is_measured : bool
        Whether it is a time, which differs a little each time that it is measured.
    """

    name: str
    short: str
    about: str
    is_measured: bool

    def in_words(self, value: float) -> str:
        """Write a value with its unit."""
        return duration(value) if self.is_measured else size(value)


_KNEE = "knee"  # word for the usual choice, where another one was made before

_ALL = (
    TrialCost(
        name="predict_seconds",
        short="predict",
        about="seconds to predict the rows of all folds",
        is_measured=True,
    ),
    TrialCost(
        name="latency",
        short="one row",
        about="seconds to predict one row on its own, without the work on its columns",
        is_measured=True,
    ),
    TrialCost(
        name="fit_seconds",
        short="fit",
        about="seconds to fit the models of all folds",
        is_measured=True,
    ),
    TrialCost(
        name="model_bytes",
        short="size",
        about="size of the model in memory",
        is_measured=False,
    ),
)

COSTS = {cost.name: cost for cost in _ALL}
"""Costs by name."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Objectives:
    """Objectives of a run that has several.

    Attributes
    ----------
    metric : str
        First of them.
    costs : tuple of str
        Names of the others, of `COSTS`; less is better.
    prefer : str or None
        Objective whose best model on the front is the run's; None for the knee of the front.
    """

    metric: str
    costs: tuple[str, ...]
    prefer: str | None = None

    @property
    def names(self) -> tuple[str, ...]:
        """Names of all, the metric first."""
        return (self.metric, *self.costs)

    @property
    def preferred(self) -> int | None:
        """Position of the preferred objective; None for the knee."""
        return None if self.prefer is None else self.names.index(self.prefer)

    @property
    def measured(self) -> tuple[str, ...]:
        """Names of those that are times."""
        return tuple(name for name in self.costs if COSTS[name].is_measured)


def read_objectives(names: Sequence[Any], prefer: str | None = None) -> Objectives | None:
    """Read the objectives of a run as a user gives them.

    Parameters
    ----------
    names : sequence of str
        A metric, then costs; a metric alone, or nothing, are no objectives beyond the usual.
    prefer : str, optional
        One of them, or ``"knee"``, which is what None means.

    Returns
    -------
    Objectives or None
        None where the metric is all that counts.

    Raises
    ------
    OptionError
        If the first one is a cost, another one is none, one is named twice, or what is preferred
        is not among them. Whether there is a metric of the first name is not looked at.
    """
    metric, costs = (names[0] if names else None), tuple(names[1:])
    if metric in COSTS:
        others = [name for name in costs if name not in COSTS]
        first = others[0] if others else "roc_auc"
        raise OptionError(
            f"objective {metric!r} is a cost, and the first objective is a metric: "
            f"put one before it, like {first}"
        )
    for place, name in enumerate(costs, start=1):
        if name in names[:place]:
            raise OptionError(f"objective {name!r} is named twice: name each one once")
        if name not in COSTS:
            raise OptionError(_unknown(name))
    prefer = None if costs and prefer == _KNEE else prefer
    if prefer is not None and (not costs or prefer not in names):
        raise OptionError(_not_among(prefer, list(map(str, names)) if costs else []))
    if not costs:
        return None
    return Objectives(metric=str(metric), costs=costs, prefer=prefer)


def _unknown(name: object) -> str:
    near = get_close_matches(str(name).lower(), COSTS, n=1)
    hint = f"did you mean {near[0]!r}?" if near else f"costs are {', '.join(COSTS)}"
    return f"objective {name!r} is no cost, and all but the first objective are costs: {hint}"


def _not_among(prefer: str, names: list[str]) -> str:
    said = f"{prefer!r} is preferred and no objective"
    if not names:
        return f"{said}: there are none, name a metric and a cost as objectives"
    near = get_close_matches(str(prefer).lower(), names, n=1)
    hint = f"did you mean {near[0]!r}?" if near else f"they are {', '.join(names)}, or say knee"
    return f"{said}: {hint}"
