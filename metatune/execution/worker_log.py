"""Log of the warnings that a process would print: each text once, and not too many."""

import contextlib
from typing import TextIO

__all__ = ["WarningLog"]

_MOST = 200  # texts of one process
_LONGEST = 500  # characters of one


class WarningLog:
    """Log of warnings, a line for each text.

    Parameters
    ----------
    file : TextIO
        Takes the lines; a file that cannot be written any more loses them.
    """

    def __init__(self, file: TextIO) -> None:
        self._file = file
        self._known: set[str] = set()

    def show(
        self,
        message: Warning | str,
        category: type[Warning],
        filename: str,
        lineno: int,
        file: TextIO | None = None,  # noqa: ARG002  # as `warnings.showwarning` has it
        line: str | None = None,  # noqa: ARG002
    ) -> None:
        """Write a warning, in place of `warnings.showwarning`."""
        text = f"{category.__name__}: {' '.join(str(message).split())}"[:_LONGEST]
        if text in self._known or len(self._known) >= _MOST:
            return
        self._known.add(text)
        with contextlib.suppress(OSError, ValueError):
            self._file.write(f"{text} ({filename}:{lineno})\n")
            self._file.flush()
