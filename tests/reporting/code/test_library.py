"""Parts of scripts and what they need."""

import ast
from typing import Any

import pytest

from metatune.data.columns.date_words import plain_date
from metatune.data.columns.durations import parse_duration
from metatune.reporting.code.library import import_lines, library, needed_parts


@pytest.mark.parametrize("name", library())
def test_part_has_no_annotation_and_no_remark_to_tools(name: str) -> None:
    source = library()[name].source
    for node in ast.walk(ast.parse(source)):
        if isinstance(node, ast.FunctionDef):
            assert node.returns is None
            assert all(argument.annotation is None for argument in node.args.args)
    assert "noqa" not in source
    assert "type: ignore" not in source


def test_parts_come_with_what_they_need() -> None:
    names = [part.name for part in needed_parts(["CalibratedScores"], [])]
    assert names == ["deal_rows", "CalibratedScores"]


def test_what_a_script_defines_itself_is_not_repeated() -> None:
    names = [part.name for part in needed_parts(["to_texts"], ["MISSING"])]
    assert names == ["to_texts"]


def test_imports_are_those_of_the_names_and_sorted() -> None:
    lines = import_lines(["Ridge", "np", "argparse", "ElasticNet"]).splitlines()
    assert lines == [
        "import argparse",
        "",
        "import numpy as np",
        "from sklearn.linear_model import ElasticNet, Ridge",
    ]


def test_scripts_read_cells_with_the_functions_of_metatune() -> None:
    parts = needed_parts(["parse_duration", "parse_sum", "plain_date"], [])
    code = "\n\n".join(part.source for part in parts)
    lines = import_lines(frozenset().union(*(part.needs for part in parts)))
    names: dict[str, Any] = {}
    exec(f"{lines}\n\n{code}", names)
    assert names["parse_duration"]("1h 30m") == parse_duration("1h 30m") == 5400
    assert names["parse_sum"]("5'6\"", "ft", "in") == 5.5
    assert names["parse_sum"]("3 kg 250 g", "kg", "g") == 3.25
    assert names["plain_date"]("3rd of March 2020") == plain_date("3rd of March 2020")
