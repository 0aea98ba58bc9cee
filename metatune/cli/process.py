"""Process of a command: errors that nobody foresaw, and a quick end."""

import contextlib
import os
import sys
import traceback
from types import TracebackType
from typing import NoReturn

from metatune.files.text import visible

__all__ = ["run"]

_VERBOSE = ("-v", "--verbose")
_THREADS = ("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "MKL_NUM_THREADS")


def run() -> NoReturn:
    """Run the command line and end the process.

    The process ends without taking its libraries down one by one: nothing of a finished command is
    left in them, and with large tables that takes longer than a deadline allows.
    """
    sys.excepthook = _explain
    # Numeric libraries read these when they are loaded. What this process computes is small, and
    # the cores belong to the workers.
    for name in _THREADS:
        os.environ.setdefault(name, "1")
    from metatune.cli.app import cli
    from metatune.cli.interrupts import catch_interrupts

    catch_interrupts()
    code = 0
    try:
        cli.main()
    except SystemExit as end:
        code = end.code if isinstance(end.code, int) else int(end.code is not None)
    for stream in (sys.stdout, sys.stderr):
        with contextlib.suppress(BrokenPipeError, ValueError):
            stream.flush()
    os._exit(code)


def _explain(kind: type[BaseException], error: BaseException, trace: TracebackType | None) -> None:
    """Say in a line what went wrong that nobody foresaw; the interpreter then exits with 1."""
    what = visible(" ".join(f"{kind.__name__}: {error}".split())[:300])
    if issubclass(kind, MemoryError):
        print(f"metatune: error: not enough memory ({what})", file=sys.stderr)
        return
    verbose = any(argument in _VERBOSE for argument in sys.argv[1:])
    hint = "" if verbose else "; run it again with -v for the details to report"
    print(f"metatune: error: this is a bug in metatune ({what}){hint}", file=sys.stderr)
    if verbose:
        traceback.print_exception(kind, error, trace)
