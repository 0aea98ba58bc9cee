"""The shape of the package: imports flow one way, nobody else reads the clock or prints."""

import ast
from functools import cache
from pathlib import Path

import pytest

PACKAGE = Path(__file__).resolve().parents[1] / "metatune"

ROWS = (
    ("_typing", "errors", "kinds", "schedule", "space", "files", "metrics", "budget", "notation"),
    ("execution", "data"),
    ("metafeatures", "algorithms", "openml"),
    ("models", "metadataset"),
    ("evaluation",),
    ("search", "recommender", "ensemble"),
    ("estimate", "samplers", "storage"),
    ("reporting", "tuning", "building", "listeners"),
    ("api", "estimators", "default", "model_selection", "testing", "cli"),
    ("__main__",),
)
"""The floors: a part imports parts of earlier rows, or those named before it on its own row."""

PLACE = {name: place for place, name in enumerate(name for row in ROWS for name in row)}

MOST_AT_THE_TOP = 10
"""So many modules may lie in the package itself; everything else has a room."""

SOURCES = sorted(PACKAGE.rglob("*.py"))
TESTS = sorted(Path(__file__).parent.rglob("*.py"))


def part_of(module: str) -> str:
    pieces = module.split(".")
    return pieces[1] if len(pieces) > 1 else ""


@cache
def module_name(path: Path) -> str:
    pieces = path.relative_to(PACKAGE.parent).with_suffix("").parts
    return ".".join(pieces[:-1] if pieces[-1] == "__init__" else pieces)


def shortened(module: str, depth: int | None) -> str:
    """Name the room that a module lies in."""
    return ".".join(module.split(".")[:depth])


def syntax_of(path: Path) -> ast.Module:
    return ast.parse(path.read_text(encoding="utf-8"))


@cache
def names_imported(path: Path) -> frozenset[tuple[str, str]]:
    """Every module that a file imports, anywhere in it, with each name that it takes from there."""
    found: set[tuple[str, str]] = set()
    for node in ast.walk(syntax_of(path)):
        if isinstance(node, ast.Import):
            found |= {(alias.name, "") for alias in node.names}
        elif isinstance(node, ast.ImportFrom) and node.module:
            found |= {(node.module, alias.name) for alias in node.names}
    return frozenset(found)


def imports_of(path: Path) -> set[str]:
    """Every module of metatune that a source file imports."""
    modules = {module_name(source) for source in SOURCES}
    taken = names_imported(path)
    return modules & {name for module, name in taken for name in (module, f"{module}.{name}")}


@pytest.mark.parametrize("path", SOURCES, ids=module_name)
def test_imports_go_down(path: Path) -> None:
    here = part_of(module_name(path))
    if here == "":
        return  # metatune/__init__.py names the public API and may import from everywhere
    for name in imports_of(path):
        there = part_of(name)
        if there in ("", here):
            continue
        assert PLACE[there] < PLACE[here], f"{module_name(path)} must not import {name}"


@pytest.mark.parametrize("depth", [3, None], ids=["rooms", "modules"])
def test_no_import_is_circular(depth: int | None) -> None:
    """Imports for type checking count: a circle of ideas is one too."""
    graph: dict[str, set[str]] = {}
    for path in SOURCES:
        here = shortened(module_name(path), depth)
        there = {shortened(name, depth) for name in imports_of(path)}
        graph.setdefault(here, set()).update(there - {here, "metatune"})
    done: set[str] = set()

    def visit(name: str, above: tuple[str, ...]) -> None:
        assert name not in above, " -> ".join([*above[above.index(name) :], name])
        if name not in done:
            for following in graph[name]:
                visit(following, (*above, name))
            done.add(name)

    for name in graph:
        visit(name, ())


def test_few_modules_lie_at_the_top() -> None:
    assert len(list(PACKAGE.glob("*.py"))) <= MOST_AT_THE_TOP


def test_recommender_and_search_do_not_know_each_other() -> None:
    for path in SOURCES:
        here, others = part_of(module_name(path)), {part_of(n) for n in imports_of(path)}
        assert not (here == "recommender" and "search" in others)
        assert not (here == "search" and "recommender" in others)


@pytest.mark.parametrize("path", SOURCES, ids=module_name)
def test_files_stay_small(path: Path) -> None:
    assert len(path.read_text(encoding="utf-8").splitlines()) <= 400


BROAD = {
    *(f"metatune.execution.{name}" for name in ("executor", "local_pool", "worker")),
    *(f"metatune.listeners.{name}" for name in ("group", "tracker")),
}


def test_every_broad_except_reaches_the_caller() -> None:
    """As the result of a job, or, in the thread that watches workers, raised by who waits.

    What a listener raises, which must not end a run, becomes a warning.
    """
    broad = []
    for path in SOURCES:
        for node in ast.walk(syntax_of(path)):
            if isinstance(node, ast.ExceptHandler) and (
                node.type is None
                or (
                    isinstance(node.type, ast.Name)
                    and node.type.id in ("Exception", "BaseException")
                )
            ):
                broad.append(module_name(path))
    assert set(broad) <= BROAD, broad


CALLED_THROUGH = {
    "metatune.cli.exporting": "the command line, whose scripts tests run",
    "metatune.cli.fit_report": "the command line, whose output tests read",
    "metatune.cli.library_warnings": "the command line, whose log tests read",
    "metatune.data.encoding.unlike_training": "the encoder, whose warnings tests read",
    "metatune.data.risks": "the search for leaks and the risks that tests ask for",
    "metatune.default": "the estimators that the package hands on",
    "metatune.estimators.appearance": "the estimators that inherit it",
    "metatune.estimators.explained": "the estimators that inherit it",
    "metatune.estimators.saved": "the estimators that inherit it",
    "metatune.models.forms.bounds": "the model file, which tests write and read",
    "metatune.reporting": "pages that tests read, scripts that tests run, explanations",
    "metatune.samplers.strategies": "the registry, by whose names tests make samplers",
    "metatune.tuning.bounds": "fitted estimators, whose bounds tests read",
    "metatune.tuning.findings": "whole runs, whose findings tests read",
    "metatune.tuning.model_predictions": "fitted estimators, whose bounds tests read",
}
"""Modules without a test that imports them, or the beginning of their names, with what their tests
call instead."""


def test_every_module_with_an_idea_of_its_own_is_imported_by_a_test() -> None:
    """A name that a package hands on counts for the module that it comes from."""
    faces = {module_name(path): dict[str, str]() for path in SOURCES}
    for path in SOURCES:
        taken = names_imported(path)
        faces[module_name(path)] = {name: module for module, name in taken if module in faces}
    imported: set[str] = set()
    for path in TESTS:
        for module, name in names_imported(path):
            home = module
            while name in faces.get(home, {}):
                home = faces[home][name]
            imported |= {module, f"{module}.{name}", home}
    alone = [
        module_name(path)
        for path in SOURCES
        if any(isinstance(node, ast.FunctionDef | ast.ClassDef) for node in syntax_of(path).body)
        and module_name(path) not in imported
    ]
    unnamed = [name for name in alone if not name.startswith(tuple(CALLED_THROUGH))]
    assert unnamed == []
    needless = [known for known in CALLED_THROUGH if not any(n.startswith(known) for n in alone)]
    assert needless == []
