"""Costs in a leaderboard: those that a user meets who predicts a table of one row."""

import math

import pandas as pd
import pytest

from metatune.ensemble.report import with_costs


@pytest.fixture
def board() -> pd.DataFrame:
    return pd.DataFrame(
        {
            "rank": pd.array([0, 1, 2], dtype="Int64"),
            "algorithm": ["ensemble", "knn", "svm"],
            "latency": [math.nan, 0.002, 0.003],
            "model_bytes": pd.array([None, 1_000, 2_000], dtype="Int64"),
        }
    )


def test_latencies_include_the_work_on_columns(board: pd.DataFrame) -> None:
    found = with_costs(board, encoding=0.01, latency=0.02, n_bytes=5_000)
    assert found["latency"].tolist() == pytest.approx([0.02, 0.012, 0.013])
    assert found["model_bytes"].tolist() == [5_000, 1_000, 2_000]
    assert board.loc[1, "latency"] == 0.002


def test_a_latency_of_another_meaning_is_not_shown(board: pd.DataFrame) -> None:
    found = with_costs(board, None, None, None)
    assert found["latency"].isna().all()
    assert found["model_bytes"].tolist()[1:] == [1_000, 2_000]
    alone = with_costs(board.iloc[1:], encoding=math.nan, latency=0.02, n_bytes=5_000)
    assert alone["latency"].isna().all()
    assert alone["model_bytes"].tolist() == [1_000, 2_000]


def test_a_board_without_rows_stays_empty(board: pd.DataFrame) -> None:
    assert len(with_costs(board.iloc[:0], 0.01, 0.02, 3.0)) == 0
