"""Text that terminals and files can take, whatever characters are in it."""

import json
import re
from typing import Any

__all__ = ["json_text", "short_path", "visible"]

_UNSEEN = re.compile(
    "[\x00-\x08\x0b-\x1f\x7f-\x9f\u061c\u200e\u200f\u2028-\u202e\u2066-\u2069\ud800-\udfff]"
)
"""Controls, marks that turn the direction of writing, and halves of characters."""

_LONGEST = 100  # characters of a path that are shown

_LINES = re.compile("[\t\n]")


def visible(text: str, *, lines: bool = False) -> str:
    r"""Escape characters that would steer a terminal, or could not be written: ``\x1b``.

    Parameters
    ----------
    text : str
    lines : bool
        Whether line ends and tabs stay.
    """
    shown = _UNSEEN.sub(_escape, text)
    return shown if lines else _LINES.sub(_escape, shown)


def short_path(path: object) -> str:
    """Return a path for a message, cut where it is longer than anybody would read."""
    text = str(path)
    return text if len(text) <= _LONGEST else f"{text[:_LONGEST]}..."


def json_text(value: Any, **options: Any) -> str:
    """Write JSON for people and files: its characters as they are, but for unseen ones.

    Parameters
    ----------
    value : object
        Plain values.
    **options
        Of `json.dumps`.
    """
    text = json.dumps(value, ensure_ascii=False, **options)
    return _UNSEEN.sub(lambda match: f"\\u{ord(match[0]):04x}", text)


def _escape(match: re.Match[str]) -> str:
    return match[0].encode("unicode_escape").decode("ascii")
