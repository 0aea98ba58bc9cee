"""Numbers with something around them, as scripts read them."""

from typing import Any

import numpy as np
import pandas as pd
import pytest

from metatune.data.columns.cleaning import clean_column
from metatune.data.columns.column import Column, ColumnKind
from metatune.data.columns.column_text import text_of_columns
from metatune.data.columns.composites import MIDDLE
from metatune.data.columns.inference import infer_columns
from metatune.data.columns.numbers import parse_number
from metatune.data.columns.several_numbers import numbers_of
from metatune.data.encoding.encoder import TableEncoder
from metatune.reporting.code.amounts import Notation, notation_of
from metatune.reporting.code.columns import column_codes
from metatune.reporting.code.library import import_lines, names_in, needed_parts
from metatune.reporting.code.parts.cells import (
    number_columns,
    to_counted_instants,
    to_dates_in_words,
)
from metatune.reporting.code.writing import assignment

PATTERNS = [
    (["$1,234.50", "$7", "$0.99"], ".", ""),
    (["19M", "8.7M", "201k", "0k"], ".", ""),
    (["0k", "201k", "0M"], ".", ""),
    (["1.234,5 €", "7 €", "12,25 €"], ",", ""),
    (["12 kg", "7.5 kg", "900 g"], ".", "kg"),
    (["1 234", "5 678 901"], ".", ""),
    (["10%", "7.5 %"], ".", ""),
    (["10,000+", "5+"], ".", ""),
    (["-3", "+4", "1e3"], ".", ""),
    (["12*", "7", "8*"], ".", ""),
]
OTHERS = {
    "mark": [(["4.1/5", "3 / 5", "5"], "out of 5"), (["4,1/5", "2 out of 5"], "out of 5")],
    "duration": [(["1h 30m", "2 days", "7:05", "3 weeks ago", "P1D"], "duration")],
    "two units": [(["5'7\"", "6 ft", "4' 11.5\""], "ft + in"), (["6 lb 4 oz"], "lb + oz")],
    "angle": [(["40° 26' 46\" N", "10.2S", "3°"], "degrees:minutes")],
    "fraction": [(["1 1/2", "2½", "-3", "1/4"], "whole:fraction")],
    "any form": [
        (["1,440 kg", "2,100 - 2,850 kg", "5 to 7", "9-3", "900 g"], f"{MIDDLE}kg"),
        (["(5)", "7", "0x1F"], ""),
        (["<5", "5", ">5"], ""),
        ([f"{n} [{n}]" for n in range(50)], ""),
    ],
}


def read_by_script(found: Notation, cells: list[str | None]) -> list[float]:
    """Return what the code of a notation makes of cells, where metatune is not at hand."""
    code = found.code("cells", "OPTIONS")
    parts = needed_parts(names_in(code), [])
    imports = import_lines(frozenset().union(*(part.needs for part in parts)))
    lines = [imports, *(part.source for part in parts), assignment("OPTIONS", found.options)]
    names: dict[str, Any] = {"cells": pd.Series(cells)}
    exec("\n\n".join(lines), names)
    return list(eval(code, names))


@pytest.mark.parametrize(("texts", "decimal", "unit"), PATTERNS)
def test_pattern_reads_what_metatune_reads(texts: list[str], decimal: str, unit: str) -> None:
    found = notation_of(texts, decimal, unit)
    assert found.kind == ("amount, comma" if decimal == "," else "amount")
    expected = [parse_number(text, decimal, unit) for text in texts]
    assert read_by_script(found, [*texts]) == pytest.approx(expected, rel=1e-12)


@pytest.mark.parametrize(
    ("kind", "texts", "unit"), [(kind, *case) for kind, cases in OTHERS.items() for case in cases]
)
def test_other_forms_are_read_one_by_one(kind: str, texts: list[str], unit: str) -> None:
    found = notation_of(texts, ".", unit)
    assert found.kind == f"amount, {kind}"
    cells = [*texts, "nothing of that", None]
    expected = [parse_number(text or "", ".", unit) for text in cells]
    assert np.isfinite(expected).sum() >= len(texts) - 1
    assert read_by_script(found, cells) == pytest.approx(expected, rel=1e-12, nan_ok=True)


def test_ranges_may_have_decimal_commas() -> None:
    texts = ["1,5", "2,5-3,5", "1.440"]
    found = notation_of(texts, ",", MIDDLE)
    assert read_by_script(found, [*texts]) == pytest.approx([1.5, 3.0, 1440.0])


def test_pattern_leaves_other_cells_missing() -> None:
    found = notation_of(["$1", "$2,000", "unknown"], ".", "")
    numbers = read_by_script(found, ["$3", "unknown", None, "3 apples"])
    assert np.isnan(numbers).tolist() == [False, True, True, True]


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


CELLS = [
    *("₹3,99,765.00/yr", "$47,000/yr", "£25/hr", "128GB SSD +  1TB HDD", "256 GB SSD", "1tb hdd"),
    *("Ground out of 2", "3 out of 10", "90 min", "2 Seasons", "1 Season", "2100 - 2850", ""),
    *("190Nm@ 2000rpm", "12.7@ 2,700(kgm@ rpm)", "-3 °C", "glass of 5", "x" * 70 + "5 min"),
]


@pytest.mark.parametrize(
    ("labels", "decimal"), [(("#min", "#season", "#", "#"), "."), ((), "."), ((), ",")]
)
def test_scripts_split_cells_as_metatune_does(labels: tuple[str, ...], decimal: str) -> None:
    n = len(labels) or 2
    column = Column(
        name="c",
        kind=ColumnKind.NUMBERS,
        n_missing=0,
        n_unique=9,
        n_numbers=n,
        labels=labels,
        decimal=decimal,
    )
    cells = pd.Series([*CELLS, None])
    found = number_columns("c", cells, n, [0, 1], decimal, labels)
    assert list(found) == ["c: number 1", "c: number 2"]
    np.testing.assert_array_equal(
        np.column_stack(list(found.values())), numbers_of(cells, column)[:, :2]
    )
