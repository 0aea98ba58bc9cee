"""Positive class: the one of two that metrics such as F1 and recall are about."""

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from metatune.errors import OptionError

if TYPE_CHECKING:
    from metatune._typing import AnyArray, IntArray


__all__ = ["PositiveClass", "find_positive"]

_TRUE = ("true", "1", "1.0")
_FALSE = ("false", "0", "0.0")


@dataclass(frozen=True, slots=True, kw_only=True)
class PositiveClass:
    """Positive class of two.

    Attributes
    ----------
    code : int
        Code of its label.
    label : str
        Its label, for people.
    is_guess : bool
        Whether it is only the rarer class: nobody named it, and neither is 1 or True.
    """

    code: int
    label: str
    is_guess: bool = False


def find_positive(classes: "AnyArray", counts: "IntArray", given: Any = None) -> PositiveClass:
    """Find the positive one of two classes.

    Parameters
    ----------
    classes : ndarray of shape (2,)
        Labels, sorted.
    counts : ndarray of shape (2,)
        Rows of each.
    given : object, optional
        Label that the user names, or its text. Without it, 1 or True is the positive class, as in
        scikit-learn, else the rarer one.

    Raises
    ------
    OptionError
        If the label is none of the two.
    """
    labels = classes.tolist()
    texts = [str(label) for label in labels]
    if given is not None:
        code = _code_of(given, labels, texts)
        return PositiveClass(code=code, label=texts[code])
    lowered = [text.strip().lower() for text in texts]
    for code in (1, 0):
        if lowered[code] in _TRUE and (
            _is_number(lowered[1 - code]) or lowered[1 - code] in _FALSE
        ):
            return PositiveClass(code=code, label=texts[code])
    code = 0 if counts[0] < counts[1] else 1  # of equally rare ones the last, as in scikit-learn
    return PositiveClass(code=code, label=texts[code], is_guess=True)


def _code_of(given: Any, labels: list[Any], texts: list[str]) -> int:
    for code in (0, 1):
        if type(given) is type(labels[code]) and given == labels[code]:
            return code
    text = str(given).strip()
    for code in (0, 1):
        if texts[code].strip() == text:
            return code
    lowered = [label.strip().lower() for label in texts]
    for code in (0, 1):
        if lowered[code] == text.lower() and lowered[1 - code] != text.lower():
            return code
        if _is_number(text) and _is_number(texts[code]) and float(text) == float(texts[code]):
            return code
    raise OptionError(
        f"positive class {text!r} is no label of the target: use {texts[0]!r} or {texts[1]!r}"
    )


def _is_number(text: str) -> bool:
    try:
        float(text)
    except ValueError:
        return False
    return True
