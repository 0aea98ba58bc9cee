"""Text tables: separators, quotes, encodings, headers, markers, line ends."""

import io
import sys
from pathlib import Path

import numpy as np
import pytest

from metatune.budget import Deadline
from metatune.data.columns.cleaning import clean_column
from metatune.data.columns.inference import infer_columns
from metatune.data.reading.table_reader import Table, read_table
from metatune.errors import TableError


def read(folder: Path, content: str | bytes, name: str = "table.csv") -> Table:
    path = folder / name
    path.write_bytes(content.encode() if isinstance(content, str) else content)
    return read_table(path)


ROWS = [("a", 1, 2.5, "red"), ("b", 2, 3.5, "green"), ("c", 3, 4.5, "red"), ("d", 4, 5.25, "blue")]


def written(separator: str, header: bool = True) -> str:
    lines = [separator.join(("name", "size", "weight", "colour"))] if header else []
    lines += [separator.join(map(str, row)) for row in ROWS]
    return "\n".join(lines) + "\n"


@pytest.mark.parametrize("separator", [",", ";", "\t", "|"])
@pytest.mark.parametrize("suffix", [".csv", ".txt", ".data"])
def test_separators_are_found(tmp_path: Path, separator: str, suffix: str) -> None:
    table = read(tmp_path, written(separator), f"table{suffix}")
    assert table.source.separator == separator
    assert list(table.frame.columns) == ["name", "size", "weight", "colour"]
    assert table.frame["weight"].tolist() == [2.5, 3.5, 4.5, 5.25]
    assert table.name == "table"
    assert (table.source.n_rows, table.source.n_columns) == (4, 4)


def test_runs_of_blanks_separate_fields(tmp_path: Path) -> None:
    rows = [f"  {i}   {i / 4:.2f}  {'ab'[i % 2]}" for i in range(20)]
    table = read(tmp_path, "\n".join(rows), "table.data")
    assert table.source.separator == r"\s+"
    assert not table.source.has_header
    assert table.frame["1"].tolist() == [i / 4 for i in range(20)]


def test_a_comma_inside_a_semicolon_table_is_decimal(tmp_path: Path) -> None:
    table = read(tmp_path, "x;y;label\n1,5;2;a\n2,25;3;b\n-3,0;4;a\n")
    assert (table.source.separator, table.source.decimal) == (";", ",")
    assert table.frame["x"].tolist() == [1.5, 2.25, -3.0]
    assert "decimal comma" in table.source.summary()


def test_lists_inside_fields_do_not_count_as_separators(tmp_path: Path) -> None:
    lines = ["id,tags,price"] + [f"{i},a|b;c,{i}.5" for i in range(30)]
    table = read(tmp_path, "\n".join(lines))
    assert table.source.separator == ","
    assert table.frame.shape == (30, 3)


def test_quoted_separators_line_ends_and_doubled_quotes(tmp_path: Path) -> None:
    table = read(tmp_path, 'id,text\n1,"one, two"\n2,"line\nbreak"\n3,"say ""hi"""\n4,plain\n')
    assert table.frame["text"].tolist() == ["one, two", "line\nbreak", 'say "hi"', "plain"]


def test_backslash_escapes_inside_quotes(tmp_path: Path) -> None:
    lines = [f'{i},"say \\"hi\\", {i}",x' for i in range(20)]
    table = read(tmp_path, "\n".join(["id,text,more", *lines]))
    assert table.frame["text"].iloc[3] == 'say "hi", 3'


def test_single_quotes_enclose_fields_where_they_do_so_consistently(tmp_path: Path) -> None:
    lines = [f"{i},'a, b {i}',x" for i in range(20)]
    table = read(tmp_path, "\n".join(["id,text,more", *lines]))
    assert table.source.quote == "'"
    assert table.frame["text"].iloc[7] == "a, b 7"


def test_apostrophes_are_text(tmp_path: Path) -> None:
    table = read(tmp_path, "name,n\n'n Sync,1\nRock 'n' Roll,2\nKid's,3\n'til,4\n")
    assert table.frame["name"].tolist() == ["'n Sync", "Rock 'n' Roll", "Kid's", "'til"]


def test_unbalanced_quotes_are_text(tmp_path: Path) -> None:
    messages = ['"hello there', "fine", 'he said "no', '"quoted" start', "ok", '"again']
    lines = [f"{'spam' if i % 5 == 0 else 'ham'}\t{messages[i % 6]} {i}" for i in range(60)]
    table = read(tmp_path, "\n".join(lines), "sms.tsv")
    assert table.source.quote is None
    assert len(table.frame) == 60
    assert table.frame["1"].iloc[0] == '"hello there 0'
    assert "no quoting" in table.source.summary()


def test_a_quote_without_partner_far_down_is_text(tmp_path: Path) -> None:
    lines = [f"{i},word {i}" for i in range(150_000)]
    lines[-2] = '149998,"unfinished'
    table = read(tmp_path, "\n".join(["n,text", *lines]))
    assert len(table.frame) == 150_000
    assert table.frame["text"].iloc[-2] == '"unfinished'


@pytest.mark.parametrize(
    ("encoding", "found"),
    [
        ("utf-8", "utf-8"),
        ("utf-8-sig", "utf-8-sig"),
        ("utf-16", "utf-16"),
        ("utf-16-le", "utf-16-le"),
        ("utf-16-be", "utf-16-be"),
        ("utf-32", "utf-32"),
        ("latin-1", "latin-1"),
        ("cp1252", "cp1252"),
    ],
)
def test_encodings_are_found(tmp_path: Path, encoding: str, found: str) -> None:
    city = "Zürich “x”" if encoding not in ("latin-1",) else "Zürich"
    table = read(tmp_path, f"city,n\n{city},1\nÅlesund,2\nRoma,3\n".encode(encoding))
    assert table.source.encoding == found
    assert table.frame["city"].tolist() == [city, "Ålesund", "Roma"]
    assert list(table.frame.columns) == ["city", "n"]


def test_a_foreign_byte_far_down_changes_the_encoding(tmp_path: Path) -> None:
    content = b"name,n\n" + b"plain,1\n" * 200_000 + "Zürich,2\n".encode("latin-1")
    table = read(tmp_path, content)
    assert table.source.encoding == "latin-1"
    assert table.frame["name"].iloc[-1] == "Zürich"


@pytest.mark.parametrize("end", ["\n", "\r\n", "\r"])
def test_line_ends(tmp_path: Path, end: str) -> None:
    table = read(tmp_path, written(",").replace("\n", end))
    assert table.frame["colour"].tolist() == ["red", "green", "red", "blue"]


@pytest.mark.parametrize(
    "text",
    [
        "name,size,colour\na,1,red\nb,2,blue\nc,3,red\n",
        "colour,shape\nred,round\nblue,square\nred,round\nblue,round\n",
        "x,y,z\n1,2,3\n4,5,6\n",
        "0,1,2\n5.5,1.5,a\n4.5,2.5,b\n3.5,1.0,c\n",
        "2001,2002,2003,2004\n5.5,1.5,7,8\n4.5,2.5,7,9\n",
        '"1","0","0.1","0.2","0.3","0.4"\n' + "2,0,0,1,0,0\n3,1,0,0,0,0\n",
        "id,2001,2003,2004,2010\n1,3.5,2,1,7\n2,3.5,2,1,7\n3,3.5,2,1,7\n",
        "name,note\nanna,hello there\nberta,how do you do\n",
    ],
)
def test_headers_are_recognised(tmp_path: Path, text: str) -> None:
    table = read(tmp_path, text)
    first = text.splitlines()[0].replace('"', "").split(",")
    assert table.source.has_header or first[0] == "id"
    if first[0] != "id":
        assert list(table.frame.columns) == first


@pytest.mark.parametrize(
    "text",
    [
        "5.1,3.5,a\n4.9,3.0,b\n4.7,3.2,a\n",
        "red,round\nblue,square\nred,round\nblue,round\nred,square\n",
        "3,?,gas,13495\n3,?,gas,16500\n1,?,diesel,16500\n2,164,gas,13950\n",
        "1,2,3\n4,5,6\n7,8,9\n",
        "ham\tgo now\nspam\twin a prize\nham\tsee you\n",
        "2020-01-01,5\n2020-01-02,6\n2020-01-03,9\n",
    ],
)
def test_tables_without_header_are_recognised(tmp_path: Path, text: str) -> None:
    table = read(tmp_path, text)
    assert not table.source.has_header
    assert list(table.frame.columns) == [str(i) for i in range(table.frame.shape[1])]
    assert len(table.frame) == len(text.splitlines())
    assert "no header" in table.source.summary()


def test_a_header_of_two_lines_is_joined(tmp_path: Path) -> None:
    text = (
        "id,fan?,which seen?,,,age\n"
        ",Response,Film I,Film II,Film III,Response\n"
        "1,Yes,Film I,,Film III,18-29\n2,No,,Film II,,30-44\n3,Yes,Film I,Film II,,18-29\n"
    )
    table = read(tmp_path, text)
    names = ["id", "fan?", "which seen?", "which seen?: Film II", "which seen?: Film III", "age"]
    assert list(table.frame.columns) == names
    assert len(table.frame) == 3
    assert any("two lines" in note for note in table.notes)


def test_titles_comments_and_blank_lines_above_the_table_are_skipped(tmp_path: Path) -> None:
    table = read(tmp_path, "Sales of 2020\n# made by hand\n\nname,n,price\na,1,2.5\nb,2,3.5\n")
    assert list(table.frame.columns) == ["name", "n", "price"]
    assert len(table.frame) == 2
    assert any("above the table" in note for note in table.notes)


@pytest.mark.parametrize("title", ["sep=;", "Report;;", "Report of 2020\n"])
def test_other_lines_above_the_table_are_skipped(tmp_path: Path, title: str) -> None:
    table = read(tmp_path, f"{title}\nname;n;price\na;1;2\nb;2;3\n")
    assert list(table.frame.columns) == ["name", "n", "price"]
    assert table.notes == ("1 line above the table skipped",)


def test_points_group_thousands_where_commas_are_decimal(tmp_path: Path) -> None:
    table = read(tmp_path, "a;b;c\n1.234;2,5;31.12.2020\n12.345.678;3,5;1.1.2020\n")
    assert table.frame["a"].tolist() == [1234, 12345678]
    assert table.frame["c"].tolist() == ["31.12.2020", "1.1.2020"]


def test_a_header_name_may_hold_a_line_end(tmp_path: Path) -> None:
    table = read(tmp_path, '"a\nb",c\n1,2\n3,4\n')
    assert table.frame["a\nb"].tolist() == [1, 3]


def test_row_names_without_title_as_r_writes_them(tmp_path: Path) -> None:
    table = read(tmp_path, "mpg,cyl\nMazda,21.0,6\nDatsun,22.8,4\nHornet,21.4,6\n")
    assert list(table.frame.columns) == ["Unnamed: 0", "mpg", "cyl"]
    assert table.frame["cyl"].tolist() == [6, 4, 6]


def test_trailing_separators_and_empty_rows_are_dropped_and_said(tmp_path: Path) -> None:
    table = read(tmp_path, "a,b,,\n1,x,,\n2,y,,\n,,,\n3,,,\n,,,\n")
    assert table.frame.shape == (3, 2)
    assert table.source.n_rows == 3
    assert "2 columns without name and values dropped" in table.notes
    assert "2 rows without any value dropped" in table.notes


def test_trailing_separators_of_the_data_only(tmp_path: Path) -> None:
    table = read(tmp_path, "a,b\n1,x,\n2,y,\n3,z,\n")
    assert list(table.frame.columns) == ["a", "b"]
    assert table.frame["a"].tolist() == [1, 2, 3]


def test_named_empty_columns_stay(tmp_path: Path) -> None:
    table = read(tmp_path, "a,gone,b\n1,,x\n2,,y\n3,,z\n")
    assert list(table.frame.columns) == ["a", "gone", "b"]


def test_short_rows_end_with_missing_cells(tmp_path: Path) -> None:
    table = read(tmp_path, "a,b,c\n1,2,3\n4,5\n6,7,8\n9,1,2\n")
    assert np.isnan(table.frame["c"].iloc[1])


@pytest.mark.parametrize("marker", ["", "NA", "N/A", "NaN", "NULL", "null", "#N/A", "?", "n/a"])
def test_missing_markers(tmp_path: Path, marker: str) -> None:
    table = read(tmp_path, f"n,colour\n1.5,red\n{marker},blue\n2.5,{marker}\n3.5,red\n")
    assert table.frame["n"].isna().tolist() == [False, True, False, False]
    assert table.frame["colour"].isna().tolist() == [False, False, True, False]
    assert table.source.missing_markers == (marker,)
    shown = repr(marker) if marker else "empty"
    assert f"{shown} means missing" in table.source.summary()


def test_a_dash_is_a_marker_among_numbers_only(tmp_path: Path) -> None:
    table = read(tmp_path, "n,sign\n1,+\n-,-\n3,-\n4,+\n")
    assert table.source.missing_markers == ("-",)
    assert table.frame["sign"].tolist() == ["+", "-", "-", "+"]


def test_the_stem_keeps_dots_and_loses_suffixes(tmp_path: Path) -> None:
    assert read(tmp_path, written(","), "my.data.v2.csv").name == "my.data.v2"


def test_names_may_hold_any_character(tmp_path: Path) -> None:
    table = read(tmp_path, 'a b,"x, y",größe %,[z]{<}\n1,2,3,w\n2,3,4,v\n')
    assert list(table.frame.columns) == ["a b", "x, y", "größe %", "[z]{<}"]


def test_standard_input(monkeypatch: pytest.MonkeyPatch) -> None:
    class Stdin:
        buffer = io.BytesIO(written(";").encode())

    monkeypatch.setattr(sys, "stdin", Stdin())
    table = read_table("-")
    assert (table.name, table.source.separator, len(table.frame)) == ("stdin", ";", 4)


def test_summary_is_one_line(tmp_path: Path) -> None:
    table = read(tmp_path, b"\xef\xbb\xbf1,5;?;a\n2,5;3;b\n2,75;4;a\n")
    assert table.source.summary() == (
        "CSV, 3 rows x 3 columns, separator semicolon ';', encoding utf-8-sig, decimal comma, "
        "no header, '?' means missing"
    )


def test_a_row_with_too_many_fields_is_refused_with_its_line(tmp_path: Path) -> None:
    with pytest.raises(TableError, match=r"table\.csv, line 3: 4 fields where 3 are expected"):
        read(tmp_path, "a,b,c\n1,2,3\n4,5,6,7\n8,9,1\n")


def test_a_row_with_too_many_fields_far_down_is_refused_with_its_line(tmp_path: Path) -> None:
    lines = ["a,b,c", *["1,2,3"] * 200_000, "4,5,6,7", "1,2,3"]
    with pytest.raises(TableError, match=r"line 200002: 4 fields where 3 are expected"):
        read(tmp_path, "\n".join(lines))


def test_a_quote_that_is_never_closed_is_said(tmp_path: Path) -> None:
    lines = ["a,text,c", *(f'{i},"x, y",z' for i in range(9)), '9,"cut, he']
    with pytest.raises(TableError, match="a quote that opens near line 11 is never closed"):
        read(tmp_path, "\n".join(lines))


@pytest.mark.parametrize(
    ("content", "message"),
    [
        (b"", "is empty"),
        (b"\n\n  \n", "is empty"),
        (b"a,b,c\n", "a header but no rows"),
        (b"a,b,a\n1,2,3\n4,5,6\n", "several columns are called 'a'"),
        (b"name,name\nfoo,bar\nbaz,qux\n", "several columns are called 'name'"),
        (bytes(range(256)) * 20, "binary data"),
        (b"\x89PNG\r\n\x1a\n\x00\x00\x00\rIHDR", "binary data"),
    ],
)
def test_bad_files_are_refused_in_one_line(tmp_path: Path, content: bytes, message: str) -> None:
    with pytest.raises(TableError, match=message) as caught:
        read(tmp_path, content)
    assert "\n" not in str(caught.value)
    assert "table.csv" in str(caught.value)


def test_a_missing_file_names_the_nearest(tmp_path: Path) -> None:
    read(tmp_path, written(","), "customers.csv")
    with pytest.raises(TableError, match=r"there is no file .*did you mean .*customers\.csv"):
        read_table(tmp_path / "customer.csv")


def test_a_directory_is_refused(tmp_path: Path) -> None:
    with pytest.raises(TableError, match="is a directory"):
        read_table(tmp_path)


def test_an_unsupported_suffix_is_refused(tmp_path: Path) -> None:
    with pytest.raises(TableError, match=r"unsupported suffix \.pdf: use one of \.csv"):
        read(tmp_path, "a,b\n1,2\n", "table.pdf")


def test_a_deadline_that_has_passed_is_said(tmp_path: Path) -> None:
    (tmp_path / "table.csv").write_text(written(","))
    with pytest.raises(TableError, match="budget was over"):
        read_table(tmp_path / "table.csv", deadline=Deadline.after(-1.0))


def test_dots_group_thousands_where_the_other_cells_show_it(tmp_path: Path) -> None:
    values = [150 + 7919 * i % 9000 for i in range(200)]
    rows = [f"{v:,}".replace(",", ".") + f",{i % 5}" for i, v in enumerate(values)]
    path = tmp_path / "t.csv"
    path.write_text("price,z\n" + "\n".join(rows) + "\n")
    frame = read_table(path).frame
    (price, _) = infer_columns(frame)
    assert clean_column(frame["price"], price).tolist() == values
    path.write_text("price,z\n" + "\n".join(f"{v / 1000:.3f},{i}" for i, v in enumerate(values)))
    assert read_table(path).frame["price"].tolist() == [v / 1000 for v in values]
