"""Reader of a model file: its archive, checked against a form, before anything is built."""

import re
from pathlib import Path
from typing import Any

from metatune.models.reading.archive import Archive
from metatune.models.reading.form import Form
from metatune.models.reading.mismatch import Mismatch
from metatune.models.reading.state import build

__all__ = ["read"]

_PROTOCOLS = (1, 2)
_VERSION = re.compile(r'"[0-9][0-9A-Za-z.+]{0,30}"')
_STATED = {
    "scikit-learn": ("_sklearn_version",),
    "metatune": ("metatune_info", "versions", "metatune"),
}


def read(path: Path, form: Form, room: int, trusted: tuple[str, ...] | None = None) -> Any:
    """Return the object that a file holds, if it has a form.

    Parameters
    ----------
    path : Path
        A model file.
    form : Form
        Form of what it may hold.
    room : int
        Bytes that it may take in memory.
    trusted : tuple of str, optional
        Types of users' learners that may be built.

    Raises
    ------
    Mismatch
        If it is no model file, or holds anything else.
    """
    with Archive(path, room, trusted) as archive:
        schema = archive.schema()
        if not isinstance(schema, dict) or schema.get("protocol") not in _PROTOCOLS:
            raise Mismatch("it is written in another format")
        try:
            state = form.read(schema, archive)
        except Mismatch as mismatch:
            mismatch.versions = _stated_versions(schema)
            raise
        except RecursionError as error:
            raise Mismatch("it is nested too deeply") from error
        archive.check_all_used()
    return build(state)


def _stated_versions(schema: dict[str, Any]) -> dict[str, str]:
    """Return the versions that a file states in the usual place, as far as it does."""
    versions = {}
    for library, path in _STATED.items():
        node: Any = schema.get("content")
        for name in path:
            node = _content(node)
            node = node.get(name) if isinstance(node, dict) else None
        text = _content(node)
        if isinstance(text, str) and _VERSION.fullmatch(text):
            versions[library] = text.strip('"')
    return versions


def _content(node: Any) -> Any:
    return node.get("content") if isinstance(node, dict) else None
