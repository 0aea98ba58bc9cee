"""Layout of generated code."""

import ast

from metatune.reporting.code.writing import Raw, assignment, call, literal, render


def test_short_call_stays_in_its_line() -> None:
    assert render(call("f", 1, "a", key=Raw(text="NAME"))) == 'f(1, "a", key=NAME)'


def test_long_call_has_a_line_for_each_argument() -> None:
    text = render(call("function", *(f"argument number {i}" for i in range(6))))
    assert text.splitlines()[1] == '    "argument number 0",'
    ast.parse(text)


def test_long_list_of_plain_values_is_filled() -> None:
    text = assignment("NAMES", [f"column {i}" for i in range(40)])
    assert max(map(len, text.splitlines())) <= 100
    assert len(text.splitlines()) < 10
    assert ast.literal_eval(text.partition(" = ")[2]) == [f"column {i}" for i in range(40)]


def test_no_text_breaks_out_of_its_quotes() -> None:
    for text in ('"', "'", '"""', "\\", "a\nb", "\u202e", '\\"', "{x}"):
        assert ast.literal_eval(literal(text)) == text


def test_tuple_of_one_stays_a_tuple() -> None:
    assert render((1,)) == "(1,)"
