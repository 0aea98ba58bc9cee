"""Jobs of races: commands in processes of their own, which print their result as JSON."""

import json
import subprocess
import sys
from collections.abc import Collection, Mapping, Sequence
from pathlib import Path
from typing import Any

__all__ = ["JobError", "run_command", "run_job"]

_SCRIPTS = Path(__file__).resolve().parents[2]


class JobError(Exception):
    """Failure of a command: its last words."""


def run_command(
    command: Sequence[str],
    *,
    folder: Path,
    seconds: float,
    environment: Mapping[str, str] | None = None,
    good: Collection[int] = (0,),
) -> str:
    """Run a command and return its standard output.

    Parameters
    ----------
    command : sequence of str
        Program and arguments.
    folder : Path
        Where it runs.
    seconds : float
        After which it counts as hanging, and is ended.
    environment : mapping of str to str, optional
        Its variables; those of this process by default.
    good : collection of int
        Exit codes that are no failure.

    Raises
    ------
    JobError
        If it hangs, or ends with another exit code.
    """
    try:
        ended = subprocess.run(
            command,
            cwd=folder,
            env=environment,
            capture_output=True,
            text=True,
            timeout=seconds,
            check=False,
        )
    except subprocess.TimeoutExpired as error:
        raise JobError("hangs") from error
    if ended.returncode not in good:
        lines = ended.stderr.strip().splitlines()
        raise JobError(lines[-1] if lines else f"exit code {ended.returncode}")
    return ended.stdout


def run_job(module: str, task: str, *, seconds: float) -> dict[str, Any]:
    """Run a module; what goes wrong becomes its result.

    Parameters
    ----------
    module : str
        Below ``scripts``, such as ``benchmarks.races.entrant``.
    task : str
        Its only argument.
    seconds : float
        After which it counts as hanging, and is ended.

    Returns
    -------
    dict of str to object
        Last line of its standard output; or ``error``, and what it is.
    """
    try:
        said = run_command([sys.executable, "-m", module, task], folder=_SCRIPTS, seconds=seconds)
    except JobError as error:
        return {"error": str(error)}
    return dict(json.loads(said.strip().splitlines()[-1]))
