"""Run directories from somebody else, and those that were edited or damaged by hand."""

import json
import math
import os
import shutil
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from click.testing import Result

from metatune.execution.cores import available_cores

Call = Callable[..., Result]
FAMILIES = "linear,decision_tree"


@pytest.fixture(scope="module")
def ended(shop_file: Path, call: Call, tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("ended") / "run"
    words = ["--include", FAMILIES, "--jobs", "1", "--max-trials", "8", "--no-report", "-q"]
    result = call("fit", shop_file, *words, "-o", folder)
    assert result.exit_code == 0, result.stderr
    return folder


@pytest.fixture
def run(ended: Path, tmp_path: Path) -> Path:
    """A run that was broken off at its very end."""
    folder = Path(shutil.copytree(ended, tmp_path / "run"))
    change(folder, status="running")
    return folder


def change(run: Path, **values: Any) -> None:
    record = json.loads((run / "run.json").read_text(encoding="utf-8"))
    (run / "run.json").write_text(json.dumps({**record, **values}), encoding="utf-8")


def change_option(run: Path, **values: Any) -> None:
    record = json.loads((run / "run.json").read_text(encoding="utf-8"))
    change(run, options={**record["options"], **values})


def refused(result: Result, *words: str) -> None:
    assert result.exit_code == 2, result.stderr
    assert result.stderr.count("\n") == 1
    assert result.stderr.startswith("metatune: error: ")
    for word in words:
        assert word in result.stderr


@pytest.fixture
def no_connections(monkeypatch: pytest.MonkeyPatch) -> list[tuple[Any, ...]]:
    asked: list[tuple[Any, ...]] = []
    for name in ("metatune.execution.dask_executor.connect", "socket.socket.connect"):
        monkeypatch.setattr(name, lambda *given, **_: asked.append(given))
    return asked


def test_a_scheduler_that_a_run_names_is_told_and_left_alone(
    run: Path, call: Call, no_connections: list[Any]
) -> None:
    change_option(run, scheduler="tcp://evil:8786")
    result = call("continue", run)
    assert result.exit_code == 0, result.stderr
    assert "the run names --scheduler tcp://evil:8786, which is not used" in result.stderr
    assert not [given for given in no_connections if "tcp://evil:8786" in given]


def test_a_meta_dataset_that_a_run_names_is_told_and_left_alone(
    run: Path, call: Call, tmp_path: Path
) -> None:
    change_option(run, metadata=str(tmp_path / "theirs"))
    refused(call("continue", run), f"--metadata {tmp_path / 'theirs'}", "--trust-run")
    refused(call("continue", run, "--trust-run", "-q"), "is no directory")


def test_an_openml_server_that_a_run_names_is_told_and_left_alone(
    run: Path, call: Call, no_connections: list[Any]
) -> None:
    change_option(run, openml_server="http://evil/api", data="openml:31")
    refused(call("continue", run), "--openml-server http://evil/api", "--trust-run")
    assert no_connections == []


def test_a_server_that_is_not_needed_does_not_matter(run: Path, call: Call) -> None:
    change_option(run, openml_server="http://evil/api")
    assert call("continue", run, "-q").exit_code == 0


def test_no_more_jobs_start_than_the_machine_has_cores(run: Path, call: Call) -> None:
    cores = available_cores()
    change_option(run, jobs=1_000_000)
    result = call("continue", run)
    assert result.exit_code == 0, result.stderr
    assert f"--jobs 1000000, more than there are cores: {cores} at a time" in result.stderr
    assert json.loads((run / "run.json").read_text())["options"]["jobs"] == cores


def test_what_the_user_names_is_repeated_in_the_advice(
    ended: Path, shop_file: Path, metadata_dir: Path, call: Call, tmp_path: Path
) -> None:
    words = ["--include", FAMILIES, "--jobs", "1", "--max-trials", "1", "--no-report"]
    words += ["--metadata", str(metadata_dir)]
    run = tmp_path / "own"
    assert call("fit", shop_file, *words, "-o", run, "-q").exit_code == 0
    again = call("fit", shop_file, *words, "-o", run, "--resume")
    assert f"metatune continue {run} --budget +10m --metadata {metadata_dir}" in again.stderr
    more = ["continue", run, "--max-trials", "+1", "-q"]
    assert call(*more).exit_code == 2
    assert call(*more, "--metadata", metadata_dir).exit_code == 0
    assert call(*more, "--trust-run").exit_code == 0


LINKED = ["predictions", "trials.jsonl", "run.json", "model.skops", "run.json.part"]


@pytest.mark.parametrize("name", LINKED)
@pytest.mark.parametrize("command", ["continue", "--resume", "--overwrite", "leaderboard"])
def test_links_are_not_followed(
    name: str, command: str, run: Path, shop_file: Path, call: Call, tmp_path: Path
) -> None:
    theirs = tmp_path / "theirs"
    entry = run / name
    if entry.exists():
        entry.rename(theirs)
    else:
        theirs.write_text("precious")
    if theirs.is_dir():
        (theirs / "precious.npy").write_text("precious")
    entry.symlink_to(theirs)
    before = contents(theirs)
    words = {
        "continue": ["continue", run, "-q"],
        "leaderboard": ["leaderboard", run],
    }.get(command, ["fit", shop_file, "-o", run, "--max-trials", "8", "-q", command])
    refused(call(*words), f"{entry} is a link", "remove it")
    assert contents(theirs) == before


def contents(path: Path) -> dict[str, bytes]:
    files = path.rglob("*") if path.is_dir() else [path]
    return {str(file): file.read_bytes() for file in files}


def test_a_link_among_the_predictions_is_not_followed(
    run: Path, call: Call, tmp_path: Path
) -> None:
    (tmp_path / "elsewhere.npy").write_bytes(b"precious")
    file = run / "predictions" / "000001-6e6ac14166bb.npy"
    file.symlink_to(tmp_path / "elsewhere.npy")
    refused(call("continue", run), f"{file} is a link")
    assert (tmp_path / "elsewhere.npy").exists()


@pytest.mark.skipif(not hasattr(os, "mkfifo"), reason="pipes with names")
@pytest.mark.parametrize("name", ["trials.jsonl", "run.json"])
def test_a_pipe_does_not_stop_the_command(name: str, run: Path, call: Call) -> None:
    (run / name).unlink()
    os.mkfifo(run / name)
    refused(call("continue", run))


def test_names_that_lead_elsewhere_are_not_read(run: Path, call: Call, tmp_path: Path) -> None:
    record = json.loads((run / "run.json").read_text())
    (tmp_path / "elsewhere.parquet").write_bytes(b"precious")
    for stored in ("../elsewhere.parquet", str(tmp_path / "elsewhere.parquet")):
        change(run, started_from="Python", data={**record["data"], "stored": stored})
        refused(call("continue", run), "data.parquet, the rows of the run, cannot be read")


RECORDS = {
    "seconds is null": {"seconds": None},
    "used is a text": {"seconds": {"budget": 9, "plan": 9, "before": 0, "used": "x"}},
    "used is below zero": {"seconds": {"budget": 9, "plan": 9, "before": 0, "used": -1}},
    "budget is zero": {"seconds": {"budget": 0, "plan": 9, "before": 0, "used": 1}},
    "plan is none": {"seconds": {"budget": 9, "plan": math.nan, "before": 0, "used": 1}},
    "budget is endless": {"seconds": {"budget": math.inf, "plan": 9, "before": 0, "used": 1}},
    "used is enormous": {"seconds": {"budget": 9, "plan": 9, "before": 0, "used": 10**999}},
    "options is null": {"options": None},
    "data is a list": {"data": []},
    "seed is a text": {"seed": "x"},
    "seed is below zero": {"seed": -1},
    "seed is enormous": {"seed": 10**30},
    "seed is true": {"seed": True},
    "max_trials is zero": {"max_trials": 0},
    "max_trials is a half": {"max_trials": 0.5},
    "task is unknown": {"task": "nope"},
    "status is unknown": {"status": "lost"},
    "version is newer": {"schema": 99},
    "version is a text": {"schema": "2"},
    "version is a list": {"schema": []},
    "classes is a list": {"classes": [1, 2]},
    "door is unknown": {"started_from": "the window"},
    "ensemble is empty": {"status": "done", "ensemble": {}},
    "estimate has no limits": {"status": "done", "estimate": {"score": 1}},
    "winner is a text": {"status": "done", "winner": "knn"},
    "notes are numbers": {"notes": [1]},
}  # fmt: skip


@pytest.mark.parametrize("values", RECORDS.values(), ids=RECORDS)
def test_a_record_that_was_edited_is_refused_in_a_line(
    values: dict[str, Any], run: Path, call: Call
) -> None:
    change(run, **values)
    for command in ("continue", "leaderboard"):
        refused(call(command, run), "run.json")


OPTIONS = {
    "include is a number": {"include": 5},
    "target is a number": {"target": 5},
    "jobs is zero": {"jobs": 0},
    "budget is no duration": {"budget": "soon"},
    "max_trials is below zero": {"max_trials": -3},
}


@pytest.mark.parametrize("values", OPTIONS.values(), ids=OPTIONS)
def test_options_that_were_edited_are_refused_in_a_line(
    values: dict[str, Any], run: Path, call: Call
) -> None:
    change_option(run, **values)
    refused(call("continue", run), "run.json")


TEXTS = {
    "empty": "",
    "an object without names": "{}",
    "null": "null",
    "a list": "[]",
    "nested without end": '{"a":' * 100_000,
    "cut off": '{"schema": 2, "sta',
    "bytes": "\x00\x01",
}


@pytest.mark.parametrize("text", TEXTS.values(), ids=TEXTS)
def test_a_record_that_is_none_is_refused_in_a_line(text: str, run: Path, call: Call) -> None:
    (run / "run.json").write_text(text, encoding="utf-8")
    for command in ("continue", "leaderboard"):
        refused(call(command, run), "run.json")


LINES = {
    "score is a text": {"score": "0.9"},
    "score is not a number": {"score": float("nan")},
    "score is endless": {"score": float("inf")},
    "rung is a text": {"rung": "0"},
    "rung is below zero": {"rung": -1},
    "rung is a half": {"rung": 0.5},
    "row share is zero": {"row_share": 0},
    "row share is above one": {"row_share": 2.0},
    "no folds": {"n_folds": 0},
    "a fold's score is a text": {"fold_scores": {"roc_auc": ["a"]}},
    "folds are a list": {"fold_scores": [0.5]},
    "latency is a text": {"latency": "x"},
    "algorithm is a number": {"algorithm": 5},
    "parameters are a list": {"params": [1]},
    "a parameter is a list": {"params": {"max_depth": [1]}},
    "predict_seconds is null": {"predict_seconds": None},
    "fit_seconds is below zero": {"fit_seconds": -1.0},
    "trial is below zero": {"trial": -1},
    "trial is true": {"trial": True},
    "status is unknown": {"status": "fine"},
    "failed with a score": {"status": "failed"},
    "used is a text": {"used": "x"},
    "used is below zero": {"used": -5},
    "run is a number": {"run": 3},
    "bytes are enormous": {"model_bytes": 10**30},
    "seed is missing": {"seed": None},
    "trial told twice": {"trial": 1},
    "version is newer": {"schema": 99},
    "version is a text": {"schema": "2"},
    "error is a list": {"error": []},
    "iterations are texts": {"iterations": ["9"]},
}


@pytest.mark.parametrize("values", LINES.values(), ids=LINES)
def test_a_line_that_was_edited_is_refused_in_a_line(
    values: dict[str, Any], run: Path, call: Call
) -> None:
    path = run / "trials.jsonl"
    lines = [json.loads(line) for line in path.read_text().splitlines()]
    assert (lines[0]["trial"], lines[0]["status"]) == (0, "ok")
    lines[0].update(values)
    path.write_text("".join(json.dumps(line) + "\n" for line in lines), encoding="utf-8")
    before = path.read_bytes()
    for command in ("continue", "leaderboard"):
        refused(call(command, run), "trials.jsonl")
    assert path.read_bytes() == before


@pytest.mark.parametrize(
    "values",
    [{"algorithm": "no such"}, {"params": {"no_such": 1}}, {"params": {}}],
    ids=["algorithm", "parameter", "no parameters"],
)
def test_a_configuration_that_cannot_be_is_refused_in_a_line(
    values: dict[str, Any], run: Path, call: Call
) -> None:
    path = run / "trials.jsonl"
    lines = [json.loads(line) for line in path.read_text().splitlines()]
    lines[0].update(values)
    path.write_text("".join(json.dumps(line) + "\n" for line in lines), encoding="utf-8")
    refused(call("continue", run, "-q"), "trial 0 of the run in")


@pytest.mark.parametrize("damage", ["text", "objects", "shape", "empty", "not a number"])
def test_predictions_that_are_none_cost_nothing_but_themselves(
    damage: str, run: Path, call: Call
) -> None:
    import numpy as np

    for file in (run / "predictions").iterdir():
        if damage == "text":
            file.write_text("no predictions")
        elif damage == "objects":
            np.save(file, np.array([{}], dtype=object), allow_pickle=True)
        elif damage == "shape":
            np.save(file, np.zeros((3, 7), dtype=np.float32))
        elif damage == "empty":
            file.write_bytes(b"")
        else:
            np.save(file, np.full_like(np.load(file), np.nan))
    result = call("continue", run, "-q")
    assert result.exit_code == 0, result.stderr
    record = json.loads((run / "run.json").read_text())
    assert record["status"] == "done"
    assert record["beats_constant"]
