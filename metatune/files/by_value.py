"""Pickle of what a user has defined, fit to travel to worker processes.

What every process can import travels by its name, everything else by value: what ``__main__``
defines, a notebook's cells, and modules that are not installed.
"""

import contextlib
import importlib
import importlib.util
import pickle
import sys
import sysconfig
from collections.abc import Iterator
from pathlib import Path
from typing import Any

__all__ = ["pickle_by_value"]


def pickle_by_value(value: Any, *modules: str | None) -> bytes:
    """Pickle an object.

    Parameters
    ----------
    value : object
        Object of the user.
    *modules : str or None
        Names of the modules that define what it is made of.

    Raises
    ------
    pickle.PicklingError
        If it cannot be pickled; such objects raise other errors as well.
    """
    cloudpickle = _cloudpickle()
    if cloudpickle is None:
        return pickle.dumps(value)
    with contextlib.ExitStack() as stack:
        for name in dict.fromkeys(modules):
            stack.enter_context(_by_value(name or "", cloudpickle))
        pickled: bytes = cloudpickle.dumps(value)
    return pickled


def _cloudpickle() -> Any:
    """Return what pickles by value: a dependency of joblib, or a part of its older versions."""
    for name in ("cloudpickle", "joblib.externals.cloudpickle"):
        with contextlib.suppress(ImportError):
            return importlib.import_module(name)
    return None


@contextlib.contextmanager
def _by_value(name: str, cloudpickle: Any) -> Iterator[None]:
    """Let what a module defines travel by value, if it is not installed."""
    module = sys.modules.get(name)
    if module is None or name == "__main__" or _is_installed(name):
        yield
        return
    cloudpickle.register_pickle_by_value(module)
    try:
        yield
    finally:
        cloudpickle.unregister_pickle_by_value(module)


def _is_installed(module: str) -> bool:
    try:
        spec = importlib.util.find_spec(module.partition(".")[0])
    except ValueError:  # a module that was made by hand has none
        return False
    if spec is None:
        return False
    if spec.origin in (None, "built-in", "frozen"):
        return True
    places = {Path(sysconfig.get_path(key)).resolve() for key in ("purelib", "platlib", "stdlib")}
    return any(place in Path(str(spec.origin)).resolve().parents for place in places)
