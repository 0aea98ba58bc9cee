"""Errors by which parsers of others say that a file is damaged, and their words in one line."""

import lzma
import struct
import zipfile
import zlib

__all__ = ["DAMAGE", "reason"]

DAMAGE: tuple[type[Exception], ...] = (
    OSError,
    EOFError,
    ValueError,
    ArithmeticError,
    LookupError,
    TypeError,
    AttributeError,
    SyntaxError,  # of XML
    RuntimeError,  # encrypted archives, and values nested beyond all measure
    AssertionError,
    MemoryError,
    struct.error,
    zipfile.BadZipFile,
    zlib.error,
    lzma.LZMAError,
)
"""Exceptions that parsers were seen to raise on damaged or hostile bytes."""

_LONGEST = 120


def reason(error: BaseException) -> str:
    """Return the first line of an error's message, or its name where it has none."""
    if isinstance(error, RecursionError):
        return "values are nested too deeply"
    lines = str(error).strip().splitlines()
    text = lines[0] if lines else type(error).__name__
    return text if len(text) <= _LONGEST else text[: _LONGEST - 3] + "..."
