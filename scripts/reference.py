"""Write docs/api.md and docs/command-line.md from docstrings and options: scripts/reference.py.

Markdown beside the other documents can be read where the source is read, and a test compares it
with the docstrings; a site would have to be built first. With --check nothing is written.
"""

import importlib
import inspect
import re
import sys
from collections.abc import Iterator
from dataclasses import is_dataclass
from pathlib import Path
from typing import Any

import click

from metatune import listeners
from metatune.cli.app import cli

__all__ = ["PAGES", "api_page", "command_page"]

DOCS = Path(__file__).resolve().parents[1] / "docs"
COMMAND = "python scripts/reference.py"

_SHIPPED = tuple(
    name
    for name in listeners.__all__
    if getattr(listeners, name).__module__.startswith(listeners.__name__) and name != "Tracker"
)
"""Listeners that come with metatune; the base of trackers is none."""

PARTS: tuple[tuple[str, str, tuple[str, ...]], ...] = (
    (
        "Estimators",
        "metatune",
        ("MetaTuneClassifier", "MetaTuneRegressor", "MetaTuneSearchCV"),
    ),
    (
        "Functions",
        "metatune",
        ("recommend", "describe", "load", "predict_interval", "predict_set", "importance"),
    ),
    (
        "Values",
        "metatune.recommender.recommendation",
        ("Recommendations", "Recommendation", "Neighbour"),
    ),
    ("", "metatune.api", ("Description",)),
    ("", "metatune.data.columns.column", ("Column",)),
    ("", "metatune.estimate.values", ("Estimate", "NoEstimate")),
    (
        "",
        "metatune.reporting.hyperparameter_importance",
        ("HyperparameterImportance", "SpaceImportance", "Importance"),
    ),
    ("", "metatune.space", ("Configuration", "Float", "Int", "Choice")),
    ("Algorithms of your own", "metatune", ("register_algorithm",)),
    ("", "metatune.testing", ("check_algorithm",)),
    (
        "Estimators that configure themselves",
        "metatune.default.zero_shot",
        ("ZeroShotClassifier", "ZeroShotRegressor"),
    ),
    ("Listeners", "metatune", ("Events",)),
    ("", "metatune.tuning.events", ("RunFacts",)),
    ("", "metatune.listeners", _SHIPPED),
)
"""Titles, modules and names, in the order of the page; without a title the part before goes on."""

_SECTION = re.compile(r"^(\w[\w ]*)\n-{3,}$", re.MULTILINE)
_FIELD = re.compile(r"^(\*{0,2}\w[\w, *]*?)(?: : (.*))?$")


def api_page() -> str:
    """Return the reference of what is imported in Python."""
    blocks = [_head("Python reference", "docstrings")]
    for title, module, names in PARTS:
        blocks += [f"## {title}"] if title else []
        home = importlib.import_module(module)
        for name in names:
            blocks += _described(name, getattr(home, name), module)
    blocks += ["## Errors and warnings", "All are in `metatune.errors`."]
    tree = str(inspect.getdoc(importlib.import_module("metatune.errors")))
    blocks.append(_fenced(tree.split("\n\n", 1)[1]))
    return "\n\n".join(blocks) + "\n"


def command_page() -> str:
    """Return the reference of the command line."""
    blocks = [_head("Command-line reference", "the commands' own help")]
    context = click.Context(cli, info_name="metatune")
    blocks += [block for name in cli.list_commands(context) for block in _command(name, context)]
    return "\n\n".join(blocks) + "\n"


PAGES = {"api.md": api_page, "command-line.md": command_page}


def _head(title: str, source: str) -> str:
    return f"# {title}\n\n<!-- made from {source} by {COMMAND}: do not edit -->"


def _fenced(text: str) -> str:
    return f"```text\n{text.strip()}\n```"


def _command(name: str, above: click.Context) -> Iterator[str]:
    """Describe a command, and the commands below it."""
    assert isinstance(above.command, click.Group)
    command = above.command.get_command(above, name)
    assert command is not None
    context = click.Context(command, info_name=name, parent=above)
    usage = " ".join(command.get_usage(context).removeprefix("Usage: ").split())
    yield f"## {context.command_path}"
    yield _fenced(usage)
    yield inspect.cleandoc(command.help or "").replace("\b\n", "")
    # `--help` says of itself what every command has.
    options = [each for each in command.params if isinstance(each, click.Option)]
    records = filter(None, (option.get_help_record(context) for option in options))
    lines = [f"- `{left}`: {' '.join(right.split())}" for left, right in records]
    if lines:
        yield "\n".join(lines)
    if isinstance(command, click.Group):
        for inner in command.list_commands(context):
            yield from _command(inner, context)


def _described(name: str, thing: Any, module: str) -> Iterator[str]:
    """Describe a class or function, and the public methods of a class."""
    yield f"### {name}"
    yield f"From `{module}`."
    if not is_dataclass(thing):
        yield _fenced(f"{name}{_signature(thing)}")
    yield from _docstring(inspect.getdoc(thing))
    if not inspect.isclass(thing):
        return
    for own, method in inspect.getmembers(thing, inspect.isfunction):
        ours = str(method.__module__).startswith("metatune") and method.__doc__
        if ours and not own.startswith("_"):
            yield f"#### {name}.{own}"
            yield _fenced(f"{own}{_signature(method)}")
            yield from _docstring(inspect.getdoc(method))


def _signature(thing: Any) -> str:
    """Return names and defaults of parameters: their types are told below."""
    given = inspect.signature(thing)
    plain = [
        parameter.replace(annotation=inspect.Parameter.empty)
        for name, parameter in given.parameters.items()
        if name != "self"
    ]
    return str(given.replace(parameters=plain, return_annotation=inspect.Signature.empty))


def _docstring(text: str | None) -> Iterator[str]:
    """Turn a docstring of numpydoc into Markdown."""
    before, *rest = _SECTION.split(text or "")
    yield before.strip()
    for title, body in zip(rest[::2], rest[1::2], strict=True):
        yield f"**{title}**"
        yield _fenced(body) if title == "Examples" else _fields(body)


def _fields(body: str) -> str:
    """Turn the fields of a section into a list: what is indented belongs to the line above."""
    lines: list[str] = []
    for line in body.strip().splitlines():
        if not line.strip():
            continue
        if line.startswith(" "):
            lines[-1] += f" {line.strip()}"
        else:
            lines.append(_field(line))
    return "\n".join(line.removesuffix(":") for line in lines)


def _field(line: str) -> str:
    found = _FIELD.match(line)
    if found is None or found[2] is None:
        return f"- {line}:" if " " in line else f"- `{line}`:"
    return f"- `{found[1]}` ({found[2]}):"


def main() -> int:
    stale = []
    for name, page in PAGES.items():
        path, text = DOCS / name, page()
        if not path.exists() or path.read_text(encoding="utf-8") != text:
            stale.append(name)
            if "--check" not in sys.argv:
                path.write_text(text, encoding="utf-8")
    print(f"{'stale' if '--check' in sys.argv else 'written'}: {', '.join(stale) or 'none'}")
    return bool(stale) and "--check" in sys.argv


if __name__ == "__main__":
    sys.exit(main())
