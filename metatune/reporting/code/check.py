"""Comparison of a script with the model that it repeats."""

import subprocess
import sys
import tempfile
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from metatune.errors import ExportError

if TYPE_CHECKING:
    from metatune.reporting.code.export import Exported, ExportRequest

__all__ = ["check_encoding", "check_predictions"]

TOLERANCE = 1e-6
"""Largest difference of probabilities, or of values in units of their spread."""

_SAME_LABELS = 0.99  # of the rows: others may lie between two labels
_ALONE = """\
import runpy, sys
script, data, model, answer = sys.argv[1:]
sys.modules["metatune"] = None
for words in (["train", data, "--model", model], ["predict", data, "--model", model, "-o", answer]):
    sys.argv = [script, *words]
    runpy.run_path(script, run_name="__main__")
"""
"""Both commands of a script, each in a main module of its own, without metatune."""


def check_encoding(exported: "Exported", request: "ExportRequest") -> "np.ndarray[Any, Any]":
    """Compare the numbers that a script makes of its training table with those of the model.

    Returns
    -------
    ndarray of shape (n_rows,), bool
        Rows of the file that are trained on.

    Raises
    ------
    ExportError
        If they differ; the message names a column.
    """
    names: dict[str, Any] = {"__name__": "script"}
    exec(compile(exported.text, "baseline.py", "exec"), names)
    table, task = names["read_table"](request.table.file.path), request.task
    needed = [task.target, *(column.name for column in task.columns if column.kind.is_used)]
    lost = [name for name in needed if name not in table.columns]
    if lost:
        raise _other_reading(f"column {lost[0]!r} is not found")
    known = _known_rows(names["read_target"](table), task)
    encoder = request.pipeline[0]
    ours = encoder.transform(task.X)[:, : encoder.layout.n_columns]
    theirs = names["Encoder"]().fit_transform(table[known], np.asarray(task.y))
    theirs = np.asarray(theirs, dtype=np.float64)[:, : ours.shape[1]]
    for place, name in enumerate(encoder.layout.names):
        a, b = ours[:, place], theirs[:, place]
        same = np.isclose(a, b, rtol=1e-6, atol=1e-9, equal_nan=True)
        if not same.all():
            row = int(np.flatnonzero(~same)[0])
            raise _other_reading(f"column {name!r}: row {row + 1} is {a[row]:g}, not {b[row]:g}")
    return known


def _other_reading(what: str) -> ExportError:
    return ExportError(f"the table is read in a way that no script repeats ({what})")


def _known_rows(y: Any, task: Any) -> "np.ndarray[Any, Any]":
    known = np.asarray(y.notna())
    if int(known.sum()) != task.n_rows:
        raise _other_reading(f"{task.n_rows:,} rows with a target, not {int(known.sum()):,}")
    if not np.allclose(y[known].to_numpy(dtype=np.float64), task.y, rtol=1e-12):
        raise _other_reading(f"values of the target {task.target!r}")
    return known


def check_predictions(
    exported: "Exported", request: "ExportRequest", known: "np.ndarray[Any, Any]"
) -> float:
    """Train a script in a process without metatune, and compare its predictions.

    Parameters
    ----------
    exported : Exported
    request : ExportRequest
    known : ndarray of shape (n_rows,), bool
        Rows of the file that are trained on.

    Returns
    -------
    float
        Largest difference.

    Raises
    ------
    ExportError
        If it fails, or its predictions differ.
    """
    with tempfile.TemporaryDirectory() as folder:
        script, model = Path(folder, "baseline.py"), Path(folder, "model.joblib")
        answer = Path(folder, "predictions.csv")
        script.write_text(exported.text, encoding="utf-8")
        _run(script, request.table.file.path, model, answer)
        difference = _difference(exported, request, answer, known)
    if not difference <= TOLERANCE:
        raise ExportError(
            f"the script predicts otherwise than the model, by up to {difference:.2g}: "
            "please report this"
        )
    return difference


def _run(*words: str | Path) -> None:
    command = [sys.executable, "-W", "ignore", "-c", _ALONE, *map(str, words)]
    ended = subprocess.run(command, capture_output=True, text=True, check=False)
    if ended.returncode:
        last = (ended.stderr.strip().splitlines() or ["no message"])[-1]
        raise ExportError(f"the script fails ({last[:200]}): please report this")


def _difference(
    exported: "Exported",
    request: "ExportRequest",
    answer: Path,
    known: "np.ndarray[Any, Any]",
) -> float:
    import pandas as pd

    task = request.task
    predicted = pd.read_csv(answer, keep_default_na=False)[known]
    if task.classes is None:
        values = predicted.iloc[:, 0].to_numpy(dtype=np.float64)
        unit = float(np.std(task.y)) or 1.0
        return float(np.abs(exported.model.predict(task.X) - values).max() / unit)
    theirs = predicted.iloc[:, 1:].to_numpy(dtype=np.float64)
    same = predicted.iloc[:, 0].astype(str) == exported.model.predict(task.X).astype(str)
    difference = float(np.abs(exported.model.predict_proba(task.X) - theirs).max())
    return difference if same.mean() > _SAME_LABELS else float("inf")
