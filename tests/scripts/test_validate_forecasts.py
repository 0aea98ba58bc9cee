"""Forecasts against what happened: the summary of a made-up meta-dataset whose answer is known."""

from pathlib import Path

import numpy as np
import pytest
from made_up_past import make_metadata
from validation.forecast_tables import forecast_tables, plot_forecasts
from validation.forecasts import N_TRIALS, Unseen, forecast_unseen

from metatune.kinds import TaskKind
from metatune.recommender.past import Past, collect_past


@pytest.fixture(scope="module")
def past() -> Past:
    return collect_past(make_metadata(10), TaskKind.BINARY, "roc_auc")


@pytest.fixture(scope="module")
def found(past: Past) -> list[Unseen]:
    return list(forecast_unseen(past))


def test_every_dataset_is_forecast_once(past: Past, found: list[Unseen]) -> None:
    assert sorted(u.name for u in found) == sorted(past.names)


def test_the_winner_of_unseen_datasets_is_mostly_tried_first(found: list[Unseen]) -> None:
    first = [u.regret[u.tried[0]] for u in found]
    assert np.mean(np.array(first) < 0.1) > 0.7
    assert all(len(u.tried) == len(set(u.tried)) <= N_TRIALS for u in found)


def test_a_few_families_are_enough_for_a_look(past: Past) -> None:
    some = list(forecast_unseen(past, 2))
    assert {u.name for u in some} == {
        name
        for name, family in zip(past.names, past.families, strict=True)
        if family in list(dict.fromkeys(past.families))[:2]
    }


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


def test_the_figure_is_drawn(tmp_path: Path, found: list[Unseen], past: Past) -> None:
    algorithms = [c.algorithm for c in past.configurations]
    path = plot_forecasts(tmp_path / "figure.png", found, algorithms)
    assert path.stat().st_size > 10_000
