"""The shape of the package: imports flow one way, nobody else reads the clock or prints."""

import ast
from pathlib import Path

import pytest

PACKAGE = Path(__file__).resolve().parents[1] / "metatune"

ROWS = {
    "errors": 0,
    "kinds": 0,
    "space": 0,
    "metrics": 0,
    "budget": 0,
    "whole_files": 0,
    "locks": 0,
    "scratch": 1,
    "timings": 0,
    "data": 1,
    "metafeatures": 2,
    "openml": 2,
    "algorithms": 2,
    "metadataset": 3,
    "recommender": 4,
    "estimate": 4,
    "search": 4,
    "ensemble": 4,
    "bundle": 5,
    "rundir": 5,
    "resuming": 5,
    "advice": 5,
    "listener": 5,
    "estimating": 5,
    "rechoosing": 5,
    "ensembling": 5,
    "model_parts": 5,
    "figures": 5,
    "finishing": 5,
    "reserving": 5,
    "incumbent": 5,
    "guidance": 5,
    "strategy": 5,
    "options": 5,
    "parameters": 5,
    "adviser": 5,
    "preparing": 5,
    "tuning": 5,
    "tuning_result": 5,
    "building": 5,
    "api": 6,
    "fit_directory": 6,
    "talker": 6,
    "estimators": 6,
    "cli": 6,
    "__main__": 7,
    "": 7,
}
"""Rows of the architecture: a module imports from its own part or from an earlier row; within a
row only as SAME_ROW says."""

SAME_ROW = {
    ("space", "errors"),
    ("metrics", "errors"),
    ("metrics", "kinds"),
    ("budget", "errors"),
    ("timings", "budget"),
    ("ensemble", "search"),
    ("rundir", "bundle"),
    ("resuming", "rundir"),
    ("listener", "advice"),
    ("finishing", "bundle"),
    ("finishing", "incumbent"),
    ("incumbent", "bundle"),
    ("incumbent", "rundir"),
    ("finishing", "ensembling"),
    ("finishing", "model_parts"),
    ("ensembling", "model_parts"),
    ("finishing", "figures"),
    ("finishing", "options"),
    ("finishing", "reserving"),
    ("reserving", "ensembling"),
    ("reserving", "incumbent"),
    ("reserving", "options"),
    ("finishing", "rundir"),
    ("strategy", "advice"),
    ("strategy", "guidance"),
    ("options", "strategy"),
    ("adviser", "advice"),
    ("adviser", "guidance"),
    ("adviser", "listener"),
    ("adviser", "options"),
    ("adviser", "strategy"),
    ("preparing", "options"),
    ("tuning_result", "advice"),
    ("tuning_result", "estimating"),
    ("tuning_result", "figures"),
    ("tuning", "adviser"),
    ("tuning", "options"),
    ("tuning", "listener"),
    ("estimating", "rechoosing"),
    ("tuning", "estimating"),
    ("tuning", "preparing"),
    ("tuning", "tuning_result"),
    ("tuning", "rechoosing"),
    ("tuning", "finishing"),
    ("tuning", "incumbent"),
    ("tuning", "rundir"),
    ("tuning", "resuming"),
    ("estimators", "api"),
    ("estimators", "fit_directory"),
    ("estimators", "talker"),
    ("cli", "api"),
}

SOURCES = sorted(PACKAGE.rglob("*.py"))


def part_of(module: str) -> str:
    pieces = module.split(".")
    return pieces[1] if len(pieces) > 1 else ""


def module_name(path: Path) -> str:
    pieces = path.relative_to(PACKAGE.parent).with_suffix("").parts
    return ".".join(pieces[:-1] if pieces[-1] == "__init__" else pieces)


def imports_of(path: Path) -> set[str]:
    """Every module of metatune that a source file imports, anywhere in it."""
    found: set[str] = set()
    for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
        if isinstance(node, ast.Import):
            found |= {alias.name for alias in node.names}
        elif isinstance(node, ast.ImportFrom) and node.module:
            found.add(node.module)
            found |= {f"{node.module}.{alias.name}" for alias in node.names}
    modules = {module_name(source) for source in SOURCES}
    return {name for name in found if name in modules}


def runtime_imports_of(path: Path) -> set[str]:
    """The modules of metatune that are imported when a file is, type checking aside."""
    tree = ast.parse(path.read_text(encoding="utf-8"))
    found: set[str] = set()
    for node in tree.body:
        if isinstance(node, ast.Import):
            found |= {alias.name for alias in node.names}
        elif isinstance(node, ast.ImportFrom) and node.module:
            found.add(node.module)
            found |= {f"{node.module}.{alias.name}" for alias in node.names}
    modules = {module_name(source) for source in SOURCES}
    return {name for name in found if name in modules}


@pytest.mark.parametrize("path", SOURCES, ids=module_name)
def test_imports_go_to_an_earlier_row(path: Path) -> None:
    here = part_of(module_name(path))
    if here == "":
        return  # metatune/__init__.py names the public API and may import from everywhere
    for name in imports_of(path):
        there = part_of(name)
        if there in ("", here):
            continue
        allowed = ROWS[there] < ROWS[here] or (here, there) in SAME_ROW
        assert allowed, f"{module_name(path)} must not import {name}"


def test_no_import_is_circular() -> None:
    graph = {module_name(path): runtime_imports_of(path) for path in SOURCES}
    done: set[str] = set()

    def visit(name: str, above: tuple[str, ...]) -> None:
        assert name not in above, " -> ".join([*above[above.index(name) :], name])
        if name not in done:
            for following in graph[name]:
                visit(following, (*above, name))
            done.add(name)

    for name in graph:
        visit(name, ())


def test_recommender_and_search_do_not_know_each_other() -> None:
    for path in SOURCES:
        here, others = part_of(module_name(path)), {part_of(n) for n in imports_of(path)}
        assert not (here == "recommender" and "search" in others)
        assert not (here == "search" and "recommender" in others)


@pytest.mark.parametrize("path", SOURCES, ids=module_name)
def test_files_stay_small(path: Path) -> None:
    assert len(path.read_text(encoding="utf-8").splitlines()) <= 400


BROAD = {f"metatune.search.{name}" for name in ("executor", "pool", "worker")}


def test_every_broad_except_reaches_the_caller() -> None:
    """As the result of a job, or, in the thread that watches workers, raised by who waits."""
    broad = []
    for path in SOURCES:
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
            if isinstance(node, ast.ExceptHandler) and (
                node.type is None
                or (
                    isinstance(node.type, ast.Name)
                    and node.type.id in ("Exception", "BaseException")
                )
            ):
                broad.append(module_name(path))
    assert set(broad) <= BROAD, broad
