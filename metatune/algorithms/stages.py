"""Stages of a learner whose hyperparameters change while training goes on.

A model after some stages is the beginning of every model whose schedule goes on from there: the
seed of a stage depends on the values that training began with and on the number of the stage, never
on what follows.
"""

from collections.abc import Callable, Mapping
from dataclasses import replace
from typing import Any

from metatune.algorithms.base import BuildContext
from metatune.schedule import SCHEDULE, current_changes, read_schedule
from metatune.space import Configuration

__all__ = ["first_values", "learner_stages", "training_seed"]


def first_values(configuration: Configuration) -> Configuration:
    """Return the configuration that training begins with, without a schedule."""
    params = {name: value for name, value in configuration.params.items() if name != SCHEDULE}
    return replace(configuration, params=params)


def learner_stages(
    configuration: Configuration, params: Callable[[dict[str, Any]], Mapping[str, Any]]
) -> tuple[dict[str, Any], ...]:
    """Return the stages of a configuration as plain parameters of its learner.

    Parameters
    ----------
    configuration : Configuration
        With a schedule or without.
    params : callable
        Returns the learner's own parameters for the values of a configuration.

    Returns
    -------
    tuple of dict
        For each stage ``iterations``, and the parameters in which it differs from the first one;
        empty without a schedule.

    Raises
    ------
    SpaceError
        If the schedule cannot be read.
    """
    schedule = configuration.params.get(SCHEDULE)
    if schedule is None:
        return ()
    values: dict[str, Any] = dict(first_values(configuration).params)
    stages, first = read_schedule(str(schedule)), params(values)
    made = []
    for number, stage in enumerate(stages):
        own = params({**values, **current_changes(stages[: number + 1])})
        differs = {name: value for name, value in own.items() if value != first[name]}
        made.append({"iterations": stage.iterations, **differs})
    return tuple(made)


def training_seed(configuration: Configuration, context: BuildContext) -> int:
    """Return the seed of a learner: under a schedule that of the values it begins with.

    It is what `SuccessiveHalving` gives a trial of these values in the same run.
    """
    if SCHEDULE not in configuration.params or context.preprocess_seed is None:
        return context.seed
    key = first_values(configuration).key
    return (context.preprocess_seed + int(key[:8], 16)) % 2**31
