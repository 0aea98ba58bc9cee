"""Strength of the association of columns with the target."""

import numpy as np
import pandas as pd
import pytest
from scipy.stats import spearmanr

from metatune.data.columns.inference import infer_columns
from metatune.data.task.strength import strengths
from metatune.kinds import TaskKind

N = 400
RNG = np.random.default_rng(0)
Y = RNG.normal(size=N)


def strength_of(cells: object, y: object = Y, kind: TaskKind = TaskKind.REGRESSION) -> float:
    frame = pd.DataFrame({"c": cells})
    return float(strengths(frame, infer_columns(frame), np.asarray(y), kind)[0])


def test_of_numbers_it_is_the_rank_correlation() -> None:
    cells = Y + RNG.normal(size=N)
    assert strength_of(cells) == pytest.approx(abs(spearmanr(cells, Y).statistic), abs=0.02)
    assert strength_of(-np.exp(Y)) > 0.95  # no line, but in order


def test_missing_cells_tell_nothing() -> None:
    cells = Y.copy()
    cells[::2] = np.nan
    assert 0.5 < strength_of(cells) < strength_of(Y)


def test_of_categories_it_is_how_alike_their_rows_are() -> None:
    alike = np.where(Y > 0, "high", "low")
    assert strength_of(alike) > 0.7
    assert strength_of(RNG.permutation(alike)) < 0.3


def test_the_best_told_class_counts() -> None:
    y = np.arange(N) % 4
    assert strength_of((y == 2) + 0.1 * RNG.random(N), y, TaskKind.MULTICLASS) > 0.7


def test_noise_and_constants_tell_little() -> None:
    assert strength_of(RNG.normal(size=N)) < 0.2
    assert strength_of(np.r_[np.ones(N - 1), np.nan]) < 0.2


def test_each_column_keeps_its_place() -> None:
    frame = pd.DataFrame(
        {"noise": RNG.normal(size=N), "letter": np.where(Y > 0, "a", "b"), "copy": Y}
    )
    found = strengths(frame, infer_columns(frame), Y, TaskKind.REGRESSION)
    assert found.argsort().tolist() == [0, 1, 2]
    back = frame[["copy", "noise"]]
    assert strengths(back, infer_columns(back), Y, TaskKind.REGRESSION)[0] == found[2]
