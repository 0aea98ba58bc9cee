"""Forecasts against what happened: the summary of a made-up meta-dataset whose answer is known."""

import json
from collections.abc import Callable
from dataclasses import asdict, replace
from pathlib import Path

import numpy as np
import pytest
from click.testing import Result
from made_up_past import make_metadata

from benchmarks.recommenders.forecast_tables import forecast_tables, plot_forecasts
from benchmarks.recommenders.held_out import fold_shares, judged, judged_random, shown_values
from benchmarks.recommenders.outlooks import N_SETTLED, PARTS, Outcome, part_of, read_found
from benchmarks.recommenders.pools import known_pools
from benchmarks.recommenders.unseen import N_TRIALS, Unseen, forecast_unseen
from metatune.kinds import TaskKind
from metatune.recommender.levels import TOP
from metatune.recommender.losses import log_share
from metatune.recommender.past import Past, collect_past


@pytest.fixture(scope="module")
def past() -> Past:
    return collect_past(make_metadata(10), TaskKind.BINARY, "roc_auc")


@pytest.fixture(scope="module")
def shares(past: Past) -> np.ndarray:
    return fold_shares(make_metadata(10), past, "roc_auc")


@pytest.fixture(scope="module")
def found(past: Past, shares: np.ndarray) -> list[Unseen]:
    return list(forecast_unseen(past, shares))


def test_every_dataset_is_forecast_once(past: Past, found: list[Unseen]) -> None:
    assert sorted(u.name for u in found) == sorted(past.names)


def test_the_winner_of_unseen_datasets_is_mostly_tried_first(found: list[Unseen]) -> None:
    first = [u.regret[u.tried[0]] for u in found]
    assert np.mean(np.array(first) < 0.1) > 0.7
    assert all(len(u.tried) == len(set(u.tried)) <= N_TRIALS for u in found)


def test_a_few_families_are_enough_for_a_look(past: Past, shares: np.ndarray) -> None:
    some = list(forecast_unseen(past, shares, 2))
    assert {u.name for u in some} == {
        name
        for name, family in zip(past.names, past.families, strict=True)
        if family in list(dict.fromkeys(past.families))[:2]
    }


def test_what_is_not_judged_is_known_all_the_same(past: Past, shares: np.ndarray) -> None:
    left_out = past.names[:8]
    found = list(forecast_unseen(past, shares, not_judged=left_out))
    assert [u.name for u in found] == list(past.names[8:])
    alone = list(forecast_unseen(past, shares))
    same = next(u for u in alone if u.name == found[0].name)
    np.testing.assert_array_equal(found[0].tried, same.tried)


def unseen(regret: list[float], tried: list[int], surprise: list[float]) -> Unseen:
    nothing = np.full(len(regret), np.nan)
    return Unseen(
        name="x",
        regret=np.array(regret),
        tried=np.array(tried),
        fixed=1,
        surprise=np.array(surprise),
        recommended=np.array([0]),
        log_ratio=np.log([1.0, 1.5, 3.0]),
        log_ratio_later=nothing,
        judged=np.linspace(0.8, 0.1, N_TRIALS),
        judged_random=0.45,
    )


def test_tables_count_what_is_better_and_what_held() -> None:
    found = [
        unseen([0.0, 1.0, 2.0], [0, 1], [0.5, 2.0, 0.1]),
        unseen([1.0, 0.0, 2.0], [0, 1], [0.5, 0.2, 0.1]),
    ]
    text = forecast_tables("made-up", found, ["lightgbm", "random_forest", "random_forest"])
    assert "| LightGBM default | 0.500 | 0 | 0 | 2 |" in text
    assert "| RandomForest default | 0.500 | 1 | 1 | 0 | 50% |" in text
    assert "| mean regret | 0.500 | 0.000 |" in text
    assert "| all configurations | 83.3% |" in text
    assert "| the ten recommended first | 100.0% |" in text
    assert "| all | 66.7% | - |" in text
    assert "0.450 after 30 trials, which metatune reaches after 5" in text


def test_fold_shares_average_to_the_values_of_the_top_level(past: Past, shares: np.ndarray) -> None:
    known = np.isfinite(shares).all(axis=2)
    assert known.any()
    values = log_share(shares.mean(axis=2))
    np.testing.assert_allclose(values[known], past.values[:, :, TOP][known], atol=1e-6)


def test_the_fold_that_judges_has_no_say_in_the_choice() -> None:
    shares = np.array([[0.1, 0.1, 0.9], [0.5, 0.5, 0.5], [0.3, 0.6, 0.2], [0.7, 0.7, 0.7]])
    # on the first two folds the first one is best, and the last fold finds it the worst
    judgement = judged(shares, 2, np.array([1, 0, 2]))
    assert judgement[0] == pytest.approx(1 + (0.5 - 0.6) / (1.3 / 3 - 1.1 / 3))
    assert judgement[1] == judgement[2] == 3.0
    np.testing.assert_allclose(np.exp(shown_values(shares, 2)[0]) - 0.01, [0.1, 0.1])


def test_luck_on_the_folds_that_choose_does_not_count() -> None:
    rng = np.random.default_rng(0)
    noise = 0.5 + 0.1 * rng.normal(size=(60, 3))  # configurations do not differ
    assert judged_random(noise, 30, 100) == pytest.approx(1.0, abs=0.3)


def test_the_figure_is_drawn(tmp_path: Path, found: list[Unseen], past: Past) -> None:
    algorithms = [c.algorithm for c in past.configurations]
    path = plot_forecasts(tmp_path / "figure.png", found, algorithms)
    assert path.stat().st_size > 10_000


def test_the_benchmark_writes_a_table_and_a_figure(
    bench: Callable[..., Result], metadata_dir: Path, tmp_path: Path
) -> None:
    options = ("--metadata", metadata_dir, "--out", tmp_path, "--families", 2)
    found = bench("forecasts", *options, "--pools", "regression")
    assert found.exit_code == 0, found.output
    text = (tmp_path / "forecasts_regression.md").read_text(encoding="utf-8")
    assert text in found.stdout
    assert "| all configurations |" in text
    assert (tmp_path / "forecasts_regression.png").is_file()
    assert not (tmp_path / "forecasts_classification.md").exists()


def test_an_unknown_pool_is_refused_in_a_line(bench: Callable[..., Result], tmp_path: Path) -> None:
    found = bench("forecasts", "--pools", "regression,nil", "--out", tmp_path / "out")
    assert found.exit_code == 2
    assert "'nil' is not one of 'classification', 'regression'" in found.stderr
    assert not (tmp_path / "out").exists()


def test_families_that_settled_the_widths_do_not_judge_them() -> None:
    families = [f"family {i}" for i in range(40)]
    settled, held_out, every = (part_of(families, part) for part in PARTS)
    assert len(settled) == N_SETTLED
    assert not set(settled) & set(held_out)
    assert sorted([*settled, *held_out]) == sorted(every) == sorted(families)


def test_what_is_known_of_outlooks_is_not_found_out_again(
    bench: Callable[..., Result], metadata_dir: Path, tmp_path: Path
) -> None:
    (pool,) = known_pools(metadata_dir, ("regression",))
    known = Outcome(
        what="at 5 s", now=0.0, real=-1.0, expected=-0.9, low=-1.5, high=-0.5, dataset="x"
    )
    lines = [
        json.dumps(asdict(replace(known, family=family)))
        for family in part_of(pool.families, "all")
    ]
    journal = tmp_path / "outlooks_regression_all.jsonl"
    journal.write_text("\n".join([*lines, '{"what": "at 5']), encoding="utf-8")
    assert [one.real for one in read_found(journal)] == [-1.0] * len(lines)
    options = ("--metadata", metadata_dir, "--out", tmp_path, "--pools", "regression")
    shown = bench("outlooks", *options, "--part", "all")
    assert shown.exit_code == 0, shown.output
    assert f"| at 5 s | {len(lines)} | 100% | 0% | 0% | -0.100 | 1.000 |" in shown.stdout
