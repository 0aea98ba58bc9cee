"""Outlets of a command: standard output and error that can close, fill up or lack characters.

Nobody has to listen to a run that goes on: what cannot be written is dropped, and told at the end
where it was a result. A reader that went away, as ``head`` does, has had enough.
"""

import codecs
import errno
import io
import os
import select
import sys
from typing import TextIO

__all__ = ["Outlet", "open_outlets"]

_NOBODY_LISTENS = (errno.EPIPE, errno.ESHUTDOWN, errno.ECONNRESET)


class Outlet(io.RawIOBase):
    """Standard output or error as it is: open or closed, with or without a reader, full or not.

    Parameters
    ----------
    descriptor : int
        1 or 2; what is closed is opened to nowhere.

    Attributes
    ----------
    error : OSError or None
        First reason for which something was dropped; None for readers that went away.
    escaped : bool
        Whether characters were escaped that its encoding lacks.
    """

    def __init__(self, descriptor: int) -> None:
        self._descriptor = descriptor
        self._is_shut = False
        self.error: OSError | None = None
        self.escaped = False

    def writable(self) -> bool:
        return True

    def fileno(self) -> int:
        return self._descriptor

    def isatty(self) -> bool:
        return os.isatty(self._descriptor)

    def write(self, content: bytes) -> int:  # type: ignore[override]  # or whatever holds bytes
        """Write what can be written, and drop the rest; an outlet that failed once stays shut."""
        if not self._is_shut:
            try:
                return self._write(content)
            except OSError as error:
                self._is_shut = True
                if error.errno not in _NOBODY_LISTENS:
                    self.error = error
        return len(content)

    def escape(self, error: UnicodeError) -> tuple[str, int]:
        """Write characters that the encoding lacks as JSON does, which can be read back."""
        if not isinstance(error, UnicodeEncodeError):
            raise error
        self.escaped = True
        units = error.object[error.start : error.end].encode("utf-16-be", "surrogatepass")
        pairs = (units[i : i + 2].hex() for i in range(0, len(units), 2))
        return "".join(f"\\u{pair}" for pair in pairs), error.end

    def _write(self, content: bytes) -> int:
        try:
            return os.write(self._descriptor, content)
        except BlockingIOError:  # another program shares it, and does not want to wait
            select.select([], [self._descriptor], [])
            return os.write(self._descriptor, content)


def open_outlets() -> Outlet:
    """Make standard output and error of this process such that writing to them cannot fail.

    Returns
    -------
    Outlet
        That of the results.
    """
    for descriptor in range(3):  # else the next files to be opened would be taken for streams
        try:
            os.fstat(descriptor)
        except OSError:
            os.open(os.devnull, os.O_RDWR)
    output, error = Outlet(1), Outlet(2)
    if sys.stdin is None:
        sys.stdin = os.fdopen(0)
    sys.stdout = _text(output, sys.stdout)
    sys.stderr = _text(error, sys.stderr)
    return output


def _text(outlet: Outlet, given: TextIO | None) -> io.TextIOWrapper:
    encoding = getattr(given, "encoding", None) or "utf-8"
    escaping = f"metatune-{outlet.fileno()}"
    codecs.register_error(escaping, outlet.escape)
    return io.TextIOWrapper(
        io.BufferedWriter(outlet),  # type: ignore[type-var]  # it is a raw stream
        encoding=encoding,
        errors=escaping,
        line_buffering=outlet.isatty() or outlet.fileno() == 2,
    )
