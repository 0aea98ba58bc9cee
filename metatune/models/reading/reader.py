"""Reader of a model file: its archive, checked against a form, before anything is built."""

from pathlib import Path
from typing import Any

from metatune.models.reading.archive import Archive
from metatune.models.reading.form import Form
from metatune.models.reading.mismatch import Mismatch
from metatune.models.reading.state import build

__all__ = ["read"]

_PROTOCOLS = (1, 2)


def read(path: Path, form: Form, room: int) -> Any:
    """Return the object that a file holds, if it has a form.

    Parameters
    ----------
    path : Path
        A model file.
    form : Form
        Form of what it may hold.
    room : int
        Bytes that it may take in memory.

    Raises
    ------
    Mismatch
        If it is no model file, or holds anything else.
    """
    with Archive(path, room) as archive:
        try:
            schema = archive.schema()
            if not isinstance(schema, dict) or schema.get("protocol") not in _PROTOCOLS:
                raise Mismatch("it is written in another format")
            state = form.read(schema, archive)
        except RecursionError as error:
            raise Mismatch("it is nested too deeply") from error
        archive.check_all_used()
    return build(state)
