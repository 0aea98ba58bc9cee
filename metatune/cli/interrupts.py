"""Interruptions of a command: the first one ends it in good order, and soon; the second at once.

The interrupt key, and the signals by which batch systems and closing terminals end a process, all
raise `KeyboardInterrupt` in the main thread, as soon as that is safe. That may be deep in
compiled code which does not notice for long, so a thread of its own watches the clock: after two
seconds, or at the second signal, the process ends where it stands. That is as safe as a kill: what
was saved is whole.
"""

import contextlib
import os
import signal
import socket
import threading

from metatune.budget import Deadline
from metatune.execution.forked_process import WAITING_THREAD
from metatune.execution.interruption import Interruption

__all__ = ["catch_interrupts", "last_words", "leave_terminal_with", "say_at_the_end"]

INTERRUPTED = 130

_GRACE_SECONDS = 1.9
_NAMES = ("SIGINT", "SIGTERM", "SIGHUP")

_last_words: list[str] = []
_terminal: list[str] = []


def say_at_the_end(text: str) -> None:
    """Set what is said if the process has to end where it stands."""
    _last_words[:] = [text]


def leave_terminal_with(text: str) -> None:
    """Set what gives the terminal back if the process has to end where it stands."""
    _terminal[:] = [text]


def last_words() -> str:
    """Return what is said at the end of an interrupted process."""
    return "; ".join(["metatune: interrupted", *_last_words])


def catch_interrupts() -> None:
    """Watch for interruptions from now on; only in the main thread of a command's own process."""
    wanted = [getattr(signal, name) for name in _NAMES if hasattr(signal, name)]
    # What is ignored stays ignored, as with nohup.
    caught = [number for number in wanted if signal.getsignal(number) is not signal.SIG_IGN]
    theirs, ours = socket.socketpair()
    ours.setblocking(False)
    # Python writes each signal there at once, even while compiled code keeps the main thread.
    signal.set_wakeup_fd(ours.fileno(), warn_on_full_buffer=False)
    interruption = Interruption()
    interruption.install(caught)
    arguments = (theirs, ours, frozenset(map(int, caught)), interruption)
    threading.Thread(target=_watch, args=arguments, daemon=True, name=WAITING_THREAD).start()


def _watch(
    theirs: socket.socket,
    _ours: socket.socket,
    numbers: frozenset[int],
    interruption: Interruption,
) -> None:
    """Wait for the first signal, then for the second one or the end of the grace."""
    n_signals = 0
    while n_signals == 0:
        n_signals = _count(theirs, numbers)
    grace = Deadline.after(_GRACE_SECONDS)
    with contextlib.suppress(TimeoutError):
        while n_signals <= 1 + interruption.n_repeated:
            theirs.settimeout(max(1e-3, grace.remaining()))
            n_signals += _count(theirs, numbers)
    text = "".join(_terminal) + last_words() + "\n"
    with contextlib.suppress(OSError):
        os.write(2, text.encode(errors="backslashreplace"))
    os._exit(INTERRUPTED)


def _count(theirs: socket.socket, numbers: frozenset[int]) -> int:
    """Wait for signals of any kind, and count those of these numbers."""
    return sum(number in numbers for number in theirs.recv(64))
