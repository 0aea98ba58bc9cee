"""Pool of the configurations that the meta-dataset evaluates, the most useful first."""

import json
from importlib import resources
from typing import Any

from metatune.algorithms.registry import FAMILIES, is_optional
from metatune.kinds import TaskKind
from metatune.metadataset.schema import pool_of
from metatune.space import Configuration

__all__ = ["POOL_FILE", "draw_pool", "first_of", "pool_text"]

POOL_FILE = "pool.json"
"""File of the pools beside this module; written by ``scripts/order_pool.py``."""


def draw_pool(kind: TaskKind, first: int | None = None) -> list[Configuration]:
    """Return the pool for a task kind in the order of its usefulness.

    It is the same everywhere: configurations of families that need an optional library are in it
    whether or not that is installed.

    Parameters
    ----------
    kind : TaskKind
        Binary and multiclass share one pool.
    first : int, optional
        Only so many, not counting families that need an optional library: these come on top.
        Useful values are `metatune.metadataset.recipes.STAGES`.

    Returns
    -------
    list of Configuration
        Without duplicates, the defaults of all families first.
    """
    text = resources.files("metatune.metadataset").joinpath(POOL_FILE).read_text(encoding="utf-8")
    found = (_read(entry, kind) for entry in json.loads(text)[pool_of(kind)])
    pool = list({configuration.key: configuration for configuration in found}.values())
    return pool if first is None else first_of(pool, first)


def first_of(pool: list[Configuration], n: int) -> list[Configuration]:
    """Return the first `n` configurations of a pool, plus the optional ones among them.

    Parameters
    ----------
    pool : list of Configuration
        Configurations in order.
    n : int
        Number of configurations, not counting families that need an optional library.
    """
    required = [i for i, c in enumerate(pool) if not is_optional(c.algorithm)]
    return pool if n >= len(required) else pool[: required[n - 1] + 1]


def pool_text(pools: dict[str, list[Configuration]]) -> str:
    """Write pools as JSON with a line for each configuration."""
    parts = []
    for pool, configurations in pools.items():
        lines = [json.dumps([c.algorithm, dict(c.params)]) for c in configurations]
        parts.append(f'  "{pool}": [\n    ' + ",\n    ".join(lines) + "\n  ]")
    return "{\n" + ",\n".join(parts) + "\n}\n"


def _read(entry: list[Any], kind: TaskKind) -> Configuration:
    """Return an entry as a configuration; hyperparameters that are new since have their default."""
    algorithm, params = entry
    space = FAMILIES[algorithm].space(kind)
    configuration = space.from_values({**space.defaults, **params}, "pool")
    default = space.default()
    return default if configuration == default else configuration
