"""The display of a run in terminals of several widths and kinds."""

import os
import re
from pathlib import Path

import pytest

pytest.importorskip("pyte")
if os.name != "posix":
    pytest.skip("terminals as POSIX has them", allow_module_level=True)

from terminal import Recording, run_in_terminal, script_of

WIDTHS = (60, 80, 120)
KINDS = ("xterm-256color", "vt100", "screen")
BEGINNING = re.compile(r" +(- |\d+\.\d s  )")
"""Of a note or of news, which are set in themselves."""
LABELS = ("now     ", "best    ", "to beat ", "tried   ")

SCRIPT = """
import sys
import time
from metatune.budget import Budget, Deadline
from metatune.cli.console import Voice
from metatune.cli.outlets import open_outlets
from metatune.cli.progress import make_progress
from metatune.evaluation.rungs import Rung
from metatune.evaluation.trial import Trial, TrialResult, TrialStatus
from metatune.kinds import TaskKind
from metatune.metrics import resolve_metric
from metatune.search.history import History
from metatune.space import Configuration
from metatune.tuning.events import RunFacts, Step

open_outlets()
third = Rung(index=0, row_share=1 / 3, n_folds=1)
whole = Rung(index=1, row_share=1.0, n_folds=1)
top = Rung(index=2, row_share=1.0, n_folds=5)
voice, budget = Voice(), Budget(seconds=600)
deadline = Deadline.after(590)
history = History(resolve_metric("roc_auc", TaskKind.BINARY))
with make_progress(voice, budget, deadline, every_trial="-v" in sys.argv) as progress:
    voice.say("table.csv: comma-separated, utf-8, header, 7,043 rows x 21 columns")
    voice.notes(["7,043 rows of a column with a very long name are missing: \\x1b[31mred, 名前, é"])
    progress.run_starts(RunFacts(
        table="t", target="y", task="binary", metric="roc_auc", greater_is_better=True, n_rows=100,
        n_columns=3, budget=budget, deadline=deadline, seed=0, n_workers=2))
    progress.step_starts(Step.SEARCHING)
    progress.search_starts((third, whole, top), 0.5)
    numbers = iter(range(99))
    def trial(rung, score, algorithm="extra_trees", status=TrialStatus.OK, error=""):
        configuration = Configuration(
            algorithm=algorithm, params={"depth": 3, "rate": 1 / 7}, origin="default")
        one = Trial(number=next(numbers), configuration=configuration, rung=rung, seed=0)
        progress.trial_starts(one)
        time.sleep(0.3)
        result = TrialResult(trial=one, status=status, score=score, error=error)
        history.add(result)
        progress.trial_ended(result, history)
    trial(third, 0.81)
    trial(third, 0.83, "gaussian_process")
    trial(top, 0.8, "lightgbm")
    trial(third, float("nan"), "svm", TrialStatus.FAILED, "ValueError: " + "too much of it " * 9)
    trial(top, 0.823)
    print("a library prints")
    progress.search_ends("time is up")
    progress.step_starts(Step.FITTING)
    time.sleep(0.3)
print("result")
"""


def shown(recording: Recording) -> list[str]:
    """Return the lines that are left at the end."""
    lines = recording.last
    while lines and not lines[-1]:
        lines = lines[:-1]
    return lines


def whole_lines(lines: list[str]) -> list[str]:
    """Join lines that were broken between words with their indented continuations."""
    joined: list[str] = []
    for line in lines:
        goes_on = line.startswith("  ") and not BEGINNING.match(line)
        if joined and goes_on:
            joined[-1] += " " + line.strip()
        else:
            joined.append(line)
    return joined


@pytest.mark.parametrize("columns", WIDTHS)
@pytest.mark.parametrize("term", KINDS)
def test_news_and_display_never_share_a_line(
    columns: int, term: str, programs: Path, tmp_path: Path
) -> None:
    script, python = script_of(tmp_path, SCRIPT), programs / "python"
    seen = run_in_terminal([script], columns=columns, term=term, program=python)
    assert seen.code == 0, shown(seen)
    assert seen.broken == []
    drawn = 0
    for screen in seen.screens:
        labels = [line for line in screen if any(label in line for label in LABELS)]
        drawn += bool(labels)
        assert all(line.startswith(LABELS) for line in labels)
        assert len([line for line in labels if line.startswith("now")]) <= 1
        assert not [line for line in labels if "trial 0" in line or "searching:" in line]
    assert drawn > 3, "there was a display"
    lines = shown(seen)
    assert not [line for line in lines if line.startswith(LABELS) or "left" in line], lines
    said = whole_lines(lines)
    assert said[0] == "table.csv: comma-separated, utf-8, header, 7,043 rows x 21 columns"
    assert "\\x1b[31mred, 名 前 , é" in said[1] or "\\x1b[31mred, 名前, é" in said[1]
    news = [line.partition("trial ")[2] for line in said if "trial " in line and " s  " in line]
    assert news == [
        "0, extra_trees: roc_auc 0.8100 on a third of the rows - the first model",
        "1, gaussian_process: roc_auc 0.8300 on a third of the rows - best so far",
        "2, lightgbm: roc_auc 0.8000 on all rows, 5 splits - the first on so much data",
        "4, extra_trees: roc_auc 0.8230 on all rows, 5 splits - best so far",
    ]
    assert said[-2:] == ["search ended (time is up) after 5 trials, 1 failed", "result"]
    assert "a library prints" in said


@pytest.mark.parametrize("columns", WIDTHS)
def test_the_display_says_how_a_run_stands(columns: int, programs: Path, tmp_path: Path) -> None:
    script, python = script_of(tmp_path, SCRIPT), programs / "python"
    seen = run_in_terminal([script], columns=columns, program=python)
    drawn = [line for screen in seen.screens for line in screen if line.startswith(LABELS)]
    metric = "roc_auc " if columns >= 72 else ""
    assert f"best    {metric}0.8230 by extra_trees, on all rows, 5 splits" in drawn
    assert "to beat 0.5000 constant prediction, 0.8000 default LightGBM" in drawn
    assert "now     searching, 1 of 2 workers busy" in drawn
    assert any(line.startswith("tried   2 on a third of the rows; 1 on all rows") for line in drawn)
    assert any("left" in line and "%" in line for screen in seen.screens for line in screen)
    assert not [line for line in drawn if line.endswith("…") and columns > 60]


def test_a_terminal_that_cannot_redraw_gets_lines(tmp_path: Path) -> None:
    seen = run_in_terminal([script_of(tmp_path, SCRIPT), "-v"], columns=60, term="dumb")
    assert b"\x1b" not in seen.output.replace(b"\\x1b", b"")
    assert seen.broken == []
    said = " ".join(whole_lines(shown(seen)))
    assert "svm(depth=3, rate=0.143): failed, ValueError: too much of it" in said
    assert "best    " not in said


def test_the_cursor_is_left_visible(tmp_path: Path) -> None:
    seen = run_in_terminal([script_of(tmp_path, SCRIPT)], columns=80)
    start = seen.output.index(b"\x1b[?25l")
    assert seen.output.index(b"\x1b[?25h") - start < 1000
    assert seen.output.rindex(b"\x1b[?25h") > seen.output.rindex(b"\x1b[?25l")


@pytest.mark.parametrize("columns", [60, 140])
def test_help_is_as_wide_as_the_terminal(columns: int) -> None:
    seen = run_in_terminal(["-m", "metatune", "fit", "--help"], columns=columns)
    assert seen.code == 0
    assert seen.broken == []
    assert columns - 20 < max(map(len, shown(seen))) <= columns


@pytest.mark.slow
@pytest.mark.parametrize("columns", WIDTHS)
def test_a_real_run_is_readable_at_any_width(
    columns: int, programs: Path, shop_file: Path, metadata_dir: Path, tmp_path: Path
) -> None:
    table = tmp_path / "shop.csv"
    table.write_bytes(shop_file.read_bytes())
    words = ["fit", table.name, "--metadata", str(metadata_dir), "-o", "run"]
    words += ["--jobs", "1", "--max-trials", "4", "--include", "decision_tree,naive_bayes,linear"]
    seen = run_in_terminal(words, columns=columns, program=programs / "metatune", cwd=tmp_path)
    lines = shown(seen)
    assert seen.code == 0, lines
    assert seen.broken == []
    assert not [line for line in lines if line.startswith(LABELS)]
    assert lines[-1] == "next: metatune predict run new_rows.csv"
