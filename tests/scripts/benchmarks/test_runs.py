"""Whole runs measured: generated tables, overruns, shares of core-seconds, kills."""

import sys
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest
from click.testing import Result
from lightgbm import LGBMClassifier
from sklearn.metrics import roc_auc_score

from benchmarks.runs.command import fit
from benchmarks.runs.core_seconds import core_seconds, share_table
from benchmarks.runs.made_up import TARGET, make_table
from benchmarks.runs.overruns import (
    Measured,
    allowed_seconds,
    append_measured,
    overrun_tables,
    read_measured,
)
from metatune.evaluation.rungs import Rung
from metatune.evaluation.trial import Trial, TrialResult, TrialStatus
from metatune.space import Configuration


def test_a_made_up_table_has_all_sorts_of_columns_and_can_be_learned() -> None:
    table = make_table(3_000, 12)
    assert table.shape == (3_000, 13)
    assert table.columns[-1] == TARGET
    assert 0.01 < table["column_1"].isna().mean() < 0.06
    assert table["column_2"].nunique() == 3
    assert table["column_8"].nunique() == 40
    numbers = table.select_dtypes(include=np.number)
    assert numbers.shape[1] == 8
    half = table.iloc[:2_000], table.iloc[2_000:]
    model = LGBMClassifier(n_estimators=30, verbose=-1).fit(
        half[0][numbers.columns], half[0][TARGET]
    )
    proba = np.asarray(model.predict_proba(half[1][numbers.columns]))[:, 1]
    assert 0.65 < roc_auc_score(half[1][TARGET] == "yes", proba) < 0.99


def test_made_up_tables_come_back_the_same() -> None:
    pd.testing.assert_frame_equal(make_table(100, 5), make_table(100, 5))
    assert not make_table(100, 5, seed=1).equals(make_table(100, 5))
    assert make_table(500, 5, kind="multiclass")[TARGET].nunique() == 5
    assert make_table(500, 5, kind="regression")[TARGET].nunique() > 400


def measured(
    seconds: float, *, budget: float = 10.0, rows: int = 500, exit_code: int = 0
) -> Measured:
    return Measured(
        table=f"t{rows}.csv",
        rows=rows,
        budget=budget,
        seconds=seconds,
        jobs=2,
        exit_code=exit_code,
        trials=7,
    )


def test_a_command_may_take_a_second_and_two_percent_more() -> None:
    assert allowed_seconds(50.0) == 52.0
    assert measured(11.2).kept
    assert not measured(11.3).kept
    assert measured(9.5).overrun == -0.5


def test_overruns_are_told_by_budget_and_by_size() -> None:
    runs = [measured(9.5), measured(10.5, rows=500_000, exit_code=2), measured(70.0, budget=60.0)]
    text = overrun_tables(runs)
    assert "3 commands on tables of 500 to 500,000 rows; 2 kept" in text
    assert "| 10 s | 2 | 0 | +0.00 s | +0.40 s | +0.49 s | +0.50 s | 1 |" in text
    assert "| 60 s | 1 | 1 | +10.00 s | +10.00 s | +10.00 s | +10.00 s | 0 |" in text
    assert "| up to 1,000 rows | 2 | 1 |" in text
    assert "| more rows | 1 | 0 |" in text
    assert "NOT KEPT: t500.csv, 500 rows, 60 s, 2 jobs: 70.00 s" in text


def test_what_was_measured_is_read_back(tmp_path: Path) -> None:
    path = tmp_path / "results" / "budgets.csv"
    assert read_measured(path) == []
    runs = [measured(9.5), measured(10.5, rows=900)]
    for run in runs:
        append_measured(path, run)
    assert read_measured(path) == runs
    assert len({run.key for run in runs}) == 2


def result(number: int, seconds: float, **more: Any) -> TrialResult:
    trial = Trial(
        number=number,
        configuration=Configuration(algorithm="knn", params={}),
        rung=Rung(index=0, row_share=1.0, n_folds=1),
        seed=0,
    )
    usual: dict[str, Any] = {"status": TrialStatus.OK, "score": 0.9}
    return TrialResult(trial=trial, seconds=seconds, **usual | more)


def test_core_seconds_add_up() -> None:
    results = [
        result(0, 10.0, fit_seconds=8.0, predict_seconds=1.0),
        result(1, 6.0, fit_seconds=9.0, predict_seconds=1.0, saved_seconds=5.0),
        result(2, 4.0, status=TrialStatus.TIMED_OUT),
    ]
    timings = {
        "starting": 0.5,
        "reading": 0.5,
        "searching": 15.0,
        "finishing": 2.0,
        "refitting": 1.0,
        "errand": 3.0,
        "cut off": 5.0,
        "choosing": 0.4,
        "noting": 0.2,
    }
    found = core_seconds(timings, results, jobs=2, seconds=20.0)
    assert found.available == 40.0
    assert sum(found.parts.values()) == pytest.approx(40.0)
    assert found.parts["fits and predictions"] == 14.0
    assert found.parts["trials that were lost"] == 4.0
    assert found.parts["in trials, beside fits: loading, scoring, keeping"] == 2.0
    assert found.parts["workers without a trial: choosing, handing over"] == 2.0
    assert found.parts["elsewhere: imports, records, the end"] == 4.0
    assert found.parts["final fits on all rows"] == 1.0
    assert found.parts["finishing"] == 3.0
    assert found.productive == pytest.approx(23 / 40)
    assert found.fitting == pytest.approx(24 / 40)
    text = share_table({"a run": found})
    assert "| fits and predictions | 14.0 (35.0%) |" in text
    assert "**57.5%**" in text
    assert "| with the final fits | 60.0% |" in text


def test_a_command_is_measured_with_its_memory(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A stand-in for Python that holds memory and takes a while."""
    stand_in = tmp_path / "python"
    code = (
        "import json, time; b = bytearray(80_000_000); time.sleep(1.5); print(json.dumps({'n': 1}))"
    )
    stand_in.write_text(f'#!/bin/sh\nexec {sys.executable} -I -c "{code}"\n')
    stand_in.chmod(0o755)
    monkeypatch.setattr(sys, "executable", str(stand_in))
    found = fit(
        tmp_path / "t.csv", target="", budget=5.0, jobs=1, output=tmp_path / "run", memory=True
    )
    assert found.exit_code == 0
    assert found.record == {"n": 1}
    assert found.seconds >= 1.5
    assert found.peak_bytes > 80e6


def test_core_seconds_of_a_run_are_profiled(bench: Callable[..., Result], tmp_path: Path) -> None:
    out = tmp_path / "profile.md"
    options = ("--rows", 200, "--kinds", "binary", "--seconds", 12, "--jobs", 1, "--out", out)
    found = bench("profile", *options)
    assert found.exit_code == 0, found.output
    assert "200 rows, binary" in out.read_text(encoding="utf-8")


def test_budgets_are_listed_for_all_tables(
    bench: Callable[..., Result], shop_file: Path, tmp_path: Path
) -> None:
    options = (f"{shop_file}::bought", "--sizes", "200,1000", "--budgets", "5,10", "--jobs", 1)
    append_measured(tmp_path / "budgets.csv", replace(measured(9.5), table="shop.csv", jobs=1))
    found = bench("budgets", *options, "--out", tmp_path, "--list")
    assert "1 commands are measured, 13 are left" in found.stdout


def test_a_killed_run_loses_nothing(bench: Callable[..., Result], tmp_path: Path) -> None:
    out = tmp_path / "kills.csv"
    options = ("--runs", 1, "--seconds", 10, "--jobs", 1, "--no-judge-time", "--out", out)
    found = bench("kills", *options)
    assert "1 of 1 runs without a loss" in found.stdout
    assert pd.read_csv(out)["lost"].tolist() == [0]
