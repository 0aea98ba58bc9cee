"""Schedule of hyperparameters: values that change while the training of one model goes on.

A configuration holds its schedule as one text, so that it stays a value of JSON scalars: stages
with their iterations, parted by bars, each with what changes at its beginning, such as
``50 | 50 learning_rate=0.08 subsample=0.7 | 50``. The first stage has the configuration's own
values.
"""

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

from metatune.errors import SpaceError

__all__ = ["SCHEDULE", "Growth", "Stage", "current_changes", "read_schedule", "write_schedule"]

SCHEDULE = "schedule"
"""Name of the hyperparameter that holds a schedule; configurations without one never change."""

_BAR = " | "


@dataclass(frozen=True, slots=True, kw_only=True)
class Stage:
    """Stage of a training.

    Attributes
    ----------
    iterations : int
        Boosting rounds or epochs, at least 1.
    changes : Mapping of str to float
        Hyperparameters that have another value from this stage on.
    """

    iterations: int
    changes: Mapping[str, float] = field(default_factory=dict)


def write_schedule(stages: Sequence[Stage]) -> str:
    """Return the text of a schedule."""
    return _BAR.join(
        " ".join([str(s.iterations), *(f"{k}={v!r}" for k, v in sorted(s.changes.items()))])
        for s in stages
    )


def read_schedule(text: str) -> tuple[Stage, ...]:
    """Return the stages that a text tells.

    Raises
    ------
    SpaceError
        If it is no schedule, or not as `write_schedule` writes it: two texts would be two
        configurations with one model.
    """
    try:
        stages = tuple(_read_stage(part) for part in text.split(_BAR))
    except (ValueError, TypeError, AttributeError) as error:
        raise SpaceError(f"{text!r:.80} is no schedule") from error
    if write_schedule(stages) != text:
        raise SpaceError(f"{text!r:.80} is no schedule")
    return stages


def _read_stage(part: str) -> Stage:
    count, *words = part.split(" ")
    pairs = [word.split("=") for word in words]
    changes = {name: float(value) for name, value in pairs}
    if int(count) < 1 or not all(map(math.isfinite, changes.values())):
        raise ValueError(part)
    return Stage(iterations=int(count), changes=changes)


def current_changes(stages: Sequence[Stage]) -> dict[str, float]:
    """Return the latest value of everything that has changed in the course of some stages."""
    return {name: value for stage in stages for name, value in stage.changes.items()}


@dataclass(frozen=True, slots=True, kw_only=True)
class Growth:
    """Growth of a model by steps, between which its hyperparameters may change.

    Attributes
    ----------
    step : int
        Boosting rounds or epochs of a step.
    changing : tuple of str
        Real hyperparameters that may change while training goes on.
    """

    step: int
    changing: tuple[str, ...]

    def changes(self, text: str) -> list[tuple[str, float]]:
        """Return the changes in a schedule.

        Raises
        ------
        SpaceError
            If it cannot be read, or something changes that may not.
        """
        found = [change for stage in read_schedule(text) for change in stage.changes.items()]
        for name, _ in found:
            if name not in self.changing:
                raise SpaceError(f"{name} cannot change in a schedule")
        return found
