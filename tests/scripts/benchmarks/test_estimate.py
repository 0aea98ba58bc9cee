"""Honest estimates on rows that were held out."""

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest
from click.testing import Result

from benchmarks import split_tables
from benchmarks.estimate.held_out import Outcome
from benchmarks.estimate.report import summary, table_of_outcomes
from benchmarks.split_tables import choose_tables, read_done, write_done
from metatune.building.catalogue import CatalogueEntry
from metatune.kinds import TaskKind


def outcome(table: str, **changes: Any) -> Outcome:
    usual: dict[str, Any] = {
        "metric": "roc_auc",
        "sign": 1,
        "n_rows": 100,
        "score": 0.8,
        "low": 0.75,
        "high": 0.85,
        "optimistic": 0.84,
        "n_candidates": 9,
        "held_out": 0.79,
        "held_out_error": 0.02,
    }
    return Outcome(table=table, **(usual | changes))


def test_coverage_allows_for_the_noise_of_the_held_out_score() -> None:
    near = outcome("near", held_out=0.74)
    assert (near.covers, near.covers_with_noise) == (False, True)
    far = outcome("far", held_out=0.7)
    assert (far.covers, far.covers_with_noise) == (False, False)
    assert outcome("inside").covers
    assert outcome("inside").covers_with_noise


def test_summary_counts_and_signs() -> None:
    some = [
        outcome("a"),
        outcome("b", held_out=0.74),
        outcome("c", metric="rmse", sign=-1, score=2.0, low=1.5, high=2.5, optimistic=1.0),
        outcome("d", reason="the time did not suffice"),
    ]
    text = summary(some)
    assert "3 of 4 tables have an estimate" in text
    assert "interval holds the held-out score as it is: 33.3%" in text
    assert "roc_auc, 2 tables: honest +0.0350" in text
    assert "optimistic +0.0750" in text
    assert "rmse, 1 tables: honest -1.5316" in text  # 2.0 said of 0.79: not flattering at all
    lines = table_of_outcomes(some).splitlines()
    assert len(lines) == 6
    assert "the time did not suffice" in lines[-1]


def test_journal_survives_a_torn_line(tmp_path: Path) -> None:
    path = tmp_path / "done.jsonl"
    assert read_done(path, Outcome) == {}
    write_done(path, outcome("a"))
    with path.open("a") as file:
        file.write('{"table": "b", "met')
    assert read_done(path, Outcome) == {"a": outcome("a")}


def test_one_table_of_each_family_in_a_fixed_order() -> None:
    def entry(name: str, family: str, n_rows: int) -> CatalogueEntry:
        return CatalogueEntry(
            name=name,
            path=Path(name),
            file=name,
            family=family,
            kind=TaskKind.BINARY,
            target="y",
            n_rows=n_rows,
        )

    entries = [entry(f"t{i}", f"f{i % 5}", 1000) for i in range(20)]
    entries += [entry("tiny", "tiny", 50), entry("huge", "huge", 10**6)]
    chosen = choose_tables(entries, 60)
    assert {one.family for one in chosen} == {f"f{i}" for i in range(5)}
    assert chosen == choose_tables(entries[::-1], 60)
    assert choose_tables(entries, 2) == chosen[:2]


class FakeModel:
    """Knows the truth up to some noise, and what it says of itself is fixed."""

    metric_ = "roc_auc"
    classes_ = np.array(["no", "yes"], dtype=object)
    fits = 0

    def __init__(self, *, run_dir: Path, **given: Any) -> None:
        self._run_dir = run_dir

    def fit(self, X: pd.DataFrame, y: Any) -> "FakeModel":
        FakeModel.fits += 1
        assert len(X) == len(y) == 150
        assert list(X.columns) == ["a"]
        estimate = {"score": 0.8, "low": 0.7, "high": 0.99, "optimistic": 0.9, "n_candidates": 3}
        self._run_dir.mkdir()
        (self._run_dir / "run.json").write_text(json.dumps({"estimate": estimate}))
        return self

    def predict_proba(self, X: pd.DataFrame) -> Any:
        p = 1 / (1 + np.exp(-X["a"].to_numpy()))
        return np.column_stack((1 - p, p))


def test_tables_are_checked_once(
    bench: Callable[..., Result], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(split_tables, "MetaTuneClassifier", FakeModel)
    rng = np.random.default_rng(0)
    y = rng.random(300) < 0.5
    table = pd.DataFrame({"a": y + rng.normal(size=300), "leak": y, "y": np.where(y, "yes", "no")})
    table.to_csv(tmp_path / "t.csv", index=False)
    (tmp_path / "catalogue.csv").write_text(
        "file,name,family,task,target,n_rows,leak_columns\nt.csv,t,t,binary,y,300,leak\n"
    )
    command = ("estimate", "--catalogue", tmp_path / "catalogue.csv", "--out", tmp_path / "out")
    first = bench(*command)
    assert first.exit_code == 0, first.output
    assert "1 of 1 tables have an estimate" in first.output
    assert FakeModel.fits == 1
    (found,) = read_done(tmp_path / "out" / "seed0-30s.jsonl", Outcome).values()
    assert 0.7 < found.held_out < 0.82
    assert 0.02 < found.held_out_error < 0.06
    assert (tmp_path / "out" / "seed0-30s.png").stat().st_size > 1000
    again = bench(*command)
    assert FakeModel.fits == 1
    assert again.output.endswith(first.output.partition("\n\n")[2])


def test_a_catalogue_or_a_simulation_is_needed(bench: Callable[..., Result]) -> None:
    result = bench("estimate")
    assert result.exit_code == 2
    assert "--catalogue" in result.output
