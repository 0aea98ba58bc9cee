r"""Races of metatune against other AutoML systems, by a harness outside this repository.

`run` chooses tables of families that a meta-dataset lacks and has the harness run every system on
them, `keep` takes what the tables need from its output, `table` makes tables and a picture of
either, and `reasons` looks for what was lacking where metatune lost. Without files `table` takes
what is kept in docs/races, so the first of these makes the documents' figures anew:

\b
    python scripts/benchmarks peers table --into docs/benchmarks.md
    python scripts/benchmarks peers run --harness DIR --catalogue CATALOGUE.csv --unknown-to DIR
    python scripts/benchmarks peers keep results/peers/runs.jsonl --catalogue CATALOGUE.csv
    python scripts/benchmarks peers reasons --harness DIR --catalogue CATALOGUE.csv
"""

import os
from collections.abc import Mapping, Sequence
from itertools import product
from pathlib import Path
from typing import Any

import click

from benchmarks import options
from benchmarks.races.documents import KEPT, Place, picture
from benchmarks.races.errors import RaceError
from benchmarks.races.peers.choice import Wanted, choose, parts_of
from benchmarks.races.peers.harness import Harness, done_runs, mend, open_harness
from benchmarks.races.peers.plot import plot_peers
from benchmarks.races.peers.reasons import reasons
from benchmarks.races.peers.runs import PeerRun, kept_files, kept_lines, read_runs
from benchmarks.races.peers.scores import scored
from benchmarks.races.peers.tables import Look, fields_of, tables_of
from metatune.budget import Deadline
from metatune.building.catalogue import CatalogueEntry

USUAL = (
    "metatune,autogluon_best,autogluon_medium,flaml,lightautoml,mljar,optuna_lgbm,rf,hgb,lgbm,"
    "constant"
)
_BESIDE = 8.0  # seconds of a run beside its budget: start, imports, reading, predicting

files_argument = click.argument("files", nargs=-1, type=options.FILE)
catalogue_option = options.catalogue(required=False)


def renamed(text: str) -> tuple[str, str]:
    """Return the two names of ``OLD=NEW``."""
    old, equals, new = text.partition("=")
    if not (old and equals and new):
        raise click.BadParameter(f"{text}: write OLD=NEW")
    return old, new


def at_budget(text: str) -> tuple[str, float]:
    """Return the system and the seconds of ``SYSTEM=SECONDS``."""
    system, equals, seconds = text.partition("=")
    try:
        if system and equals:
            return system, float(seconds)
    except ValueError:
        pass
    raise click.BadParameter(f"{text}: write SYSTEM=SECONDS")


names_option = click.option(
    "--rename", "names", type=renamed, multiple=True, help="OLD=NEW name of a system of the files."
)


@click.group(help=__doc__)
def peers() -> None:
    pass


peers.add_command(reasons)


@peers.command()
@click.option(
    "--harness",
    "folder",
    type=click.Path(path_type=Path),
    required=True,
    help="Folder of the harness: run.py and systems.py.",
)
@click.option(
    "--environments",
    type=options.DIRECTORY,
    help="Directory of the systems' environments; by default BENCH_ENVS or the harness' own.",
)
@click.option(
    "--python",
    type=options.FILE,
    help="Interpreter that has metatune; by default BENCH_PYTHON_METATUNE or this one.",
)
@options.catalogue()
@click.option(
    "--unknown-to",
    type=options.DIRECTORY,
    required=True,
    help="Meta-dataset of the raced metatune; no table of a family that it knows is taken.",
)
@click.option("--clean", "n_clean", type=click.IntRange(0), default=24, show_default=True)
@click.option("--raw", "n_raw", type=click.IntRange(0), default=16, show_default=True)
@click.option("--kinds", type=options.several(), default="", help="Only tables of these kinds.")
@click.option(
    "--clean-packs", type=options.several(), default="", help="Clean tables of these folders only."
)
@click.option(
    "--raw-packs", type=options.several(), default="", help="Raw tables of these folders only."
)
@click.option(
    "--min-rows", type=click.IntRange(200), default=200, show_default=True, help="Of a table."
)
@click.option("--max-rows", type=int, default=75_000, show_default=True, help="Of a table.")
@options.only
@click.option("--systems", type=options.several(), default=USUAL, show_default=True)
@click.option("--budgets", type=options.several(float), default="10,60,300", show_default=True)
@click.option("--seeds", type=options.several(int), default="0", show_default=True)
@click.option("--core", type=int, default=1, show_default=True, help="Core of the systems.")
@click.option("--harness-core", type=int, default=0, show_default=True, help="Of the harness.")
@click.option("--retry-failed", is_flag=True, help="Run again what failed.")
@options.minutes
@options.list_only
@options.out("results/peers/runs.jsonl", "File that the harness appends its lines to.")
def run(folder: Path, environments: Path | None, python: Path | None, **given: Any) -> None:
    """Race systems on tables, the same ones every time; runs that are done are passed over.

    Fewer tables are the first of more, so --budgets 300 --clean 7 --raw 5 is raced on some of the
    tables of the other budgets. The harness uses one core for the systems and one for itself.
    """
    systems = given["systems"]
    harness = open_harness(folder, systems, environments=environments, python=python)
    absent = {given["core"], given["harness_core"]} - set(range(os.cpu_count() or 1))
    if absent:
        raise RaceError(f"this machine has no core {min(absent)}: name one it has with --core")
    tables = choose(given["catalogue"], given["unknown_to"], _wanted(given))
    out = given["out"]
    if given["list_only"]:
        _show(harness, tables, given)
        return
    out.parent.mkdir(parents=True, exist_ok=True)
    mend(out)
    deadline = Deadline.after(given["minutes"] * 60)
    failed = [
        entry.name
        for entry in [entry for part in tables.values() for entry in part]
        if not deadline.passed() and _race(harness, entry, given, deadline) != 0
    ]
    left = sum(len(_left(harness, part, given)) for part in tables.values())
    print(f"{out}: {left} runs are left" if left else f"{out}: all runs are done")
    if failed:
        raise click.ClickException(f"the harness itself failed on {', '.join(failed)}; see above")


@peers.command()
@files_argument
@catalogue_option
@names_option
@options.out(None, "File to write; docs/races/peers.jsonl of the checkout by default.")
def keep(
    files: tuple[Path, ...],
    catalogue: Path | None,
    names: tuple[tuple[str, str], ...],
    out: Path | None,
) -> None:
    """Write what the tables need of the harness' output, sorted, to be kept in the repository.

    Logs, paths, messages and all metrics but the one that was optimised are left out. A later file
    replaces the runs of an earlier one; the file that is written is made anew, so it is named
    before the new output where its runs are to stay. Two installations of one
    system, raced into two files, take part under two names: keep one of them with --rename and
    another --out.
    """
    if not files:
        raise RaceError("name the files that the harness has written")
    found = read_runs(files, _parts(catalogue), dict(names))
    path = out or KEPT / "peers.jsonl"
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(kept_lines(found), encoding="utf-8")
    print(f"{path}: {len(found)} runs")


@peers.command()
@files_argument
@catalogue_option
@names_option
@click.option("--systems", type=options.several(), default="", help="Only these.")
@click.option(
    "--of", default="metatune", show_default=True, help="System whose wins and losses are told."
)
@click.option(
    "--least-share",
    type=click.FloatRange(0, 1),
    default=0.8,
    show_default=True,
    help="Systems tried on a smaller share of the tables are left out, if --systems is not given.",
)
@click.option(
    "--against",
    type=at_budget,
    multiple=True,
    help="SYSTEM=SECONDS that --of meets with its shorter budgets.",
)
@click.option("--plot", type=click.Path(path_type=Path), help="Picture to draw: PNG or SVG.")
@options.into
def table(
    files: tuple[Path, ...],
    catalogue: Path | None,
    names: tuple[tuple[str, str], ...],
    plot: Path | None,
    into: Path | None,
    **look: Any,
) -> None:
    """Write the tables of a race in Markdown, and draw it.

    FILES are output of the harness (with --catalogue, which tells clean from raw tables) or what
    `keep` has made of it; docs/races/peers*.jsonl of the checkout by default. With --into DOCUMENT
    the tables, and the picture if one is drawn, go between the document's marks.
    """
    found = read_runs(files or kept_files(), _parts(catalogue), dict(names))
    chosen = Look(**look)
    text = _text(found, chosen, plot, into)
    Place("peers", "peers table").fill_or_print(into, text, f"tables of {len(found)} runs")


def _wanted(given: Mapping[str, Any]) -> Wanted:
    return Wanted(**{name: given[name] for name in Wanted.__dataclass_fields__})


def _race(
    harness: Harness, entry: CatalogueEntry, given: Mapping[str, Any], deadline: Deadline
) -> int:
    """Have the harness run all that is left of a table; return its exit code."""
    systems = [name for name in given["systems"] if _left(harness, [entry], given, (name,))]
    if not systems:
        return 0
    arguments = ["--datasets", f"{given['catalogue'].resolve()}:{entry.name}"]
    arguments += ["--budget", *(f"{budget:g}" for budget in given["budgets"])]
    arguments += ["--seeds", *map(str, given["seeds"]), "--out", str(given["out"].resolve())]
    arguments += ["--core", str(given["core"]), "--harness-core", str(given["harness_core"])]
    if given["retry_failed"]:
        arguments.append("--retry-failed")
    if given["minutes"] != float("inf"):
        arguments += ["--stop-after", f"{deadline.remaining():.0f}"]
    return harness.race(systems, arguments)


def _left(
    harness: Harness,
    entries: Sequence[CatalogueEntry],
    given: Mapping[str, Any],
    systems: Sequence[str] = (),
) -> list[tuple[str, int, float, str]]:
    """Return the runs that are not done yet."""
    done = done_runs(given["out"], retry_failed=given["retry_failed"])
    wanted = product(entries, given["seeds"], given["budgets"], systems or given["systems"])
    keys = {
        (entry.name, seed, budget if harness.budgeted[system] else 0.0, system): None
        for entry, seed, budget, system in wanted
    }
    return [key for key in keys if key not in done]


def _show(
    harness: Harness, tables: Mapping[str, list[CatalogueEntry]], given: Mapping[str, Any]
) -> None:
    """List the tables, and say how long what is left will take."""
    left: list[tuple[str, int, float, str]] = []
    for part, entries in tables.items():
        for entry in entries:
            todo = _left(harness, [entry], given)
            left += todo
            print(
                f"{part:<6} {entry.name:<36} {entry.family:<28} {entry.kind:<11}"
                f"{entry.n_rows:>7} rows  {len(todo)} runs left"
            )
    hours = sum(budget + _BESIDE for _, _, budget, _ in left) / 3600
    print(f"{len(left)} runs to do, about {hours:.1f} hours")


def _parts(catalogue: Path | None) -> dict[str, str] | None:
    return None if catalogue is None else parts_of(catalogue)


def _text(found: Sequence[PeerRun], look: Look, plot: Path | None, into: Path | None) -> str:
    """Write all tables, with the picture where one is drawn."""
    if not found:
        raise RaceError("the files hold no runs")
    runs = scored(found)
    if look.of not in set(runs["system"]):
        known = ", ".join(sorted(set(runs["system"])))
        raise RaceError(f"{look.of} was not raced: name one of {known} with --of")
    fields = fields_of(runs, look)
    if not fields:
        raise RaceError("no two systems were tried on the same tables at the same budget")
    text = tables_of(runs, fields, look)
    if plot is None:
        return text
    drawn = plot_peers(plot, fields, look.of)
    return f"{text}\n\n{picture(drawn, 'Mean normalised score over budget', into)}"
