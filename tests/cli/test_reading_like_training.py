"""A row is predicted alike whatever stands beside it: it is read as in training."""

from pathlib import Path

import numpy as np
import pytest
from alone import Trained

from metatune.data.reading.options import ReadingOptions


def lines(header: str | None, rows: list[str]) -> str:
    return "\n".join([*([header] if header else []), *rows]) + "\n"


def words(*values: str) -> str:
    """Make a table of a category that holds these words."""
    n = len(values)
    return lines("c,z,y", [f"{values[i % n]},{i * 0.7:.1f},{'uv'[i % 2]}" for i in range(60)])


N = range(60)
TABLES = {
    "booleans among words": words("TRUE", "FALSE", "UNSURE"),
    "true and false alone": words("TRUE", "FALSE"),
    "exponents among codes": words("1E5", "2E5", "A12"),
    "leading zeros": words("01", "02", "X7"),
    "infinities": words("inf", "nano", "bio"),
    "versions": words("1.10", "1.1", "2.0-beta"),
    "dates among words": words("2020-01-01", "never", "soon"),
    "yes and no": words("yes", "no", "maybe"),
    "hexadecimal": words("0x10", "0xAF", "zz"),
    "quoted commas": words('"a,b"', '"1,5"', "k"),
    "semicolon and decimal comma": lines(
        "price;k;y",
        [f"{i % 9 + 1}.{i * 7 % 900 + 100},{i % 90 + 10};{i % 3};{'uv'[i % 2]}" for i in N],
    ),
    "decimal comma, few grouped": lines(
        "p;k;y", [f"{'12.345' if i % 5 == 0 else f'{i},50'};{i % 3};{'uv'[i % 2]}" for i in N]
    ),
    "dots that group": lines(
        "p,k,y", [f"{'1.230' if i % 3 else i % 900},{i % 3},{'uv'[i % 2]}" for i in range(1, 61)]
    ),
    "days before months": lines(
        "d,y", [f"{i % 28 + 1:02d}/{i % 12 + 1:02d}/2020,{'uv'[i % 2]}" for i in N]
    ),
    "dates as digits": lines(
        "date,y", [f"2020{i % 12 + 1:02d}{i % 28 + 1:02d},{'uv'[i % 2]}" for i in N]
    ),
    "long ids": lines(
        "store_id,z,y", [f"{1234567890123450 + i % 5},{i * 0.3:.1f},{'uv'[i % 2]}" for i in N]
    ),
    "ids beyond 2**53": lines("k,z,y", [f"{2**60 + i % 5},{i * 0.3:.1f},{'uv'[i % 2]}" for i in N]),
    "ids beyond 2**53, some missing": lines(
        "k,z,y", [f"{2**60 + i % 5 if i % 7 else ''},{i * 0.3:.1f},{'uv'[i % 2]}" for i in N]
    ),
    "ids beyond 64 bits": lines(
        "k,z,y", [f"{10**22 + i % 5},{i * 0.3:.1f},{'uv'[i % 2]}" for i in N]
    ),
    "bars in names and cells": lines(
        "c|x,d,y", [f"{['a|b', 's'][i % 2]},{'klm'[i % 3]},{'uv'[i % 2]}" for i in N]
    ),
    "tabs": lines("a b\tc\ty", [f"{i} x\t{i * 0.1:.2f}\t{'uv'[i % 2]}" for i in N]),
    "blanks around names": lines(
        "c, z, y", [f"{'rs'[i % 2]}, {i * 0.7:.1f}, {'uv'[i % 2]}" for i in N]
    ),
    "units": lines("w,y", [f"{i * 3} kg,{'uv'[i % 2]}" for i in N]),
    "money": lines("w,y", [f'"${i * 30 + 1000:,}",{"uv"[i % 2]}' for i in N]),
    "apostrophes": words("'tis", "it's", "o'"),
    "quotes in words": words('5" pipe', '7" pipe', "rod"),
    "markers among numbers": lines("a,y", [f"{'-' if i % 6 == 0 else i},{'uv'[i % 2]}" for i in N]),
    "zip codes of a few digits": lines("zip,y", [f"{i % 12 + 1000:05d},{'uv'[i % 2]}" for i in N]),
    "a column without a name": lines(
        ",z,y", [f"{['1E5', '2E5', 'A12'][i % 3]},{i * 0.7:.1f},{'uv'[i % 2]}" for i in N]
    ),
    "row names without a title": lines(
        "c,z,y", [f"row {i},{['1E5', '2E5', 'A1'][i % 3]},{i * 0.7:.1f},{'uv'[i % 2]}" for i in N]
    ),
    "names that are years": lines("1999,2000,y", [f"{i},{'rst'[i % 3]},{'uv'[i % 2]}" for i in N]),
}


@pytest.mark.parametrize("name", TABLES)
def test_a_row_alone_is_read_as_in_training(tmp_path: Path, name: str) -> None:
    text = TABLES[name]
    header, *rows = text.splitlines()
    trained = Trained(tmp_path / "train.csv", text)
    for i in range(12):
        alone = trained.encode(lines(header, [rows[i]]))
        assert np.array_equal(alone[0], trained.X[i], equal_nan=True), rows[i]


@pytest.mark.parametrize("name", TABLES)
def test_a_row_beside_an_odd_one_is_read_as_in_training(tmp_path: Path, name: str) -> None:
    text = TABLES[name]
    header, *rows = text.splitlines()
    separator = next(s for s in ";\t," if s in header)
    trained = Trained(tmp_path / "train.csv", text)
    odd = separator.join(["oops"] * len(header.split(separator)))
    with pytest.warns(UserWarning, match="column"):
        beside = trained.encode(lines(header, [rows[7], odd]))
    assert np.array_equal(beside[0], trained.X[7], equal_nan=True)


@pytest.mark.parametrize("with_target", [True, False])
@pytest.mark.parametrize("separator", [",", ";", "\t", "|"])
def test_tables_without_header_are_read_as_in_training(
    tmp_path: Path, separator: str, with_target: bool
) -> None:
    rows = [[f"{'rst'[i % 3]}", "uv"[i % 2], f"{i * 0.7:.1f}", f"0{i % 4}x"] for i in N]
    text = lines(None, [separator.join(row) for row in rows])
    trained = Trained(tmp_path / "train.csv", text, target="1")
    for i in range(6):
        row = rows[i] if with_target else [rows[i][0], *rows[i][2:]]
        alone = trained.encode(separator.join(row) + "\n")
        assert np.array_equal(alone[0], trained.X[i], equal_nan=True), row


@pytest.mark.parametrize("bare", [False, True])
@pytest.mark.parametrize("with_target", [True, False])
@pytest.mark.parametrize("empty", [(4,), (4, 5), (2,), (0,), (0, 3, 6)])
def test_columns_without_name_and_value_may_stand_anywhere(
    tmp_path: Path, empty: tuple[int, ...], with_target: bool, bare: bool
) -> None:
    rows = [[f"{'rst'[i % 3]}", "uv"[i % 2], f"{i * 0.7:.1f}", f"0{i % 4}x"] for i in N]

    def line(i: int, *, target: bool, blanks: bool) -> str:
        cells = [list(rows[i])[k] if target or k != 1 else None for k in range(4)]
        if blanks:
            for place in empty:
                cells.insert(place, "")
        return ";".join(cell for cell in cells if cell is not None)

    text = lines(None, [line(i, target=True, blanks=True) for i in N])
    target = str(1 + sum(place <= 1 for place in empty))
    trained = Trained(tmp_path / "train.csv", text, target=target)
    for i in range(6):
        alone = trained.encode(line(i, target=with_target, blanks=not bare) + "\n")
        assert np.array_equal(alone[0], trained.X[i], equal_nan=True)


@pytest.mark.parametrize("encoding", ["cp1252", "cp1251", "latin-1", "utf-16", "utf-8-sig"])
def test_the_encoding_of_training_holds(tmp_path: Path, encoding: str) -> None:
    cities = ["Пермь", "Омск", "Тула"] if encoding == "cp1251" else ["Köln", "Málaga", "Łódź"[2:]]
    if encoding in ("cp1252", "latin-1"):
        cities = ["Köln", "Málaga", "Orléans"]
    text = lines("c,z,y", [f"{cities[i % 3]},{i},{'uv'[i % 2]}" for i in N])
    trained = Trained(
        tmp_path / "t.csv", text, encoding=encoding, options=ReadingOptions(encoding=encoding)
    )
    for other in (encoding, "utf-8"):
        if other == "utf-8" and encoding.startswith("utf-"):
            continue
        alone = trained.encode(lines("c,z", [f"{cities[1]},1"]), encoding=other)
        assert np.array_equal(alone[0], trained.X[1]), other


def test_another_separator_is_followed_and_said(tmp_path: Path) -> None:
    trained = Trained(tmp_path / "t.csv", words("a", "b", "c"))
    table = trained.read("c;z;k\na;0.5;1\nb;0.7;2\n")
    assert any("it is no table with comma ','" in note for note in table.notes)
    assert trained.frame(table)["c"].tolist() == ["a", "b"]


def test_another_format_is_followed_and_said(tmp_path: Path) -> None:
    trained = Trained(tmp_path / "t.csv", words("TRUE", "FALSE", "x"))
    table = trained.read('{"c": "TRUE", "z": 0.7}\n{"c": "x", "z": 1}\n', name="new.jsonl")
    assert any("read by its own format" in note for note in table.notes)
    assert np.array_equal(
        trained.encoder.transform(trained.frame(table))[0], trained.X[0] + [0, 0.7]
    )


def test_another_decimal_separator_is_followed_only_if_certain(tmp_path: Path) -> None:
    text = lines("p;y", [f"{i},5;{'uv'[i % 2]}" for i in N])
    trained = Trained(tmp_path / "t.csv", text)
    certain = trained.read("p\n0.25\n12.75\n")
    assert any("decimal separator '.', unlike ','" in note for note in certain.notes)
    assert trained.encoder.transform(certain.frame)[:, 0].tolist() == [0.25, 12.75]
    assert trained.encode("p\n12.345\n")[0, 0] == 12345


def test_a_header_that_training_had_not_is_refused(tmp_path: Path) -> None:
    text = lines(None, [f"{i},{i * 0.7:.1f},{'uv'[i % 2]}" for i in N])
    trained = Trained(tmp_path / "t.csv", text, target="2")
    with pytest.raises(ValueError, match="leave the header out"):
        trained.encode("a,b\n1,0.5\n2,0.7\n")


def test_markers_that_the_user_named_stay_markers(tmp_path: Path) -> None:
    text = lines("c,z,y", [f"{['a', 'b', 'none of it'][i % 3]},{i},{'uv'[i % 2]}" for i in N])
    trained = Trained(tmp_path / "t.csv", text, options=ReadingOptions(na=("none of it",)))
    assert np.isnan(trained.encode("c,z\nnone of it,1\n")[0, 0])


@pytest.mark.parametrize(
    ("text", "n_rows"),
    [
        ("c,z\na,0.1\n,\nb,0.2\n", 3),
        ("c,z\n?,NA\na,0.1\n", 2),
        ("c,z\n,\n,\n", 2),
        ("c,z\na,1\nc,z\nb,2\n", 3),
        ("c,z\na,1\n\nb,2\n\n", 2),
        ("c,z,\na,1,\n,,\n", 2),
    ],
)
def test_every_row_keeps_its_place(tmp_path: Path, text: str, n_rows: int) -> None:
    trained = Trained(tmp_path / "t.csv", words("a", "b", "c"))
    assert len(trained.read(text).frame) == n_rows


def test_a_blank_line_is_a_row_of_a_single_column(tmp_path: Path) -> None:
    trained = Trained(tmp_path / "t.csv", lines("c,y", [f"{'ab'[i % 2]},{'uv'[i % 2]}" for i in N]))
    for text in ("c\na\n\nb\n", "c\na\n\nb", "c\na\n\nb\n\n", "c\n\n\nb\n"):
        assert len(trained.read(text).frame) == 3, text
