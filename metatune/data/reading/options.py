"""Options for reading: facts about a file that win over what is detected."""

import codecs
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Literal, TypedDict

from metatune.errors import OptionError

__all__ = ["DETECT", "READING", "ReadingKeywords", "ReadingOptions", "reading_options"]

_SEPARATORS = {
    "comma": ",",
    "semicolon": ";",
    "tab": "\t",
    "bar": "|",
    "pipe": "|",
    "colon": ":",
    "blank": " ",
    "space": " ",
    "blanks": r"\s+",
    "spaces": r"\s+",
    "whitespace": r"\s+",
    r"\s+": r"\s+",
}
_DECIMALS = {"point": ".", "comma": ","}
_MAX_SEPARATOR = 8  # characters


@dataclass(frozen=True, slots=True, kw_only=True)
class ReadingOptions:
    r"""Facts about a file that are known before it is read; those that are None are detected.

    Attributes
    ----------
    separator : str or None
        What stands between the fields of a text table; ``\s+`` for runs of blanks.
    quote : str or None
        The character that may enclose fields; empty where quotes are ordinary characters.
    encoding : str or None
        Name of the encoding, as Python knows it.
    decimal : str or None
        "." or ",".
    header : int, "yes", "no" or None
        Number of the line (of the row, in a workbook) that names the columns, counted from one;
        "yes" for the first line of the table, "no" where no line does.
    sheet : str or None
        Name of a workbook's sheet, or its number, counted from one.
    na : tuple of str
        Cells that mean "missing", besides those that always do.
    """

    separator: str | None = None
    quote: str | None = None
    encoding: str | None = None
    decimal: str | None = None
    header: int | Literal["yes", "no"] | None = None
    sheet: str | None = None
    na: tuple[str, ...] = ()

    def __post_init__(self) -> None:
        if self.separator is not None:
            _check_separator(self.separator)
        if self.quote is not None and (len(self.quote) > 1 or self.quote.isalnum()):
            raise OptionError(f"quote {self.quote!r} is no quotation mark: give one, or none")
        if self.encoding is not None:
            _check_encoding(self.encoding)
        if self.decimal not in (None, ".", ","):
            raise OptionError(f"decimal {self.decimal!r} is no decimal separator: use . or ,")
        if self.header not in (None, "yes", "no") and not _is_line(self.header):
            raise OptionError(
                f"header {self.header!r} is neither auto, yes, no nor the number of a line, "
                "counted from 1"
            )

    def missing(self, cell: object) -> bool:
        """Return True if a cell of any type is one of those that mean "missing" here."""
        return bool(self.na) and str(cell).strip() in self.na


DETECT = ReadingOptions()
"""Options of someone who says nothing: everything is detected."""


class ReadingKeywords(TypedDict, total=False):
    """Keywords that functions which take a file hand to `reading_options`."""

    separator: str | None
    encoding: str | None
    decimal: str | None
    header: str | int | bool | None
    sheet: str | int | None
    na: str | list[str] | tuple[str, ...] | None


READING = tuple(ReadingKeywords.__annotations__)
"""Names of the options, on the command line and in Python."""


def reading_options(given: "Mapping[str, Any] | ReadingKeywords") -> ReadingOptions:
    r"""Make options of what people write.

    Parameters
    ----------
    given : mapping
        Names of options and values; those that are missing or None are detected. A separator may
        be named (comma, semicolon, tab, bar, blanks) or written like ``\t`` or ``\x01``; `header`
        may be auto, yes, no or a number; `na` a text with commas between the markers.

    Raises
    ------
    OptionError
        If a value cannot be.
    TypeError
        If there is no option of a name.
    """
    unknown = [name for name in given if name not in READING]
    if unknown:
        raise TypeError(f"there is no parameter {unknown[0]!r}")
    separator, encoding, decimal = (
        _text(given.get(name), name) for name in ("separator", "encoding", "decimal")
    )
    sheet = given.get("sheet")
    return ReadingOptions(
        separator=None if separator is None else _separator(separator),
        encoding=encoding,
        decimal=None if decimal is None else _DECIMALS.get(decimal.lower(), decimal),
        header=_header(given.get("header")),
        sheet=None if sheet is None else str(sheet),
        na=_markers(given.get("na")),
    )


def _text(value: object, name: str) -> str | None:
    if value is None or isinstance(value, str):
        return value
    raise OptionError(f"{name} {value!r} is no text: write it in quotes")


def _separator(text: str) -> str:
    """Understand the name of a separator, or one that is written with a backslash."""
    named = _SEPARATORS.get(text.lower())
    if named is not None:
        return named
    if text.startswith("\\") and len(text) > 1:
        try:
            return codecs.decode(text, "unicode_escape")
        except UnicodeDecodeError:
            return text
    return text


def _check_separator(text: str) -> None:
    if not text or len(text) > _MAX_SEPARATOR:
        raise OptionError(
            f"separator {text[:40]!r} cannot stand between fields: give a character or a few, "
            "or a name like tab"
        )
    if text != r"\s+" and (text.isalnum() or any(mark in text for mark in '"\r\n\0')):
        raise OptionError(
            f"separator {text!r} cannot stand between fields: letters, digits, quotes and line "
            "ends are parts of the cells"
        )


def _check_encoding(name: str) -> None:
    try:
        b"a".decode(name)
    except UnicodeDecodeError:  # known: it writes a character in more bytes than one
        return
    except (LookupError, ValueError):
        raise OptionError(
            f"encoding {name[:40]!r} is unknown: use a name like utf-8, latin-1, cp1252, gbk"
        ) from None


def _header(value: object) -> int | Literal["yes", "no"] | None:
    if value is None:
        return None
    if isinstance(value, bool):
        return "yes" if value else "no"
    if isinstance(value, str) and value.strip().isdecimal():
        return int(value)
    if isinstance(value, str) and value.lower() in ("auto", "yes", "no", "none"):
        word = value.lower()
        return None if word == "auto" else "yes" if word == "yes" else "no"
    return value  # type: ignore[return-value]  # refused by the options themselves


def _is_line(value: object) -> bool:
    return isinstance(value, int) and not isinstance(value, bool) and value >= 1


def _markers(value: object) -> tuple[str, ...]:
    """Split the markers at commas; an empty one means nothing, since empty cells are missing."""
    if value is None:
        return ()
    if isinstance(value, int | float):
        return (str(value),)
    if not isinstance(value, str | list | tuple):
        raise OptionError(f"na {value!r} is no list of cells: give a text or a list of texts")
    parts = value.split(",") if isinstance(value, str) else map(str, value)
    return tuple(part.strip() for part in parts if part.strip())
