"""Provenance of a run: its process, and the libraries that it depends on."""

import os
import socket
from dataclasses import dataclass
from importlib.metadata import version

__all__ = ["Process", "library_versions", "this_process"]

_LIBRARIES = ("metatune", "scikit-learn", "lightgbm", "numpy", "pandas", "skops")


@dataclass(frozen=True, slots=True, kw_only=True)
class Process:
    """Process that a record is about, for people.

    Attributes
    ----------
    pid : int
    host : str
    """

    pid: int
    host: str


def library_versions() -> dict[str, str]:
    """Return the versions of the libraries that a run depends on."""
    return {name: version(name) for name in _LIBRARIES}


def this_process() -> Process:
    """Return what tells people which process a record is about."""
    return Process(pid=os.getpid(), host=socket.gethostname())
