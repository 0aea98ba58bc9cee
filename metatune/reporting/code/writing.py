"""Layout of code: calls and lists that are broken over lines where they are long."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Any

__all__ = ["WIDTH", "Call", "Raw", "assignment", "call", "literal", "render"]

WIDTH = 100


@dataclass(frozen=True, slots=True, kw_only=True)
class Raw:
    """Code that is written as it is, such as the name of a constant."""

    text: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Call:
    """Call of a function or class.

    Attributes
    ----------
    name : str
    arguments : tuple of (str, object)
        Names, empty for arguments by position, and values: other calls, code, or plain values.
    """

    name: str
    arguments: tuple[tuple[str, Any], ...] = ()


def call(name: str, *values: Any, **named: Any) -> Call:
    """Return a call with arguments by position and by name."""
    arguments = (*(("", value) for value in values), *named.items())
    return Call(name=name, arguments=arguments)


def assignment(name: str, value: Any) -> str:
    """Return the line or lines that give a constant its value."""
    return f"{name} = {render(value, 0, len(name) + 3)}"


def literal(value: Any) -> str:
    """Return a plain value as Python writes it, with double quotes around texts."""
    if isinstance(value, str):
        text = repr(value)
        plain = text[0] == "'" and '"' not in text and "\\'" not in text
        return f'"{text[1:-1]}"' if plain else text
    if hasattr(value, "item"):
        value = value.item()
    return repr(value)


def render(value: Any, indent: int = 0, used: int | None = None, after: int = 1) -> str:
    """Return code of a value, over several lines where one is too short.

    Parameters
    ----------
    value : Call, Raw, list, tuple, dict or plain value
    indent : int
        Blanks before the line that it stands in.
    used : int, optional
        Characters before it in that line; `indent` by default.
    after : int
        Characters that follow it there.
    """
    used = indent if used is None else used
    flat = _flat(value)
    if used + len(flat) + after <= WIDTH or not _is_compound(value):
        return flat
    opening, closing = _brackets(value)
    inner = " " * (indent + 4)
    lines = [opening]
    for before, item in _items(value):
        text = render(item, indent + 4, indent + 4 + len(before))
        lines.append(f"{inner}{before}{text},")
    if isinstance(value, list | tuple) and not any(map(_is_compound, value)):
        lines = [opening, *_filled(map(_flat, value), inner)]
    return "\n".join([*lines, " " * indent + closing])


def _filled(items: Iterable[str], inner: str) -> list[str]:
    """Put as many items into each line as fit."""
    lines, line = [], inner
    for item in items:
        if len(line) + len(item) + 1 > WIDTH and line.strip():
            lines.append(line.rstrip())
            line = inner
        line += f"{item}, "
    return [*lines, line.rstrip()]


def _flat(value: Any) -> str:
    if isinstance(value, Raw):
        return value.text
    if not _is_compound(value):
        return literal(value)
    opening, closing = _brackets(value)
    inner = ", ".join(before + _flat(item) for before, item in _items(value))
    if isinstance(value, tuple) and len(value) == 1:
        inner += ","
    return f"{opening}{inner}{closing}"


def _is_compound(value: Any) -> bool:
    return isinstance(value, Call | list | tuple | dict)


def _brackets(value: Any) -> tuple[str, str]:
    if isinstance(value, Call):
        return f"{value.name}(", ")"
    if isinstance(value, dict):
        return "{", "}"
    return ("[", "]") if isinstance(value, list) else ("(", ")")


def _items(value: Any) -> Sequence[tuple[str, Any]]:
    if isinstance(value, Call):
        return [(f"{name}=" if name else "", item) for name, item in value.arguments]
    if isinstance(value, dict):
        return [(f"{literal(name)}: ", item) for name, item in value.items()]
    return [("", item) for item in value]
