"""Versions of libraries, which have to be the same for two computers to agree."""

import sys
from collections.abc import Mapping
from importlib.metadata import PackageNotFoundError, version

__all__ = ["difference", "versions_here"]

_LIBRARIES = ("metatune", "scikit-learn", "numpy", "lightgbm")


def versions_here() -> dict[str, str]:
    """Return the versions of Python and of the libraries that decide what a trial gives."""
    found = {"Python": ".".join(map(str, sys.version_info[:2]))}
    for name in _LIBRARIES:
        try:
            found[name] = version(name)
        except PackageNotFoundError:
            found[name] = "none"
    return found


def difference(here: Mapping[str, str], there: Mapping[str, str]) -> str:
    """Say in words which versions differ; empty if none does.

    Examples
    --------
    >>> difference({"numpy": "2.1.0"}, {"numpy": "2.2.0"})
    'numpy 2.2.0 instead of 2.1.0'
    """
    unequal = [name for name in here if there.get(name, "none") != here[name]]
    return ", ".join(
        f"{name} {there.get(name, 'none')} instead of {here[name]}" for name in unequal
    )
