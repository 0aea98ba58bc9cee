"""Search spaces on the command line: shown, given back, kept by runs, refused in one line."""

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from click.testing import Result

Call = Callable[..., Result]

FAMILIES = "linear,knn,naive_bayes,decision_tree"
SPACE = """\
[knn]
n_neighbors = 7
weights = ["distance"]

[decision_tree]
max_depth = { high = 5, default = 4 }
ccp_alpha = 1e-8

[linear]
C = { low = 0.01, high = 1.0 }
encoding = { exclude = ["target"] }

[naive_bayes]
calibrate = false
"""

BAD = {
    "no file": (None, ["cannot be read", "No such file"]),
    "a TOML error": ("[svm\nC = 1", ["is no TOML", "line 1"]),
    "a key twice": ("[svm]\nC = 1.0\nC = 2.0", ["is no TOML"]),
    "no text": (b"\xff\xfe\x00", ["is no TOML"]),
    "unknown family": ("[lightgmb]\n", ["no algorithm 'lightgmb'", "did you mean 'lightgbm'"]),
    "family without a table": ("svm = 3", ["svm = 3 is no table", "metatune space svm"]),
    "unknown key": ("[svm]\nD = 1.0", ["svm.D is no hyperparameter", "choose from C, gamma"]),
    "unknown word": ("[svm]\nC = { lo = 1.0 }", ["svm.C", "'lo'", "did you mean 'low'"]),
    "low above high": (
        "[svm]\nC = { low = 9.0, high = 2.0 }",
        ["svm.C", "low = 9.0 is above high = 2.0", "from 0.01 to 1000"],
    ),
    "beyond the range": (
        "[lightgbm]\nnum_leaves = { high = 1000 }",
        ["lightgbm.num_leaves", "high = 1000 is outside", "a whole number from 4 to 256"],
    ),
    "fixed outside": ("[svm]\nC = 5000", ["svm.C = 5000.0 is not allowed", "from 0.01 to 1000"]),
    "text for a number": ('[svm]\nC = "big"', ["svm.C = 'big'", "a number from 0.01 to 1000"]),
    "fraction for a whole number": ("[knn]\nn_neighbors = 3.5", ["n_neighbors = 3.5", "whole"]),
    "truth for a number": ("[knn]\nn_neighbors = true", ["n_neighbors = true", "from 1 to 100"]),
    "unknown choice": ('[svm]\nscaling = "min"', ["svm.scaling = 'min'", "'quantile'"]),
    "empty choice": ("[svm]\nscaling = []", ["svm.scaling", "choices is empty"]),
    "nothing left": (
        '[knn]\nweights = { exclude = ["uniform", "distance"] }',
        ["knn.weights", "exclude leaves nothing"],
    ),
    "exclude what is not there": (
        '[knn]\nweights = { exclude = ["cosine"] }',
        ["knn.weights", "exclude = 'cosine' is none of its values"],
    ),
    "exclude from numbers": ("[svm]\nC = { exclude = [1.0] }", ["svm.C", "narrow it with low"]),
    "ends of a choice": ("[knn]\nweights = { low = 1 }", ["knn.weights", "low = 1 is for numbers"]),
    "default outside": (
        "[svm]\nC = { high = 10.0, default = 50.0 }",
        ["svm.C", "default = 50.0 is outside", "from 0.01 to 10"],
    ),
    "default of none": (
        '[knn]\nweights = { choices = ["uniform"], default = "distance" }',
        ["knn.weights", "default = 'distance'", "one of 'uniform'"],
    ),
    "log that is no truth": ("[svm]\nC = { log = 1 }", ["svm.C", "log = 1 is neither true"]),
    "two ways at once": ("[svm]\nC = { low = 1.0, choices = [2.0] }", ["svm.C", "contradict"]),
    "a date": ("[svm]\nC = 2020-01-01", ["svm.C", "is not allowed"]),
    "only nothing": ("only = true", ["no family is named"]),
    "only what": ('only = "svm"', ["only = 'svm' is neither true nor false"]),
}


def refuse(result: Result, *words: str) -> None:
    assert result.exit_code == 2, result.stderr
    assert result.stdout == ""
    lines = result.stderr.splitlines()
    assert len(lines) == 1, lines
    assert lines[0].startswith("metatune: error: ")
    assert [word for word in words if word not in lines[0]] == []


@pytest.mark.parametrize("name", BAD)
def test_a_bad_space_is_refused_in_one_line(
    name: str, tmp_path: Path, shop_file: Path, call: Call
) -> None:
    content, words = BAD[name]
    path = tmp_path / "space.toml"
    if isinstance(content, str):
        path.write_text(content, encoding="utf-8")
    elif content is not None:
        path.write_bytes(content)
    refuse(call("fit", shop_file, "--space", path, "-o", tmp_path / "run"), "space.toml", *words)
    assert not (tmp_path / "run").exists()


def test_a_space_is_shown_and_taken_back(tmp_path: Path, call: Call) -> None:
    shown = call("space", "svm", "knn")
    assert shown.exit_code == 0, shown.stderr
    assert "[svm]\nC = { low = 0.01, high = 1000.0, log = true, default = 1.0 }" in shown.stdout
    assert "[knn]\n" in shown.stdout
    assert "[linear]\n" in call("space").stdout
    regression = call("space", "svm", "--task", "regression").stdout
    assert "epsilon" in regression
    assert "class_weight" not in regression


def test_a_family_that_is_not_there_is_refused(call: Call) -> None:
    refuse(call("space", "svn"), "did you mean 'svm'")
    refuse(call("space", "naive_bayes", "--task", "regression"), "does not learn regression")


@pytest.fixture(scope="module")
def space_file(tmp_path_factory: pytest.TempPathFactory) -> Path:
    path = tmp_path_factory.mktemp("space") / "space.toml"
    path.write_text(SPACE, encoding="utf-8")
    return path


@pytest.fixture(scope="module")
def words(shop_file: Path, metadata_dir: Path) -> list[Any]:
    fixed = ["--metadata", metadata_dir, "--include", FAMILIES, "--jobs", "1", "--seed", "3"]
    return ["fit", shop_file, *fixed, "--max-trials", "10", "--budget", "10h", "--no-report", "-q"]


@pytest.fixture(scope="module")
def finished(
    words: list[Any], space_file: Path, call: Call, tmp_path_factory: pytest.TempPathFactory
) -> Path:
    folder = tmp_path_factory.mktemp("finished") / "run"
    result = call(*words, "--space", space_file, "-o", folder)
    assert result.exit_code == 0, result.stderr
    return folder


def tried(folder: Path) -> list[tuple[str, dict[str, Any], str]]:
    lines = (folder / "trials.jsonl").read_text().splitlines()
    found = [json.loads(line) for line in lines]
    configurations = [_configuration(entry) for entry in found]
    return [(c["algorithm"], c["params"], c.get("origin", "")) for c in configurations if c]


def _configuration(entry: Any) -> dict[str, Any]:
    """Find the configuration in an entry of the journal, wherever it is."""
    if isinstance(entry, dict):
        if {"algorithm", "params"} <= entry.keys():
            return entry
        return next(filter(None, map(_configuration, entry.values())), {})
    return {}


def test_everything_that_is_tried_lies_in_the_space(finished: Path) -> None:
    """Defaults, the safe start, recommendations and mutations alike."""
    found = tried(finished)
    assert {origin for _, _, origin in found} >= {"default", "portfolio"}
    assert len({name for name, _, _ in found}) >= 3
    for name, params, _ in found:
        if name == "knn":
            assert (params["n_neighbors"], params["weights"]) == (7, "distance")
        elif name == "decision_tree":
            assert params["max_depth"] <= 5
            assert params["ccp_alpha"] == 1e-8
        elif name == "linear":
            assert 0.01 <= params["C"] <= 1.0
            assert params["encoding"] == "one_hot"
        else:
            assert params["calibrate"] is False


def test_a_run_records_its_space_and_goes_on_with_it(finished: Path, call: Call) -> None:
    record = json.loads((finished / "run.json").read_text())
    assert record["options"]["space"]["knn"] == {"n_neighbors": 7, "weights": ["distance"]}
    before = len(tried(finished))
    result = call("continue", finished, "--max-trials", "+4", "--trust-run", "-q")
    assert result.exit_code == 0, result.stderr
    found = tried(finished)
    assert len(found) > before
    assert {p["n_neighbors"] for name, p, _ in found if name == "knn"} <= {7}
    assert {p["calibrate"] for name, p, _ in found if name == "naive_bayes"} <= {False}


def test_a_run_refuses_another_space(
    finished: Path, words: list[Any], tmp_path: Path, call: Call
) -> None:
    other = tmp_path / "other.toml"
    other.write_text("[knn]\nn_neighbors = 9\n", encoding="utf-8")
    again = [*words, "-o", finished, "--resume"]
    refuse(call(*again, "--space", other), "--space", "when the run", "was started")
    refuse(call(*again), "--space is not given now")


def test_a_recorded_space_is_checked_as_one_that_is_given(finished: Path, call: Call) -> None:
    path = finished / "run.json"
    text = path.read_text()
    record = json.loads(text)
    record["options"]["space"] = {"knn": {"n_neighbors": 1000}}
    path.write_text(json.dumps(record))
    result = call("continue", finished, "--max-trials", "+1", "--trust-run", "-q")
    path.write_text(text)
    refuse(result, "knn.n_neighbors = 1000 is not allowed")


def test_recommendations_lie_in_the_space(
    shop_file: Path, metadata_dir: Path, space_file: Path, call: Call
) -> None:
    result = call(
        *("recommend", shop_file, "--metadata", metadata_dir, "--include", FAMILIES),
        *("--space", space_file, "--json", "--top", "50", "-q"),
    )
    assert result.exit_code == 0, result.stderr
    ranked = json.loads(result.stdout)["recommendations"]
    params = [r["configuration"]["params"] for r in ranked]
    neighbours = [p["n_neighbors"] for p in params if "n_neighbors" in p]
    assert neighbours == [7] * len(neighbours)
    assert len(neighbours) > 0
    keys = [json.dumps(r["configuration"], sort_keys=True) for r in ranked]
    assert len(set(keys)) == len(keys)
