"""Parts of reading that need no file: dialect, header, names or data, rows that are none."""

import lzma

import numpy as np
import pandas as pd
import pytest

from metatune.data.reading.damage import DAMAGE, reason
from metatune.data.reading.delimited import seen_markers
from metatune.data.reading.dialect import (
    Dialect,
    find_decimal,
    find_dialect,
    split_rows,
    stand_in,
)
from metatune.data.reading.header import Header, find_header
from metatune.data.reading.large_numbers import inexact_columns, whole_numbers
from metatune.data.reading.legacy_encodings import eastern_encoding, western_encoding
from metatune.data.reading.naming import is_value, names_columns
from metatune.data.reading.nesting import flat_record, without_lists
from metatune.data.reading.parser import Plan, judged_rows
from metatune.data.reading.repeats import without_repeated_header, without_tail
from metatune.errors import TableError

NAMES = Header(names=("a", "b"), present=True, n_skipped=1)
DATA = [["1", "x"], ["2", "y"], ["3", "x"]]


def test_what_parsers_raise_on_damaged_bytes_becomes_one_line() -> None:
    with pytest.raises(DAMAGE) as caught:
        lzma.decompress(b"no such thing")
    assert reason(caught.value) == str(caught.value)
    assert reason(ValueError("first\nsecond")) == "first"
    assert reason(KeyError()) == "KeyError"
    assert reason(RecursionError("maximum depth")) == "values are nested too deeply"
    assert len(reason(ValueError("x" * 500))) == 120


@pytest.mark.parametrize(
    ("text", "separator"),
    [
        ("a,b\n1,2\n3,4\n", ","),
        ("a;b\n1,5;2\n3,5;4\n", ";"),
        ("a\tb\n1\t2\n3\t4\n", "\t"),
        ("a b\n1 2\n3 4\n", r"\s+"),
        ("word\nother\n", ","),
    ],
)
def test_the_separator_that_gives_all_rows_as_many_fields(text: str, separator: str) -> None:
    assert find_dialect(text, complete=True).separator == separator


def test_a_character_stands_in_for_separators_that_parsers_do_not_take() -> None:
    assert stand_in(";", "a;b") == ";"
    assert stand_in("¦", "a¦b") == "\x1f"
    assert stand_in("||", "a||b\x1f") == "\x1e"


def test_rows_know_their_last_line_and_a_cut_row_is_left_out() -> None:
    text = 'a,b\n"two\nlines",1\ncut,of'
    whole = split_rows(text, Dialect(separator=","), complete=True)
    assert whole.cells == [["a", "b"], ["two\nlines", "1"], ["cut", "of"]]
    assert whole.lines == [1, 3, 4]
    assert split_rows(text, Dialect(separator=","), complete=False).cells == whole.cells[:-1]


def test_most_numbers_decide_on_the_decimal_separator() -> None:
    assert find_decimal([["1,5", "2,25"], ["3.5", "x"]]) == ","
    assert find_decimal([["1,000", "2,000"], ["3.5", "x"]]) == "."  # groups of thousands
    assert find_decimal([["a", "b"]]) == "."


def test_a_header_is_found_below_a_title_and_what_stands_above_is_skipped() -> None:
    rows = [["1", "x", "2"], ["2", "y", "5"], ["3", "x", "4"]]
    header = find_header([["Sales of 2020"], [], ["a", "b", "c"], *rows], "t.csv")
    assert (header.names, header.present, header.n_skipped) == (("a", "b", "c"), True, 3)
    assert header.notes == ("1 line above the table skipped",)


def test_columns_without_a_header_are_numbered() -> None:
    header = find_header(DATA, "t.csv", "no")
    assert (header.names, header.present, header.n_skipped) == (("0", "1"), False, 0)


def test_a_header_without_rows_and_a_name_twice_are_refused() -> None:
    with pytest.raises(TableError, match="holds a header but no rows"):
        find_header([["a", "b"]], "t.csv")
    with pytest.raises(TableError, match="called 'a'"):
        find_header([["a", "a"], *DATA], "t.csv", "yes")


@pytest.mark.parametrize(
    "cell", ["1", "-2.5", "$3,000", "12%", "1e-3", " 7 ", "2020-01-31", "8:30"]
)
def test_numbers_and_dates_are_values(cell: str) -> None:
    assert is_value(cell)


@pytest.mark.parametrize("cell", ["", "x1", "1x", "one", "3-a", "NA"])
def test_words_are_no_values(cell: str) -> None:
    assert not is_value(cell)


def test_words_above_numbers_are_names_and_a_row_like_the_others_is_data() -> None:
    assert names_columns(["n", "class"], DATA, 2)
    assert not names_columns(["4", "x"], DATA, 2)
    assert names_columns(["4", "x"], DATA, 2, wanted=["x"])
    assert not names_columns(["4", "x"], DATA, 2, wanted=["1"])  # the number of a column


def test_cells_are_judged_below_the_header() -> None:
    rows = split_rows("a,b\n1,x\n2,y\n", Dialect(separator=","), complete=True)
    plan = Plan(
        encoding="utf-8", dialect=Dialect(separator=","), header=NAMES, decimal=".", rows=rows
    )
    assert judged_rows(plan) == [["1", "x"], ["2", "y"]]


def test_weak_markers_are_seen_in_columns_of_numbers_only() -> None:
    rows = [["1", "-", "NA"], ["-", "a-b", "x"], ["2", "c", "NA"]]
    assert seen_markers(rows) == ("NA", "-")
    assert seen_markers([["-", "word"], ["a", "word"]]) == ()


def test_repeated_headers_go_and_the_rest_is_read_as_numbers_again() -> None:
    frame = pd.DataFrame({"a": ["1", "a", "2"], "b": ["x", "b", "y"]})
    found, notes = without_repeated_header(frame, NAMES)
    assert found["a"].tolist() == [1, 2]
    assert found["b"].tolist() == ["x", "y"]
    assert notes == ("1 row left out that repeats the header",)


def test_columns_taken_verbatim_stay_texts_beside_repeated_headers() -> None:
    frame = pd.DataFrame({"a": ["1", "a", "2"], "b": ["x", "b", "y"]})
    found, _ = without_repeated_header(frame, NAMES, verbatim=frozenset("a"))
    assert found["a"].tolist() == ["1", "2"]


def test_a_row_that_repeats_one_name_only_is_data() -> None:
    frame = pd.DataFrame({"a": ["1", "a", "2"], "b": ["x", "y", "y"]})
    assert len(without_repeated_header(frame, NAMES)[0]) == 3


def test_lines_drawn_below_a_table_are_left_out_and_rows_are_not() -> None:
    frame = pd.DataFrame({"a": ["1", "2", "-----", "(2 rows)"], "b": ["x", "y", None, None]})
    found, notes = without_tail(frame)
    assert found["a"].tolist() == ["1", "2"]
    assert notes == ("2 lines below the table left out",)
    assert len(without_tail(frame[:2])[0]) == 2
    assert without_tail(frame[["a"]])[1] == ()


def test_only_whole_numbers_that_lost_digits_are_inexact() -> None:
    big = float(2**60)
    frame = pd.DataFrame(
        {
            "id": [big, np.nan],
            "complete": [big, 1.0],
            "small": [7.0, np.nan],
            "fractions": [big, np.nan],
            "huge": [1e300, np.nan],
        }
    )
    frame.loc[2] = [np.nan, 2.0, 8.0, 0.5, np.nan]
    assert "id" in inexact_columns(frame)
    assert not {"complete", "small", "huge"} & set(inexact_columns(frame))


def test_whole_numbers_keep_all_their_digits() -> None:
    found = whole_numbers(pd.Series(["100000000000000001", None, " 3 "]))
    assert found is not None
    assert found[0] == 10**17 + 1
    assert found.isna().tolist() == [False, True, False]
    assert whole_numbers(pd.Series(["1", "2.5"])) is None


def test_records_within_records_are_taken_apart_however_deep() -> None:
    assert flat_record({"a": 1, "b": {"c": {"d": 2}, "e": {}}}) == {"a": 1, "b.c.d": 2, "b.e": None}
    deep: dict[str, object] = {"end": 1}
    for _ in range(5_000):
        deep = {"x": deep}
    assert list(flat_record(deep).values()) == [1]
    assert flat_record([1, 2]) == [1, 2]


def test_columns_of_lists_are_left_out_and_a_table_of_nothing_else_is_refused() -> None:
    frame = pd.DataFrame({"n": [1, 2], "tags": [["a"], None]})
    found, notes = without_lists(frame, "t.json")
    assert list(found.columns) == ["n"]
    assert notes == ("1 column left out that holds lists: 'tags'",)
    with pytest.raises(TableError, match=r"t\.json holds lists in every column"):
        without_lists(frame[["tags"]], "t.json")


@pytest.mark.parametrize(
    ("text", "encoding"),
    [
        ("今天天气很好我们去公园散步吧\n", "gb18030"),
        ("東京都の天気は晴れです。ありがとう\n", "cp932"),
        ("Москва это столица России и большой город\n", "cp1251"),
        ("Η Αθήνα είναι η πρωτεύουσα της Ελλάδας\n", "cp1253"),
    ],
)
def test_alphabets_are_told_apart_by_their_frequent_letters(text: str, encoding: str) -> None:
    assert eastern_encoding((text * 20).encode(encoding)) == encoding


def test_latin_letters_are_no_other_alphabet() -> None:
    data = ("Die Äpfel gehören Müller, schön für Größe\n" * 20).encode("cp1252")
    assert eastern_encoding(data) == ""
    assert western_encoding(data) == "latin-1"  # as good, where nothing tells more
    assert western_encoding("“quoted” – naïve €5\n".encode("cp1252") * 20) == "cp1252"
    macintosh = ("Die Äpfel gehören Müller, schön für Größe\n" * 20).encode("mac_roman")
    assert western_encoding(macintosh) == "mac_roman"
