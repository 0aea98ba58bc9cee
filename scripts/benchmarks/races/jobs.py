"""Jobs of races: a module run in a process of its own, which prints its result as JSON."""

import json
import subprocess
import sys
from pathlib import Path
from typing import Any

__all__ = ["run_job"]

_SCRIPTS = Path(__file__).resolve().parents[2]


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
        ended = subprocess.run(
            [sys.executable, "-m", module, task],
            cwd=_SCRIPTS,
            capture_output=True,
            text=True,
            timeout=seconds,
            check=False,
        )
    except subprocess.TimeoutExpired:
        return {"error": "hangs"}
    if ended.returncode != 0:
        lines = ended.stderr.strip().splitlines()
        return {"error": lines[-1] if lines else f"exit code {ended.returncode}"}
    return dict(json.loads(ended.stdout.strip().splitlines()[-1]))
