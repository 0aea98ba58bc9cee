r"""Study of every tuning method, warm and cold, on tables that the meta-dataset has never seen.

`run` is a race (see `race`) of all variants at 30 and 120 seconds on 24 tables: some 35 hours of
one core. It can be stopped and continued by the same command; --list says what is left to do.
`table` tells of its runs; without files it takes those kept in docs/races, so the second of these
makes the documents' figures anew:

\b
    python scripts/benchmarks strategies run --catalogue CATALOGUE.csv
    python scripts/benchmarks strategies table --into docs/benchmarks.md
"""

from copy import copy
from pathlib import Path
from typing import Any

import click

from benchmarks import options
from benchmarks.races.documents import KEPT, Place, picture
from benchmarks.races.errors import RaceError
from benchmarks.races.race import race
from benchmarks.races.records import read_records
from benchmarks.races.strategies.plot import plot_strategies
from benchmarks.races.strategies.tables import tables_of
from benchmarks.races.variants import VARIANTS

_RUNS = KEPT / "strategies.jsonl"

_USUAL: dict[str, Any] = {
    # Random search on the rungs takes part by its own name.
    "variants": ",".join(name for name in VARIANTS if name != "random"),
    "packs": "pmlb,raw,more",
    "budgets": "30,120",
    "n_tables": 24,
    "out": "results/strategies",
}


def _with_other_default(option: click.Parameter) -> click.Parameter:
    changed = copy(option)
    changed.default = _USUAL.get(option.name or "", option.default)
    return changed


@click.group(help=__doc__)
def strategies() -> None:
    pass


strategies.add_command(
    click.Command(
        name="run",
        help="Run every variant on every table, and write tables and pictures of the race.",
        callback=race.callback,
        params=[_with_other_default(option) for option in race.params],
    )
)


@strategies.command()
@click.argument("files", nargs=-1, type=options.FILE)
@click.option("--plot", type=click.Path(path_type=Path), help="Picture to draw: PNG or SVG.")
@options.into
def table(files: tuple[Path, ...], plot: Path | None, into: Path | None) -> None:
    """Write the tables of the study in Markdown, and draw it.

    FILES are runs.jsonl of the study; docs/races/strategies.jsonl of the checkout by default. Told
    are the tables that every variant has run, at each budget. With --into DOCUMENT the tables, and
    the picture if one is drawn, go between the document's marks.
    """
    for path in files or (_RUNS,):
        if not path.is_file():
            raise RaceError(f"{path} does not exist: name files of runs")
    records = [one for path in files or (_RUNS,) for one in read_records(path).values()]
    text = tables_of(records)
    if not text:
        raise RaceError("there is no table that every variant has run")
    if plot is not None:
        drawn = plot_strategies(plot, records)
        text += f"\n\n{picture(drawn, 'Score over time of every tuning method', into)}"
    place = Place("strategies", "strategies table")
    place.fill_or_print(into, text, f"tables of {len(records)} runs")
