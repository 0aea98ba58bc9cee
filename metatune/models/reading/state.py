"""State of an object of a model file: checked, and not built yet."""

from collections.abc import Callable
from dataclasses import dataclass, field
from importlib import import_module
from typing import Any

__all__ = ["State", "build"]


@dataclass(frozen=True, slots=True, eq=False)
class State:
    """State of one object: plain values, arrays and further states.

    Parameters
    ----------
    kind : str
        Name of its class.
    values : dict
        Value of each attribute.
    make : callable
        Maker of the object, given the built attributes.
    facts : dict
        Findings of its check that others need.
    """

    kind: str
    values: dict[str, Any]
    make: Callable[[dict[str, Any]], Any]
    facts: dict[str, Any] = field(default_factory=dict)

    def __getitem__(self, name: str) -> Any:
        return self.values[name]

    def get(self, name: str) -> Any:
        """Return an attribute, None if it is not there."""
        return self.values.get(name)

    def __contains__(self, name: str) -> bool:
        return name in self.values


def build(value: Any) -> Any:
    """Build the objects of a checked value, innermost first.

    Nothing of a class runs but the allocation of its objects.
    """
    if isinstance(value, State):
        return value.make({name: build(part) for name, part in value.values.items()})
    if isinstance(value, list):
        return [build(part) for part in value]
    if isinstance(value, tuple):
        return tuple(build(part) for part in value)
    if isinstance(value, dict):
        return {name: build(part) for name, part in value.items()}
    return value


def maker(module: str, name: str) -> Callable[[dict[str, Any]], Any]:
    """Return a maker of objects of a class, which sets their attributes and nothing else."""

    def make(values: dict[str, Any]) -> Any:
        made = object.__new__(getattr(import_module(module), name))
        made.__dict__.update(values)
        return made

    return make
