"""Learners of users: packed, and opened only for those who name the types to be trusted."""

from typing import TYPE_CHECKING, Any
from zipfile import BadZipFile

from metatune.models.reading.form import TEXT, Bytes, Form, integer
from metatune.models.reading.mismatch import Mismatch, Untrusted
from metatune.models.reading.record import Attributes, Declared, Record
from metatune.models.reading.state import State

if TYPE_CHECKING:
    from metatune.models.reading.archive import Archive

__all__ = ["CLASSIFIER", "REGRESSOR"]

_MODULE = "metatune.algorithms.learners.own_learner"
_PACKED = "packed"
_OURS = ("metatune.algorithms.learners.calibration.CalibratedScores",)
"""Types of metatune that learners of users may hold."""

_FAULTS = (
    *(BadZipFile, OSError, EOFError, RecursionError, ArithmeticError),
    *(ValueError, TypeError, LookupError, AttributeError, ImportError),
)
"""Errors of skops and of the classes it builds, for what is damaged or not installed."""


class _Packed(Form):
    """Form of a learner of a user.

    Parameters
    ----------
    name : str
        Name of its class.
    fitted : mapping of str to Form
        Attributes that the fit leaves.
    """

    def __init__(self, name: str, fitted: Attributes) -> None:
        needed: Attributes = {"name": TEXT, _PACKED: Bytes(), **fitted}
        self._record = Record(_MODULE, name, needed, {})

    def takes(self, node: dict[str, Any]) -> bool:
        return self._record.takes(node)

    def read(self, node: Any, archive: "Archive") -> State:
        state = self._record.read(node, archive)
        packed, family = state[_PACKED], state["name"]
        if archive.trusted is None:
            raise Untrusted(
                f"the model holds a learner of the family {family!r}, which is not of metatune: if "
                "you trust whoever made it, name the types that it may be made of, like "
                "trusted=['package.Class'] (--trust package.Class); trusted=[] lists them"
            )
        trusted = (*archive.trusted, *_OURS)
        unknown = [name for name in _types(packed) if name not in trusted]
        if unknown:
            raise Untrusted(
                f"the learner of the family {family!r} is made of types that were not named: if "
                f"you trust whoever made it, add {', '.join(unknown)} to trusted"
            )

        def make(values: dict[str, Any]) -> Any:
            from metatune.algorithms.learners.own_learner import unpacked

            return unpacked(state.kind, values, _opened(packed, trusted))

        return State(state.kind, state.values, make)


def _types(packed: bytes) -> list[str]:
    """Return the types that skops does not trust by itself."""
    from skops.io import get_untrusted_types

    try:
        return [str(name) for name in get_untrusted_types(data=packed)]
    except _FAULTS as error:
        raise Mismatch("what is packed is no file of skops") from error


def _opened(packed: bytes, trusted: tuple[str, ...]) -> dict[str, Any]:
    from skops.io import loads

    try:
        held = loads(packed, trusted=list(trusted))
    except _FAULTS as error:
        reason = " ".join(str(error).split())
        raise Untrusted(f"what is packed cannot be made here ({reason})") from error
    if not isinstance(held, dict):
        raise Mismatch("what is packed is none of a learner's attributes")
    return held


CLASSIFIER = Declared(
    _Packed("OwnClassifier", {"n_classes_": integer(1)}), _Packed("OwnClassifier", {})
)
REGRESSOR = Declared(_Packed("OwnRegressor", {}), _Packed("OwnRegressor", {}))
