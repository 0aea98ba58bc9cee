"""Forms of values: what a node of a model file may hold, declared once and read by that.

A form reads a node of the tree that skops writes, and returns a plain value, an array or a `State`;
whatever does not have the form is a `Mismatch`. The node's own words are compared, never obeyed:
nothing is imported, called or built because a file names it.
"""

import json
import math
from abc import ABC, abstractmethod
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

import numpy as np

from metatune.models.reading.mismatch import Mismatch

if TYPE_CHECKING:
    from metatune.models.reading.archive import Archive

__all__ = [
    "FLAG",
    "INTEGER",
    "NOTHING",
    "NUMBER",
    "SEED",
    "TEXT",
    "Array",
    "Bytes",
    "Form",
    "Leaf",
    "Listed",
    "Mapped",
    "ObjectArray",
    "OneOf",
    "Plain",
    "Scalar",
    "Together",
    "TypeName",
    "choice",
    "integer",
    "number",
]

_LARGEST_INTEGER = 2**63 - 1


class Form(ABC):
    """Form of a value."""

    @abstractmethod
    def takes(self, node: dict[str, Any]) -> bool:
        """Return True if a node is of this form's kind, whatever its content."""

    @abstractmethod
    def read(self, node: Any, archive: "Archive") -> Any:
        """Return the value of a node.

        Raises
        ------
        Mismatch
            If the node does not have this form.
        """


def _expect(form: Form, node: Any, what: str) -> None:
    if not isinstance(node, dict) or not form.takes(node):
        raise Mismatch(f"it is not {what}")


def _is(node: dict[str, Any], loader: str, *kinds: str) -> bool:
    if node.get("__loader__") != loader:
        return False
    return not kinds or f"{node.get('__module__')}.{node.get('__class__')}" in kinds


@dataclass(frozen=True, slots=True)
class Leaf(Form):
    """Form of a plain value: None, a truth value, a number or a text.

    Parameters
    ----------
    what : str
        Name of the form in messages.
    allows : callable
        Whether it allows a value.
    """

    what: str
    allows: Callable[[Any], bool]

    def takes(self, node: dict[str, Any]) -> bool:
        return node.get("__loader__") == "JsonNode"

    def read(self, node: Any, archive: "Archive") -> Any:  # noqa: ARG002
        _expect(self, node, self.what)
        value = _plain(node.get("content"))
        if not self.allows(value):
            raise Mismatch(f"it is not {self.what}")
        return value


def _plain(content: Any) -> Any:
    """Return the value that a leaf's text says."""
    if not isinstance(content, str):
        raise Mismatch("it is not a plain value")
    try:
        value = json.loads(content)
        if isinstance(value, str):
            value.encode()
    except (ValueError, RecursionError) as error:
        raise Mismatch("it is not a plain value") from error
    return value


def integer(low: int, high: int = _LARGEST_INTEGER) -> Leaf:
    """Return the form of a whole number in [low, high]."""
    what = f"a whole number from {low} to {high}"
    return Leaf(what, lambda value: type(value) is int and low <= value <= high)


def number(low: float, high: float = math.inf) -> Leaf:
    """Return the form of a number in [low, high]."""
    what = f"a number from {low} to {high}"
    return Leaf(what, lambda value: type(value) in (int, float) and low <= value <= high)


def choice(*values: Any) -> Leaf:
    """Return the form of one of some plain values."""
    allowed = [(type(value), value) for value in values]
    what = "one of " + ", ".join(json.dumps(value) for value in values)
    return Leaf(what, lambda value: (type(value), value) in allowed)


FLAG = choice(False, True)
NOTHING = choice(None)
INTEGER = integer(-_LARGEST_INTEGER)
SEED = integer(0, 2**63 - 1)
NUMBER = Leaf(
    "a number",
    lambda value: type(value) is float or (type(value) is int and abs(value) <= _LARGEST_INTEGER),
)
TEXT = Leaf("a text", lambda value: type(value) is str)


@dataclass(frozen=True, slots=True)
class Array(Form):
    """Form of an array of numbers or text.

    Parameters
    ----------
    *dtypes : str
        Types of its cells, as `numpy.dtype.str`; "U" for text of any length.
    n_axes : int
        Number of its axes.
    """

    dtypes: tuple[str, ...]
    n_axes: int

    def takes(self, node: dict[str, Any]) -> bool:
        return _is(node, "NdArrayNode", "numpy.ndarray") and node.get("type") == "numpy"

    def read(self, node: Any, archive: "Archive") -> Any:
        what = f"an array of {self.n_axes} axes and type {' or '.join(self.dtypes)}"
        _expect(self, node, what)
        array = archive.array(node.get("file"))
        kind = "U" if array.dtype.kind == "U" else array.dtype.str
        if kind not in self.dtypes or array.ndim != self.n_axes:
            raise Mismatch(f"it is not {what}")
        return array


@dataclass(frozen=True, slots=True)
class Scalar(Form):
    """Form of one of NumPy's own numbers, of the type with this name ("float64")."""

    dtype: str

    def takes(self, node: dict[str, Any]) -> bool:
        return _is(node, "NdArrayNode", f"numpy.{self.dtype}") and node.get("type") == "numpy"

    def read(self, node: Any, archive: "Archive") -> Any:
        _expect(self, node, f"a {self.dtype}")
        array = archive.array(node.get("file"))
        if array.ndim or array.dtype != np.dtype(self.dtype):
            raise Mismatch(f"it is not a {self.dtype}")
        return array[()]


@dataclass(frozen=True, slots=True)
class ObjectArray(Form):
    """Form of an array of Python's own values, on one axis."""

    element: Form

    def takes(self, node: dict[str, Any]) -> bool:
        return _is(node, "NdArrayNode", "numpy.ndarray") and node.get("type") == "json"

    def read(self, node: Any, archive: "Archive") -> Any:
        _expect(self, node, "an array of values")
        values = _elements(self.element, node.get("content"), archive)
        shape = Listed(integer(0), "tuple").read(node.get("shape"), archive)
        if shape != (len(values),):
            raise Mismatch("its shape is not that of its content")
        array = np.empty(len(values), dtype=object)
        array[:] = values
        return array


@dataclass(frozen=True, slots=True)
class Bytes(Form):
    """Form of bytes."""

    def takes(self, node: dict[str, Any]) -> bool:
        return _is(node, "BytesNode", "builtins.bytes")

    def read(self, node: Any, archive: "Archive") -> Any:
        _expect(self, node, "bytes")
        return archive.bytes(node.get("file"))


@dataclass(frozen=True, slots=True)
class Listed(Form):
    """Form of a list or tuple whose elements have one form."""

    element: Form
    kind: str = "list"

    def takes(self, node: dict[str, Any]) -> bool:
        return _is(node, f"{self.kind.title()}Node", f"builtins.{self.kind}")

    def read(self, node: Any, archive: "Archive") -> Any:
        _expect(self, node, f"a {self.kind}")
        values = _elements(self.element, node.get("content"), archive)
        return values if self.kind == "list" else tuple(values)


def _elements(form: Form, nodes: Any, archive: "Archive") -> list[Any]:
    if not isinstance(nodes, list):
        raise Mismatch("it has no elements")
    values = []
    for i, node in enumerate(nodes):
        try:
            values.append(form.read(node, archive))
        except Mismatch as mismatch:
            raise mismatch.inside(str(i)) from None
    return values


@dataclass(frozen=True, slots=True)
class Together(Form):
    """Form of a tuple of as many elements as there are forms."""

    forms: tuple[Form, ...]

    def takes(self, node: dict[str, Any]) -> bool:
        return _is(node, "TupleNode", "builtins.tuple")

    def read(self, node: Any, archive: "Archive") -> Any:
        _expect(self, node, "a tuple")
        nodes = node.get("content")
        if not isinstance(nodes, list) or len(nodes) != len(self.forms):
            raise Mismatch(f"it is not a tuple of {len(self.forms)}")
        values = []
        for i, (form, part) in enumerate(zip(self.forms, nodes, strict=True)):
            try:
                values.append(form.read(part, archive))
            except Mismatch as mismatch:
                raise mismatch.inside(str(i)) from None
        return tuple(values)


@dataclass(frozen=True, slots=True)
class Mapped(Form):
    """Form of a dictionary with texts as keys.

    Parameters
    ----------
    others : Form or None
        Form of values whose key is not named; None if there are no other keys.
    needed, optional : mapping of str to Form
        Forms of the values with these keys.
    """

    others: Form | None = None
    needed: Mapping[str, Form] = field(default_factory=dict)
    optional: Mapping[str, Form] = field(default_factory=dict)

    def takes(self, node: dict[str, Any]) -> bool:
        return _is(node, "DictNode", "builtins.dict")

    def read(self, node: Any, archive: "Archive") -> Any:
        _expect(self, node, "a dictionary")
        content = node.get("content")
        _check_keys(node.get("key_types"), content)
        missing = next((name for name in self.needed if name not in content), None)
        if missing is not None:
            raise Mismatch(f"it lacks {missing}")
        values = {}
        for name, part in content.items():
            form = self.needed.get(name) or self.optional.get(name) or self.others
            if form is None:
                raise Mismatch(f"it has {name[:60]!r}, which metatune does not write")
            try:
                values[name] = form.read(part, archive)
            except Mismatch as mismatch:
                raise mismatch.inside(name[:60]) from None
        return values


def _check_keys(types: Any, content: Any) -> None:
    if not isinstance(content, dict) or not isinstance(types, dict):
        raise Mismatch("it is not a dictionary")
    named = types.get("content")
    if not isinstance(named, list) or len(named) != len(content):
        raise Mismatch("its keys are not all texts")
    for name in content:
        try:
            name.encode()
        except UnicodeEncodeError as error:
            raise Mismatch("a key is no text") from error
    if not all(isinstance(part, dict) and _is(part, "TypeNode", "builtins.str") for part in named):
        raise Mismatch("its keys are not all texts")


@dataclass(frozen=True, slots=True)
class TypeName(Form):
    """Form of a type that is named: of one single type."""

    module: str
    name: str

    def takes(self, node: dict[str, Any]) -> bool:
        return _is(node, "TypeNode", f"{self.module}.{self.name}")

    def read(self, node: Any, archive: "Archive") -> Any:  # noqa: ARG002
        _expect(self, node, f"the type {self.module}.{self.name}")
        return np.dtype(self.name).type


class OneOf(Form):
    """Form of a value that has one of several forms: the first that takes it."""

    __slots__ = ("forms",)

    def __init__(self, *forms: Form) -> None:
        self.forms = forms

    def takes(self, node: dict[str, Any]) -> bool:
        return any(form.takes(node) for form in self.forms)

    def read(self, node: Any, archive: "Archive") -> Any:
        if not isinstance(node, dict):
            raise Mismatch("it is no node")
        found = Mismatch(f"{node.get('__module__')}.{node.get('__class__')} does not belong here")
        for form in self.forms:
            if form.takes(node):
                try:
                    return form.read(node, archive)
                except Mismatch as mismatch:  # the one furthest inside tells most
                    found = max(mismatch, found, key=lambda each: (len(each.place), each.place))
        raise found


class Plain(Form):
    """Form of plain values, and of lists and dictionaries of them."""

    __slots__ = ()

    def takes(self, node: dict[str, Any]) -> bool:
        return _ANY_PLAIN.takes(node)

    def read(self, node: Any, archive: "Archive") -> Any:
        return _ANY_PLAIN.read(node, archive)


_ANY_LEAF = Leaf(
    "a plain value",
    lambda value: value is None or type(value) in (bool, int, float, str),
)
_ANY_PLAIN = OneOf(
    _ANY_LEAF,
    Listed(Plain()),
    Listed(Plain(), "tuple"),
    Mapped(others=Plain()),
    *(Scalar(name) for name in ("int64", "float64", "bool", "str_")),
)
