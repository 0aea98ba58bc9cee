"""Put the pool of configurations in the order of its usefulness and write it into the package.

    python scripts/order_pool.py [--metadata DIR] [--dry]

Candidates are what a meta-dataset has evaluated (--metadata; the one that comes with metatune by
default), recipes that were picked by hand (metatune/metadataset/recipes.py), and, where these are
not enough, points drawn through the priors. Prints the order with what each costs.
"""

import sys
from pathlib import Path

import click

from metatune.building.ordering import Evidence, collect_evidence, order_pool
from metatune.errors import MetatuneError
from metatune.kinds import TaskKind
from metatune.metadataset import pool
from metatune.metadataset.drawing import draw_candidates
from metatune.metadataset.recipes import RECIPES, STAGES
from metatune.metadataset.schema import pool_of
from metatune.metadataset.store import load_metadata
from metatune.space import Configuration


@click.command(help=__doc__)
@click.option("--metadata", type=click.Path(path_type=Path), help="Meta-dataset to learn from.")
@click.option("--dry", is_flag=True, help="Only print.")
def main(metadata: Path | None, dry: bool) -> None:
    past = load_metadata(metadata)
    pools = {}
    for kind in (TaskKind.BINARY, TaskKind.REGRESSION):
        evidence = collect_evidence(past, kind)
        spare = draw_candidates(kind, past.priors)
        pools[pool_of(kind)] = order_pool(kind, evidence, RECIPES, spare)
        show(pools[pool_of(kind)], evidence)
    if not dry:
        path = Path(pool.__file__).with_name(pool.POOL_FILE)
        path.write_text(pool.pool_text(pools), encoding="utf-8")
        print(f"{path} was written")


def show(order: list[Configuration], evidence: Evidence) -> None:
    """Print the order with core-seconds, and how many of each family are up to every stage."""
    keys = [c.key for c in evidence.candidates]
    seconds = dict(zip(keys, evidence.seconds, strict=True))
    for place, configuration in enumerate(order, start=1):
        cost = f"{seconds[configuration.key]:7.1f}s" if configuration.key in seconds else "      ?"
        print(f"{place:4} {cost} {configuration}")
    for stage in STAGES:
        part = pool.first_of(order, stage)
        known = [seconds[c.key] for c in part if c.key in seconds]
        names = [c.algorithm for c in part]
        counts = ", ".join(f"{names.count(name)} {name}" for name in dict.fromkeys(names))
        print(
            f"first {stage}: {counts}; {sum(known):.0f} core-seconds for the {len(known)} that "
            "have been evaluated"
        )


if __name__ == "__main__":
    try:
        main(standalone_mode=True)
    except MetatuneError as error:
        sys.exit(str(error))
