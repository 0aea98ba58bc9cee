"""Compare what metatune forecasts for unseen datasets with what they showed: tables and plots.

Each family of the meta-dataset is left out in turn, and the meta-model fitted on all others meets
its datasets: is the first recommendation better than the usual defaults, do intervals hold what
they promise, and are run times predicted?

    python scripts/validate_forecasts.py
"""

import argparse
import sys
from pathlib import Path

from validation.forecast_tables import forecast_tables, plot_forecasts
from validation.forecasts import forecast_unseen
from validation.held_out import fold_shares
from validation.own import POOLS, partly_evaluated

from metatune.errors import MetatuneError
from metatune.metadataset.schema import pool_of
from metatune.metadataset.store import load_metadata
from metatune.metrics import DEFAULT_METRIC
from metatune.recommender.past import collect_past


def main(arguments: list[str] | None = None) -> int:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0] if __doc__ else None)
    parser.add_argument("--metadata", type=Path, help="a meta-dataset; metatune's by default")
    parser.add_argument("--out", type=Path, default=Path("results/validation"), metavar="DIR")
    pools = {str(pool_of(kind)): kind for kind in POOLS.values()}
    parser.add_argument("--pools", default=",".join(pools), help=f"of {', '.join(pools)}")
    parser.add_argument("--families", type=int, help="only so many, for a quick look")
    options = parser.parse_args(arguments)
    unknown = [name for name in options.pools.split(",") if name not in pools]
    if unknown:
        parser.error(f"{unknown[0]!r} is no pool: choose from {', '.join(pools)}")
    kinds = [pools[name] for name in options.pools.split(",")]
    options.out.mkdir(parents=True, exist_ok=True)
    metadata = load_metadata(options.metadata)
    known_only = partly_evaluated(metadata)
    for kind in kinds:
        past = collect_past(metadata, kind, DEFAULT_METRIC[kind])
        shares = fold_shares(metadata, past, DEFAULT_METRIC[kind])
        found = list(forecast_unseen(past, shares, options.families, not_judged=known_only))
        algorithms = [configuration.algorithm for configuration in past.configurations]
        text = forecast_tables(pool_of(kind), found, algorithms)
        print(text, flush=True)
        (options.out / f"forecasts_{pool_of(kind)}.md").write_text(text, encoding="utf-8")
        figure = plot_forecasts(options.out / f"forecasts_{pool_of(kind)}.png", found, algorithms)
        print(f"figure: {figure}\n", flush=True)
    return 0


if __name__ == "__main__":
    try:
        sys.exit(main())
    except MetatuneError as error:
        sys.exit(str(error))
