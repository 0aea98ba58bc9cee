"""Strategies on the command line: listed, chosen, refused in one line, kept when a run goes on."""

import json
from collections.abc import Callable
from pathlib import Path

import pytest
from click.testing import Result

from metatune.samplers.catalogue import CATALOGUE, StrategyName
from metatune.storage.journal import read_journal
from metatune.storage.record import RunRecord

Call = Callable[..., Result]
FAMILIES = "knn,naive_bayes,decision_tree"
N_TRIALS = {StrategyName.EVOLUTION: 25, StrategyName.TPE: 15}
"""Trials of which the last ones are the strategy's own, made of the results of the others."""
SEARCHED = [name for name in N_TRIALS if not CATALOGUE[name].missing]


@pytest.fixture(scope="module")
def fixed(metadata_dir: Path) -> list[str]:
    return [
        *("--metadata", str(metadata_dir), "--include", FAMILIES, "--seed", "3"),
        *("--budget", "10h", "--single", "--no-report", "-q", "--max-trials"),
    ]


def tried(folder: Path) -> list[tuple[int, str, int, str]]:
    """Trials of a run in their order: number, configuration, rung and score."""
    results = sorted(read_journal(folder / "trials.jsonl"), key=lambda r: r.trial.number)
    return [
        (r.trial.number, r.trial.configuration.key, r.trial.rung.index, f"{r.score!r}")
        for r in results
    ]


def test_all_strategies_are_listed_with_what_they_do_and_their_paper(call: Call) -> None:
    result = call("strategies")
    assert result.exit_code == 0
    text = " ".join(result.stdout.split())
    for facts in CATALOGUE.values():
        assert str(facts.name) in text
    assert "Li et al. 2018" in text
    listed = json.loads(call("strategies", "--json").stdout)["strategies"]
    assert [row["name"] for row in listed] == list(StrategyName)
    assert [row["name"] for row in listed if not row["cold_start"]] == [
        "metatune",
        "prior",
        "portfolio",
    ]


@pytest.mark.parametrize(
    ("words", "reason"),
    [
        (["--strategy", "hyperbnd"], "no strategy 'hyperbnd': did you mean 'hyperband'?"),
        (["--cold-start"], "strategy 'metatune' consists of what past datasets advise"),
    ],
)
def test_a_strategy_that_cannot_be_is_refused_in_one_line(
    words: list[str], reason: str, shop_file: Path, tmp_path: Path, call: Call
) -> None:
    result = call("fit", shop_file, *words, "-o", tmp_path / "run")
    assert result.exit_code == 2
    assert reason in result.stderr
    assert len(result.stderr.splitlines()) == 1
    assert not (tmp_path / "run").exists()


@pytest.mark.parametrize("name", SEARCHED)
def test_a_counted_run_is_the_same_for_one_worker_and_two_and_after_it_was_killed(
    name: StrategyName, shop_file: Path, fixed: list[str], tmp_path: Path, call: Call
) -> None:
    one, two = tmp_path / "one", tmp_path / "two"
    for folder, jobs in ((one, "1"), (two, "2")):
        words = (str(N_TRIALS[name]), "--strategy", name, "--jobs", jobs, "-o", folder)
        assert call("fit", shop_file, *fixed, *words).exit_code == 0
    assert tried(one) == tried(two)
    whole = tried(one)
    assert [r.trial.configuration.origin for r in read_journal(one / "trials.jsonl")][-1] == name
    lines = (one / "trials.jsonl").read_bytes().splitlines(keepends=True)
    (one / "trials.jsonl").write_bytes(b"".join(lines[:-3]) + lines[-3][:40])
    record = json.loads((one / "run.json").read_text())
    left = {key: value for key, value in record.items() if key not in ("score", "winner")}
    (one / "run.json").write_text(json.dumps({**left, "status": "running"}))
    result = call("continue", one, "--trust-run", "-q")
    assert result.exit_code == 0, result.stderr
    assert tried(one) == whole
    assert RunRecord.read(one).options.strategy is name


def test_a_cold_start_is_kept_in_the_record_and_another_strategy_is_refused(
    shop_file: Path, fixed: list[str], tmp_path: Path, call: Call
) -> None:
    run = tmp_path / "run"
    cold = ["6", "--strategy", "random", "--cold-start", "--jobs", "1", "-o", run]
    assert call("fit", shop_file, *fixed, *cold).exit_code == 0
    options = RunRecord.read(run).options
    assert (options.strategy, options.cold_start) == (StrategyName.RANDOM, True)
    origins = {r.trial.configuration.origin for r in read_journal(run / "trials.jsonl")}
    assert origins == {"default", "random"}
    other = ["6", "--strategy", "sobol", "--cold-start", "--jobs", "1", "-o", run, "--resume"]
    refused = call("fit", shop_file, *fixed, *other)
    assert refused.exit_code == 2
    assert "--strategy is 'sobol' now and was 'random'" in refused.stderr


def test_a_strategy_that_the_record_cannot_hold_is_told_as_damage(
    shop_file: Path, fixed: list[str], tmp_path: Path, call: Call
) -> None:
    run = tmp_path / "run"
    words = ["1", "--strategy", "random", "--cold-start", "--jobs", "1", "-o", run]
    assert call("fit", shop_file, *fixed, *words).exit_code == 0
    record = json.loads((run / "run.json").read_text())
    record["options"]["strategy"] = "magic"
    (run / "run.json").write_text(json.dumps(record))
    result = call("leaderboard", run)
    assert result.exit_code == 2
    assert "options.strategy is 'magic', not 'metatune' or" in result.stderr
