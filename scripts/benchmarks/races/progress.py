"""Scores over time within the longest runs of a race."""

from collections import defaultdict
from collections.abc import Iterable, Mapping
from typing import TYPE_CHECKING, Any

import numpy as np

if TYPE_CHECKING:
    from numpy.typing import NDArray

    FloatArray = NDArray[np.float64]

__all__ = ["progress"]

_RANGE = (-1.0, 1.5)  # scores of a single fold stray
_LEAST_GAIN = 1e-9


def progress(records: Iterable[Mapping[str, Any]], grid: "FloatArray") -> dict[str, "FloatArray"]:
    """Return the score of the incumbent at each second on every table, for every strategy.

    Scores are cross-validated, and so a little too good: 0 is the constant prediction, 1 the best
    that any strategy ended with on the table within the longest budget. Before the first trial the
    incumbent is the constant. Below the top rung the score is that of one fold.

    Parameters
    ----------
    records : iterable of mapping
        Those of the longest budget count, and of them the tables that all strategies have run.
    grid : ndarray of shape (n_times,)
        Seconds since the start of the process.

    Returns
    -------
    dict of str to ndarray of shape (n_tables, n_times)
    """
    done = [record for record in records if "error" not in record]
    longest = max((record["budget"] for record in done), default=0.0)
    done = [record for record in done if record["budget"] == longest]
    strategies = sorted({record["strategy"] for record in done})
    curves: dict[str, list[FloatArray]] = {name: [] for name in strategies}
    by_table: dict[tuple[str, int], dict[str, Mapping[str, Any]]] = defaultdict(dict)
    for record in done:
        by_table[record["table"], record["seed"]][record["strategy"]] = record
    for runs in by_table.values():
        best = max(_gain(run, run["cross_validated"]) for run in runs.values())
        if len(runs) == len(strategies) and best > _LEAST_GAIN:
            for name, run in runs.items():
                curves[name].append(_curve(run, grid) / best)
    return {name: np.clip(found, *_RANGE) for name, found in curves.items() if found}


def _gain(run: Mapping[str, Any], score: float) -> float:
    sign = 1.0 if run["greater_is_better"] else -1.0
    return float(sign * (score - run["cross_validated_constant"]))


def _curve(run: Mapping[str, Any], grid: "FloatArray") -> "FloatArray":
    gains = np.zeros(len(grid))
    for at, _rung, score in run["trajectory"]:
        gains[grid >= at] = _gain(run, score)
    return gains
