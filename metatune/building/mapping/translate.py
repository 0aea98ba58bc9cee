"""Translation of one published run by the table of rules."""

from typing import Any

from metatune.algorithms.registry import ALGORITHMS
from metatune.building.mapping.dialects import in_common_words
from metatune.building.mapping.run import (
    ForeignValueError,
    MappedRun,
    PublishedRun,
    UnmappedRun,
)
from metatune.building.mapping.table import RULES, Rule
from metatune.kinds import TaskKind
from metatune.space import Configuration, Domain, Float, Int, SearchSpace, Value

__all__ = ["map_run", "space_of", "to_configuration"]

_KINDS = {"classification": TaskKind.BINARY, "regression": TaskKind.REGRESSION}
_SPACES: dict[tuple[str, str], SearchSpace] = {
    (name, pool): algorithm.space(kind)
    for name, algorithm in ALGORITHMS.items()
    for pool, kind in _KINDS.items()
    if kind in algorithm.kinds
}


def space_of(algorithm: str, pool: str) -> SearchSpace:
    """Return the search space of a family in a pool; binary and multiclass share one."""
    return _SPACES[algorithm, pool]


def map_run(run: PublishedRun) -> MappedRun | UnmappedRun:
    """Express a published run in metatune's hyperparameters.

    Nothing is guessed: a hyperparameter whose value cannot be known is left out, and a run that
    metatune could not have made, such as one with another kernel or with a value outside the
    search space, is returned with the reason.
    """
    rule = RULES.get(run.algorithm)
    if rule is None:
        return _unmapped(run, "no counterpart")
    if (rule.family, run.pool) not in _SPACES:
        return _unmapped(run, f"{rule.family} does not learn {run.pool}")
    try:
        return _apply(rule, in_common_words(run))
    except ForeignValueError as reason:
        return _unmapped(run, str(reason))


def to_configuration(run: MappedRun) -> Configuration:
    """Complete a mapped run with metatune's defaults to a configuration that can be fitted."""
    space = _SPACES[run.algorithm, run.pool]
    return space.from_values({**space.defaults, **run.values}, "history")


def _apply(rule: Rule, run: PublishedRun) -> MappedRun:
    given = run.hyperparameters
    for name, allowed in rule.requires.items():
        if name in given and given[name] not in allowed:
            raise ForeignValueError(f"{name}={_short(given[name])}")
    for name, least in rule.least.items():
        if float(given.get(name, least)) < least:
            raise ForeignValueError(f"{name} below {least:g}")
    values: dict[str, Value] = dict(rule.implied)
    rough: set[str] = set(rule.rough)
    space = _SPACES[rule.family, run.pool]
    for parameter in rule.parameters:
        if parameter.theirs not in given or parameter.ours not in space.domains:
            continue
        value = _convert(parameter.theirs, parameter.convert, run)
        if value is None:
            values.pop(parameter.ours, None)
            continue
        values[parameter.ours] = _inside(space.domains[parameter.ours], value, parameter.ours)
        (rough.add if parameter.approximate else rough.discard)(parameter.ours)
    return MappedRun(
        algorithm=rule.family,
        pool=run.pool,
        values=values,
        source=run.source,
        approximate=tuple(sorted(values if rule.stands_in else rough & set(values))),
    )


def _convert(name: str, convert: Any, run: PublishedRun) -> Value:
    try:
        converted: Value = convert(run.hyperparameters[name], run)
    except ForeignValueError as reason:
        raise ForeignValueError(f"{name}: {reason}") from reason
    except (TypeError, ValueError) as error:
        odd = _short(run.hyperparameters[name])
        raise ForeignValueError(f"{name}={odd} is not understood") from error
    return converted


def _inside(domain: Domain, value: Value, name: str) -> Value:
    """Return the value in the type of its domain."""
    if isinstance(domain, Float) and isinstance(value, int | float):
        value = float(value)
    elif isinstance(domain, Int) and isinstance(value, float) and value == round(value):
        value = round(value)
    if not domain.contains(value):
        raise ForeignValueError(f"{name} outside metatune's range")
    return value


def _unmapped(run: PublishedRun, reason: str) -> UnmappedRun:
    return UnmappedRun(source=run.source, algorithm=run.algorithm, reason=reason)


def _short(value: Any) -> str:
    return f"{value:.3g}" if isinstance(value, float) else str(value)
