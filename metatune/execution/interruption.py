"""Interruptions that arrive: not in the middle of an import, and not where they would be dropped.

A module whose import is broken off stays in halves: extension types are registered already,
packages lack the submodules that were loaded before. It cannot be imported again, and a run that
ends in good order still needs it. And what is raised in a finalizer, or in what Python calls at a
fork, reaches nobody. In both places the interruption comes again a moment later.
"""

import _thread
import contextlib
import inspect
import signal
import sys
import threading
import time
from collections.abc import Iterable, Iterator
from types import FrameType

from metatune.execution.forked_process import WAITING_THREAD

__all__ = ["Interruption", "safe_interruptions"]

_PAUSE = 0.02
_LOADER = "<frozen importlib._bootstrap>"  # file name of the code that loads modules


class Interruption:
    """Handler of signals: `KeyboardInterrupt`, as soon as it is safe.

    Attributes
    ----------
    n_repeated : int
        Signals that came again, as the first one came at the wrong moment.
    """

    def __init__(self) -> None:
        self.n_repeated = 0
        # A script that is imported by another one may be what runs here.
        self._depth = _n_imports(inspect.currentframe())
        self._number = signal.SIGINT
        self._thread = threading.main_thread().ident or 0
        self._report = sys.unraisablehook

    def install(self, numbers: Iterable[int]) -> None:
        """Handle these signals from now on, in the main thread."""
        for number in numbers:
            signal.signal(number, self)
        sys.unraisablehook = self._keep

    def __call__(self, number: int, frame: FrameType | None) -> None:
        """Raise KeyboardInterrupt, now or as soon as no module is being imported.

        Raises
        ------
        KeyboardInterrupt
            If no module is being imported.
        """
        self._number = signal.Signals(number)
        if _n_imports(frame) <= self._depth:
            raise KeyboardInterrupt
        self._come_again()

    def _keep(self, dropped: "sys.UnraisableHookArgs") -> None:
        """Let an interruption that nobody got come again; report every other exception."""
        if issubclass(dropped.exc_type, KeyboardInterrupt):
            self._come_again()
        else:
            self._report(dropped)

    def _come_again(self) -> None:
        threading.Thread(target=self._repeat, daemon=True, name=WAITING_THREAD).start()

    def _repeat(self) -> None:
        time.sleep(_PAUSE)
        self.n_repeated += 1
        if hasattr(signal, "pthread_kill"):
            signal.pthread_kill(self._thread, self._number)  # wakes it where it waits
        else:
            _thread.interrupt_main(self._number)


@contextlib.contextmanager
def safe_interruptions() -> Iterator[None]:
    """Let the interrupt key wait for a safe moment in a program that handles it as Python does.

    Only the main thread is told of signals; in another one, and where the program has a handler of
    its own, nothing changes.
    """
    is_main = threading.current_thread() is threading.main_thread()
    if not is_main or signal.getsignal(signal.SIGINT) is not signal.default_int_handler:
        yield
        return
    report, interruption = sys.unraisablehook, Interruption()
    interruption.install([signal.SIGINT])
    try:
        yield
    finally:
        if signal.getsignal(signal.SIGINT) is interruption:  # nobody else took it meanwhile
            signal.signal(signal.SIGINT, signal.default_int_handler)
        sys.unraisablehook = report


def _n_imports(frame: FrameType | None) -> int:
    """Count the calls in a stack of frames that load a module."""
    count = 0
    while frame is not None:
        count += frame.f_code.co_filename == _LOADER
        frame = frame.f_back
    return count
