"""Finished trials survive what happens next."""

import json
import math
from dataclasses import fields, replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from metatune.errors import BundleError
from metatune.evaluation.rungs import Rung
from metatune.evaluation.trial import Expectation, Reason, Slope, Trial, TrialResult, TrialStatus
from metatune.space import Configuration
from metatune.storage.journal import Journal, Past, read_journal, read_past


def result(number: int, **details: Any) -> TrialResult:
    configuration = Configuration(
        algorithm="fake", params={"a": 1, "b": 0.5, "c": None, "d": "x"}, origin="test"
    )
    rung = Rung(index=1, row_share=1 / 3, n_folds=2)
    trial = Trial(number=number, configuration=configuration, rung=rung, seed=7)
    return TrialResult(trial=trial, **{"status": TrialStatus.OK, "score": 0.25, **details})


def write(path: Path, *results: TrialResult) -> None:
    with Journal(path) as journal:
        for each in results:
            journal.append(each)


def test_results_come_back_as_they_were(tmp_path: Path) -> None:
    told = [
        result(
            0,
            fold_scores={"log_loss": (0.2, 0.3)},
            fit_seconds=1.5,
            predict_seconds=0.25,
            seconds=2.0,
            cpu_seconds=1.75,
            iterations=(10, 20),
            memory_mb=123.4,
        ),
        result(1, score=1 / 3),
        result(2, slope=Slope(loss=0.4, by={"C": -0.25, "l1_ratio": 1e-3})),
    ]
    write(tmp_path / "trials.jsonl", *told)
    back = read_journal(tmp_path / "trials.jsonl")
    assert back == told
    assert back[0].trial.configuration.origin == "test"


def test_every_field_of_a_result_comes_back(tmp_path: Path) -> None:
    """A field that the journal forgets is lost to a run that goes on."""
    told = result(
        0,
        fold_scores={"f1": (0.5,)},
        fit_seconds=1.0,
        predict_seconds=2.0,
        predicted_rows=3,
        model_bytes=4,
        latency=5.0,
        seconds=6.0,
        cpu_seconds=7.0,
        iterations=(8,),
        memory_mb=9.0,
        error="no error",
        recipe_version=10,
        preprocess_seconds=11.0,
        saved_seconds=12.0,
        copied_folds=13,
        stored_matrices=14,
        decision=(0.25, 1.0),
        slope=Slope(loss=0.4, by={"C": -0.25}),
    )
    usual = result(0)
    same = [f.name for f in fields(told) if getattr(told, f.name) == getattr(usual, f.name)]
    assert same == ["trial", "status", "score"]
    write(tmp_path / "trials.jsonl", told)
    (back,) = read_journal(tmp_path / "trials.jsonl")
    assert back == told
    assert back.decision == told.decision


def test_not_a_number_is_written_as_null(tmp_path: Path) -> None:
    path = tmp_path / "trials.jsonl"
    failed = result(
        0, status=TrialStatus.TIMED_OUT, score=math.nan, error="stopped at its time limit"
    )
    folds = {"roc_auc": (math.nan, 0.5, math.inf)}
    write(path, failed, result(1, fold_scores=folds))
    text = path.read_text(encoding="utf-8")
    assert "NaN" not in text
    assert "Infinity" not in text
    first, second = read_journal(path)
    assert math.isnan(first.score)
    assert (first.status, first.error) == (TrialStatus.TIMED_OUT, "stopped at its time limit")
    scores = second.fold_scores["roc_auc"]
    assert scores[1] == 0.5
    assert math.isnan(scores[0])
    assert math.isnan(scores[2])


def test_numbers_of_numpy_are_written_as_numbers(tmp_path: Path) -> None:
    path = tmp_path / "trials.jsonl"
    write(path, result(0, score=np.float32(0.5), iterations=(np.int64(3),)))
    record = json.loads(path.read_text(encoding="utf-8"))
    assert (record["score"], record["iterations"]) == (0.5, [3])


def test_each_line_is_written_before_append_returns(tmp_path: Path) -> None:
    path = tmp_path / "trials.jsonl"
    with Journal(path) as journal:
        for number in range(3):
            journal.append(result(number))
            assert [told.trial.number for told in read_journal(path)] == [*range(number + 1)]


def test_missing_and_empty_journals_hold_nothing(tmp_path: Path) -> None:
    assert read_journal(tmp_path / "none.jsonl") == []
    write(tmp_path / "empty.jsonl")
    assert read_journal(tmp_path / "empty.jsonl") == []


def test_opening_again_appends(tmp_path: Path) -> None:
    path = tmp_path / "trials.jsonl"
    write(path, result(0))
    write(path, result(1))
    assert [told.trial.number for told in read_journal(path)] == [0, 1]


@pytest.mark.parametrize("n_bytes_kept", [1, 40, -1])
def test_a_torn_last_line_is_ignored_and_removed_before_the_next(
    tmp_path: Path, n_bytes_kept: int
) -> None:
    path = tmp_path / "trials.jsonl"
    write(path, result(0))
    line = path.read_bytes()
    path.write_bytes(line + line[:n_bytes_kept])
    assert [told.trial.number for told in read_journal(path)] == [0]
    write(path, result(5))
    assert [told.trial.number for told in read_journal(path)] == [0, 5]


@pytest.mark.parametrize("bad", ["garbage", '{"trial": 3}', "[]", "", "null"])
def test_a_damaged_line_is_named(tmp_path: Path, bad: str) -> None:
    path = tmp_path / "trials.jsonl"
    write(path, result(0))
    path.write_bytes(path.read_bytes() + bad.encode() + b"\n")
    with pytest.raises(BundleError, match=r"line 2 of the journal .*trials\.jsonl is no trial"):
        read_journal(path)


def test_places_that_cannot_be_used_are_named(tmp_path: Path) -> None:
    with pytest.raises(BundleError, match="cannot write the journal"):
        Journal(tmp_path / "no such folder" / "trials.jsonl")
    with pytest.raises(BundleError, match="cannot write the journal"):
        Journal(tmp_path)
    with pytest.raises(BundleError, match="cannot read the journal"):
        read_journal(tmp_path)


def test_a_closed_journal_refuses(tmp_path: Path) -> None:
    journal = Journal(tmp_path / "trials.jsonl")
    journal.close()
    journal.close()
    with pytest.raises(BundleError, match="closed"):
        journal.append(result(0))


def test_lines_of_before_there_were_versions_are_read(tmp_path: Path) -> None:
    path = tmp_path / "trials.jsonl"
    record = result(0).to_record()
    path.write_text(json.dumps(record) + "\n", encoding="utf-8")
    assert read_journal(path) == [result(0)]
    assert read_past(path) == Past(results=(result(0),), ended=(None,))


def test_what_is_needed_to_go_on_is_read_back(tmp_path: Path) -> None:
    path = tmp_path / "trials.jsonl"
    with Journal(path) as journal:
        journal.append(result(0), run="a", used=1.0)
        journal.append(result(1), run="a", used=3.5)
    results, runs = (result(0), result(1)), frozenset({"a"})
    assert read_past(path) == Past(results=results, used=3.5, runs=runs, ended=(1.0, 3.5))
    assert read_past(tmp_path / "none.jsonl") == Past()


def test_a_newer_format_is_refused_in_a_line(tmp_path: Path) -> None:
    path = tmp_path / "trials.jsonl"
    record = {**result(0).to_record(), "schema": 99}
    path.write_text(json.dumps(record) + "\n", encoding="utf-8")
    with pytest.raises(BundleError, match=r"newer metatune .*99.*update metatune"):
        read_journal(path)


def test_expectations_of_trials_are_read_back(tmp_path: Path) -> None:
    path = tmp_path / "trials.jsonl"
    expected = Expectation(
        metric="roc_auc", score=0.8, low=0.7, high=0.9, seconds=2.0, reason=Reason.IMPROVEMENT
    )
    told = replace(result(0), trial=replace(result(0).trial, expected=expected))
    with Journal(path) as journal:
        journal.append(told)
    assert read_journal(path)[0].trial.expected == expected
