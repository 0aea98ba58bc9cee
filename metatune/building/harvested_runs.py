"""Conversion of the tables of a harvest to tidy runs, the common form of run histories."""

import json
import math
from collections import Counter
from dataclasses import dataclass, field
from typing import Any

import pandas as pd

from metatune.building.harvest import Harvest
from metatune.building.mapping.run import UnmappedRun
from metatune.building.mapping.setups import Setup, learner_of, read_setup
from metatune.building.run_history import RUN_COLUMNS
from metatune.openml.measures import HIGHER_IS_BETTER
from metatune.openml.payloads import parameters_from_json

__all__ = ["HarvestedRuns", "harvested_runs"]

_TRAINED_SHARE = 0.9  # of the rows, in the ten folds of OpenML's usual procedure
_NATIVE_CATEGORIES = frozenset({"ranger", "rpart"})
"""Learners with native categories, whose columns are those of the table."""


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class HarvestedRuns:
    """Tidy runs of a harvest, and counts of unreadable setups.

    Attributes
    ----------
    runs : DataFrame
        Tidy runs with the columns `metatune.building.run_history.RUN_COLUMNS`.
    unreadable : Counter of (algorithm, reason)
        Evaluations of setups that could not be read.
    """

    runs: pd.DataFrame
    unreadable: Counter[tuple[str, str]] = field(default_factory=Counter)


def harvested_runs(harvest: Harvest, *, source: str = "openml") -> HarvestedRuns:
    """Make runs of a harvest.

    Of each task, one measure counts: the one with the most evaluations. Runs of the same setup on
    a task, and judgements of the same run by several engines, are averaged.

    Parameters
    ----------
    harvest : Harvest
    source : str
        Name of the history.

    Returns
    -------
    HarvestedRuns
    """
    tables = harvest.tables
    scores = _scores(tables["evaluations"])
    sizes = _sizes(tables["qualities"])
    kinds = tables["tasks"].set_index("task_id")["type"].to_dict()
    setups = tables["setups"].set_index("setup_id")["parameters"].to_dict()
    flows = {flow["flow_id"]: flow for flow in tables["flows"].to_dict("records")}
    unreadable: Counter[tuple[str, str]] = Counter()
    rows: list[dict[str, Any]] = []
    row: Any
    for row in scores.itertuples(index=False):
        name = str(flows[row.flow_id]["flow_name"])
        if row.setup_id not in setups:
            unreadable[learner_of(name), "its setup is not listed"] += 1
            continue
        parameters = parameters_from_json(setups[row.setup_id])
        n_rows, n_columns = _training_size(name, sizes.get(row.dataset_id, {}))
        run = read_setup(
            Setup(
                flow_name=name,
                parameters={f"{p.flow_name}:{p.name}": p.value for p in parameters},
                defaults=json.loads(str(flows[row.flow_id]["defaults"])),
            ),
            source=source,
            n_rows=n_rows,
            n_columns=n_columns,
        )
        if isinstance(run, UnmappedRun):
            unreadable[run.algorithm, run.reason] += 1
            continue
        rows.append(
            {
                "source": source,
                "dataset": str(row.dataset_id),
                "pool": kinds.get(row.task_id, run.pool),
                "algorithm": run.algorithm,
                "hyperparameters": json.dumps(run.hyperparameters, sort_keys=True),
                "loss": row.loss,
                "n_rows": n_rows,
                "n_columns": n_columns,
                "winners_only": False,
            }
        )
    runs = pd.DataFrame(rows, columns=list(RUN_COLUMNS))
    return HarvestedRuns(
        runs=runs.astype({"n_rows": "float64", "n_columns": "float64", "loss": "float64"}),
        unreadable=unreadable,
    )


def _scores(evaluations: pd.DataFrame) -> pd.DataFrame:
    """Average the value of each setup on each task in the task's measure, as a loss."""
    usable = evaluations[
        evaluations["function"].isin(list(HIGHER_IS_BETTER)) & evaluations["value"].notna()
    ]
    counts = usable.groupby(["task_id", "function"]).size().rename("n").reset_index()
    counts = counts.sort_values(["task_id", "n", "function"], ascending=[True, False, True])
    chosen = counts.drop_duplicates("task_id")[["task_id", "function"]]
    own = usable.merge(chosen, on=["task_id", "function"])
    sign = own["function"].map(lambda name: -1.0 if HIGHER_IS_BETTER[name] else 1.0)
    own = own.assign(loss=sign * own["value"])
    keys = ["task_id", "dataset_id", "flow_id", "setup_id"]
    return own.groupby(keys)["loss"].mean().reset_index()


def _sizes(qualities: pd.DataFrame) -> dict[int, dict[str, float]]:
    sizes: dict[int, dict[str, float]] = {}
    for number, name, value in zip(
        qualities["dataset_id"], qualities["name"], qualities["value"], strict=True
    ):
        sizes.setdefault(int(number), {})[str(name)] = float(value)
    return sizes


def _training_size(flow_name: str, size: dict[str, float]) -> tuple[float | None, int | None]:
    """Return rows and columns that a learner was trained on, as far as they are known."""
    rows, columns = size.get("NumberOfInstances"), size.get("NumberOfFeatures")
    if rows is None or columns is None or math.isnan(rows + columns):
        return None, None
    # The target counts among the features; if it alone is symbolic, nothing was encoded.
    plain = size.get("NumberOfSymbolicFeatures", 2.0) <= 1.0
    if plain or learner_of(flow_name) in _NATIVE_CATEGORIES:
        return _TRAINED_SHARE * rows, int(columns) - 1
    return _TRAINED_SHARE * rows, None
