"""Space file: search spaces as TOML, read from a user and written for one to edit."""

import json
import tomllib
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

from metatune.algorithms.base import Algorithm
from metatune.algorithms.narrowed_space import check_space
from metatune.errors import OptionError
from metatune.files.text import short_path
from metatune.kinds import TaskKind
from metatune.space import Choice, Domain, Float, Int, SearchSpace, Value

__all__ = ["read_space", "space_text"]

_MOST_BYTES = 1_000_000
_HEAD = """\
# Search spaces of metatune. Change what you like and give it back: metatune fit --space FILE.
# A hyperparameter = value is fixed, = [..] lists its choices; low and high bound numbers, exclude
# takes out choices, default is tried first. Families and hyperparameters that you leave out stay as
# they are; with only = true at the top nothing but the families of the file is used.
"""


def read_space(given: Any) -> dict[str, Any] | None:
    """Read the search spaces that a user asks for.

    Parameters
    ----------
    given : str, Path, Mapping or None
        TOML file, or its content as values; domains of `metatune.space` may stand for tables.

    Returns
    -------
    dict or None
        Plain values, as `metatune.algorithms.narrowed_space.check_space` returns them.

    Raises
    ------
    OptionError
        If the file cannot be read, or asks for what there is not.
    """
    if given is None:
        return None
    if not isinstance(given, str | Path):
        return check_space(given, "space")
    path = Path(given)
    return check_space(_parsed(path), short_path(path))


def space_text(
    algorithms: Mapping[str, Algorithm], kinds: tuple[TaskKind, ...], *, head: bool = True
) -> str:
    """Write the search spaces of families as a space file.

    Parameters
    ----------
    algorithms : Mapping of str to Algorithm
        Families by name; those that learn none of the kinds are left out.
    kinds : tuple of TaskKind
        Kinds of tasks. Hyperparameters of some of them only have a comment that says so.
    head : bool
        Whether a comment on how to edit comes first.
    """
    parts = [_HEAD] if head else []
    for name, algorithm in algorithms.items():
        spaces = {kind: algorithm.space(kind) for kind in kinds if kind in algorithm.kinds}
        if spaces:
            parts.append("\n".join([f"[{name}]", *_lines(spaces, kinds)]) + "\n")
    return "\n".join(parts)


def _parsed(path: Path) -> dict[str, Any]:
    shown = short_path(path)
    try:
        with path.open("rb") as file:
            content = file.read(_MOST_BYTES + 1)
    except OSError as error:
        raise OptionError(f"{shown} cannot be read ({error.strerror or error})") from error
    if len(content) > _MOST_BYTES:
        raise OptionError(f"{shown} is larger than {_MOST_BYTES // 1_000_000} MB: it is no space")
    try:
        return tomllib.loads(content.decode("utf-8-sig"))
    except (ValueError, RecursionError) as error:
        raise OptionError(
            f"{shown} is no TOML ({' '.join(str(error).split())}): see metatune space"
        ) from error


def _lines(spaces: Mapping[TaskKind, SearchSpace], kinds: tuple[TaskKind, ...]) -> Iterator[str]:
    """Write a line for each hyperparameter that some kind of task has."""
    names = dict.fromkeys(name for space in spaces.values() for name in space.domains)
    for name in names:
        having = {kind: space for kind, space in spaces.items() if name in space.domains}
        space = next(iter(having.values()))
        notes = []
        condition = space.conditions.get(name)
        if condition is not None:
            values = " or ".join(_toml(value) for value in condition.values)
            notes.append(f"where {condition.parent} is {values}")
        if len(having) < len([kind for kind in kinds if kind in spaces]):
            notes.append(f"{_kinds(tuple(having))} only")
        defaults = {kind: space.defaults[name] for kind, space in having.items()}
        default: Value = space.defaults[name]
        if len(set(defaults.values())) > 1:
            notes.append(_each_default(defaults))
            default = None
        comment = f"  # {', '.join(notes)}" if notes else ""
        yield f"{name} = {_entry(space.domains[name], default)}{comment}"


def _each_default(defaults: Mapping[TaskKind, Value]) -> str:
    """Say the defaults of the kinds of tasks: one for all would change some."""
    by_value: dict[Value, list[TaskKind]] = {}
    for kind, default in defaults.items():
        by_value.setdefault(default, []).append(kind)
    said = [f"{_toml(value)} for {_kinds(tuple(kinds))}" for value, kinds in by_value.items()]
    return f"default {', '.join(said)}"


def _kinds(kinds: tuple[TaskKind, ...]) -> str:
    if all(kind.is_classification for kind in kinds):
        return "classification"
    return " and ".join(str(kind) for kind in kinds)


def _entry(domain: Domain, default: Value) -> str:
    """Write the table of a hyperparameter; None is no default."""
    end = "" if default is None else f", default = {_toml(default)}"
    if isinstance(domain, Choice):
        options = ", ".join(_toml(option) for option in domain.options)
        return f"{{ choices = [{options}]{end} }}"
    assert isinstance(domain, Float | Int), "there are three kinds of domains"
    log = ", log = true" if domain.log else ""
    return f"{{ low = {_toml(domain.low)}, high = {_toml(domain.high)}{log}{end} }}"


def _toml(value: Value) -> str:
    """Write a scalar in TOML, whose texts, numbers and truth values are spelt as in JSON."""
    return json.dumps(value, ensure_ascii=False)
