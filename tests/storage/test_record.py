"""The record of a run: written and read back, and refused where it is not what it has to be."""

import json
import math
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from made_up_estimate import make_estimate
from run_records import OUTCOME, make_record

from metatune.errors import BundleError
from metatune.storage.directory import RunDirectory
from metatune.storage.door import Door
from metatune.storage.front_record import FrontPoint, FrontRecord
from metatune.storage.record import (
    SCHEMA_VERSION,
    EnsembleRecord,
    Figures,
    Member,
    RunRecord,
    Winner,
)

FULL = replace(
    OUTCOME,
    estimate=make_estimate(
        score=0.78, low=0.7, high=0.85, optimistic=0.8, n_candidates=3, n_rows=60
    ),
    no_estimate=None,
    winner=Winner(algorithm="knn", params={"k": 3, "w": "uniform"}, origin="default", key="ab"),
    ensemble=EnsembleRecord(
        members=(
            Member(trial=2, algorithm="knn", weight=0.5),
            Member(trial=None, algorithm="constant", weight=0.5),
        ),
        score=0.8,
        single_score=0.79,
        gain=0.01,
        gain_error=None,
        temperature=1.0,
        shifts=(),
        decision=(1.0, 0.5),
    ),
    model=Figures(latency=0.01, batch_seconds=None, n_bytes=1000),
    advice={"familiarity": 0.5},
    front=FrontRecord(
        objectives=("roc_auc", "latency"),
        prefer=None,
        points=(
            FrontPoint(trial=2, algorithm="knn", configuration="knn(k=3)", values=(0.8, 0.001)),
        ),
        n_compared=2,
        chosen=2,
    ),
)


@pytest.mark.parametrize(
    "record",
    [
        pytest.param(make_record(), id="running"),
        pytest.param(make_record(status="done", outcome=OUTCOME), id="done"),
        pytest.param(make_record(status="interrupted", outcome=FULL), id="interrupted"),
        pytest.param(make_record(status="interrupted", started_from=Door.PYTHON), id="python"),
    ],
)
def test_what_is_written_is_read(record: RunRecord, tmp_path: Path) -> None:
    RunDirectory(tmp_path).write_record(record)
    assert RunRecord.read(tmp_path) == record


def test_task_and_outcome_stand_at_the_top_of_the_file() -> None:
    values = make_record(status="done", outcome=FULL).values()
    assert values["schema"] == SCHEMA_VERSION
    assert (values["task"], values["metric"], values["score"]) == ("binary", "roc_auc", 0.8)
    assert "no_estimate" not in values
    assert "front" not in make_record(status="done", outcome=OUTCOME).values()
    assert make_record(status="done", outcome=OUTCOME).values()["no_estimate"] == "too few rows"


def test_numbers_that_are_not_finite_become_null(tmp_path: Path) -> None:
    record = make_record(status="done", outcome=replace(FULL, score=math.nan))
    RunDirectory(tmp_path).write_record(record)
    read = RunRecord.read(tmp_path)
    assert read.outcome is not None
    assert read.outcome.score is None


DELETED = object()


@pytest.mark.parametrize(
    ("key", "value", "reason"),
    [
        ("schema", DELETED, "another version of metatune (schema 1, this one reads 2)"),
        ("schema", 3, "schema 3"),
        ("status", "finished", "status is 'finished', not 'running' or 'interrupted' or 'done'"),
        ("seed", "three", "seed is 'three', not a whole number"),
        ("seed", True, "seed is True, not a whole number"),
        ("seconds", {"budget": 60.0}, "seconds.plan is missing"),
        ("seconds", 60, "seconds is 60, not an object of named values"),
        ("metric", DELETED, "task.metric is missing"),
        ("task", "guessing", "task.task is 'guessing', not 'binary' or"),
        ("constant_prediction", "none", "is 'none', not a list or a number"),
        ("max_trials", 2.5, "max_trials is 2.5, not a whole number"),
        ("score", math.nan, "outcome.score is nan, not a number"),
        ("trials", {"finished": 3}, "outcome.trials.ok is missing"),
        ("options", {"budget": "1m", "seed": 0, "include": "knn"}, "options.include is 'knn'"),
    ],
)
def test_changes_by_hand_are_refused_in_a_line(
    key: str, value: Any, reason: str, tmp_path: Path
) -> None:
    values = make_record(status="done", outcome=FULL).values()
    values[key] = value
    kept = {name: item for name, item in values.items() if item is not DELETED}
    (tmp_path / "run.json").write_text(json.dumps(kept))
    with pytest.raises(BundleError) as caught:
        RunRecord.read(tmp_path)
    assert reason in str(caught.value)
    assert str(tmp_path / "run.json") in str(caught.value)
    assert "\n" not in str(caught.value)
    with pytest.raises(BundleError):
        RunDirectory(tmp_path).find_record()


@pytest.mark.parametrize("text", ["", "{", "[", "\x00"])
def test_torn_files_are_damaged_and_no_record(text: str, tmp_path: Path) -> None:
    (tmp_path / "run.json").write_text(text)
    with pytest.raises(BundleError, match="the run is damaged"):
        RunRecord.read(tmp_path)
    assert RunDirectory(tmp_path).find_record() is None


@pytest.mark.parametrize("text", ["[]", "3", "null", '"run"'])
def test_files_of_something_else_are_refused(text: str, tmp_path: Path) -> None:
    (tmp_path / "run.json").write_text(text)
    with pytest.raises(BundleError, match="not an object of named values"):
        RunRecord.read(tmp_path)


def test_values_that_nobody_knows_are_left_out(tmp_path: Path) -> None:
    (tmp_path / "run.json").write_text(json.dumps({**make_record().values(), "mood": "good"}))
    assert RunRecord.read(tmp_path) == make_record()
