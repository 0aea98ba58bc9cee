"""The positive class on the command line: chosen, and always named."""

import json
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from click.testing import Result
from sklearn.metrics import f1_score

from metatune import load

Call = Callable[..., Result]
QUICK = ["--max-trials", "1", "--include", "linear", "--budget", "3m", "--jobs", "1", "--no-report"]


@pytest.fixture
def credit(tmp_path: Path) -> Path:
    rng = np.random.default_rng(1)
    X = rng.normal(size=(300, 4))
    label = np.where(X[:, 0] + X[:, 1] > 1.2, "bad", "good")
    path = tmp_path / "credit.csv"
    pd.DataFrame(X, columns=list("abcd")).assign(credit=label).to_csv(path, index=False)
    return path


def test_it_is_named_wherever_a_score_is(credit: Path, tmp_path: Path, call: Call) -> None:
    run = tmp_path / "run"
    done = call("fit", credit, "--target", "credit", "--metric", "f1", "-o", run, *QUICK)
    assert done.exit_code == 0, done.output
    assert "positive class 'bad', the rarer one; --positive overrides" in done.output
    record = json.loads((run / "run.json").read_text())
    assert record["positive"] == "bad"
    assert "positive class 'bad'" in call("leaderboard", run).output
    assert json.loads(call("leaderboard", run, "--json").stdout)["positive"] == "bad"
    judged = json.loads(call("evaluate", run, credit, "--json", "-q").stdout)["scores"]
    assert (judged[0]["metric"], judged[0]["positive"]) == ("f1", "bad")
    assert judged[1]["positive"] is None
    frame = pd.read_csv(credit)
    said = load(run / "model.skops").predict(frame)
    expected = f1_score(frame["credit"], said, pos_label="bad")
    assert judged[0]["score"] == pytest.approx(expected)
    assert "positive class 'bad'" in call("evaluate", run, credit).output
    other = call("evaluate", run, credit, "--positive", "good", "--json", "-q")
    assert json.loads(other.stdout)["scores"][0]["positive"] == "good"


def test_it_can_be_chosen(credit: Path, tmp_path: Path, call: Call) -> None:
    words = ["--target", "credit", "--metric", "recall", "--positive", "good"]
    done = call("fit", credit, *words, "-o", tmp_path / "run", "--json", "-q", *QUICK)
    assert json.loads(done.stdout)["positive"] == "good"
    described = call("describe", credit, *words, "--json", "-q")
    assert json.loads(described.stdout)["positive"] == "good"


@pytest.mark.parametrize(
    ("words", "message"),
    [
        (["--positive", "ugly"], "use 'bad' or 'good'"),
        (["--target", "a", "--positive", "good"], "one of two classes"),
    ],
)
def test_a_wrong_one_is_refused(credit: Path, call: Call, words: list[str], message: str) -> None:
    done = call("describe", credit, *words)
    assert done.exit_code == 2
    assert message in done.output


def test_a_metric_outside_its_domain_is_one_line(credit: Path, tmp_path: Path, call: Call) -> None:
    words = ["--target", "a", "--metric", "neg_mean_squared_log_error", "-o", tmp_path / "run"]
    done = call("fit", credit, *words, *QUICK)
    assert done.exit_code == 2
    assert "needs a target above -1" in done.output.strip().splitlines()[-1]
