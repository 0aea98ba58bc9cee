"""Cards of values: short, escaped, and whole whatever a table holds."""

import pytest

from metatune.notation.cards import MOST_LINES, Card, Grid, without_empty_columns

HOSTILE = "<script>alert(1)</script>&\"'\n\x1b[31m\u202eelbat 名前 😀 " + "x" * 300


def make_card(name: str, n_rows: int = 3) -> Card:
    rows = [(name, str(i)) for i in range(n_rows)]
    grid = Grid.of(("name", "count"), rows, right=("count",), most=50, rest="to_frame()")
    return Card(title=f"Title of {name}", facts=(("fact", name), ("", "more")), grids=(grid,))


def test_a_card_is_aligned() -> None:
    assert make_card("a").text().splitlines() == [
        "Title of a",
        "  fact  a",
        "        more",
        "",
        "  name  count",
        "  a         0",
        "  a         1",
        "  a         2",
    ]


def test_a_grid_says_how_many_rows_it_leaves_out() -> None:
    grid = Grid.of(("a",), [("x",)] * 1_500, most=2, rest="to_frame()")
    assert grid.rows == (("x",), ("x",))
    assert grid.more == "... 1,498 more: to_frame()"
    assert Grid.of(("a",), [("x",)] * 2, most=2, rest="to_frame()").more == ""


@pytest.mark.parametrize("n_rows", [0, 3, 200])
def test_a_text_has_few_short_lines_that_steer_no_terminal(n_rows: int) -> None:
    text = make_card(HOSTILE, n_rows).text()
    lines = text.split("\n")
    assert len(lines) <= MOST_LINES
    assert max(map(len, lines)) <= 100
    assert not set("\x1b\u202e") & set(text)


def test_html_holds_no_markup_of_the_data() -> None:
    html = make_card(HOSTILE).html()
    assert "<script" not in html
    assert "&lt;script&gt;alert(1)&lt;/script&gt;&amp;&quot;&#x27;" in html
    assert not set("\x1b\u202e") & set(html)
    assert "名前 😀" in html
    assert html.count("<td") == 2 + 6


def test_columns_without_a_cell_are_left_out() -> None:
    rows = [("a", "", "1"), ("b", "", "")]
    grid = Grid.of(("name", "note", "size"), rows, right=("size",), most=1, rest="to_frame()")
    assert grid.headings == ("name", "size")
    assert grid.rows == (("a", "1"),)
    assert without_empty_columns(("name", "note"), []) == (("name", "note"), [])
