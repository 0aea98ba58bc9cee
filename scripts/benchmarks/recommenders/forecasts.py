"""Forecasts for unseen datasets against what these showed: first choices, intervals, run times.

Each family of the meta-dataset is left out in turn, and the meta-model fitted on all others meets
its datasets; tables and plots say whether the first recommendation beats the usual defaults,
intervals hold what they promise, and run times are predicted.

    python scripts/benchmarks forecasts
"""

from pathlib import Path

import click

from benchmarks import options
from benchmarks.recommenders.forecast_tables import forecast_tables, plot_forecasts
from benchmarks.recommenders.held_out import fold_shares
from benchmarks.recommenders.own import POOLS, partly_evaluated
from benchmarks.recommenders.unseen import forecast_unseen
from metatune.metadataset.schema import pool_of
from metatune.metadataset.store import load_metadata
from metatune.metrics import DEFAULT_METRIC
from metatune.recommender.past import collect_past

KINDS = {str(pool_of(kind)): kind for kind in POOLS.values()}


@click.command(help=__doc__)
@options.metadata
@options.out("results/validation", "Directory of tables and plots.")
@click.option(
    "--pools",
    type=options.several(click.Choice(list(KINDS))),
    default=",".join(KINDS),
    show_default=True,
)
@click.option("--families", type=int, help="Only so many, for a quick look.")
def forecasts(
    metadata: Path | None, out: Path, pools: tuple[str, ...], families: int | None
) -> None:
    out.mkdir(parents=True, exist_ok=True)
    whole = load_metadata(metadata)
    known_only = partly_evaluated(whole)
    for pool in pools:
        metric = DEFAULT_METRIC[KINDS[pool]]
        past = collect_past(whole, KINDS[pool], metric)
        shares = fold_shares(whole, past, metric)
        found = list(forecast_unseen(past, shares, families, not_judged=known_only))
        algorithms = [configuration.algorithm for configuration in past.configurations]
        text = forecast_tables(pool, found, algorithms)
        print(text, flush=True)
        (out / f"forecasts_{pool}.md").write_text(text, encoding="utf-8")
        figure = plot_forecasts(out / f"forecasts_{pool}.png", found, algorithms)
        print(f"figure: {figure}\n", flush=True)
