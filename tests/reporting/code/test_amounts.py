"""Numbers with something around them, as scripts read them."""

import re

import pandas as pd
import pytest

from metatune.data.columns.cleaning import clean_column
from metatune.data.columns.column_text import text_of_columns
from metatune.data.columns.composites import MIDDLE
from metatune.data.columns.inference import infer_columns
from metatune.data.columns.labelled_numbers import read_labelled
from metatune.data.columns.numbers import parse_number
from metatune.data.encoding.encoder import TableEncoder
from metatune.errors import ExportError
from metatune.reporting.code.amounts import amounts_of
from metatune.reporting.code.columns import column_codes
from metatune.reporting.code.parts.cells import (
    labelled_columns,
    labelled_numbers,
    to_amounts,
    to_amounts_or_middles,
    to_amounts_with_comma,
    to_counted_instants,
    to_dates_in_words,
)

COLUMNS = [
    (["$1,234.50", "$7", "$0.99"], ".", ""),
    (["19M", "8.7M", "201k", "0k"], ".", ""),
    (["0k", "201k", "0M"], ".", ""),
    (["1.234,5 €", "7 €", "12,25 €"], ",", ""),
    (["12 kg", "7.5 kg", "900 g"], ".", "kg"),
    (["1 234", "5 678 901"], ".", ""),
    (["10%", "7.5 %"], ".", ""),
    (["10,000+", "5+"], ".", ""),
    (["4.1/5", "3 / 5", "5"], ".", "out of 5"),
    (["4.1 out of 5 stars", "3 out of 5 stars"], ".", "out of 5"),
    (["4,1/5", "3,25/5", "2/5"], ",", "out of 5"),
    (["-3", "+4", "1e3"], ".", ""),
]


@pytest.mark.parametrize(("texts", "decimal", "unit"), COLUMNS)
def test_pattern_reads_what_metatune_reads(texts: list[str], decimal: str, unit: str) -> None:
    found = amounts_of("column", texts, decimal, unit)
    read = to_amounts_with_comma if decimal == "," else to_amounts
    numbers = read(pd.Series(texts), found.pattern, found.factors)
    expected = [parse_number(text, decimal, unit) for text in texts]
    assert numbers.tolist() == pytest.approx(expected, rel=1e-12)


def test_one_ending_with_two_meanings_is_refused() -> None:
    with pytest.raises(ExportError, match="no script reads"):
        amounts_of("c", ["4,1/5", "3/5"], ".", "out of 5")


def test_pattern_leaves_other_cells_missing() -> None:
    found = amounts_of("column", ["$1", "$2,000", "unknown"], ".", "")
    numbers = to_amounts(
        pd.Series(["$3", "unknown", None, "3 apples"]), found.pattern, found.factors
    )
    assert numbers.isna().tolist() == [False, True, True, True]


@pytest.mark.parametrize("text", ["(5)", "<5"])
def test_numbers_that_no_pattern_tells_are_refused(text: str) -> None:
    with pytest.raises(ExportError, match=re.escape(repr(text))):
        amounts_of("price", ["1", "2", text], ".", "")


def test_scripts_read_dates_in_words_and_counts_as_metatune_does() -> None:
    n = 60
    frame = pd.DataFrame(
        {
            "day": [f"{i % 28 + 1}. Mai {2000 + i % 20}" for i in range(n)],
            "quarter": [f"Q{i % 4 + 1} {2000 + i % 20}" for i in range(n)],
            "created_at": [1_600_000_000_000 + 86_400_000 * i for i in range(n)],
        }
    )
    columns = infer_columns(frame)
    encoder = TableEncoder(text_of_columns(columns)).fit(frame)
    codes = column_codes(encoder, frame)
    assert codes.kinds == {
        "day": "date, words",
        "quarter": "date, words",
        "created_at": "instant, counted",
    }
    for column in columns:
        cells, forms = frame[column.name], codes.dates[column.name][0]
        counted = column.name == "created_at"
        theirs = to_counted_instants(cells, *forms) if counted else to_dates_in_words(cells, forms)
        assert theirs.notna().all()
        assert (theirs == clean_column(cells, column)).all()


def test_ranges_are_read_as_their_middle() -> None:
    texts = ["1,440 kg", "2,100 - 2,850 kg", "10 kg-20 kg", "5 to 7", "9-3", "900 g", "none"]
    unit = f"{MIDDLE}kg"
    found = amounts_of("area", texts, ".", unit)
    assert found.reader == "to_amounts_or_middles"
    read = to_amounts_or_middles(pd.Series(texts), found.pattern, found.factors)
    expected = [parse_number(text, ".", unit) for text in texts]
    assert read.tolist() == pytest.approx(expected, nan_ok=True)


def test_ranges_with_commas_are_refused() -> None:
    with pytest.raises(ExportError, match="ranges"):
        amounts_of("c", ["1,5", "2,5-3,5"], ",", MIDDLE)


CELLS = [
    *("₹3,99,765.00/yr", "$47,000/yr", "£25/hr", "128GB SSD +  1TB HDD", "256 GB SSD", "1tb hdd"),
    *("Ground out of 2", "3 out of 10", "90 min", "2 Seasons", "1 Season", "2100 - 2850", ""),
    *("190Nm@ 2000rpm", "12.7@ 2,700(kgm@ rpm)", "-3 °C", "glass of 5", "x" * 70 + "5 min"),
]


def test_scripts_tell_numbers_apart_as_metatune_does() -> None:
    labels = ["#", "#", "#min", "#season", "#rpm", "of#", "₹#yr", "#gb ssd", "#°c", "£#hr"]
    for text in CELLS:
        ours = read_labelled(text, labels) or (float("nan"),) * len(labels)
        assert labelled_numbers(text, labels) == pytest.approx(ours, nan_ok=True)
    columns = labelled_columns("c", pd.Series([*CELLS, None]), labels, [2, 3])
    assert list(columns) == ["c: number 3", "c: number 4"]
    assert columns["c: number 3"][CELLS.index("90 min")] == 90
