"""Records of made-up runs."""

from typing import Any

from metatune.kinds import TaskKind
from metatune.storage.door import Door
from metatune.storage.provenance import this_process
from metatune.storage.record import DataRecord, Outcome, RunRecord, Seconds, TaskRecord, TrialCounts
from metatune.storage.run_options import RunOptions

TASK = TaskRecord(
    target="preis €",
    weight=None,
    group=None,
    time=None,
    task=TaskKind.BINARY,
    metric="roc_auc",
    greater_is_better=True,
    n_rows=60,
    n_dropped=0,
    classes={"no": 45, "yes": 15},
    columns={"number": 2},
    notes=("a note",),
    constant_prediction=(0.75, 0.25),
)
OUTCOME = Outcome(
    ended="all trials are done",
    score=0.8,
    estimate=None,
    no_estimate="too few rows",
    constant_score=0.5,
    beats_constant=True,
    winner=None,
    fitted_on="all rows",
    ensemble=None,
    model=None,
    note="",
    trials=TrialCounts(finished=3, ok=2, pruned=0, configurations=3),
    advice=None,
)


def make_record(**changes: Any) -> RunRecord:
    """Make the record of a run that goes on, started from the command line."""
    values: dict[str, Any] = {
        "status": "running",
        "started_from": Door.COMMAND_LINE,
        "started_at": "2026-01-01T00:00:00+00:00",
        "process": this_process(),
        "versions": {"metatune": "0"},
        "options": RunOptions(budget="1m", seed=0, data="table.csv", max_trials=3),
        "seed": 0,
        "data": DataRecord(name="table"),
        "task": TASK,
        "max_trials": 3,
        "seconds": Seconds(budget=60.0, plan=60.0, before=0.0, used=1.0),
        **changes,
    }
    return RunRecord(**values)
