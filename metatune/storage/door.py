"""Doors through which runs are started, and the names that their users know options by."""

import re
import shlex
from enum import StrEnum
from pathlib import Path

__all__ = ["Door", "continue_command"]

_PARAMETERS = {
    "output": "run_dir",
    "seed": "random_state",
    "jobs": "n_jobs",
    "positive": "pos_label",
}


_OPTIONS = {"objectives": "objective"}

_WRITTEN = re.compile(r"--([a-z][a-z-]*)(?: (?!overrides\b)('[^']*'|\S+))?")
"""Option of the command line in a message, with its value if it has one."""


class Door(StrEnum):
    """Door through which a run is started."""

    COMMAND_LINE = "command line"
    PYTHON = "Python"

    def spell(self, option: str) -> str:
        """Spell an option as it is written here: `--max-trials`, or `max_trials`."""
        if self is Door.COMMAND_LINE:
            return "--" + _OPTIONS.get(option, option).replace("_", "-")
        return _PARAMETERS.get(option, option)

    def reword(self, message: str) -> str:
        """Return a message in which options of the command line are spelled as here.

        ``--task regression`` becomes ``task='regression'`` in Python, and ``--target`` ``target=``.
        """
        if self is Door.COMMAND_LINE:
            return message

        def spelled(found: re.Match[str]) -> str:
            name = self.spell(found[1].replace("-", "_"))
            value = "" if found[2] is None else repr(found[2].strip("'"))
            return f"{name}={value}"

        return _WRITTEN.sub(spelled, message)

    @property
    def resume(self) -> str:
        """Option that goes on with a run."""
        return "--resume" if self is Door.COMMAND_LINE else "resume=True"


def continue_command(directory: Path | str, *words: str) -> str:
    """Write the command that goes on with a run, as it can be typed into a shell."""
    return shlex.join(["metatune", "continue", str(directory), *words])
