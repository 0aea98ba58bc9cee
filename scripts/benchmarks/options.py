"""Options that several benchmarks share, so that they mean the same everywhere."""

from collections.abc import Callable
from pathlib import Path
from typing import Any

import click

__all__ = [
    "DIRECTORY",
    "FILE",
    "catalogue",
    "history",
    "into",
    "jobs",
    "list_only",
    "metadata",
    "minutes",
    "only",
    "out",
    "predictions",
    "seconds",
    "seed",
    "several",
    "tables",
    "work",
]

FILE = click.Path(path_type=Path, exists=True, dir_okay=False)
DIRECTORY = click.Path(path_type=Path, exists=True, file_okay=False)

Decorator = Callable[[Callable[..., Any]], Callable[..., Any]]


def several(item: "type | click.ParamType[Any]" = str) -> Callable[[str], tuple[Any, ...]]:
    """Return a type of option: values of type `item` separated by commas, as a tuple."""
    one = click.types.convert_type(item)

    def values(text: str) -> tuple[Any, ...]:
        return tuple(one.convert(part, None, None) for part in text.split(",") if part)

    return values


def catalogue(*, required: bool = True) -> Decorator:
    """Return the option that names a catalogue of tables."""
    return click.option("--catalogue", type=FILE, required=required, help="CSV file of tables.")


def tables(default: int) -> Decorator:
    """Return the option that says how many tables of the catalogue are taken."""
    return click.option(
        "--tables",
        "n_tables",
        type=click.IntRange(1),
        default=default,
        show_default=True,
        help="So many of the catalogue, the same ones every time.",
    )


def seconds(default: float) -> Decorator:
    """Return the option that sets the budget of each run."""
    return click.option(
        "--seconds", type=float, default=default, show_default=True, help="Budget of each run."
    )


def out(default: str | None, what: str, *, required: bool = False) -> Decorator:
    """Return the option that says where results go; `default` is below the current directory."""
    return click.option(
        "--out",
        type=click.Path(path_type=Path),
        default=default,
        required=required,
        show_default=True,
        help=what,
    )


only = click.option("--only", type=several(), default="", help="Only tables of these names.")
jobs = click.option(
    "--jobs", type=click.IntRange(1), default=2, show_default=True, help="Workers of each run."
)
seed = click.option("--seed", type=int, default=0, show_default=True)
metadata = click.option("--metadata", type=DIRECTORY, help="Meta-dataset; metatune's by default.")
history = click.option(
    "--history",
    type=click.Path(path_type=Path),
    default="../shared/run_history",
    show_default=True,
    help="Folder of published results.",
)
minutes = click.option(
    "--minutes", type=float, default=float("inf"), help="Start nothing after so many."
)
work = click.option("--work", type=DIRECTORY, required=True, help="Work directory of the build.")
predictions = click.option(
    "--predictions", type=DIRECTORY, required=True, help="Those that the build kept."
)
into = click.option(
    "--into",
    type=click.Path(path_type=Path),
    help="Document with a marked place for what is printed else.",
)
list_only = click.option("--list", "list_only", is_flag=True, help="Only say what is left to do.")
