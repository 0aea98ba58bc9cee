"""Encoding of a text file, detected from its bytes."""

import codecs

from metatune.errors import TableError

__all__ = ["find_encoding", "single_byte_encoding"]

_BOMS = (
    (codecs.BOM_UTF8, "utf-8-sig"),
    (codecs.BOM_UTF32_LE, "utf-32"),
    (codecs.BOM_UTF32_BE, "utf-32"),
    (codecs.BOM_UTF16_LE, "utf-16"),
    (codecs.BOM_UTF16_BE, "utf-16"),
)
_CONTROLS = frozenset(range(32)) - frozenset(b"\t\n\r\f\v\x1a\x1b\x1c\x1d\x1e\x1f\x08")
_MAX_CONTROL_SHARE = 0.01


def find_encoding(head: bytes, *, complete: bool, label: str) -> str:
    """Find the encoding of a text.

    Parameters
    ----------
    head : bytes
        The first bytes of the file.
    complete : bool
        Whether they are all; else the last character may be cut.
    label : str
        Name of the file in messages.

    Returns
    -------
    str
        "utf-8-sig", "utf-16", "utf-16-le", "utf-16-be", "utf-32", "utf-8", "cp1252" or "latin-1".

    Raises
    ------
    TableError
        If the bytes are no text.
    """
    for bom, encoding in _BOMS:
        if head.startswith(bom):
            return encoding
    wide = _wide_encoding(head)
    if wide:
        return wide
    controls = sum(head.count(bytes([code])) for code in _CONTROLS)
    if b"\x00" in head or controls > _MAX_CONTROL_SHARE * len(head):
        raise TableError(f"{label} holds binary data, not a table in a format that is supported")
    try:
        codecs.getincrementaldecoder("utf-8")().decode(head, final=complete)
    except UnicodeDecodeError:
        return single_byte_encoding(head)
    return "utf-8"


def single_byte_encoding(data: bytes) -> str:
    """Tell the two usual encodings apart that give each character one byte."""
    if not any(code in data for code in range(0x80, 0xA0)):
        return "latin-1"
    try:
        data.decode("cp1252")
    except UnicodeDecodeError:
        return "latin-1"
    return "cp1252"


def _wide_encoding(head: bytes) -> str:
    """Recognise UTF-16 without a mark: every other byte of mostly Latin text is zero."""
    even, odd = head[0::2], head[1::2]
    if len(head) < 4:
        return ""
    if odd.count(0) > 0.6 * len(odd) and even.count(0) < 0.1 * len(even):
        return "utf-16-le"
    if even.count(0) > 0.6 * len(even) and odd.count(0) < 0.1 * len(odd):
        return "utf-16-be"
    return ""
