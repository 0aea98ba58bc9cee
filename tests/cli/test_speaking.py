"""Words, numbers and progress that people read."""

import math
from dataclasses import replace

import pytest
from made_up_estimate import make_estimate

from metatune.budget import Budget, Deadline
from metatune.cli import console
from metatune.cli.console import Voice
from metatune.cli.fit import default_output
from metatune.cli.progress import make_progress
from metatune.cli.wording import command, familiarity, honest
from metatune.evaluation.rungs import Rung
from metatune.evaluation.trial import Trial, TrialResult, TrialStatus
from metatune.files.plain import without_nan
from metatune.kinds import TaskKind
from metatune.metrics import resolve_metric
from metatune.search.history import History, failure_causes
from metatune.space import Configuration

METRIC = resolve_metric("roc_auc", TaskKind.BINARY)
RUNG = Rung(index=0, row_share=1.0, n_folds=1)


def make_result(n: int, score: float, error: str = "") -> TrialResult:
    configuration = Configuration(algorithm="knn", params={"k": n})
    status = TrialStatus.FAILED if error else TrialStatus.OK
    trial = Trial(number=n, configuration=configuration, rung=RUNG, seed=0)
    return TrialResult(trial=trial, status=status, score=score, error=error)


def test_json_holds_no_nan() -> None:
    value = {"a": math.nan, "b": (1.0, math.inf), "c": {3: "x"}}
    assert without_nan(value) == {"a": None, "b": [1.0, None], "c": {"3": "x"}}


@pytest.mark.parametrize(
    ("data", "expected"),
    [
        ("a/b/data.csv", "data.metatune"),
        ("data.csv.gz", "data.metatune"),
        ("v1.2.csv", "v1.2.metatune"),
        ("-", "stdin.metatune"),
    ],
)
def test_default_output_lies_in_the_current_directory(data: str, expected: str) -> None:
    assert str(default_output(data)) == expected


def test_familiarity_has_words_from_end_to_end() -> None:
    words = [familiarity(value) for value in (0.0, 0.2, 0.5, 1.0)]
    assert len(set(words)) == 4
    assert words[0].startswith("unlike anything known")
    assert words[-1] == "familiar"


def test_commands_can_be_typed() -> None:
    assert command("predict", "my run", "a.csv") == "metatune predict 'my run' a.csv"


def test_failures_are_grouped_by_cause() -> None:
    results = [make_result(0, 0.5), *(make_result(n, math.nan, "boom") for n in (1, 2))]
    assert failure_causes([*results, make_result(3, math.nan, "rare")]) == [
        ("failed", "knn: boom", 2),
        ("failed", "knn: rare", 1),
    ]


def test_progress_says_a_line_for_each_new_incumbent(capsys: pytest.CaptureFixture[str]) -> None:
    budget = Budget(seconds=60)
    progress = make_progress(Voice(), budget, Deadline.after(60), every_trial=False)
    history = History(METRIC)
    with progress:
        progress.search_starts((RUNG,), 0.5)
        for result in (make_result(0, 0.7), make_result(1, 0.6), make_result(2, math.nan, "boom")):
            history.add(result)
            progress.trial_ended(result, history)
        progress.search_ends("time is up")
    lines = capsys.readouterr().err.splitlines()
    assert lines[0].startswith("to beat: constant prediction,")
    assert lines[0].endswith("0.5000")
    assert lines[1].endswith(" 0.7000 on all rows - the first model")
    assert lines[2:] == ["search ended (time is up) after 3 trials, 1 failed"]


def test_quiet_is_silent(capsys: pytest.CaptureFixture[str]) -> None:
    Voice(quiet=True).notes(["not said"])
    assert capsys.readouterr().err == ""


def test_an_estimate_is_said_in_one_line() -> None:
    found = make_estimate()
    said = honest(found)
    assert said.startswith("0.9120, 95 % interval 0.8930 to 0.9290 (honest; ")
    assert said.endswith("the best of 38 looked like 0.9210)")
    grown = honest(replace(found, growth=0.95))
    assert grown.endswith("the best of 38 looked like 0.9210 with fewer rows to learn from)")
    assert "nothing to choose from" in honest(replace(found, n_candidates=1))


@pytest.mark.parametrize("width", [20, 26, 33, 80])
def test_no_line_ends_between_a_number_and_its_per_cent_sign(
    width: int, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(console, "_WIDTH", width)
    words = "59 % svm, 10 % mlp, 9 % lightgbm, 7 % mlp, 95 % interval, <1 % knn"
    console.show(console.table(("", ""), [("members", words)]))
    shown = capsys.readouterr().out
    assert max(map(len, shown.splitlines())) <= width
    assert not [line for line in shown.splitlines() if line[10:].startswith("%")]
    assert " ".join(shown.split()) == f"members {words}"
