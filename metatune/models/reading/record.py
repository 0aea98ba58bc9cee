"""Record: form of an object of one class, by its attributes."""

from collections.abc import Callable, Mapping
from typing import TYPE_CHECKING, Any

from metatune.models.reading.form import TEXT, Form, Mapped, ObjectArray, choice
from metatune.models.reading.mismatch import Mismatch
from metatune.models.reading.state import State, maker

if TYPE_CHECKING:
    from metatune.models.reading.archive import Archive

__all__ = ["Record", "record"]

Attributes = Mapping[str, Form]
Check = Callable[[State], None]
Make = Callable[[dict[str, Any]], Any]

_ALWAYS: Attributes = {
    # What tables and `set_output` leave in a step.
    "feature_names_in_": ObjectArray(TEXT),
    "_sklearn_output_config": Mapped(others=choice("default", "pandas", "polars")),
}


class Record(Form):
    """Form of an object of one class.

    Parameters
    ----------
    module, name : str
        The class.
    needed, optional : mapping of str to Form
        Attributes that are always there, and those that may be.
    check : callable, optional
        Check of all attributes together: raises `Mismatch` where they do not fit each other.
    make : callable, optional
        Maker of the object, given the built attributes.
    """

    def __init__(
        self,
        module: str,
        name: str,
        needed: Attributes,
        optional: Attributes,
        check: Check | None = None,
        make: Make | None = None,
    ) -> None:
        self.module = module
        self.name = name
        self._content = Mapped(needed=needed, optional={**_ALWAYS, **optional})
        self._check = check
        self._make = make or maker(module, name)

    @property
    def kind(self) -> str:
        """Full name of the class."""
        return f"{self.module}.{self.name}"

    def takes(self, node: dict[str, Any]) -> bool:
        return (
            node.get("__loader__") == "ObjectNode"
            and node.get("__class__") == self.name
            and node.get("__module__") == self.module
        )

    def read(self, node: Any, archive: "Archive") -> State:
        if not isinstance(node, dict) or not self.takes(node):
            raise Mismatch(f"it is not a {self.name}")
        state = State(self.name, self._content.read(node.get("content"), archive), self._make)
        if self._check is not None:
            self._check(state)
        return state


class Declared:
    """Two forms of a class of estimators: before and after the fit."""

    def __init__(self, fitted: Form, template: Form) -> None:
        self.fitted = fitted
        self.template = template


def record(
    path: str,
    params: Attributes,
    fitted: Attributes | None = None,
    loose: Attributes | None = None,
    check: Check | None = None,
    check_params: Check | None = None,
) -> Declared:
    """Declare a class of estimators.

    Parameters
    ----------
    path : str
        Module and name of the class.
    params : mapping of str to Form
        Parameters: always there.
    fitted : mapping of str to Form
        Attributes that the fit leaves.
    loose : mapping of str to Form
        Attributes that it leaves in some cases.
    check : callable, optional
        Check of a fitted object; see `Record`.
    check_params : callable, optional
        Check of an object that is not fitted.
    """
    module, _, name = path.rpartition(".")
    whole = {**params, **(fitted or {})}
    return Declared(
        Record(module, name, whole, loose or {}, check),
        Record(module, name, params, {}, check_params),
    )
