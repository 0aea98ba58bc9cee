"""Runs that were interrupted, killed or ended go on."""

import contextlib
import json
import os
import re
import shutil
import signal
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pandas as pd
import psutil
import pytest
from click.testing import Result

from metatune.budget import Stopwatch
from metatune.models import model_file

Call = Callable[..., Result]
FAMILIES = "linear,knn,naive_bayes,decision_tree"


@pytest.fixture(scope="module")
def fixed(metadata_dir: Path) -> list[str]:
    past = ["--metadata", str(metadata_dir), "--include", FAMILIES]
    return [*past, "--jobs", "1", "--seed", "3", "--no-report"]


@pytest.fixture(scope="module")
def finished(
    shop_file: Path, fixed: list[str], call: Call, tmp_path_factory: pytest.TempPathFactory
) -> Path:
    folder = tmp_path_factory.mktemp("finished") / "run"
    result = call("fit", shop_file, *fixed, "--max-trials", "9", "-o", folder, "-q")
    assert result.exit_code == 0, result.stderr
    return folder


@pytest.fixture
def cut(finished: Path, tmp_path: Path) -> Path:
    """A run of nine trials that was killed in the midst of the seventh."""
    folder = Path(shutil.copytree(finished, tmp_path / "run"))
    lines = (folder / "trials.jsonl").read_bytes().splitlines(keepends=True)
    (folder / "trials.jsonl").write_bytes(b"".join(lines[:6]) + lines[6][:40])
    (folder / "leaderboard.csv").unlink()
    record = json.loads((folder / "run.json").read_text())
    kept = {name: value for name, value in record.items() if name not in ("score", "winner")}
    (folder / "run.json").write_text(json.dumps({**kept, "status": "running"}))
    return folder


def board(folder: Path) -> list[dict[str, Any]]:
    rows = pd.read_csv(folder / "leaderboard.csv").astype(object).fillna(-1).to_dict("records")
    varies = ("seconds", "latency", "bytes", "size", "stored", "copied")
    return [
        {str(k): v for k, v in row.items() if not any(word in str(k) for word in varies)}
        for row in rows
    ]


def test_the_same_command_goes_on(
    cut: Path, finished: Path, shop_file: Path, fixed: list[str], call: Call
) -> None:
    before = (cut / "trials.jsonl").read_bytes().rsplit(b"\n", 1)[0]
    record = json.loads((cut / "run.json").read_text())
    words = ["fit", shop_file, *fixed, "--max-trials", "9", "-o", cut]
    refused = call(*words)
    assert refused.exit_code == 2
    assert "--resume" in refused.stderr
    result = call(*words, "--resume", "--jobs", "2")
    assert result.exit_code == 0, result.stderr
    assert "going on after 6 trials" in result.stderr
    assert board(cut) == board(finished)
    journal = (cut / "trials.jsonl").read_bytes()
    assert journal.startswith(before)
    assert journal.count(b"\n") == 9
    now = json.loads((cut / "run.json").read_text())
    assert now["status"] == "done"
    assert now["started_at"] == record["started_at"]
    assert len(now["went_on_at"]) == 1
    assert now["seconds"]["used"] > now["seconds"]["before"] > 0
    over = call(*words, "--resume", "--json")
    assert over.exit_code == 0
    assert f"metatune continue {cut} --budget +10m" in over.stderr
    assert json.loads(over.stdout)["winner"] == now["winner"]


@pytest.mark.parametrize(
    ("change", "reason"),
    [
        (["--target", "city"], r"--target is 'city' now and was not given"),
        (["--metric", "accuracy"], r"--metric is 'accuracy' now"),
        (["--seed", "4"], r"--seed is 4 now and was 3 when"),
        (["--budget", "3m"], r"--budget was 10m when .* metatune continue .* --budget \+10m"),
        (["--max-trials", "12"], r"--max-trials was 9 when"),
        (["--exclude", "knn"], r"--exclude is 'knn' now and was not given"),
        (["--overwrite"], r"give one"),
    ],
)
def test_another_command_is_refused_in_a_line(
    change: list[str], reason: str, cut: Path, shop_file: Path, fixed: list[str], call: Call
) -> None:
    before = {path.name: path.read_bytes() for path in cut.iterdir() if path.is_file()}
    words = ["fit", shop_file, *fixed, "--max-trials", "9", "-o", cut, "--resume", *change]
    result = call(*words)
    assert result.exit_code == 2
    assert re.search(reason, result.stderr), result.stderr
    assert result.stderr.count("\n") == 1
    assert before == {path.name: path.read_bytes() for path in cut.iterdir() if path.is_file()}


def test_another_table_is_refused(
    cut: Path, shop: pd.DataFrame, fixed: list[str], call: Call, tmp_path: Path
) -> None:
    shop.assign(age=shop["age"] + 1).to_csv(tmp_path / "shop.csv", index=False)
    words = ["fit", tmp_path / "shop.csv", *fixed, "--max-trials", "9", "-o", cut, "--resume"]
    result = call(*words)
    assert result.exit_code == 2
    assert "shop.csv has changed since the run" in result.stderr
    (cut / "run.json").write_text("{")  # torn: only the journal knows which table it was
    result = call(*words)
    assert result.exit_code == 2
    assert "from another table, target, metric or seed" in result.stderr
    assert (cut / "trials.jsonl").read_bytes().count(b"\n") == 6


def test_a_journal_alone_is_enough(
    cut: Path, finished: Path, shop_file: Path, fixed: list[str], call: Call
) -> None:
    (cut / "run.json").unlink()
    words = [*fixed, "--max-trials", "9", "-o", cut, "--resume"]
    assert call("fit", shop_file, *words, "-q").exit_code == 0
    assert board(cut) == board(finished)


def test_a_budget_that_is_used_up_ends_the_run_in_good_order(
    cut: Path, finished: Path, shop_file: Path, fixed: list[str], call: Call
) -> None:
    shutil.copy(finished / "trials.jsonl", cut)  # killed at the very end
    record = json.loads((cut / "run.json").read_text())
    record["seconds"]["used"] = 10_000.0
    (cut / "run.json").write_text(json.dumps(record))
    result = call("fit", shop_file, *fixed, "--max-trials", "9", "-o", cut, "--resume", "-q")
    assert result.exit_code == 0, result.stderr
    assert (cut / "trials.jsonl").read_bytes() == (finished / "trials.jsonl").read_bytes()
    now = json.loads((cut / "run.json").read_text())
    assert now["status"] == "done"
    assert now["winner"] == json.loads((finished / "run.json").read_text())["winner"]


def test_nothing_to_go_on_with_is_a_new_run(
    shop_file: Path, fixed: list[str], call: Call, tmp_path: Path
) -> None:
    words = [*fixed, "--max-trials", "2", "-o", tmp_path / "new", "--resume", "-q"]
    assert call("fit", shop_file, *words).exit_code == 0
    assert (tmp_path / "new" / "trials.jsonl").read_bytes().count(b"\n") == 2


def test_continue_finishes_what_was_killed(
    cut: Path, finished: Path, call: Call, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.chdir(tmp_path)
    result = call("continue", cut, "--trust-run", "--trust-run")
    assert result.exit_code == 0, result.stderr
    assert board(cut) == board(finished)
    assert json.loads((cut / "run.json").read_text())["options"]["data"].endswith("shop.csv")


def test_continue_gives_a_finished_run_more(
    cut: Path, shop_file: Path, fixed: list[str], call: Call, tmp_path: Path
) -> None:
    assert call("continue", cut, "--trust-run", "-q").exit_code == 0
    over = call("continue", cut, "--trust-run", "--trust-run")
    assert over.exit_code == 0
    assert "is finished" in over.stderr
    longer = call("continue", cut, "--trust-run", "--max-trials", "+5", "--json", "-q")
    assert longer.exit_code == 0, longer.stderr
    assert json.loads(longer.stdout)["trials"]["finished"] == 14
    direct = tmp_path / "direct"
    call("fit", shop_file, *fixed, "--max-trials", "14", "-o", direct, "-q")
    assert board(cut) == board(direct)


def test_continue_by_time_goes_on_beyond_the_number_of_trials(
    cut: Path, shop: pd.DataFrame, call: Call, tmp_path: Path
) -> None:
    record = json.loads((cut / "run.json").read_text())
    record["data"]["path"] = record["options"]["data"] = str(tmp_path / "gone.csv")
    (cut / "run.json").write_text(json.dumps(record))
    assert call("continue", cut, "--trust-run", "-q").exit_code == 2
    shop.to_csv(tmp_path / "moved.csv", index=False)
    again = ["continue", cut, "--trust-run", "-q", "--data", tmp_path / "moved.csv"]
    assert call(*again).exit_code == 0
    before = (cut / "trials.jsonl").read_bytes()
    # the time of this process counts, which runs the other tests as well
    record = json.loads((cut / "run.json").read_text())
    assert record["max_trials"] == 9
    longer = call(*again, "--budget", "+10m", "--max-trials", "+2")
    assert longer.exit_code == 0
    record = json.loads((cut / "run.json").read_text())
    assert record["max_trials"] == 11
    assert record["seconds"]["plan"] == 600
    assert 600 < record["seconds"]["budget"] < 900 + record["seconds"]["before"]
    assert (cut / "trials.jsonl").read_bytes().startswith(before)


@pytest.mark.parametrize(
    ("words", "reason"),
    [
        (["--budget", "10m"], "write it with a plus, like +10m"),
        (["--budget", "+soon"], "is not a duration"),
        (["--max-trials", "+0"], "write it like +20"),
        (["--data", "nowhere.csv"], "nowhere.csv"),
    ],
)
def test_continue_says_what_is_wrong(words: list[str], reason: str, cut: Path, call: Call) -> None:
    result = call("continue", cut, "--trust-run", "-q", *words)
    assert result.exit_code == 2
    assert reason in result.stderr
    assert result.stderr.count("\n") == 1


def test_continue_needs_a_run(tmp_path: Path, cut: Path, call: Call) -> None:
    result = call("continue", tmp_path / "nothing")
    assert (result.exit_code, result.stderr.count("\n")) == (2, 1)
    (cut / "run.json").write_text("{")
    assert "--resume" in call("continue", cut, "--trust-run", "--trust-run").stderr


def change(folder: Path, seconds: dict[str, Any] | None = None, **values: Any) -> None:
    record = json.loads((folder / "run.json").read_text())
    record["seconds"].update(seconds or {})
    (folder / "run.json").write_text(json.dumps({**record, **values}))


@pytest.mark.parametrize("model", ["constant", "none", "torn"])
def test_the_best_of_the_journal_is_fitted_however_little_time_is_left(
    model: str, cut: Path, call: Call, tmp_path: Path
) -> None:
    """The killed process had saved the constant at most, and its models are gone."""
    record = json.loads((cut / "run.json").read_text())
    options = {**record["options"], "max_trials": None}
    seconds = {"used": 599.9}
    change(cut, seconds, options=options, max_trials=None)
    if model == "torn":
        (cut / "model.skops").write_bytes(b"PK")
    else:
        (cut / "model.skops").unlink()
    if model == "none":
        shutil.rmtree(cut / "predictions")
    result = call("continue", cut, "--trust-run", "-q")
    assert result.exit_code == 0, result.stderr
    assert "constant prediction: the saved model" not in result.stderr
    now = json.loads((cut / "run.json").read_text())
    assert now["beats_constant"]
    assert now["winner"] is not None
    assert model_file.model_info(model_file.load(cut))["trial"] is not None


def test_more_trials_for_a_timed_run_are_told_as_trials(cut: Path, call: Call) -> None:
    record = json.loads((cut / "run.json").read_text())
    options = {**record["options"], "max_trials": None}
    change(cut, options=options, max_trials=None)
    result = call("continue", cut, "--trust-run", "--max-trials", "+1", "-q")
    assert result.exit_code == 0, result.stderr
    assert "asked for 7 trials, used" in result.stdout


def start(*words: str | Path) -> "subprocess.Popen[str]":
    command = [sys.executable, "-m", "metatune", *map(str, words)]
    pipe = subprocess.PIPE
    return subprocess.Popen(command, stdout=pipe, stderr=pipe, text=True, start_new_session=True)


def wait_for(process: "subprocess.Popen[str]", text: str) -> None:
    assert process.stderr is not None
    assert any(text in line for line in process.stderr), f"{text!r} was never said"


def members(group: int) -> list[psutil.Process]:
    """Return the living processes of a group."""
    found = []
    for process in psutil.process_iter():
        with contextlib.suppress(psutil.Error, ProcessLookupError):
            if os.getpgid(process.pid) == group and process.status() != psutil.STATUS_ZOMBIE:
                found.append(process)
    return found


@pytest.mark.slow
def test_killed_for_real_with_all_its_processes(
    finished: Path, shop_file: Path, fixed: list[str], tmp_path: Path, call: Call
) -> None:
    run = tmp_path / "run"
    words = ["fit", str(shop_file), *fixed, "-o", str(run), "--max-trials", "9"]
    process = start(*words, "-v")
    wait_for(process, "trial 2")
    while not (run / "model.skops").exists():  # saved beside the first trials
        assert process.poll() is None
        time.sleep(0.01)
    os.killpg(process.pid, signal.SIGKILL)
    process.communicate()
    before = (run / "trials.jsonl").read_bytes()
    whole = before[: before.rfind(b"\n") + 1]
    assert json.loads((run / "run.json").read_text())["status"] == "running"
    model_file.load(run)
    process = start(*words, "--resume")
    process.communicate(timeout=90)
    assert process.returncode == 0
    assert board(run) == board(finished)
    after = (run / "trials.jsonl").read_bytes()
    assert after.startswith(whole)
    lines = [json.loads(line) for line in after.splitlines()]
    assert sorted(line["trial"] for line in lines) == [*range(9)]
    record = json.loads((run / "run.json").read_text())
    assert record["status"] == "done"
    assert record["seconds"]["before"] > 1.0
    assert call("predict", run, shop_file, "-q").exit_code == 0
    _, left = psutil.wait_procs(members(process.pid), timeout=20)
    assert not [one for one in left if one.status() != psutil.STATUS_ZOMBIE]


@pytest.mark.slow
@pytest.mark.parametrize(("number", "jobs"), [(signal.SIGINT, "2"), (signal.SIGTERM, "1")])
def test_signals_end_a_run_soon_with_the_best_so_far(
    number: int, jobs: str, shop_file: Path, fixed: list[str], tmp_path: Path, call: Call
) -> None:
    run = tmp_path / "run"
    words: list[str | Path] = [*fixed, "-o", run, "--budget", "60s", "--jobs", jobs, "-v"]
    process = start("fit", shop_file, *words)
    wait_for(process, "trial 3")
    watch = Stopwatch()
    process.send_signal(number)
    out, err = process.communicate(timeout=40)
    assert watch.seconds() < 25.0  # two, and others may use the machine: not the budget at least
    assert process.returncode == 130
    assert f"metatune continue {run}" in err
    assert "winner" in out
    assert json.loads((run / "run.json").read_text())["status"] == "interrupted"
    assert call("predict", run, shop_file, "-q").exit_code == 0


@pytest.mark.slow
def test_the_second_interruption_ends_at_once_and_the_clock_does_so_too() -> None:
    code = (
        "import hashlib, sys\n"
        "from metatune.cli.interrupts import catch_interrupts, say_at_the_end\n"
        "catch_interrupts(); say_at_the_end('go on')\n"
        "ready = False\n"
        "while True:\n"
        "    try:\n"
        "        if not ready:\n"
        "            ready = True\n"
        "            print('ready', file=sys.stderr, flush=True)\n"
        "        hashlib.pbkdf2_hmac('sha256', b'', b'', 10**9)\n"  # compiled code notices nothing
        "    except KeyboardInterrupt: pass\n"
    )
    seconds = []
    for n_signals in (1, 2):
        process = subprocess.Popen(
            [sys.executable, "-c", code], stderr=subprocess.PIPE, text=True, start_new_session=True
        )
        try:
            wait_for(process, "ready")
            watch = Stopwatch()
            for _ in range(n_signals):
                process.send_signal(signal.SIGINT)
                with contextlib.suppress(subprocess.TimeoutExpired):
                    process.wait(0.3)
            _, err = process.communicate(timeout=30)
            seconds.append(watch.seconds())
        finally:
            process.kill()
        assert process.returncode == 130
        assert "metatune: interrupted; go on" in err
    by_the_clock, at_once = seconds
    assert 1.5 < by_the_clock < 25.0  # two, and others may use the machine
    assert at_once < by_the_clock
