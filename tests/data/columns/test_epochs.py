"""Counts since 1970 in a column that is named as a time are instants."""

import numpy as np
import pandas as pd
import pytest

from metatune.data.columns.cleaning import clean_column
from metatune.data.columns.column import ColumnKind
from metatune.data.columns.epochs import epoch_format
from metatune.data.columns.inference import infer_columns

N = 80
PER_SECOND = {"seconds": 1, "milliseconds": 1_000, "microseconds": 1_000_000}
INSTANTS = [pd.Timestamp("2015-03-01 07:11:13") + pd.Timedelta(hours=37 * i) for i in range(N)]
SECONDS = np.array([(t - pd.Timestamp("1970-01-01")).total_seconds() for t in INSTANTS])


@pytest.mark.parametrize("name", ["timestamp", "unixReviewTime", "created_utc", "event_at", "ts"])
@pytest.mark.parametrize("unit", PER_SECOND)
def test_counts_are_instants(name: str, unit: str) -> None:
    counts = (SECONDS * PER_SECOND[unit]).astype(np.int64)
    frame = pd.DataFrame({name: counts, "z": np.random.default_rng(0).normal(size=N)})
    for cells in (frame[name], frame[name].astype(float)):
        column = infer_columns(frame.assign(**{name: cells}))[0]
        assert column.kind is ColumnKind.DATETIME
        assert column.note == f"{unit} since 1970, as dates"
        assert clean_column(cells, column).tolist() == INSTANTS


def test_new_rows_may_be_missing_absurd_or_texts() -> None:
    frame = pd.DataFrame({"time": SECONDS, "z": np.random.default_rng(0).normal(size=N)})
    column = infer_columns(frame)[0]
    for cells in (pd.Series([SECONDS[0], np.nan, 1e300, -np.inf]),
                  pd.Series([str(int(SECONDS[0])), None, "1e300", "soon"])):  # fmt: skip
        read = clean_column(cells, column)
        assert read[0] == INSTANTS[0]
        assert read[1:].isna().all()


@pytest.mark.parametrize(
    ("name", "values"),
    [
        ("income", SECONDS),
        ("timestamp", SECONDS + 0.5),
        ("timestamp", SECONDS / 10),
        ("timestamp", np.append(SECONDS[1:], 5.0)),
        ("lifetime_value", np.geomspace(1.0, 1e9, N).round()),
    ],
)
def test_other_numbers_stay_numbers(name: str, values: "np.ndarray") -> None:
    frame = pd.DataFrame({name: values, "z": np.random.default_rng(0).normal(size=N)})
    assert infer_columns(frame)[0].kind is not ColumnKind.DATETIME
    assert epoch_format(name, values) is None
