"""Encoding of a text file, detected from its bytes."""

import codecs

from metatune.data.reading.legacy_encodings import eastern_encoding, western_encoding
from metatune.errors import TableError

__all__ = ["find_encoding", "other_encoding"]

_BOMS = (
    (codecs.BOM_UTF8, "utf-8-sig"),
    (codecs.BOM_UTF32_LE, "utf-32"),
    (codecs.BOM_UTF32_BE, "utf-32"),
    (codecs.BOM_UTF16_LE, "utf-16"),
    (codecs.BOM_UTF16_BE, "utf-16"),
)
_CONTROLS = frozenset(range(32)) - frozenset(b"\t\n\r\f\v\x1a\x1b\x1c\x1d\x1e\x1f\x08")
_SEPARATING = frozenset(range(1, 8))  # controls that separate fields in dumps of databases
_MAX_CONTROL_SHARE = 0.01
_MAX_SEPARATING_SHARE = 0.4


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
        "utf-8-sig", "utf-16", "utf-16-le", "utf-16-be", "utf-32", "utf-8", or an older encoding
        (see `scripts`): "gb18030", "cp1251", "cp1252", "latin-1", "mac_roman" and others.

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
    if _is_binary(head):
        raise TableError(f"{label} holds binary data, not a table in a format that is supported")
    try:
        codecs.getincrementaldecoder("utf-8")().decode(head, final=complete)
    except UnicodeDecodeError:
        return _older_encoding(head)
    return "utf-8"


def other_encoding(data: bytes, failed: str) -> str:
    """Find the encoding of a file whose text turned out not to be in the detected one.

    Parameters
    ----------
    data : bytes
        A part of the file that could not be decoded.
    failed : str
        The encoding that it was taken for.
    """
    found = _older_encoding(data)
    return "latin-1" if found == failed else found


def _older_encoding(data: bytes) -> str:
    """Find the encoding of bytes that are not in one of Unicode's."""
    return eastern_encoding(data) or western_encoding(data)


def _is_binary(head: bytes) -> bool:
    counts = {code: head.count(bytes([code])) for code in _CONTROLS}
    separator = max(_SEPARATING, key=lambda code: counts[code])
    if b"\n" in head and 0 < counts[separator] <= _MAX_SEPARATING_SHARE * len(head):
        counts[separator] = 0
    return b"\x00" in head or sum(counts.values()) > _MAX_CONTROL_SHARE * len(head)


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
