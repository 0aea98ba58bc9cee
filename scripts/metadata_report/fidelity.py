"""Costs of rungs, and how much the lower ones tell about the top."""

from collections.abc import Iterator
from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd
from scipy.stats import spearmanr

from metadata_report.grid import Grid
from metadata_report.overview import evaluation_frame
from metadata_report.section import Section, most_first, percent
from metatune.evaluation.trial import TrialStatus
from metatune.metadataset.store import MetaDataset
from metatune.recommender.levels import LEVELS, TOP, level_of

if TYPE_CHECKING:
    from numpy.typing import NDArray

    FloatArray = NDArray[np.float64]

__all__ = ["agreement", "costs", "fidelity"]

LEVEL_NAMES = ("1/9 of the rows", "1/3 of the rows", "all rows, one fold", "all rows, all folds")

_SIZES = (("up to 500", 0, 500), ("501 to 2,000", 501, 2_000), ("more than 2,000", 2_001, 10**12))
_FEWEST = 10  # configurations: a rank correlation of fewer is noise
_PROMOTED = 3  # one in three rises


def fidelity(grid: Grid) -> Iterator[Section]:
    """Say for one pool how much the lower levels tell."""
    rows = []
    for label, low, high in _SIZES:
        sized = np.flatnonzero((grid.n_rows >= low) & (grid.n_rows <= high))
        for level in range(TOP):
            found = [agreement(grid.values[row], level) for row in sized]
            kept = np.array([numbers for numbers in found if numbers is not None])
            if len(kept):
                correlation, among, lost = kept[:, 0], kept[:, 1], kept[:, 2]
                rows.append(
                    (
                        label,
                        LEVEL_NAMES[level],
                        len(kept),
                        float(np.median(correlation)),
                        float(np.quantile(correlation, 0.1)),
                        percent(float(among.mean())),
                        float(np.mean(lost)),
                    )
                )
    yield Section(
        title=f"What lower rungs tell about the top, {grid.pool}",
        note="Rank correlation over configurations with the score on all rows and folds (for one "
        "fold on all rows, that fold is one of those it is compared with). Promoted: share of the "
        "tables whose best configuration is among the best third below. Lost: what the winner "
        "below loses at the top, as a share of the error of the constant prediction.",
        header=(
            *("rows", "level", "tables", "median correlation", "lowest tenth"),
            *("best one promoted", "lost by the winner"),
        ),
        rows=rows,
    )


def agreement(values: "FloatArray", level: int) -> tuple[float, float, float] | None:
    """Compare a level with the top on one dataset.

    Parameters
    ----------
    values : ndarray of shape (n_configurations, n_levels)
        Logarithms of the remaining error; less is better.
    level : int
        The lower level.

    Returns
    -------
    tuple of float or None
        Rank correlation, whether the best of the top is in the best third of the level, and the
        share of the constant's error that the level's winner loses; None for too few
        configurations or such that do not differ.
    """
    both = np.isfinite(values[:, level]) & np.isfinite(values[:, TOP])
    lower, top = values[both, level], values[both, TOP]
    if len(top) < _FEWEST or np.ptp(lower) == 0.0 or np.ptp(top) == 0.0:
        return None
    correlation = float(spearmanr(lower, top).statistic)
    cut = np.sort(lower)[-(-len(lower) // _PROMOTED) - 1]
    among = float((lower[top <= top.min()] <= cut).any())
    errors = np.exp(top)
    return correlation, among, float(errors[np.argmin(lower)] - errors.min())


def costs(metadata: MetaDataset) -> Iterator[Section]:
    """Say what the levels cost, and which algorithms cost most."""
    evaluations = evaluation_frame(metadata)
    levels = [
        level_of(share, folds)
        for share, folds in zip(evaluations["row_share"], evaluations["n_folds"], strict=True)
    ]
    evaluations = evaluations.assign(level=levels)
    total = evaluations["spent"].sum()
    yield Section(
        title="Cost by rung",
        header=("level", "evaluations", "hours", "share", "median seconds", "95 % below"),
        rows=[
            (
                LEVEL_NAMES[int(str(level))],
                len(part),
                float(part["spent"].sum() / 3600),
                percent(float(part["spent"].sum() / total)),
                float(part["spent"].median()),
                float(part["spent"].quantile(0.95)),
            )
            for level, part in evaluations.groupby("level")
        ],
    )
    yield _by_algorithm(evaluations)


def _by_algorithm(evaluations: pd.DataFrame) -> Section:
    top = evaluations[evaluations["level"] == len(LEVELS) - 1]
    done = top[top["status"] == str(TrialStatus.OK)]
    rows: list[tuple[Any, ...]] = [
        (
            str(name),
            float((part["spent"] / part["n_folds"]).median()),
            float((part["spent"] / part["n_folds"]).quantile(0.95)),
            float((part["spent"] / part["n_folds"]).max()),
            float(evaluations.loc[evaluations["algorithm"] == name, "spent"].sum() / 3600),
        )
        for name, part in done.groupby("algorithm")
    ]
    return Section(
        title="Seconds of a fold on all rows, by algorithm",
        header=("algorithm", "median", "95 % below", "longest", "hours of all its rungs"),
        rows=most_first(rows, 4),
    )
