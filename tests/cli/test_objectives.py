"""Runs with several objectives, from the command line and from Python."""

import json
import shutil
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pandas as pd
import pytest
from click.testing import Result

import metatune
from metatune.errors import OptionError
from metatune.models import model_file

Call = Callable[..., Result]
OBJECTIVES = ("--objective", "roc_auc", "--objective", "model_bytes")


@pytest.fixture(scope="module")
def words(shop_file: Path, metadata_dir: Path) -> list[str]:
    families = "linear,knn,naive_bayes,decision_tree,lightgbm"
    limits = ["--max-trials", "14", "--budget", "10h", "--seed", "2", "--jobs", "1"]
    return ["fit", str(shop_file), "--metadata", str(metadata_dir), "--include", families, *limits]


@pytest.fixture(scope="module")
def finished(words: list[str], call: Call, tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("objectives") / "run"
    result = call(*words, *OBJECTIVES, "--no-report", "-o", folder)
    assert result.exit_code == 0, result.stderr
    assert "objectives roc_auc, model_bytes" in result.stderr
    assert "that no other one beats" in result.stdout
    assert "the model is the knee" in " ".join(result.stdout.split())
    return folder


def read(folder: Path) -> dict[str, Any]:
    record: dict[str, Any] = json.loads((folder / "run.json").read_text())
    return record


def test_a_run_ends_with_one_pipeline_of_its_front(finished: Path) -> None:
    record = read(finished)
    front = record["front"]
    assert record["options"]["objectives"] == ["roc_auc", "model_bytes"]
    assert front["objectives"] == ["roc_auc", "model_bytes"]
    (model,) = (point for point in front["points"] if point["is_model"])
    assert record["winner"]["algorithm"] == model["algorithm"]
    assert record["ensemble"] is None or len(record["ensemble"]["members"]) == 1
    scores, sizes = zip(*(point["values"] for point in front["points"]), strict=True)
    assert list(scores) == sorted(scores, reverse=True)
    assert list(sizes) == sorted(sizes, reverse=True)
    assert min(scores) > record["constant_score"]
    assert model_file.load(finished).predict_proba(_rows()).shape == (2, 2)


def _rows() -> pd.DataFrame:
    return pd.DataFrame({"age": [30, 50], "income": [40.0, None], "city": ["Oslo", "Rome"]})


def test_nothing_on_the_leaderboard_beats_the_front_in_everything(
    finished: Path, call: Call
) -> None:
    board = pd.read_csv(finished / "leaderboard.csv")
    compared = board[(board["status"] == "ok") & (board["rung"] == board["rung"].max())]
    for point in board[board["front"]].itertuples():
        better = compared[
            (compared["score"] > point.score) & (compared["model_bytes"] <= point.model_bytes)
        ]
        assert better.empty
    shown = call("leaderboard", finished)
    assert "** the model of the run" in shown.stdout
    told = json.loads(call("leaderboard", finished, "--json").stdout)
    assert told["front"]["points"] == read(finished)["front"]["points"]
    assert {row["trial"] for row in told["leaderboard"] if row["front"]} == {
        point["trial"] for point in told["front"]["points"]
    }


def test_explain_and_report_show_the_front(finished: Path, call: Call) -> None:
    told = json.loads(call("explain", finished, "--json").stdout)
    assert told["front"]["points"] == read(finished)["front"]["points"]
    assert "the model is the knee" in call("explain", finished).stdout
    assert call("report", finished).exit_code == 0
    page = (finished / "report.html").read_text(encoding="utf-8")
    assert "Score against cost" in page
    assert "--objective roc_auc --objective model_bytes" in page


def test_continue_goes_on_with_the_same_objectives(
    finished: Path, call: Call, tmp_path: Path
) -> None:
    folder = Path(shutil.copytree(finished, tmp_path / "run"))
    result = call("continue", folder, "--max-trials", "+2", "-q", *_metadata(finished))
    assert result.exit_code == 0, result.stderr
    after = read(folder)
    assert after["options"]["objectives"] == ["roc_auc", "model_bytes"]
    assert after["trials"]["finished"] == 16
    assert after["front"]["objectives"] == ["roc_auc", "model_bytes"]


@pytest.fixture(scope="module")
def traded(words: list[str], call: Call, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Run in whose front a better model is a larger one."""
    folder = tmp_path_factory.mktemp("traded") / "run"
    given = ("--objective", "log_loss", "--objective", "model_bytes", "--max-trials", "12")
    families = ("--include", "lightgbm,naive_bayes")
    result = call(*words, *given, *families, "--no-report", "-q", "-o", folder)
    assert result.exit_code == 0, result.stderr
    assert 0 < chosen(folder) < len(read(folder)["front"]["points"]) - 1
    return folder


@pytest.fixture
def run(traded: Path, tmp_path: Path) -> Path:
    return Path(shutil.copytree(traded, tmp_path / "run"))


def go_on(folder: Path, call: Call, *words: str) -> Result:
    return call("continue", folder, "-q", *_metadata(folder), *words)


def chosen(folder: Path) -> int:
    """Return the trial whose model is saved, by the record, the model file and the front."""
    record = read(folder)
    (place,) = (i for i, point in enumerate(record["front"]["points"]) if point["is_model"])
    info = model_file.model_info(model_file.load(folder))
    assert info["trial"] == record["front"]["points"][place]["trial"]
    return place


def test_continue_chooses_anew_among_the_trials_of_a_finished_run(run: Path, call: Call) -> None:
    trials = (run / "trials.jsonl").read_bytes()
    last = len(read(run)["front"]["points"]) - 1
    for prefer, place in (("model_bytes", last), ("log_loss", 0)):
        result = go_on(run, call, "--prefer", prefer)
        assert result.exit_code == 0, result.stderr
        assert chosen(run) == place
        assert read(run)["options"]["prefer"] == read(run)["front"]["prefer"] == prefer
    assert (run / "trials.jsonl").read_bytes() == trials, "nothing is tried"
    assert "is finished" in call("continue", run, *_metadata(run)).stderr


def test_what_is_preferred_stays_until_it_is_given_anew(
    run: Path, traded: Path, call: Call
) -> None:
    assert go_on(run, call, "--prefer", "model_bytes").exit_code == 0
    longer = go_on(run, call, "--max-trials", "+1")
    assert longer.exit_code == 0, longer.stderr
    assert read(run)["trials"]["finished"] == 13
    assert read(run)["front"]["prefer"] == "model_bytes"
    assert go_on(run, call, "--prefer", "knee").exit_code == 0
    assert read(run)["front"]["prefer"] is None
    assert read(run)["options"]["prefer"] is read(traded)["options"]["prefer"] is None


def test_continue_sets_a_limit_and_lifts_it(run: Path, call: Call) -> None:
    knee = chosen(run)
    assert go_on(run, call, "--prefer", "model_bytes").exit_code == 0
    room = (run / "model.skops").stat().st_size + 1_000
    limited = go_on(run, call, "--prefer", "log_loss", "--max-size", f"{room}B")
    assert limited.exit_code == 0, limited.stderr
    assert (run / "model.skops").stat().st_size <= room
    assert read(run)["options"]["max_size"] == f"{room}B"
    assert go_on(run, call, "--prefer", "knee", "--max-size", "none").exit_code == 0
    assert read(run)["options"]["max_size"] is None
    assert chosen(run) == knee


@pytest.mark.parametrize(
    ("asked", "said"),
    [
        (["--prefer", "latency"], "'latency' is preferred and no objective"),
        (["--max-size", "much"], "much"),
    ],
)
def test_continue_refuses_a_choice_that_there_is_not(
    asked: list[str], said: str, traded: Path, call: Call
) -> None:
    before = (traded / "run.json").read_bytes()
    result = go_on(traded, call, *asked)
    assert (result.exit_code, len(result.stderr.splitlines())) == (2, 1), result.stderr
    assert said in result.stderr
    assert (traded / "run.json").read_bytes() == before


def test_other_objectives_are_refused_where_a_run_goes_on(
    finished: Path, words: list[str], call: Call
) -> None:
    again = ["-o", finished, "--resume"]
    other = call(*words, "--objective", "roc_auc", "--objective", "latency", *again)
    assert other.exit_code == 2
    assert "--objective is 'roc_auc,latency' now and was 'roc_auc,model_bytes'" in other.stderr
    plain = call(*words, "--metric", "roc_auc", *again)
    assert plain.exit_code == 2
    assert "--objective is not given now" in plain.stderr


def test_what_is_preferred_is_the_model_within_the_limits(
    finished: Path, words: list[str], call: Call, tmp_path: Path
) -> None:
    small, limited = tmp_path / "small", tmp_path / "limited"
    prefer = ["--no-report", "-q", "--prefer"]
    result = call(*words, *OBJECTIVES, *prefer, "model_bytes", "-o", small)
    assert result.exit_code == 0, result.stderr
    points = read(small)["front"]["points"]
    assert [p["is_model"] for p in points] == [False] * (len(points) - 1) + [True]
    # The search does not depend on what is preferred, and sizes are no measured times.
    assert [p["trial"] for p in points] == [p["trial"] for p in read(finished)["front"]["points"]]
    room = (small / "model.skops").stat().st_size + 1_000
    result = call(*words, *OBJECTIVES, *prefer, "roc_auc", "--max-size", f"{room}B", "-o", limited)
    assert result.exit_code == 0, result.stderr
    assert (limited / "model.skops").stat().st_size <= room


def test_one_objective_is_a_plain_metric(words: list[str], call: Call, tmp_path: Path) -> None:
    few = ["--max-trials", "3", "--no-report", "-q", "-o", tmp_path / "run"]
    result = call(*words, "--objective", "log_loss", *few)
    assert result.exit_code == 0, result.stderr
    record = read(tmp_path / "run")
    assert record["metric"] == "log_loss"
    assert record["options"]["objectives"] == []
    assert "front" not in record
    preferred = go_on(tmp_path / "run", call, "--prefer", "latency")
    assert preferred.exit_code == 2
    assert "nothing to choose between; start one with fit --objective" in preferred.stderr


REFUSED = {
    "only costs": (["--objective", "model_bytes", "--objective", "latency"], "is a cost"),
    "a near name": (
        ["--objective", "roc_auc", "--objective", "model_byte"],
        "did you mean 'model_bytes'",
    ),
    "a near metric": (
        ["--objective", "roc_au", "--objective", "model_bytes"],
        "did you mean 'roc_auc'",
    ),
    "twice": ([*OBJECTIVES, "--objective", "model_bytes"], "named twice"),
    "another metric": ([*OBJECTIVES, "--metric", "accuracy"], "leave out --metric"),
    "an unknown preference": ([*OBJECTIVES, "--prefer", "latency"], "'latency' is preferred"),
    "a preference alone": (["--prefer", "roc_auc"], "there are none"),
    "a strategy for one": ([*OBJECTIVES, "--strategy", "gp"], "handles no further objectives"),
}


@pytest.mark.parametrize(("more", "said"), REFUSED.values(), ids=REFUSED)
def test_bad_objectives_are_refused_in_a_line(
    more: list[str], said: str, shop_file: Path, call: Call, tmp_path: Path
) -> None:
    result = call("fit", shop_file, *more, "-q", "-o", tmp_path / "run")
    assert result.exit_code == 2
    assert len(result.stderr.splitlines()) == 1, result.stderr
    assert said in result.stderr
    assert not (tmp_path / "run").exists()


@pytest.mark.parametrize(
    ("parameters", "said"),
    [
        ({"objectives": "roc_auc"}, "give a sequence"),
        ({"objectives": ["model_bytes"]}, "is a cost"),
        ({"objectives": ["roc_auc", "size"]}, "no cost"),
        ({"objectives": ["roc_auc", "latency"], "metric": "accuracy"}, "two metrics"),
        ({"prefer": "latency"}, "there are none"),
        ({"objectives": ["roc_auc", "latency"], "prefer": 3}, "name of an objective"),
    ],
)
def test_bad_objectives_are_refused_in_python(
    parameters: dict[str, Any], said: str, shop: pd.DataFrame
) -> None:
    model = metatune.MetaTuneClassifier(max_trials=2, **parameters)
    with pytest.raises(OptionError, match=said):
        model.fit(shop.drop(columns="bought"), shop["bought"])


def test_python_has_the_same(shop: pd.DataFrame, metadata_dir: Path) -> None:
    model = metatune.MetaTuneClassifier(
        objectives=["roc_auc", "model_bytes"],
        max_trials=8,
        budget="10h",
        include=["linear", "naive_bayes", "decision_tree", "lightgbm"],
        metadata=metadata_dir,
        random_state=0,
        n_jobs=1,
    ).fit(shop.drop(columns="bought"), shop["bought"])
    front = model.explain().front
    assert front is not None
    assert sum(point.is_model for point in front.points) == 1
    assert model.leaderboard_["front"].sum() == len(front.points)
    assert model.metric_ == "roc_auc"


def _metadata(folder: Path) -> list[str]:
    return ["--metadata", read(folder)["options"]["metadata"]]
