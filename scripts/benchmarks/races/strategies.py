"""Study of every tuning method, warm and cold, on tables that the meta-dataset has never seen.

It is a race (see `race`) of all variants at 30 and 120 seconds on 24 tables: some 35 hours of one
core. It can be stopped and continued by the same command; --list says what is left to do.

    python scripts/benchmarks strategies --catalogue ../shared/datasets/catalog.csv
"""

from copy import copy
from typing import Any

import click

from benchmarks.races.race import race
from benchmarks.races.variants import VARIANTS

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


strategies = click.Command(
    name="strategies",
    help=__doc__,
    callback=race.callback,
    params=[_with_other_default(option) for option in race.params],
)
