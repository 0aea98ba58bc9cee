"""Pools of the meta-dataset for benchmarks of forecasts: options, and what is known of each."""

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import click
import numpy as np

from benchmarks import options
from benchmarks.recommenders.own import POOLS, partly_evaluated
from metatune.metadataset.schema import pool_of
from metatune.metadataset.store import MetaDataset, load_metadata
from metatune.metrics import DEFAULT_METRIC
from metatune.recommender.past import Past, collect_past

__all__ = ["KINDS", "KnownPool", "families", "known_pools", "pools"]

KINDS = {str(pool_of(kind)): kind for kind in POOLS.values()}
"""Pools by name, with a task kind of each."""

pools = click.option(
    "--pools",
    "names",
    type=options.several(click.Choice(list(KINDS))),
    default=",".join(KINDS),
    show_default=True,
    help="Pools of configurations.",
)
families = click.option("--families", type=int, help="Only so many, for a quick look.")


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class KnownPool:
    """Pool with what is known of it.

    Attributes
    ----------
    name, metric : str
    metadata : MetaDataset
        Where it comes from.
    past : Past
        Results of its configurations.
    not_judged : frozenset of str
        Datasets that are known, but not forecast.
    """

    name: str
    metric: str
    metadata: MetaDataset
    past: Past
    not_judged: frozenset[str]

    @property
    def families(self) -> list[str]:
        """Families with datasets to forecast, in the order of the meta-dataset."""
        wanted = ~np.isin(self.past.names, list(self.not_judged))
        return list(dict.fromkeys(np.array(self.past.families)[wanted]))


def known_pools(metadata: Path | None, names: tuple[str, ...]) -> Iterator[KnownPool]:
    """Read a meta-dataset and yield its pools.

    Parameters
    ----------
    metadata : Path or None
        Folder; metatune's own if None.
    names : tuple of str
        Pools that are wanted.
    """
    whole = load_metadata(metadata)
    not_judged = partly_evaluated(whole)
    for name in names:
        metric = DEFAULT_METRIC[KINDS[name]]
        yield KnownPool(
            name=name,
            metric=metric,
            metadata=whole,
            past=collect_past(whole, KINDS[name], metric),
            not_judged=not_judged,
        )
