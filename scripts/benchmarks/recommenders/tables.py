"""Curves as tables: Markdown to read, CSV to compute with."""

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
import pandas as pd

from benchmarks.recommenders.curves import EVALUATIONS, TIME_GRID, TIMES
from benchmarks.recommenders.matrix import Matrix
from benchmarks.recommenders.registry import OURS, TITLES, is_ours
from benchmarks.recommenders.results import Results

if TYPE_CHECKING:
    from numpy.typing import NDArray

    BoolArray = NDArray[np.bool_]
    FloatArray = NDArray[np.float64]

__all__ = ["common_rows", "long_table", "markdown", "summary", "write_tables"]

_JUDGED_APART = (
    "Chosen on some folds and judged on another one. Noise floor, where everything was tried:"
)
_COUNTS = [f"{count} evals" for count in EVALUATIONS]
_TIMES = [f"{time:g}x time" for time in TIMES]
_AT = [int(np.flatnonzero(time == TIME_GRID)[0]) for time in TIMES]


def common_rows(results: Mapping[str, Results]) -> "BoolArray":
    """Find the datasets that every strategy has results for: only they can be compared."""
    return np.asarray(np.all([one.done for one in results.values()], axis=0))


def summary(results: Mapping[str, Results]) -> pd.DataFrame:
    """Average the regrets over datasets.

    Returns
    -------
    DataFrame
        One row per strategy, columns ``"1 evals"``, ..., ``"0.3x time"``, ...
    """
    rows = common_rows(results)
    table = {
        name: np.concatenate(
            [
                one.evaluations[rows][:, np.array(EVALUATIONS) - 1].mean(axis=0),
                one.times[rows][:, _AT].mean(axis=0),
            ]
        )
        for name, one in results.items()
    }
    return pd.DataFrame.from_dict(table, orient="index", columns=[*_COUNTS, *_TIMES])


def markdown(matrix: Matrix, results: Mapping[str, Results]) -> str:
    """Write both curves of a matrix as Markdown tables; the best baseline is the reference."""
    rows = common_rows(results)
    table = summary(results)
    text = [
        f"## {matrix.name}",
        "",
        f"{int(rows.sum())} of {len(rows)} datasets, {matrix.loss.shape[1]} configurations; "
        "mean regret (0 is the best configuration, 1 the median one).",
    ]
    if matrix.held_out is not None:
        text += ["", f"{_JUDGED_APART} {noise_floor(matrix, rows):.3f}."]
    for title, columns in (("After evaluations", _COUNTS), ("Over time", _TIMES)):
        text += ["", f"### {title}", "", *_table(table[columns])]
    return "\n".join(text) + "\n"


def noise_floor(matrix: Matrix, rows: "BoolArray") -> float:
    """Return the mean regret where everything was tried, which luck keeps from 0."""
    loss = np.where(np.isfinite(matrix.loss), matrix.loss, np.inf)[rows]
    best = loss.argmin(axis=1)
    return float(matrix.regret[rows][np.arange(len(best)), best].mean())


def _table(table: pd.DataFrame) -> list[str]:
    lines = [
        "| recommender | " + " | ".join(table.columns) + " |",
        "|---" * (table.shape[1] + 1) + "|",
    ]
    lines += [_line(TITLES.get(str(name), str(name)), row, ".3f") for name, row in _rows(table)]
    ours = [str(name) for name in table.index if is_ours(str(name))]
    baselines = table.loc[[not str(name).startswith(OURS) for name in table.index]]
    if ours and len(baselines):
        best = baselines.min(axis=0).to_numpy(dtype=np.float64)
        lines.append(_line("*best baseline*", best, ".3f"))
        for name in ours:
            behind = table.loc[name].to_numpy(dtype=np.float64) / np.maximum(best, 1e-9) - 1
            lines.append(_line(f"*{TITLES.get(name, name)} against it*", behind, "+.1%"))
    return lines


def _rows(table: pd.DataFrame) -> "list[tuple[str, FloatArray]]":
    values = table.to_numpy(dtype=np.float64)
    return [(str(name), values[position]) for position, name in enumerate(table.index)]


def _line(title: str, values: "FloatArray | Sequence[float]", style: str) -> str:
    return f"| {title} | " + " | ".join(format(float(value), style) for value in values) + " |"


def long_table(matrix: Matrix, results: Mapping[str, Results]) -> pd.DataFrame:
    """List whole curves: one row per strategy and point, with the standard error over datasets."""
    rows = common_rows(results)
    parts = []
    for name, one in results.items():
        counts = np.arange(1, one.evaluations.shape[1] + 1, dtype=np.float64)
        for axis, at, values in (
            ("evaluations", counts, one.evaluations[rows]),
            ("median run times", TIME_GRID, one.times[rows]),
        ):
            part = pd.DataFrame({"at": at, "regret": values.mean(axis=0)})
            part["standard_error"] = values.std(axis=0) / np.sqrt(len(values))
            parts.append(part.assign(matrix=matrix.name, strategy=name, axis=axis))
    columns = ["matrix", "strategy", "axis", "at", "regret", "standard_error"]
    return pd.concat(parts, ignore_index=True)[columns]


def write_tables(directory: Path, matrix: Matrix, results: Mapping[str, Results]) -> str:
    """Write ``<matrix>.md`` and ``<matrix>.csv``; return the Markdown."""
    text = markdown(matrix, results)
    directory.mkdir(parents=True, exist_ok=True)
    (directory / f"{matrix.name}.md").write_text(text, encoding="utf-8")
    long_table(matrix, results).to_csv(
        directory / f"{matrix.name}.csv", index=False, float_format="%.6g"
    )
    return text
