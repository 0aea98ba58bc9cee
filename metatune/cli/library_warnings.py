"""Warnings of libraries: kept in the log of a run, away from what its user reads."""

import logging
import os
import warnings
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any

from metatune.errors import MetatuneWarning
from metatune.execution.worker_log import WarningLog

if TYPE_CHECKING:
    from metatune.cli.console import Voice

__all__ = ["library_warnings"]


@contextmanager
def library_warnings(voice: "Voice", folder: Path | None) -> Iterator[None]:
    """Say metatune's own warnings, and write those of libraries to a file in a folder.

    Parameters
    ----------
    voice : Voice
        Says metatune's own.
    folder : Path or None
        Takes the file; without it they are dropped.
    """
    path = Path(os.devnull) if folder is None else folder / "command.log"
    with warnings.catch_warnings(), path.open("a", encoding="utf-8") as file:
        log = WarningLog(file)

        def show(message: Any, category: type[Warning], *place: Any, **_: Any) -> None:
            if issubclass(category, MetatuneWarning):
                voice.say(f"warning: {message}")
            else:
                log.show(message, category, *place)

        warnings.showwarning = show
        handler = logging.StreamHandler(file)
        handler.setFormatter(logging.Formatter("%(levelname)s %(name)s: %(message)s"))
        usual, logging.lastResort = logging.lastResort, handler
        try:
            yield
        finally:
            logging.lastResort = usual
