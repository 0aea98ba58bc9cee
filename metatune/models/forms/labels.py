"""Labels of classes, as users have them."""

from metatune.models.reading.form import Array, Leaf, ObjectArray, OneOf, Scalar

__all__ = ["LABELS"]

_NUMBERS = ("int8", "int16", "int32", "int64", "uint8", "uint16", "uint32", "uint64")
_CELLS = ("|b1", "|i1", "<i2", "<i4", "<i8", "|u1", "<u2", "<u4", "<u8", "<f4", "<f8", "U")
_ONE = Leaf("a label", lambda value: type(value) in (bool, int, float, str))

LABELS = OneOf(
    Array(_CELLS, 1),
    ObjectArray(
        OneOf(_ONE, *(Scalar(name) for name in (*_NUMBERS, "float32", "float64", "bool", "str_")))
    ),
)
