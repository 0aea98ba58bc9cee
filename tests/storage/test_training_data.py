"""Training data come back as the same task, or are not stored."""

import datetime
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest

from metatune.data.encoding.encoder import encode_task
from metatune.errors import BundleError
from metatune.evaluation.trial_data import TrialData
from metatune.storage.resume import identify
from metatune.storage.training_data import TrainingData, read_training_data, store_training_data

N = 60
RNG = np.random.default_rng(0)
NUMBERS = RNG.normal(size=(N, 3))
LABELS = np.array(["no", "yes", "maybe"])[np.arange(N) % 3]
TABLE = pd.DataFrame(
    {
        "number": NUMBERS[:, 0],
        "small": NUMBERS[:, 1].astype(np.float32),
        "count": pd.array([None if i % 7 == 0 else i for i in range(N)], dtype="Int64"),
        "city": np.where(np.arange(N) % 2, "Rome", "Oslo"),
        "object": pd.Series([None if i % 5 == 0 else f"t{i % 4}" for i in range(N)], dtype=object),
        "open": pd.Series([None if i % 5 == 0 else i % 2 == 0 for i in range(N)], dtype=object),
        "kind": pd.Categorical(["b", "a"] * (N // 2), categories=["b", "a", "never"]),
        "rank": pd.Categorical([3, 1, 2] * (N // 3), ordered=True),
        "half": pd.Categorical([0.5, None, 2.5] * (N // 3)),
        "day": pd.Timestamp("2024-01-01") + pd.to_timedelta(np.arange(N), "D"),
        "there": pd.date_range("2024-01-01", periods=N, tz="Europe/Rome"),
        "lasted": pd.to_timedelta(np.arange(N), "h"),
        "target": np.arange(N) % 9,
    }
)
MIXED = np.column_stack([np.arange(N).astype(object), NUMBERS[:, 0].astype(object), LABELS])


def identity(data: TrainingData) -> str:
    task = data.task(None)
    _, encoded = encode_task(task, 0, text_allowance=1.0)
    return identify(
        TrialData.make(encoded, (task.metric.name,), seed=0, row_metadata=task.row_metadata), 0
    )


@pytest.mark.parametrize(
    ("X", "y", "more"),
    [
        pytest.param(TABLE, LABELS, {}, id="a table of many types"),
        pytest.param(TABLE, LABELS.astype(object), {}, id="labels as objects"),
        pytest.param(TABLE, np.arange(N) % 2 == 0, {}, id="true and false"),
        pytest.param(TABLE, np.arange(N) / 7, {"classification": False}, id="regression"),
        pytest.param(NUMBERS, LABELS, {}, id="numbers"),
        pytest.param(NUMBERS.astype(np.float32), LABELS, {}, id="small numbers"),
        pytest.param(MIXED, LABELS, {}, id="an array of several types"),
        pytest.param(
            TABLE,
            LABELS,
            {
                "weights": np.arange(N) % 4 / 2,
                "groups": np.array(["p", "q", "r", "s"])[np.arange(N) // 15],
                "times": pd.Timestamp("2024-01-01") + pd.to_timedelta(np.arange(N), "h"),
            },
            id="weights, groups and times",
        ),
    ],
)
def test_they_come_back_as_the_same_task(
    X: Any, y: Any, more: dict[str, Any], tmp_path: Path
) -> None:
    data = TrainingData(**{"X": X, "y": y, "classification": True, **more})
    assert store_training_data(data, tmp_path / "data.parquet", 600.0) == ""
    back = read_training_data(tmp_path / "data.parquet")
    before, after = data.task(None), back.task(None)
    assert list(after.X.columns) == list(before.X.columns)
    assert after.columns == before.columns
    if before.classes is not None:
        assert after.classes is not None
        assert after.classes.dtype == before.classes.dtype
        assert after.classes.tolist() == before.classes.tolist()
    assert identity(back) == identity(data)


@pytest.mark.parametrize(
    ("column", "said"),
    [
        (pd.Categorical(pd.to_datetime(["2024-01-01", "2025-01-01"] * (N // 2))), "'odd'"),
        ([1, "a"] * (N // 2), "its column 'odd' holds values that Parquet would change"),
        ([1, None] * (N // 2), "its column 'odd'"),
        ([datetime.date(2024, 1, 1), None] * (N // 2), "its column 'odd'"),
        (["\ud800", "b"] * (N // 2), "its table does not fit into Parquet"),
    ],
)
def test_what_parquet_would_change_is_not_stored(column: Any, said: str, tmp_path: Path) -> None:
    kept = column if isinstance(column, pd.Categorical) else pd.Series(column, dtype=object)
    X = pd.DataFrame({"odd": kept})
    data = TrainingData(X=X, y=LABELS, classification=True)
    assert said in store_training_data(data, tmp_path / "data.parquet", 600.0)
    assert list(tmp_path.iterdir()) == []


def test_what_costs_much_of_a_short_budget_is_not_stored(tmp_path: Path) -> None:
    data = TrainingData(X=NUMBERS, y=LABELS, classification=True)
    assert "too large" in store_training_data(data, tmp_path / "data.parquet", 1e-4)


def test_a_place_that_cannot_be_written_is_said(tmp_path: Path) -> None:
    data = TrainingData(X=NUMBERS, y=LABELS, classification=True)
    reason = store_training_data(data, tmp_path / "none" / "data.parquet", 600.0)
    assert "could not be written" in reason


@pytest.mark.parametrize("content", [None, b"", b"PAR1"])
def test_damaged_files_are_refused_in_a_line(content: bytes | None, tmp_path: Path) -> None:
    path = tmp_path / "data.parquet"
    if content is not None:
        path.write_bytes(content)
    with pytest.raises(BundleError, match="go on from Python, with resume=True"):
        read_training_data(path)


def test_a_table_of_somebody_else_is_refused(tmp_path: Path) -> None:
    TABLE.to_parquet(tmp_path / "data.parquet")
    with pytest.raises(BundleError, match="cannot be read"):
        read_training_data(tmp_path / "data.parquet")
