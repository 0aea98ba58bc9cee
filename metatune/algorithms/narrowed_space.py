"""Narrowed search space: what a user fixes, narrows or leaves out, checked and applied.

A user writes plain values, in a TOML file or a dict: families, their hyperparameters, and for each
the one value that it keeps, a list of values, or a table of `low`, `high`, `log`, `choices`,
`exclude` and `default`. Nothing is widened: a family is only built for values of its own space.
"""

import math
from collections.abc import Iterable, Mapping
from dataclasses import replace
from difflib import get_close_matches
from pathlib import Path
from typing import Any

from metatune.algorithms.base import Algorithm
from metatune.algorithms.registry import every_family
from metatune.errors import OptionError
from metatune.kinds import TaskKind
from metatune.space import Choice, Domain, Float, Int, SearchSpace, Value

__all__ = ["ONLY", "check_space", "described", "named_families", "narrow", "narrowed_spaces"]

ONLY = "only"
"""Key beside the families: true leaves those alone that are not named."""

_OF_NUMBERS = ("low", "high", "log", "choices", "default")
_OF_CHOICES = ("choices", "exclude", "default")
_SCALARS = (str, bool, int, float)


def check_space(given: Any, where: str) -> dict[str, Any]:
    """Check what a user asks of the spaces, and return it as plain values.

    Parameters
    ----------
    given : Mapping
        Changes of each family by its name; domains of `metatune.space` may stand for tables.
    where : str
        Name of what is checked, at the beginning of messages.

    Returns
    -------
    dict
        The same, as JSON can hold it.

    Raises
    ------
    OptionError
        If a family, a hyperparameter or a value is none that there is; the line names the key, the
        value and what is allowed.
    """
    if not isinstance(given, Mapping):
        raise OptionError(f"{where} is of type {type(given).__name__}: give families by their name")
    plain = {name: _plain(changes) for name, changes in given.items()}
    only = plain.get(ONLY, False)
    if not isinstance(only, bool):
        raise OptionError(f"{where}: {ONLY} = {_shown(only)} is neither true nor false")
    families = named_families(plain)
    if only and not families:
        raise OptionError(f"{where}: {ONLY} = true, and no family is named: name those to use")
    for name in families:
        algorithm = _family(name, where)
        if not isinstance(plain[name], dict):
            raise OptionError(
                f"{where}: {name} = {_shown(plain[name])} is no table of hyperparameters: write "
                f"[{name}] and its hyperparameters below, as metatune space {name} prints them"
            )
        _check_family(algorithm, plain[name], where)
    return plain


def named_families(given: Mapping[str, Any]) -> tuple[str, ...]:
    """Return the families that checked values name."""
    return tuple(name for name in given if name != ONLY)


def narrowed_spaces(
    algorithms: Mapping[str, Algorithm], kind: TaskKind, given: Mapping[str, Any] | None
) -> dict[str, SearchSpace]:
    """Return the search spaces of families, narrowed as a user asks.

    Parameters
    ----------
    algorithms : Mapping of str to Algorithm
        Families that may be used.
    kind : TaskKind
        Kind of the task; changes of hyperparameters that other kinds have do not count.
    given : Mapping or None
        What `check_space` has returned; None for the spaces as they are.

    Raises
    ------
    OptionError
        If no family is left.
    """
    given = given or {}
    names = [name for name in algorithms if name in given or not given.get(ONLY)]
    if not names:
        raise OptionError(
            f"the space names {', '.join(named_families(given))} only, and none of them can be "
            f"used for this {kind} task: name others, or leave out {ONLY} = true"
        )
    spaces = {name: algorithms[name].space(kind) for name in names}
    return {
        name: narrow(space, _known(space, given[name]), "space") if name in given else space
        for name, space in spaces.items()
    }


def narrow(space: SearchSpace, changes: Mapping[str, Any], where: str) -> SearchSpace:
    """Return a search space with some of its hyperparameters fixed or narrowed.

    Parameters
    ----------
    space : SearchSpace
        Space of the family.
    changes : Mapping of str to value, list or table
        Changes of hyperparameters by their names.
    where : str
        Name of where they come from, for messages.

    Raises
    ------
    OptionError
        If they do not fit.
    """
    domains, defaults = dict(space.domains), dict(space.defaults)
    for name, change in changes.items():
        key = f"{where}: {space.algorithm}.{name}"
        if name not in domains:
            raise OptionError(f"{key} is no hyperparameter: {_suggested(name, domains)}")
        domains[name], defaults[name] = _changed(domains[name], defaults[name], change, key)
    return replace(space, domains=domains, defaults=defaults)


def described(domain: Domain) -> str:
    """Return the values of a domain in words."""
    if isinstance(domain, Choice):
        return f"one of {', '.join(_shown(option) for option in domain.options)}"
    assert isinstance(domain, Float | Int), "there are three kinds of domains"
    what = "a whole number" if isinstance(domain, Int) else "a number"
    return f"{what} from {domain.low:g} to {domain.high:g}"


def _check_family(algorithm: Algorithm, changes: dict[str, Any], where: str) -> None:
    """Check changes against the spaces of all task kinds that a family learns."""
    spaces = [algorithm.space(kind) for kind in TaskKind if kind in algorithm.kinds]
    known = dict.fromkeys(name for space in spaces for name in space.domains)
    for name in changes:
        if name not in known:
            raise OptionError(
                f"{where}: {algorithm.name}.{name} is no hyperparameter: {_suggested(name, known)}"
            )
    for space in spaces:
        narrow(space, _known(space, changes), where)


def _known(space: SearchSpace, changes: Mapping[str, Any]) -> dict[str, Any]:
    return {name: change for name, change in changes.items() if name in space.domains}


def _family(name: Any, where: str) -> Algorithm:
    families = every_family()
    if name not in families:
        raise OptionError(f"{where}: there is no algorithm {name!r}: {_suggested(name, families)}")
    return families[name]


def _suggested(name: Any, known: Iterable[str]) -> str:
    names = list(known)
    near = get_close_matches(str(name).lower(), names, n=1)
    return f"did you mean {near[0]!r}?" if near else f"choose from {', '.join(names)}"


def _changed(domain: Domain, default: Value, change: Any, key: str) -> tuple[Domain, Value]:
    """Return the domain and the default that a change leaves."""
    if isinstance(change, list):
        change = {"choices": change}
    if not isinstance(change, dict):
        change = {"choices": [change]}
    _check_keys(domain, change, key)
    narrowed: Domain
    if "choices" in change:
        narrowed = _chosen(domain, change["choices"], key)
    elif isinstance(domain, Choice):
        narrowed = domain
    else:
        narrowed = _ranged(domain, change, key)
    if "exclude" in change:
        narrowed = _without(narrowed, change["exclude"], key)
    if "default" not in change:
        first = narrowed.from_unit(0.0)
        return narrowed, narrowed.nearest(default, first)
    given = _as_value(domain, change["default"])
    if not narrowed.contains(given):
        raise OptionError(
            f"{key}: default = {_shown(given)} is outside what is allowed: give "
            f"{described(narrowed)}"
        )
    return narrowed, given


def _check_keys(domain: Domain, change: dict[str, Any], key: str) -> None:
    known = _OF_CHOICES if isinstance(domain, Choice) else _OF_NUMBERS
    for name, value in change.items():
        if name in known:
            continue
        if name == "exclude":
            raise OptionError(
                f"{key}: exclude takes out choices, and this is {described(domain)}: narrow it "
                "with low and high, or list its choices"
            )
        if name in _OF_NUMBERS:
            raise OptionError(
                f"{key}: {name} = {_shown(value)} is for numbers, and this is "
                f"{described(domain)}: give choices or exclude"
            )
        raise OptionError(f"{key}: {name!r} says nothing here: {_suggested(name, known)}")
    if "choices" in change and {"low", "high", "log"} & change.keys():
        raise OptionError(f"{key}: low and high beside choices contradict each other: give one")


def _ranged(domain: Domain, change: dict[str, Any], key: str) -> Domain:
    """Return numbers between narrower ends."""
    assert isinstance(domain, Float | Int), "choices have no ends"
    ends = {}
    for name, end in (("low", domain.low), ("high", domain.high)):
        given = _as_value(domain, change.get(name, end))
        if not domain.contains(given):
            raise OptionError(
                f"{key}: {name} = {_shown(given)} is outside what is allowed: give "
                f"{described(domain)}"
            )
        ends[name] = given
    log = change.get("log", domain.log)
    if not isinstance(log, bool):
        raise OptionError(f"{key}: log = {_shown(log)} is neither true nor false")
    if ends["low"] > ends["high"]:
        raise OptionError(
            f"{key}: low = {_shown(ends['low'])} is above high = {_shown(ends['high'])}: give "
            f"{described(domain)}, the smaller one as low"
        )
    if log and ends["low"] <= 0:
        raise OptionError(f"{key}: log = true needs low above 0, and it is {_shown(ends['low'])}")
    return replace(domain, **ends, log=log)


def _chosen(domain: Domain, given: Any, key: str) -> Choice:
    """Return the choice of listed values."""
    if not isinstance(given, list):
        raise OptionError(f"{key}: choices = {_shown(given)} is no list: give [..] of values")
    if not given:
        raise OptionError(f"{key}: choices is empty: give at least {described(domain)}")
    values = [_as_value(domain, value) for value in given]
    for value in values:
        if not _allows(domain, value):
            raise OptionError(f"{key} = {_shown(value)} is not allowed: give {_allowed(domain)}")
    return Choice(tuple(dict.fromkeys(values)))


def _without(domain: Domain, given: Any, key: str) -> Choice:
    """Return a choice without some of its options."""
    assert isinstance(domain, Choice), "numbers are narrowed otherwise"
    gone = given if isinstance(given, list) else [given]
    for value in gone:
        if not domain.contains(value):
            raise OptionError(
                f"{key}: exclude = {_shown(value)} is none of its values: it is {described(domain)}"
            )
    left = tuple(option for option in domain.options if option not in gone)
    if not left:
        raise OptionError(f"{key}: exclude leaves nothing of {described(domain)}: exclude fewer")
    return Choice(left)


def _allows(domain: Domain, value: Any) -> bool:
    """Return True if a family can be built with a value, which its own space may not offer."""
    if not isinstance(domain, Choice) or domain.contains(value):
        return domain.contains(value)
    between = _between(domain)
    return between is not None and between.contains(value)


def _between(choice: Choice) -> Domain | None:
    """Return the numbers between the options of a choice; None if they are not all whole."""
    if not all(type(option) is int for option in choice.options):
        return None
    numbers = [option for option in choice.options if type(option) is int]
    return Int(min(numbers), max(numbers))


def _allowed(domain: Domain) -> str:
    between = _between(domain) if isinstance(domain, Choice) else None
    return described(domain if between is None else between)


def _as_value(domain: Domain, value: Any) -> Any:
    """Return a number as the domain writes it: 1 means 1.0 where numbers are no whole ones."""
    is_whole = isinstance(value, int) and not isinstance(value, bool)
    return float(value) if isinstance(domain, Float) and is_whole else value


def _plain(value: Any) -> Any:
    """Return what a user gave as values of JSON: domains become tables, tuples lists."""
    if isinstance(value, tuple) and len(value) == 2 and isinstance(value[0], Domain):
        value = {**_table(value[0]), "default": value[1]}
    if isinstance(value, Domain):
        value = _table(value)
    if isinstance(value, Mapping):
        return {name: _plain(part) for name, part in value.items()}
    if isinstance(value, list | tuple):
        return [_plain(part) for part in value]
    if hasattr(value, "item") and getattr(value, "ndim", None) == 0:  # a number of NumPy
        return value.item()
    return value


def _table(domain: Domain) -> dict[str, Any]:
    """Return what a space file says of a domain."""
    if isinstance(domain, Choice):
        return {"choices": list(domain.options)}
    assert isinstance(domain, Float | Int), "there are three kinds of domains"
    return {"low": domain.low, "high": domain.high, "log": domain.log}


def _shown(value: Any) -> str:
    """Write a value as TOML does, cut where it is long."""
    if isinstance(value, bool):
        return str(value).lower()
    if isinstance(value, float) and not math.isfinite(value):
        return str(value)
    if isinstance(value, _SCALARS) and not isinstance(value, str):
        return f"{value!r}"
    text = repr(str(value)) if isinstance(value, str | Path) else repr(value)
    return text if len(text) <= 60 else f"{text[:57]}..."
