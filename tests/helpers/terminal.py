"""Terminals of any size and kind, in which a program runs and whose screen can be looked at."""

import fcntl
import os
import pty
import select
import struct
import subprocess
import sys
import termios
from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pyte

__all__ = ["Recording", "run_in_terminal", "script_of"]

_LINES = 200  # enough for nothing to scroll away


class _Screen(pyte.Screen):
    """Screen that notes when a line is so long that the terminal has to break it."""

    def __init__(self, columns: int, lines: int) -> None:
        self.broken: list[str] = []
        super().__init__(columns, lines)

    def draw(self, data: str) -> None:
        for character in data:
            if self.cursor.x == self.columns:
                self.broken.append(self.display[self.cursor.y])
            super().draw(character)


@dataclass(kw_only=True)
class Recording:
    """Record of what a program has drawn.

    Attributes
    ----------
    screens : list of list of str
        Lines of the screen after each piece of output, the last one at the end.
    broken : list of str
        Lines that the terminal had to break.
    output : bytes
        Everything that was written.
    code : int
        Exit code.
    """

    screens: list[list[str]] = field(default_factory=list)
    broken: list[str] = field(default_factory=list)
    output: bytes = b""
    code: int = 0

    @property
    def last(self) -> list[str]:
        return self.screens[-1]


def run_in_terminal(
    words: Sequence[str],
    *,
    columns: int,
    term: str = "xterm-256color",
    program: str | Path = sys.executable,
    **options: Any,
) -> Recording:
    """Run Python, or another program, with arguments in a terminal until it ends."""
    ours, theirs = pty.openpty()
    fcntl.ioctl(theirs, termios.TIOCSWINSZ, struct.pack("HHHH", _LINES, columns, 0, 0))
    environ = {name: value for name, value in os.environ.items() if name != "COLUMNS"}
    environ |= {"TERM": term, "PYTHONPATH": os.pathsep.join(sys.path)}
    process = subprocess.Popen(
        [program, *words],
        stdin=theirs, stdout=theirs, stderr=theirs, env=environ, start_new_session=True, **options,
    )  # fmt: skip
    os.close(theirs)
    recording = _record(ours, columns)
    recording.code = process.wait(timeout=60)
    os.close(ours)
    return recording


def _record(descriptor: int, columns: int) -> Recording:
    screen, recording = _Screen(columns, _LINES), Recording()
    stream = pyte.ByteStream(screen)
    while True:
        readable, _, _ = select.select([descriptor], [], [], 120)
        assert readable, "the program neither writes nor ends"
        try:
            piece = os.read(descriptor, 65536)
        except OSError:  # nobody has it open any more
            break
        if not piece:
            break
        recording.output += piece
        stream.feed(piece)
        recording.screens.append([line.rstrip() for line in screen.display])
    recording.broken = screen.broken
    if not recording.screens:
        recording.screens.append([])
    return recording


def script_of(folder: Path, text: str) -> str:
    """Write a script and return its path."""
    path = folder / "script.py"
    path.write_text(text, encoding="utf-8")
    return str(path)
