"""Coverage and bias of the honest estimate, on rows that were held out or by simulation.

Of each table of a catalogue, half of the rows are held out, metatune runs on the rest, and its
model is scored on the rows held out; printed are honest score, interval, optimistic score and
held-out score of each, the coverage of the interval and the mean bias of both scores, and a figure
is drawn.

The held-out score has noise of its own: coverage is given as it is, which is too low for a perfect
interval, and with the interval widened by the held-out score's 95 % error (by bootstrap), in
quadrature. Finished tables are remembered, so the command can be stopped and repeated. With
--simulate: made-up predictions whose true scores are known.

    python scripts/benchmarks estimate --catalogue ../shared/datasets/catalog.csv --tables 60
"""

from concurrent.futures import ProcessPoolExecutor
from functools import partial
from pathlib import Path

import click

from benchmarks import options
from benchmarks.estimate.held_out import Outcome, check_table
from benchmarks.estimate.report import (
    plot_outcomes,
    simulation_line,
    simulation_title,
    summary,
    table_of_outcomes,
)
from benchmarks.estimate.simulation import SETTINGS, simulate
from benchmarks.split_tables import choose_tables, read_done, write_done
from metatune.building.catalogue import read_catalogue
from metatune.errors import InputError


@click.command(help=__doc__)
@options.catalogue(required=False)
@options.tables(60)
@options.only
@options.seconds(30)
@options.jobs
@click.option("--share", type=float, default=0.5, show_default=True, help="Of rows held out.")
@options.seed
@options.out("results/estimate", "Directory of results and figure.")
@click.option("--simulate", "simulated", is_flag=True, help="Made-up predictions instead.")
@click.option("--simulations", type=click.IntRange(2), default=200, show_default=True)
def estimate(  # noqa: PLR0913, PLR0917  # one parameter for each option
    catalogue: Path | None,
    n_tables: int,
    only: tuple[str, ...],
    seconds: float,
    jobs: int,
    share: float,
    seed: int,
    out: Path,
    simulated: bool,
    simulations: int,
) -> None:
    if simulated:
        show_simulations(simulations, jobs, seed)
        return
    if catalogue is None:
        raise click.UsageError("name a --catalogue of tables, or --simulate")
    out.mkdir(parents=True, exist_ok=True)
    journal = out / f"seed{seed}-{seconds:g}s.jsonl"
    entries = read_catalogue(catalogue)
    named = [entry for entry in entries if entry.name in only]
    chosen = named if only else choose_tables(entries, n_tables)
    done = read_done(journal, Outcome)
    for entry in chosen:
        if entry.name in done:
            continue
        try:
            found = check_table(entry, share=share, seconds=seconds, jobs=jobs, seed=seed)
        except InputError as error:  # a table that metatune refuses has no estimate to judge
            print(f"{entry.name} is left out: {error}", flush=True)
            continue
        write_done(journal, found)
        done[entry.name] = found
        print(table_of_outcomes([found]).splitlines()[-1], flush=True)
    outcomes = [done[entry.name] for entry in chosen if entry.name in done]
    text = f"{table_of_outcomes(outcomes)}\n\n{summary(outcomes)}\n"
    journal.with_suffix(".md").write_text(text, encoding="utf-8")
    print(f"\n{text}")
    plot_outcomes(journal.with_suffix(".png"), outcomes)
    print(f"figure: {journal.with_suffix('.png')}")


def show_simulations(n_simulations: int, jobs: int, seed: int) -> None:
    print(simulation_title(), flush=True)
    run = partial(simulate, n_simulations=n_simulations, seed=seed)
    with ProcessPoolExecutor(jobs) as pool:
        for setting, found in zip(SETTINGS, pool.map(run, SETTINGS), strict=True):
            print(simulation_line(setting.name, found), flush=True)
