"""Docstrings begin with a noun or a verb, never with a relative or question word."""

import ast
import re
from collections.abc import Iterator
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[1]
MODULES = sorted(
    path
    for part in ("metatune", "scripts", "tests")
    for path in (ROOT / part).rglob("*.py")
    if "venv" not in path.parts  # the setup of the AutoML benchmark makes one
)
QUESTION_WORDS = {"What", "Where", "How", "Whether", "Which", "Who", "Whose", "When", "Why"}


def docstrings(source: str) -> Iterator[tuple[int, str]]:
    """Yield line and text of docstrings, those of attributes and constants included."""
    for node in ast.walk(ast.parse(source)):
        if not isinstance(node, ast.Module | ast.ClassDef | ast.FunctionDef | ast.AsyncFunctionDef):
            continue
        for statement in node.body:
            match statement:
                case ast.Expr(value=ast.Constant(value=str() as text)):
                    yield statement.lineno, text


def begins_with_question_word(text: str) -> bool:
    match = re.match(r"\W*(\w+)", text)
    return match is not None and match[1] in QUESTION_WORDS


@pytest.mark.parametrize("module", MODULES, ids=lambda module: str(module.relative_to(ROOT)))
def test_no_docstring_begins_with_a_question_word(module: Path) -> None:
    found = [
        f"line {line}: {text.splitlines()[0]}"
        for line, text in docstrings(module.read_text(encoding="utf-8"))
        if begins_with_question_word(text)
    ]
    assert not found


def test_question_words_of_attributes_are_found() -> None:
    source = '''class A:\n    """Noun."""\n    x: int\n    """Whether it is."""\n'''
    texts = [text for _, text in docstrings(source)]
    assert [begins_with_question_word(text) for text in texts] == [False, True]
