"""Harvest of the run history of a benchmark suite from an OpenML server, as tables.

Every answer is kept (see `metatune.openml.pages`), so a harvest that was stopped goes on where it
stood, and making the tables again needs no connection. Within a flow and a task, listings are read
to their end; the tables do not depend on the order in which the server lists.
"""

import json
from collections.abc import Callable, Iterable
from dataclasses import dataclass, field
from pathlib import Path

import pandas as pd

from metatune.errors import OpenMLError, OptionError
from metatune.files.atomic import replacing
from metatune.openml.client import ServerRefusedError
from metatune.openml.listings import Listing, read_listing
from metatune.openml.pages import PageStore
from metatune.openml.payloads import (
    EvaluationRow,
    FlowInfo,
    SuiteInfo,
    TaskInfo,
    parameters_to_json,
    read_dataset,
    read_evaluations,
    read_flow,
    read_flow_list,
    read_qualities,
    read_suite,
    read_task,
)

__all__ = ["TABLES", "Harvest", "HarvestPlan", "find_flows", "harvest", "list_counts"]

TABLES = ("tasks", "datasets", "qualities", "flows", "setups", "evaluations", "holes")
"""Names of the tables of a harvest, one Parquet file each."""

_NO_QUALITIES = frozenset({361, 362, 363, 364})
_UNKNOWN_TASK = 151


@dataclass(frozen=True, slots=True, kw_only=True)
class HarvestPlan:
    """Plan of a harvest: suite, flows, measures and limits.

    Attributes
    ----------
    suite : str
        Id or alias.
    flows : tuple of str
        Ids, or names without version: all flows of that name.
    measures : tuple of str
        OpenML's names; the first one is requested with hyperparameters.
    max_rows : int or None
        At most so many evaluations of a flow on a task and measure: bots ran some thousand times
        as much on some tasks as on others.
    page_rows : int
        Rows of a page.
    """

    suite: str
    flows: tuple[str, ...]
    measures: tuple[str, ...] = ("area_under_roc_curve", "predictive_accuracy")
    max_rows: int | None = 1_000
    page_rows: int = 10_000

    def __post_init__(self) -> None:
        if not self.flows or not self.measures:
            raise OptionError("a harvest needs a flow and a measure: name at least one of each")


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Harvest:
    """Tables of a harvest, named by `TABLES`."""

    tables: dict[str, pd.DataFrame] = field(default_factory=dict)

    def save(self, folder: Path) -> None:
        """Write one Parquet file for each table, replacing earlier ones in one step each."""
        folder.mkdir(parents=True, exist_ok=True)
        for name, table in self.tables.items():
            with replacing(folder / f"{name}.parquet") as part:
                table.to_parquet(part, index=False)

    @classmethod
    def load(cls, folder: Path) -> "Harvest":
        """Read a harvest written by `save`.

        Raises
        ------
        OpenMLError
            If a table is missing.
        """
        missing = [name for name in TABLES if not (folder / f"{name}.parquet").is_file()]
        if missing:
            raise OpenMLError(f"{folder} lacks the tables {', '.join(missing)}: harvest first")
        return cls(tables={n: pd.read_parquet(folder / f"{n}.parquet") for n in TABLES})


def find_flows(wanted: Iterable[str], store: PageStore) -> list[FlowInfo]:
    """Find flows by id or by name, with the defaults of their parameters.

    Raises
    ------
    OpenMLError
        If a wanted one does not exist.
    """
    wanted = tuple(wanted)
    numbers = {int(text) for text in wanted if text.isdigit()}
    names = {text for text in wanted if not text.isdigit()}
    if names:
        listed = read_listing(store, "flow/list", read_flow_list, lambda flow: flow.id).rows
        numbers |= {flow.id for flow in listed if flow.name in names}
        unknown = sorted(names - {flow.name for flow in listed})
        if unknown:
            raise OpenMLError(f"the server has no flow called {', '.join(unknown)}: list its flows")
    found = []
    for number in sorted(numbers):
        text = store.get(f"flow/{number}")
        if text is not None:
            found.append(read_flow(text))
    return found


def list_counts(
    plan: HarvestPlan, store: PageStore, flows: Iterable[FlowInfo]
) -> dict[int, tuple[int, int]]:
    """Count evaluations and tasks of each flow on a suite, for the first measure.

    Returns
    -------
    dict of int to (int, int)
        By flow id: evaluations, and tasks that have some.
    """
    suite = _suite(plan.suite, store)
    counts = {}
    for flow in flows:
        sizes = [
            len(_evaluations(store, flow.id, task, plan.measures[0], plan).rows)
            for task in suite.task_ids
        ]
        counts[flow.id] = sum(sizes), sum(size > 0 for size in sizes)
    return counts


def harvest(
    plan: HarvestPlan, store: PageStore, *, on_pair: Callable[[int, int, int], None] | None = None
) -> Harvest:
    """Harvest a suite.

    Parameters
    ----------
    plan : HarvestPlan
    store : PageStore
        Cache of answers, with the client for missing ones.
    on_pair : callable, optional
        Called with flow id, task id and the number of evaluations when a pair is done.

    Returns
    -------
    Harvest
        ``evaluations`` has one row for each run, engine and measure; ``setups`` the parameters
        that were set explicitly; ``holes`` what a measure of a pair lacks.

    Raises
    ------
    OpenMLError
        If the server cannot be reached or a suite or flow does not exist.
    """
    suite = _suite(plan.suite, store)
    flows = find_flows(plan.flows, store)
    tasks = [task for task in (_task(number, store) for number in suite.task_ids) if task]
    rows: list[EvaluationRow] = []
    holes: list[dict[str, object]] = []
    for flow in flows:
        for task in tasks:
            n_rows = 0
            for measure in plan.measures:
                listing = _evaluations(store, flow.id, task.id, measure, plan)
                rows += listing.rows
                n_rows += len(listing.rows)
                holes += _holes(flow.id, task.id, measure, listing)
            if on_pair is not None:
                on_pair(flow.id, task.id, n_rows)
    return Harvest(
        tables={
            "tasks": _table(
                (
                    {
                        "task_id": t.id,
                        "dataset_id": t.dataset_id,
                        "type": t.type,
                        "target": t.target,
                    }
                    for t in tasks
                ),
                ["task_id"],
                {"task_id": "int64", "dataset_id": "int64", "type": "str", "target": "str"},
            ),
            **_dataset_tables(sorted({t.dataset_id for t in tasks}), store),
            "flows": _table(
                (
                    {
                        "flow_id": f.id,
                        "flow_name": f.name,
                        "version": f.version,
                        "defaults": json.dumps(f.defaults, sort_keys=True, ensure_ascii=False),
                    }
                    for f in flows
                ),
                ["flow_id"],
                {"flow_id": "int64", "flow_name": "str", "version": "int64", "defaults": "str"},
            ),
            "setups": _setups(rows),
            "evaluations": _evaluation_table(rows),
            "holes": _table(
                holes,
                ["flow_id", "task_id", "function"],
                {
                    "flow_id": "int64",
                    "task_id": "int64",
                    "function": "str",
                    "n_missing": "int64",
                    "n_without_value": "int64",
                    "capped": "bool",
                },
            ),
        }
    )


def _suite(name: str, store: PageStore) -> SuiteInfo:
    text = store.get(f"study/{name}")
    if text is None:
        raise OpenMLError(f"the server has no suite {name}: list its suites")
    return read_suite(text)


def _task(number: int, store: PageStore) -> TaskInfo | None:
    """Return a task that metatune can learn; None for others and for deleted ones."""
    try:
        text = store.get(f"task/{number}")
    except ServerRefusedError as refusal:
        if refusal.code == _UNKNOWN_TASK:
            return None
        raise
    task = None if text is None else read_task(text)
    return task if task is not None and task.type != "other" else None


def _evaluations(
    store: PageStore, flow: int, task: int, measure: str, plan: HarvestPlan
) -> Listing[EvaluationRow]:
    """Read the evaluations of a pair, with hyperparameters for the first measure."""
    kind = "evaluation/setup/list" if measure == plan.measures[0] else "evaluation/list"
    return read_listing(
        store,
        f"{kind}/function/{measure}/flow/{flow}/task/{task}",
        read_evaluations,
        lambda row: (row.run_id, row.engine_id),
        page_rows=plan.page_rows,
        max_rows=plan.max_rows,
    )


def _holes(
    flow: int, task: int, measure: str, listing: Listing[EvaluationRow]
) -> list[dict[str, object]]:
    silent = sum(row.value is None for row in listing.rows)
    if not (listing.n_missing or silent or listing.capped):
        return []
    return [
        {
            "flow_id": flow,
            "task_id": task,
            "function": measure,
            "n_missing": listing.n_missing,
            "n_without_value": silent,
            "capped": listing.capped,
        }
    ]


def _dataset_tables(numbers: list[int], store: PageStore) -> dict[str, pd.DataFrame]:
    datasets, qualities = [], []
    for number in numbers:
        try:
            text = store.get(f"data/{number}")
        except ServerRefusedError:  # private, or gone: its evaluations are of use all the same
            continue
        if text is None:
            continue
        info = read_dataset(text)
        datasets.append(
            {
                "dataset_id": info.id,
                "name": info.name,
                "status": info.status,
                "target": info.target,
                "left_out": json.dumps(info.left_out, ensure_ascii=False),
                "licence": info.licence,
                "md5": info.md5,
            }
        )
        qualities += [
            {"dataset_id": number, "name": name, "value": value}
            for name, value in sorted(dataset_qualities(number, store).items())
        ]
    texts = ("name", "status", "target", "left_out", "licence", "md5")
    return {
        "datasets": _table(
            datasets, ["dataset_id"], {"dataset_id": "int64", **dict.fromkeys(texts, "str")}
        ),
        "qualities": _table(
            qualities,
            ["dataset_id", "name"],
            {"dataset_id": "int64", "name": "str", "value": "float64"},
        ),
    }


def dataset_qualities(number: int, store: PageStore) -> dict[str, float]:
    """Return OpenML's meta-features of a dataset; none where it has none."""
    try:
        text = store.get(f"data/qualities/{number}")
    except ServerRefusedError as refusal:
        if refusal.code in _NO_QUALITIES:
            return {}
        raise
    return {} if text is None else read_qualities(text)


def _setups(rows: Iterable[EvaluationRow]) -> pd.DataFrame:
    known = {
        row.setup_id: {
            "setup_id": row.setup_id,
            "flow_id": row.flow_id,
            "parameters": parameters_to_json(row.parameters),
        }
        for row in rows
        if row.parameters is not None
    }
    return _table(
        known.values(),
        ["setup_id"],
        {"setup_id": "int64", "flow_id": "int64", "parameters": "str"},
    )


def _evaluation_table(rows: Iterable[EvaluationRow]) -> pd.DataFrame:
    table = _table(
        (
            {
                "run_id": row.run_id,
                "engine_id": row.engine_id,
                "task_id": row.task_id,
                "dataset_id": row.dataset_id,
                "setup_id": row.setup_id,
                "flow_id": row.flow_id,
                "function": row.function,
                "value": float("nan") if row.value is None else row.value,
            }
            for row in rows
        ),
        ["function", "flow_id", "task_id", "run_id", "engine_id"],
        {
            **dict.fromkeys(
                ("run_id", "engine_id", "task_id", "dataset_id", "setup_id", "flow_id"), "int64"
            ),
            "function": "str",
            "value": "float64",
        },
    )
    return table.drop_duplicates(["function", "run_id", "engine_id"], ignore_index=True)


def _table(
    rows: Iterable[dict[str, object]], order: list[str], types: dict[str, str]
) -> pd.DataFrame:
    """Make a table that does not depend on the order of the rows."""
    table = pd.DataFrame(list(rows), columns=list(types)).astype(types)
    return table.sort_values(order, ignore_index=True)
