"""Forecasts for unseen datasets against what these showed: first choices, intervals, run times.

Each family of the meta-dataset is left out in turn, and the meta-model fitted on all others meets
its datasets; tables and plots say whether the first recommendation beats the usual defaults,
intervals hold what they promise, and run times are predicted.

    python scripts/benchmarks forecasts
"""

from pathlib import Path

import click

from benchmarks import options
from benchmarks.recommenders import pools
from benchmarks.recommenders.forecast_tables import forecast_tables, plot_forecasts
from benchmarks.recommenders.held_out import fold_shares
from benchmarks.recommenders.unseen import forecast_unseen


@click.command(help=__doc__)
@options.metadata
@options.out("results/validation", "Directory of tables and plots.")
@pools.pools
@pools.families
def forecasts(
    metadata: Path | None, out: Path, names: tuple[str, ...], families: int | None
) -> None:
    out.mkdir(parents=True, exist_ok=True)
    for pool in pools.known_pools(metadata, names):
        shares = fold_shares(pool.metadata, pool.past, pool.metric)
        found = list(forecast_unseen(pool.past, shares, families, not_judged=pool.not_judged))
        algorithms = [configuration.algorithm for configuration in pool.past.configurations]
        text = forecast_tables(pool.name, found, algorithms)
        print(text, flush=True)
        (out / f"forecasts_{pool.name}.md").write_text(text, encoding="utf-8")
        figure = plot_forecasts(out / f"forecasts_{pool.name}.png", found, algorithms)
        print(f"figure: {figure}\n", flush=True)
