"""Process of a command: its streams, errors that nobody foresaw, and a quick end."""

import contextlib
import os
import sys
import traceback
import warnings
from types import TracebackType
from typing import Any, NoReturn

from metatune.errors import MetatuneWarning
from metatune.files.text import visible

__all__ = ["run", "silence_libraries", "start_workers"]

_VERBOSE = ("-v", "--verbose")
_THREADS = ("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "MKL_NUM_THREADS")


class _Owner:
    """Owner of this process: the command, or a program that calls it."""

    is_command = False


def run() -> NoReturn:
    """Run the command line and end the process.

    The process ends without taking its libraries down one by one: nothing of a finished command is
    left in them, and with large tables that takes longer than a deadline allows.
    """
    from metatune.cli.interrupts import INTERRUPTED, catch_interrupts, last_words
    from metatune.cli.outlets import open_outlets

    _Owner.is_command = True
    results = open_outlets()
    silence_libraries()
    sys.excepthook = _explain
    try:
        catch_interrupts()
        code = _run_command()
        sys.stdout.flush()
    except KeyboardInterrupt:
        print(visible(last_words()), file=sys.stderr)
        code = INTERRUPTED
    if results.error is not None:
        reason = results.error.strerror or results.error
        print(f"metatune: error: cannot write to standard output: {reason}", file=sys.stderr)
        code = code or 1
    if results.escaped:
        lacking = f"characters that {sys.stdout.encoding} lacks were written like \\u00e9"
        print(f"metatune: {lacking}; set PYTHONIOENCODING=utf-8", file=sys.stderr)
    sys.stderr.flush()
    os._exit(code)


def silence_libraries() -> None:
    """Keep warnings of libraries off the screen, unless ``PYTHONWARNINGS`` or ``-W`` asks for them.

    They speak to programmers; what the user of a command should know, metatune says itself, in a
    line without the place in its code.
    """
    if not sys.warnoptions:
        warnings.simplefilter("ignore")
        warnings.filterwarnings("default", category=MetatuneWarning)
        warnings.showwarning = _say_warning


def _say_warning(message: Warning | str, *_: Any, **__: Any) -> None:
    print(f"warning: {message}", file=sys.stderr)


def _run_command() -> int:
    # Numeric libraries read these when they are loaded. What this process computes is small, and
    # the cores belong to the workers.
    for name in _THREADS:
        os.environ.setdefault(name, "1")
    from metatune.cli.app import cli

    try:
        cli.main()
    except SystemExit as end:
        return end.code if isinstance(end.code, int) else int(end.code is not None)


def start_workers() -> None:
    """Start the process that workers are forked from: a copy of this one, with its imports.

    A process that imports on its own is a tenth of a second sooner where a core is idle for it, and
    takes as long again where none is. Another program is not copied: it may hold anything.
    """
    from metatune.execution.launcher import fork_server

    with contextlib.suppress(OSError):  # whoever wants workers is told
        fork_server(forked=_Owner.is_command)


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
