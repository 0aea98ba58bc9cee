"""Reasons of lost tables: which were lost, what was lacking, and the examination of a run."""

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pandas as pd
import pytest
from click.testing import Result
from peer_runs import make_run, write_catalogue
from race_entries import short_entry

from benchmarks.races.errors import RaceError
from benchmarks.races.jobs import run_job
from benchmarks.races.peers import reasons as module
from benchmarks.races.peers.examination import Examination
from benchmarks.races.peers.harness import split_as_raced
from benchmarks.races.peers.reasons import LostTable, lost_tables, reason_of, reasons_table
from benchmarks.races.peers.runs import kept_lines
from benchmarks.races.peers.scores import scored
from benchmarks.races.peers.tables import Look, fields_of

DATA = """
import pandas as pd
def load_catalog(spec):
    path, _, name = spec.rpartition(":")
    return [{"path": path, "name": name}]
def prepare(row, seed):
    X = pd.DataFrame({"a": ["u", "v"] * 5, "b": range(seed, seed + 10)})
    y = pd.Series(["no", "yes"] * 5)
    return dict(X=X[:7], y=y[:7], Xt=X[7:], yt=y[7:], target="y", task="binary", categorical=["a"])
"""


def lost(**more: Any) -> LostTable:
    usual: dict[str, Any] = {"table": "t", "seed": 0, "budget": 60.0, "best": "peer"}
    return LostTable(**usual | {"gain": 0.8, "best_gain": 0.9} | more)


def found(**more: float) -> dict[str, float]:
    return dict.fromkeys(("score", "single", "mean", "best"), 0.8) | more


def test_tables_lost_by_more_than_a_tie_are_found_with_longer_runs() -> None:
    runs = [make_run("metatune", "won", 0.9), make_run("peer", "won", 0.8)]
    runs += [make_run("metatune", "tied", 0.9), make_run("peer", "tied", 0.9005)]
    errors = {"metric": "rmse", "task": "regression"}
    runs += [make_run("metatune", "lost", 3.0, **errors), make_run("peer", "lost", 2.0, **errors)]
    runs += [make_run("metatune", "lost", 2.5, budget=300.0, **errors)]
    runs += [make_run("metatune", "lost", 9.0, budget=10.0, **errors)]
    runs += [make_run("metatune", "failed", None), make_run("peer", "failed", 0.7)]
    runs += [make_run("rf", table, 0.5, budget=0.0) for table in ("won", "tied", "failed")]
    runs += [make_run("rf", "lost", 8.0, budget=0.0, **errors)]
    table = scored(runs)
    (one,) = lost_tables(table, fields_of(table, Look()))
    assert one == lost(table="lost", gain=-3.0, best_gain=-2.0, longer={300.0: -2.5})
    assert one.closed(-2.5) == 0.5


@pytest.mark.parametrize(
    ("gains", "longer", "reason"),
    [
        ({}, {}, "learner, recipe or encoding"),
        ({"score": 0.86, "best": 0.95}, {}, "chance"),
        ({"best": 0.95}, {300.0: 0.9}, "too little time"),
        ({"single": 0.86, "best": 0.95}, {300.0: 0.7}, "the ensemble is worse"),
        ({"mean": 0.9, "best": 0.95}, {}, "weights"),
        ({"best": 0.851}, {}, "choice"),
        ({"best": 0.84}, {}, "learner, recipe or encoding"),
    ],
)
def test_the_first_that_closes_half_of_the_gap_is_the_reason(
    gains: dict[str, float], longer: dict[float, float], reason: str
) -> None:
    assert reason_of(lost(longer=longer), found(**gains)).startswith(reason)


def test_a_run_that_could_not_be_examined_is_told_as_such() -> None:
    text = reasons_table([(lost(), {"error": "hangs"}), (lost(longer={300.0: 0.7}), found())])
    first, second = text.splitlines()[-2:]
    assert first == "| 60 s | t | peer |  |  |  |  |  | not examined: hangs |"
    assert second.startswith("| 60 s | t | peer | 0% | -100% | 0% | 0% | 0% | learner")


def test_tables_are_split_as_the_harness_does(tmp_path: Path) -> None:
    with pytest.raises(RaceError, match="the harness' own split"):
        split_as_raced(tmp_path, tmp_path / "c.csv", "t", 3, tmp_path / "work")
    (tmp_path / "data.py").write_text(DATA)
    raced = split_as_raced(tmp_path, tmp_path / "c.csv", "t", 3, tmp_path / "work")
    train, test = map(pd.read_parquet, (raced.parts.train, raced.parts.test))
    assert (len(train), len(test), raced.target, raced.kind) == (7, 3, "y", "binary")
    assert list(train) == ["a", "b", "y"]
    assert str(train["a"].dtype) == "category"
    assert test["b"].tolist() == [10, 11, 12]


def test_lost_tables_are_examined_once_and_told(
    bench: Callable[..., Result], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    runs = [make_run("metatune", "t0", 0.8), make_run("peer", "t0", 0.9)]
    (tmp_path / "peers.jsonl").write_text(kept_lines(runs), encoding="utf-8")
    monkeypatch.setattr("benchmarks.races.peers.runs.KEPT", tmp_path)
    (tmp_path / "data.py").write_text(DATA)
    asked: list[dict[str, Any]] = []

    def job(name: str, task: str, *, seconds: float) -> dict[str, Any]:
        assert name == "benchmarks.races.peers.examination"
        assert seconds > 60
        asked.append(json.loads(task))
        return found(mean=0.89)

    monkeypatch.setattr(module, "run_job", job)
    call = [
        *("peers", "reasons", "--harness", tmp_path, "--catalogue", write_catalogue(tmp_path)),
        *("--out", tmp_path / "reasons.jsonl"),
    ]
    assert "1 of 1 lost tables to examine" in bench(*call, "--list").stdout
    assert not asked
    assert "t0, 60 s: weights of" in bench(*call, "--leading", "4").stdout
    assert [(a["n_leading"], a["entry"]["budget"]) for a in asked] == [(4, 60.0)]
    page = tmp_path / "page.md"
    mark = "<!-- reasons: written by python scripts/benchmarks peers reasons --into -->"
    page.write_text(f"{mark}\nold\n<!-- end of reasons -->\n", encoding="utf-8")
    assert "0 of 1 lost tables" in bench(*call, "--into", page).stdout
    assert "| 60 s | t0 | peer | 0% |  | 0% | 90% | 0% | weights of" in page.read_text()
    assert len(asked) == 1


def test_an_examined_run_tells_what_its_configurations_are_worth(
    shop: pd.DataFrame, metadata_dir: Path, tmp_path: Path
) -> None:
    train, test = tmp_path / "train.parquet", tmp_path / "test.parquet"
    for path, part in ((train, shop[:140]), (test, shop[140:])):
        part.to_parquet(path)
    entry = short_entry(train, test, "bought", metadata_dir)
    asked = Examination(entry=entry, n_leading=2)
    assert Examination.from_text(asked.text()) == asked
    told = run_job("benchmarks.races.peers.examination", asked.text(), seconds=300.0)
    assert "error" not in told
    assert (told["trials"], told["leading"], told["metric"]) == (4, 2, "roc_auc")
    assert min(told[name] for name in ("score", "single", "mean", "best")) > 0.6
    bad = run_job("benchmarks.races.peers.examination", "{}", seconds=60.0)
    assert "KeyError" in bad["error"]
