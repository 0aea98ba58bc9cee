"""Functions that travel by name: text that any process on any machine can import."""

import importlib
import sys
from collections.abc import Callable
from dataclasses import dataclass
from operator import attrgetter
from typing import Any

__all__ = ["ByName", "name_of"]


@dataclass(frozen=True, slots=True)
class ByName:
    """Function that is imported when it is called.

    A process that only passes a job on need not be able to import its function.

    Attributes
    ----------
    name : str
        ``"package.module:function"``.
    """

    name: str

    def __call__(self, *arguments: Any) -> Any:
        """Import the function and call it."""
        module, _, qualified = self.name.partition(":")
        return attrgetter(qualified)(importlib.import_module(module))(*arguments)


def name_of(function: Callable[..., Any]) -> str:
    """Return the name under which a function can be imported elsewhere.

    Raises
    ------
    TypeError
        If there is no such name: for a lambda, a function inside another one, a bound method, an
        object that is called, or what ``__main__`` defines, which workers do not import.

    Examples
    --------
    >>> from textwrap import dedent
    >>> name_of(dedent)
    'textwrap:dedent'
    """
    if isinstance(function, ByName):
        return function.name
    module = str(getattr(function, "__module__", None))
    qualified = str(getattr(function, "__qualname__", None))
    found: Any = None
    if module != "__main__" and "<" not in qualified:
        try:
            found = attrgetter(qualified)(sys.modules.get(module))
        except AttributeError:
            found = None
    if found is not function:
        raise TypeError(
            f"workers cannot import {function!r}: a job needs a function "
            "at the top level of a module other than __main__"
        )
    return f"{module}:{qualified}"
