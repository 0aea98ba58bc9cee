"""Numbers told apart by what stands around them, and ranges among numbers."""

import random
from collections.abc import Callable

import numpy as np
import pandas as pd
import pytest

from metatune.data.columns.cleaning import clean_column
from metatune.data.columns.column import Column, ColumnKind
from metatune.data.columns.column_text import columns_of_text, text_of_columns
from metatune.data.columns.composites import MIDDLE, range_ends
from metatune.data.columns.inference import infer_columns
from metatune.data.columns.labelled_numbers import find_labels, read_labelled
from metatune.data.columns.numbers import parse_number
from metatune.data.encoding.encoder import encode_task
from metatune.data.task.make_task import make_task
from metatune.errors import UnusedCellsWarning

DRAWN = random.Random(0)
NAN = float("nan")


def draw(low: int, high: int) -> int:
    return DRAWN.randint(low, high)


def one_of(*texts: str) -> str:
    return DRAWN.choice(texts)


def column_of(make: Callable[[], str], n: int = 300) -> Column:
    return infer_columns(pd.DataFrame({"c": [make() for _ in range(n)], "i": range(n)}))[0]


@pytest.mark.parametrize(
    ("make", "labels"),
    [
        (lambda: one_of(f"{draw(40, 200)} min", f"{draw(1, 30)} Seasons"), {"#min", "#season"}),
        (lambda: one_of(f"{draw(1, 99)} mg", f"{draw(1, 9)}.5 mg/ml"), {"#mg", "#mg ml"}),
        (lambda: one_of(f"{draw(10, 999)} kmpl", f"{draw(1, 99)} km/kg"), {"#kmpl", "#km kg"}),
        (lambda: one_of(f"${draw(10, 999)}", f"€{draw(10, 999)}"), {"$#", "€#"}),
        (lambda: one_of(f"{draw(10, 999)} USD", f"{draw(10, 999)} EUR"), {"#usd", "#eur"}),
        (lambda: one_of(f"${draw(9, 99)}/month", f"${draw(9, 99)}/night"), {"$#month", "$#night"}),
        (
            lambda: one_of(f"{draw(1, 30)} out of {draw(31, 60)}", f"Ground out of {draw(1, 60)}"),
            {"#out of", "of#"},
        ),
        (
            lambda: one_of(f"{draw(9, 400)}Nm@ {draw(10, 40)}00rpm", f"{draw(9, 400)}Nm"),
            {"#nm", "#rpm"},
        ),
        (
            lambda: one_of(
                f"{draw(1, 9)}GB SSD", f"{draw(1, 99)}TB HDD", f"{draw(1, 9)}GB SSD + 1TB HDD"
            ),
            {"#gb ssd", "#tb hdd"},
        ),
    ],
)
def test_numbers_of_different_kinds_have_places_of_their_own(
    make: Callable[[], str], labels: set[str]
) -> None:
    column = column_of(make)
    assert column.kind is ColumnKind.NUMBERS
    assert (set(column.labels), column.n_numbers) == (labels, len(labels))
    assert column.note.startswith("numbers told apart by what stands around them")
    assert column.n_missing == 0
    assert columns_of_text(text_of_columns([column])) == (column,)


@pytest.mark.parametrize(
    "make",
    [
        lambda: f"{DRAWN.choice('ABCD')}{draw(1, 400)}",  # codes
        lambda: f"{draw(1, 400)}{DRAWN.choice('ABCD')}",
        lambda: one_of("Golf", "Focus", "Astra") + f" {draw(1900, 2020)}",
        lambda: one_of("", "", "", "PC ", "A/") + str(draw(10_000, 400_000)),
        lambda: f"{DRAWN.choice(['big', 'small', 'wide', 'long'])} house",  # no numbers
        lambda: " ".join(f"{draw(1, 99)} {DRAWN.choice('abcdefghij')}" for _ in range(3)),
        lambda: one_of(f"{draw(1, 9)} min", f"{draw(1, 9)} Seasons"),  # few levels
        lambda: f"{draw(1, 99)} {DRAWN.choice('abcdefghijkl') * 3} Street",  # too many forms
        lambda: one_of(f"{draw(1, 999)} kg", f"{draw(1, 999)} lbs"),  # one quantity: a number
        lambda: f"${draw(1, 999)}",
    ],
)
def test_codes_levels_and_amounts_of_one_quantity_have_no_labels(make: Callable[[], str]) -> None:
    assert not column_of(make).labels


def test_a_number_that_occurs_twice_has_two_places() -> None:
    labels = find_labels({f"{i} - {i + 5}": 1 for i in range(60)} | {str(i): 1 for i in range(60)})
    assert labels == ("#", "#")
    assert read_labelled("7 - 9", labels) == (7, 9)
    np.testing.assert_array_equal(read_labelled("7", labels), (7, NAN))
    assert read_labelled("7 apples", labels) == ()


def test_singular_and_plural_are_the_same_label() -> None:
    cells = {"1 Season": 9} | {f"{i} Seasons": 5 for i in range(2, 40)}
    labels = find_labels(cells | {f"{i} min": 1 for i in range(40, 90)})
    assert labels == ("#season", "#min")
    np.testing.assert_array_equal(read_labelled("1 season", labels), (1, NAN))


def test_cells_of_other_forms_are_missing_and_said() -> None:
    cells = [one_of(f"{draw(40, 200)} min", f"{draw(1, 30)} seasons") for _ in range(297)]
    frame = pd.DataFrame({"c": [*cells, *["unknown"] * 3], "y": [i % 2 for i in range(300)]})
    column = infer_columns(frame)[0]
    assert column.n_missing == 3
    assert "3 cells taken as missing" in column.note
    raw = pd.Series(["3 seasons", "unknown", None, "5 miles"])
    assert clean_column(raw, column).isna().tolist() == [False, True, True, True]
    encoder, encoded = encode_task(make_task(frame, target="y", task="binary"), seed=0)
    assert encoded.layout.names == ("c: number 1", "c: number 2")
    odd = pd.DataFrame({"c": ["61 min", "5 miles"]})
    with pytest.warns(UnusedCellsWarning, match="without such numbers: '5 miles'"):
        read = encoder.transform(odd)
    assert sorted(read[0].tolist(), key=np.isnan)[0] == 61
    assert np.isnan(read[1]).all()


def test_rupees_are_grouped_by_two_digits() -> None:
    labels = ("₹#yr", "$#hr")
    np.testing.assert_array_equal(read_labelled("₹3,99,765.00/yr", labels), (399_765, NAN))
    np.testing.assert_array_equal(read_labelled("$1,250/hr", labels), (NAN, 1250))


@pytest.mark.parametrize(
    ("text", "ends"),
    [
        ("2100 - 2850", ("2100", "2850")),
        ("5 to 10", ("5", "10")),
        ("$1,000–$2,000", ("$1,000", "$2,000")),
        ("-5 - 3", ("-5", "3")),
        ("01-05", None),  # a date
        ("2100", None),
        ("", None),
    ],
)
def test_ends_of_ranges(text: str, ends: tuple[str, str] | None) -> None:
    assert range_ends(text) == ends


@pytest.mark.parametrize(
    ("text", "unit", "value"),
    [
        ("2100 - 2850", "", 2475),
        ("2,100-2,850", "", 2475),
        ("$10K to $20K", "", 15_000),
        ("10-20 kg", "kg", 15),
        ("10 kg - 20 kg", "kg", 15),
        ("1440", "", 1440),
        ("-3", "", -3),
        ("20-10", "", NAN),
        ("a-b", "", NAN),
        ("2020-10-15", "", NAN),
    ],
)
def test_the_middle_of_a_range(text: str, unit: str, value: float) -> None:
    assert parse_number(text, ".", MIDDLE + unit) == pytest.approx(value, nan_ok=True)


@pytest.mark.parametrize("unit", ["", " kg"])
def test_ranges_among_numbers_are_read_as_their_middle(unit: str) -> None:
    cells = [f"{draw(300, 5000)}{unit}" for _ in range(285)]
    cells += [f"{low} - {low + 300}{unit}" for low in range(1000, 1015)]
    column = infer_columns(pd.DataFrame({"c": cells}))[0]
    assert (column.kind, column.n_missing) == (ColumnKind.NUMBER, 0)
    assert column.note == f"numbers and ranges{' in kg' if unit else ''}, read as their middle"
    read = clean_column(pd.Series([f"1000 - 1300{unit}", f"7{unit}", "5-3"]), column)
    np.testing.assert_array_equal(read, [1150, 7, NAN])


@pytest.mark.parametrize(
    "make",
    [
        lambda: f"{(low := draw(0, 8) * 10)}-{low + 10}",
        lambda: f"{(low := draw(10, 900))}-{low + 10}",
        lambda: one_of("1", "2", "3", "4", "5-9"),
        lambda: one_of("1", "2", "3-4"),
        lambda: f"20{draw(10, 20)}-{draw(10, 12)}",
    ],
)
def test_columns_of_ranges_are_no_numbers(make: Callable[[], str]) -> None:
    assert column_of(make).kind is not ColumnKind.NUMBER
