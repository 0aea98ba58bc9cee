"""Scikit-learn's estimators: parameters of the version that is installed."""

import inspect
from importlib import import_module
from typing import TYPE_CHECKING, Any

from metatune.models.reading.form import TEXT, Form, Leaf, choice
from metatune.models.reading.record import Attributes, Check, Declared, Make, Record

if TYPE_CHECKING:
    from metatune.models.reading.archive import Archive
    from metatune.models.reading.state import State

__all__ = ["estimator", "maybe"]

_PLAIN = (bool, int, float, str)


def maybe(leaf: Leaf) -> Leaf:
    """Return the form of a plain value that may be None."""
    return Leaf(f"None or {leaf.what}", lambda value: value is None or leaf.allows(value))


def estimator(
    path: str,
    params: Attributes,
    fitted: Attributes | None = None,
    loose: Attributes | None = None,
    check: Check | None = None,
    make: Make | None = None,
) -> Declared:
    """Declare an estimator of scikit-learn; see `metatune.models.reading.record.record`.

    Parameters that another version has and this one lacks may be there; parameters that are new in
    the installed version have their default.
    """
    module, _, name = path.rpartition(".")
    return Declared(
        _Versioned(module, name, params, fitted or {}, loose or {}, check, make),
        _Versioned(module, name, params, {}, {}),
    )


class _Versioned(Form):
    """Form of an estimator, made when the first is read: then its class is needed anyway."""

    def __init__(
        self,
        module: str,
        name: str,
        params: Attributes,
        fitted: Attributes,
        loose: Attributes,
        check: Check | None = None,
        make: Make | None = None,
    ) -> None:
        self._module = module
        self._name = name
        self._params = params
        self._fitted = fitted
        self._loose = loose
        self._check = check
        self._make = make
        self._record: Record | None = None

    def takes(self, node: dict[str, Any]) -> bool:
        return (
            node.get("__class__") == self._name
            and node.get("__module__") == self._module
            and node.get("__loader__") == "ObjectNode"
        )

    def read(self, node: Any, archive: "Archive") -> "State":
        if self._record is None:
            self._record = self._of_installed()
        return self._record.read(node, archive)

    def _of_installed(self) -> Record:
        kind = getattr(import_module(self._module), self._name)
        known = inspect.signature(kind.__init__).parameters
        gone = {name: form for name, form in self._params.items() if name not in known}
        kept = {name: form for name, form in self._params.items() if name in known}
        new = {
            name: choice(parameter.default)
            for name, parameter in known.items()
            if name not in kept and (parameter.default is None or type(parameter.default) in _PLAIN)
        }
        needed = {**kept, **self._fitted, "_sklearn_version": TEXT}
        optional = {**gone, **new, **self._loose}
        return Record(self._module, self._name, needed, optional, self._check, self._make)
