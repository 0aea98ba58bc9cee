"""Races against peers: the choice of tables, and the calls of a harness."""

import json
import os
import signal
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pandas as pd
import pytest
from click.testing import Result
from executor_contract import is_gone
from peer_runs import make_run, write_catalogue
from waiting import eventually

from benchmarks.races.errors import RaceError
from benchmarks.races.peers.choice import Wanted, choose, parts_of
from benchmarks.races.peers.runs import kept_lines

ROOT = Path(__file__).parents[3]

FAKE_SYSTEMS = """
import os
SYSTEMS = {
    "metatune": {"env": "metatune", "budgeted": True},
    "peer": {"env": "peer", "budgeted": True},
    "rf": {"env": "peer", "budgeted": False},
}
def python_of(env):
    where = os.path.join(os.environ.get("BENCH_ENVS", "/nowhere"), env)
    return os.environ.get(f"BENCH_PYTHON_{env.upper()}", where)
"""

FAKE_RUN = """
import argparse, json, os, subprocess, sys, time
from pathlib import Path
ap = argparse.ArgumentParser()
for name in ("--systems", "--datasets", "--out", "--core", "--harness-core", "--stop-after"):
    ap.add_argument(name)
ap.add_argument("--budget", type=float, nargs="+")
ap.add_argument("--seeds", type=int, nargs="+")
ap.add_argument("--retry-failed", action="store_true")
a = ap.parse_args()
out, left = Path(a.out), int(os.environ.get("FAKE_RUNS", "1000"))
old = [json.loads(line) for line in out.read_text().splitlines()] if out.exists() else []
done = {(r["system"], r["dataset"], r["budget"], r["seed"]) for r in old
        if r["status"] == "ok" or not a.retry_failed}
table = a.datasets.rpartition(":")[2]
for seed in a.seeds:
    for budget in a.budget:
        for system in a.systems.split(","):
            b = 0 if system == "rf" else budget
            if (system, table, b, seed) in done:
                continue
            if os.environ.get("FAKE_HANGS"):
                worker = subprocess.Popen([sys.executable, "-c", "import time; time.sleep(600)"],
                                          start_new_session=True)
                Path(os.environ["FAKE_HANGS"]).write_text(f"{os.getpid()} {worker.pid}")
                time.sleep(600)
            record = dict(system=system, dataset=table, task="binary", metric="roc_auc", budget=b,
                          seed=seed, n_train=7, n_test=3, n_features=2, status="ok",
                          metrics={"roc_auc": 0.8 if system == "metatune" else 0.7},
                          fit_s=b, peak_rss_mb=100, predict_s=0.1, model_bytes=1000)
            with open(out, "a") as f:
                f.write(json.dumps(record)[: None if left else 20] + ("\\n" if left else ""))
            if not left:
                os._exit(9)
            left -= 1
            done.add((system, table, b, seed))
"""


def test_clean_tables_are_numbers_and_raw_ones_are_not(tmp_path: Path) -> None:
    (tmp_path / "more").mkdir()
    numbers = pd.DataFrame({"a": [1.5, 2.0], "b": [1, 2], "y": ["u", "v"]})
    numbers.to_parquet(tmp_path / "more" / "numbers.parquet")
    numbers.assign(b=["p", "q"]).to_parquet(tmp_path / "more" / "strings.parquet")
    numbers.to_parquet(tmp_path / "more" / "dates.parquet")
    (tmp_path / "catalogue.csv").write_text(
        "file,name,family,task,target,date_columns,categorical_columns\n"
        "more/numbers.parquet,numbers,a,binary,y,,b\n"
        "more/strings.parquet,strings,b,binary,y,,b\n"
        "more/dates.parquet,dates,c,binary,y,b,\n"
        "more/levels.csv,levels,d,binary,y,,b\n"
        "more/plain.csv,plain,e,binary,y,,\n"
        "pmlb/codes.parquet,codes,f,binary,y,,b\n"
        "raw/file.csv,file,g,binary,y,,\n",
        encoding="utf-8",
    )
    parts = parts_of(tmp_path / "catalogue.csv")
    assert {name for name, part in parts.items() if part == "clean"} == {
        *("numbers", "plain", "codes")
    }


def make_metadata(folder: Path, *families: str) -> Path:
    folder.mkdir(exist_ok=True)
    pd.DataFrame({"family": families}).to_parquet(folder / "datasets.parquet")
    return folder


def test_families_that_the_meta_dataset_knows_are_not_raced(tmp_path: Path) -> None:
    catalogue, known = write_catalogue(tmp_path, 12), make_metadata(tmp_path / "m", "f3", "f6")
    few = choose(catalogue, known, Wanted(n_clean=2, n_raw=1))
    many = choose(catalogue, known, Wanted(n_clean=9, n_raw=9))
    names = {part: [entry.name for entry in entries] for part, entries in many.items()}
    assert set(names["clean"]) == {"t1", "t5", "t7", "t9", "t11"}
    assert set(names["raw"]) == {"t0", "t2", "t4", "t8", "t10"}
    assert [entry.name for entry in few["clean"]] == names["clean"][:2]
    assert [entry.name for entry in few["raw"]] == names["raw"][:1]
    with pytest.raises(RaceError, match=r"t3: not in catalogue\.csv, or of a family"):
        choose(catalogue, known, Wanted(n_clean=1, n_raw=1, only=("t3", "t4")))
    with pytest.raises(RaceError, match=r"no table of catalogue\.csv can take part"):
        choose(catalogue, known, Wanted(n_clean=1, n_raw=1, min_rows=1_000))


@pytest.fixture(name="call")
def _call(tmp_path: Path) -> tuple[str | Path, ...]:
    """Return a call of ``peers run`` with a harness that makes its scores up."""
    harness = tmp_path / "harness"
    harness.mkdir()
    (harness / "systems.py").write_text(FAKE_SYSTEMS, encoding="utf-8")
    (harness / "run.py").write_text(FAKE_RUN, encoding="utf-8")
    (tmp_path / "envs").mkdir()
    (tmp_path / "envs" / "peer").touch()
    return (
        *("peers", "run", "--harness", harness, "--environments", tmp_path / "envs"),
        *("--catalogue", write_catalogue(tmp_path), "--budgets", "10,60", "--core", "0"),
        *("--unknown-to", make_metadata(tmp_path / "m", "f0"), "--systems", "metatune,peer,rf"),
        *("--out", tmp_path / "out" / "runs.jsonl"),
    )


def test_an_aborted_race_goes_on_where_it_was(
    bench: Callable[..., Result],
    call: tuple[str | Path, ...],
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setenv("FAKE_RUNS", "3")
    aborted = bench(*call, "--only", "t1")
    assert aborted.exit_code == 1
    assert "the harness itself failed on t1" in aborted.stderr
    out = tmp_path / "out" / "runs.jsonl"
    before = out.read_bytes()
    assert not before.endswith(b"\n"), "the harness was torn from its line"
    monkeypatch.setenv("FAKE_RUNS", "1000")
    ended = bench(*call)
    assert ended.exit_code == 0, ended.output
    assert "the last line was not finished" in ended.stdout
    assert "all runs are done" in ended.stdout
    after = out.read_bytes()
    assert after.startswith(before[: before.rindex(b"\n")]), "what was done stays as it is"
    keys = [(r["dataset"], r["system"], r["budget"]) for r in map(json.loads, after.splitlines())]
    assert len(keys) == len(set(keys)) == 3 * (2 + 2 + 1)
    assert bench(*call).exit_code == 0
    assert out.read_bytes() == after, "nothing is run twice"


def test_the_list_tells_what_is_left_and_runs_nothing(
    bench: Callable[..., Result], call: tuple[str | Path, ...], tmp_path: Path
) -> None:
    listed = bench(*call, "--list")
    assert "15 runs to do" in listed.stdout
    assert "t0" not in listed.stdout
    assert not (tmp_path / "out").exists()


def test_the_end_of_a_race_ends_the_harness_and_its_workers(
    call: tuple[str | Path, ...], tmp_path: Path
) -> None:
    told = tmp_path / "pids"
    environment = os.environ | {"FAKE_HANGS": str(told)}
    command = [sys.executable, str(ROOT / "scripts" / "benchmarks"), *map(str, call)]
    race = subprocess.Popen(command, env=environment, cwd=ROOT)
    assert eventually(lambda: told.is_file() and len(told.read_text().split()) == 2, within=60.0)
    race.send_signal(signal.SIGTERM)
    race.wait(60)
    assert all(is_gone(int(pid), within=30.0) for pid in told.read_text().split())
    assert not (tmp_path / "out" / "runs.jsonl").exists(), "an aborted run is no failure"


def test_what_is_missing_is_told_in_one_line(
    bench: Callable[..., Result], call: tuple[str | Path, ...], tmp_path: Path
) -> None:
    def refused(*options: str | Path) -> str:
        found = bench(*call, *options)
        assert found.exit_code == 2
        assert len(found.stderr.splitlines()) == 1
        return str(found.stderr)

    assert "no harness in" in refused("--harness", tmp_path / "other")
    assert "does not know magic; it knows metatune, peer, rf" in refused("--systems", "rf,magic")
    assert "has no core 9999" in refused("--core", "9999")
    assert "is no meta-dataset" in refused("--unknown-to", tmp_path / "envs")
    kept = tmp_path / "kept.jsonl"
    kept.write_text(kept_lines([make_run("metatune", "t1", 0.9)]), encoding="utf-8")
    assert "is not output of the harness" in refused("--out", kept)
    (tmp_path / "envs" / "peer").unlink()
    assert "no interpreter for peer" in refused()
