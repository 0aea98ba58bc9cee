"""Importance of hyperparameters in histories whose answers are known."""

import math
from collections.abc import Callable

import numpy as np
import pandas as pd
import pytest

from metatune.evaluation.rungs import Rung
from metatune.evaluation.trial import Trial, TrialResult, TrialStatus
from metatune.kinds import TaskKind
from metatune.metadataset.store import MetaDataset, load_metadata
from metatune.metrics import resolve_metric
from metatune.reporting.hyperparameter_importance import (
    HyperparameterImportance,
    SpaceImportance,
)
from metatune.reporting.hyperparameters import importance_in_history, places_of
from metatune.reporting.past_hyperparameters import past_losses, past_metric, with_past
from metatune.schedule import SCHEDULE, Growth, Stage, write_schedule
from metatune.search.history import History
from metatune.space import Choice, Condition, Configuration, Float, SearchSpace, Value

LOG_LOSS = resolve_metric("log_loss", TaskKind.BINARY)
LOW = Rung(index=0, row_share=1 / 3, n_folds=1)
TOP = Rung(index=1, row_share=1.0, n_folds=5)

NET = SearchSpace(
    algorithm="net",
    domains={
        "rate": Float(1e-4, 1.0, log=True),
        "kind": Choice(("plain", "wide", "deep")),
        "drop": Float(0.0, 1.0),
    },
    defaults={"rate": 0.01, "kind": "plain", "drop": 0.5},
    conditions={"drop": Condition("kind", ("deep",))},
)
TREE = SearchSpace(algorithm="tree", domains={"depth": Float(0.0, 1.0)}, defaults={"depth": 0.5})
SPACES = {"net": NET, "tree": TREE}
Params = dict[str, Value]


def result(number: int, configuration: Configuration, score: float, rung: Rung) -> TrialResult:
    trial = Trial(number=number, configuration=configuration, rung=rung, seed=1)
    return TrialResult(trial=trial, status=TrialStatus.OK, score=score)


def history_of(
    n: int, loss: Callable[[Params], float], space: SearchSpace = NET, rung: Rung = TOP
) -> History:
    rng = np.random.default_rng(7)
    tried = [space.sample(rng) for _ in range(n)]
    return History(
        LOG_LOSS, [result(i, c, loss(dict(c.params)), rung) for i, c in enumerate(tried)]
    )


def shares(space: SpaceImportance) -> dict[str, float]:
    return {one.name: one.share for one in (*space.hyperparameters, *space.interactions)}


def judged(history: History, **settings: float) -> SpaceImportance:
    (found,) = importance_in_history(history, SPACES, n_trees=32, **settings)  # type: ignore[arg-type]
    return found


GROWING = SearchSpace(
    algorithm="net",
    domains={"rate": Float(1e-4, 1.0, log=True), "drop": Float(0.0, 1.0)},
    defaults={"rate": 0.01, "drop": 0.5},
    growth=Growth(step=10, changing=("rate",)),
)


def scheduled(params: Params, *rates: float) -> Configuration:
    """Return a configuration with a stage of ten iterations for its own rate and each other."""
    changes = ({}, *({"rate": rate} for rate in rates))
    stages = write_schedule([Stage(iterations=10, changes=change) for change in changes])
    return Configuration(algorithm="net", params={**params, SCHEDULE: stages}, origin="pbt")


def judged_growing(tried: list[Configuration], losses: list[float]) -> tuple[SpaceImportance, ...]:
    pairs = enumerate(zip(tried, losses, strict=True))
    history = History(LOG_LOSS, [result(i, c, loss, TOP) for i, (c, loss) in pairs])
    return importance_in_history(history, {"net": GROWING}, n_trees=32)


def test_what_changes_in_a_schedule_lies_at_its_mean() -> None:
    changing = Configuration(
        algorithm="net",
        params={"rate": 1.0, "drop": 0.25, SCHEDULE: "10 | 30 rate=0.01"},
        origin="pbt",
    )
    ((rate, drop),) = places_of([changing], GROWING).tolist()
    assert rate == pytest.approx((10 * 1.0 + 30 * 0.5) / 40)  # on the logarithmic scale
    assert drop == 0.25


def test_a_hyperparameter_that_changes_explains_what_its_mean_does() -> None:
    rng = np.random.default_rng(2)
    logs = rng.uniform(-4.0, 0.0, (150, 3)).tolist()
    tried = [scheduled({"rate": 10**a, "drop": rng.random()}, 10**b, 10**c) for a, b, c in logs]
    (found,) = judged_growing(tried, [5.0 + sum(row) / 3 for row in logs])
    assert (found.n_configurations, found.n_scheduled) == (150, 150)
    assert "150 of them changed hyperparameters" in found.about_schedules
    assert shares(found)["rate"] > 0.9


def test_models_that_are_not_done_yet_are_no_importance_of_a_hyperparameter() -> None:
    rng = np.random.default_rng(3)
    lengths, drops = rng.integers(0, 6, 200), rng.random(200)
    tried = [
        scheduled({"rate": 0.1, "drop": float(drop)}, *([0.1] * length))
        for length, drop in zip(lengths, drops, strict=True)
    ]
    (found,) = judged_growing(tried, [9.0 - k + d for k, d in zip(lengths, drops, strict=True)])
    assert shares(found)["drop"] == pytest.approx(1.0, abs=0.02)


@pytest.mark.parametrize("text", ["10 | 10 rate=2.0", "10 | 10 drop=0.1", "ten"])
def test_schedules_that_are_none_of_the_space_are_left_out(text: str) -> None:
    rng = np.random.default_rng(4)
    usual = [GROWING.sample(rng) for _ in range(20)]
    odd = Configuration(algorithm="net", params={**usual[0].params, SCHEDULE: text}, origin="pbt")
    losses = [float(c.params["drop"]) for c in usual]  # type: ignore[arg-type]
    (found,) = judged_growing([*usual, odd], [*losses, 0.0])
    assert (found.n_configurations, found.n_scheduled) == (20, 0)
    assert found.about_schedules == ""


def test_a_rate_counts_by_its_logarithm() -> None:
    # The logarithm of the rate is uniform, and has a variance of 16/12; its square root would not.
    found = shares(judged(history_of(200, lambda p: math.log10(float(p["rate"])))))  # type: ignore[arg-type]
    assert found["rate"] == pytest.approx(1.0, abs=0.02)


def test_a_choice_counts_by_its_options() -> None:
    values = {"plain": 0.0, "wide": 2.0, "deep": 0.0}
    found = shares(
        judged(history_of(300, lambda p: values[str(p["kind"])] + math.log10(float(p["rate"]))))  # type: ignore[arg-type]
    )
    # Variances: 2^2 * 2/9 of the choice, 16/12 of the rate.
    assert found["kind"] == pytest.approx((8 / 9) / (8 / 9 + 4 / 3), abs=0.04)


def test_a_switch_keeps_its_importance_from_what_it_switches_on() -> None:
    found = shares(judged(history_of(200, lambda p: float(p["kind"] == "deep"))))
    assert found["kind"] > 0.97
    assert found["drop"] < 0.02


def test_what_is_switched_on_rarely_counts_rarely() -> None:
    # Of one in three the loss is 3 d, else 1.5: a third of the variance 9/12 is within "deep", the
    # marginal of d is 1 + d and has a variance of 1/12, a ninth of that at "deep".
    found = shares(judged(history_of(600, lambda p: 3.0 * float(p.get("drop", 0.5)))))  # type: ignore[arg-type]
    assert found["drop"] == pytest.approx(1 / 3, abs=0.05)
    assert found["kind x drop" if "kind x drop" in found else "drop x kind"] > 0.5


def test_inactive_hyperparameters_lie_anywhere_but_always_there() -> None:
    plain = [NET.from_values({**NET.defaults, "rate": rate}, "") for rate in (0.1, 0.2, 0.3, 0.4)]
    places = places_of(plain, NET)
    assert np.ptp(places[:, 2]) > 0.0
    assert places.tolist() == places_of(plain, NET).tolist()


def test_few_configurations_get_a_line_instead_of_a_figure() -> None:
    found = judged(history_of(11, lambda p: float(p["rate"])))  # type: ignore[arg-type]
    assert found.hyperparameters == ()
    assert found.note == "11 configurations with a score, too few to tell (12 needed)"


def test_equal_scores_say_nothing() -> None:
    assert judged(history_of(20, lambda _: 1.0)).note == "all configurations have the same score"


def test_importances_are_those_of_the_highest_rung() -> None:
    low = history_of(150, lambda p: 5.0 * float(p["kind"] == "wide"), rung=LOW)
    top = history_of(60, lambda p: math.log10(float(p["rate"])))  # type: ignore[arg-type]
    both = [*low.results, *top.results]
    found = shares(judged(History(LOG_LOSS, both)))
    assert found["rate"] > 0.8


def test_a_loss_above_the_constants_counts_as_the_constants() -> None:
    history = history_of(60, lambda p: 1e6 if p["kind"] == "wide" else math.log10(float(p["rate"])))  # type: ignore[arg-type]
    assert shares(judged(history))["rate"] < 0.05
    assert shares(judged(history, constant_loss=0.0))["rate"] > 0.3


def test_trials_that_failed_or_lie_outside_of_the_space_are_left_out() -> None:
    known = history_of(20, lambda p: float(p["rate"]))  # type: ignore[arg-type]
    odd = Configuration(algorithm="net", params={"rate": 0.1, "kind": "strange"})
    failed = TrialResult(
        trial=Trial(number=90, configuration=NET.default(), rung=TOP, seed=1),
        status=TrialStatus.FAILED,
    )
    more = History(LOG_LOSS, [*known.results, result(91, odd, 3.0, TOP), failed])
    assert judged(more) == judged(known)


def test_families_together_are_divided_between_their_choice_and_what_is_within() -> None:
    net = history_of(150, lambda p: 4.0 + math.log10(float(p["rate"])) / 4.0)  # type: ignore[arg-type]
    tree = history_of(150, lambda p: float(p["depth"]), TREE)  # type: ignore[arg-type]
    together, *alone = importance_in_history(
        History(LOG_LOSS, [*net.results, *tree.results]), SPACES, n_trees=16
    )
    # Means 3.5 and .5, so a variance of 2.25 between them, and 1/12 within each.
    found = shares(together)
    assert together.family == "all families"
    assert found["family"] == pytest.approx(2.25 / (2.25 + 1 / 12), abs=0.01)
    assert found["net.rate"] == pytest.approx((1 / 24) / (2.25 + 1 / 12), abs=0.005)
    assert {space.family for space in alone} == {"net", "tree"}


def test_a_family_alone_is_not_shown_twice() -> None:
    assert judged(history_of(20, lambda p: float(p["rate"]))).family == "net"  # type: ignore[arg-type]


def test_the_same_history_gives_the_same_importances() -> None:
    history = history_of(40, lambda p: float(p["rate"]))  # type: ignore[arg-type]
    assert judged(history) == judged(history)


def test_intervals_hold_their_means_and_shrink_with_more_trials() -> None:
    def width(n: int) -> float:
        found = judged(history_of(n, lambda p: math.log10(float(p["rate"])) ** 2))  # type: ignore[arg-type]
        one = next(one for one in found.hyperparameters if one.name == "rate")
        assert one.low <= one.share <= one.high
        return one.high - one.low

    assert width(200) < width(15)


def made_up_past(losses: Callable[[Params, int], float], n_tables: int = 6) -> MetaDataset:
    rng = np.random.default_rng(0)
    pool = [NET.sample(rng) for _ in range(40)]
    names = [f"table {i}" for i in range(n_tables)]
    evaluations = [
        {
            "dataset": name,
            "configuration": c.key,
            "row_share": 1.0,
            "n_folds": 3,
            "status": "ok",
            "score:log_loss": [losses(dict(c.params), place)] * 3,
        }
        for place, name in enumerate(names)
        for c in pool
    ]
    return MetaDataset(
        datasets=pd.DataFrame({"dataset": names, "kind": "binary", "constant:log_loss": 100.0}),
        configurations=pd.DataFrame(
            {
                "pool": "classification",
                "key": [c.key for c in pool],
                "algorithm": "net",
                "params": [pd.Series(dict(c.params)).to_json() for c in pool],
            }
        ),
        evaluations=pd.DataFrame(evaluations),
        manifest={},
    )


def test_past_tables_stand_beside_the_run() -> None:
    metadata = made_up_past(lambda p, _: math.log10(float(p["rate"])))  # type: ignore[arg-type]
    found = judged(history_of(60, lambda p: float(p["kind"] == "wide")))
    past = past_losses(metadata, TaskKind.BINARY, "log_loss")
    (beside,) = with_past([found], SPACES, past, TaskKind.BINARY)
    rate = next(one for one in beside.hyperparameters if one.name == "rate")
    assert beside.n_past == 6
    assert rate.share < 0.05
    assert rate.past == pytest.approx(1.0, abs=0.1)
    assert rate.past_low is not None
    assert rate.past_low > 0.8


def test_the_interval_of_past_tables_tells_how_they_differ() -> None:
    metadata = made_up_past(
        lambda p, place: math.log10(float(p["rate"])) if place % 2 else float(p["kind"] == "wide")  # type: ignore[arg-type]
    )
    found = judged(history_of(60, lambda p: float(p["kind"] == "wide")))
    past = past_losses(metadata, TaskKind.BINARY, "log_loss")
    (beside,) = with_past([found], SPACES, past, TaskKind.BINARY)
    rate = next(one for one in beside.hyperparameters if one.name == "rate")
    assert rate.past_low is not None
    assert rate.past_high is not None
    assert rate.past_low < 0.2
    assert rate.past_high > 0.8


def test_past_tables_say_nothing_about_families_that_they_do_not_know() -> None:
    metadata = made_up_past(lambda p, _: float(p["rate"]))  # type: ignore[arg-type]
    tree = importance_in_history(history_of(20, lambda p: float(p["depth"]), TREE), SPACES)  # type: ignore[arg-type]
    known = past_losses(metadata, TaskKind.BINARY, "log_loss")
    assert with_past(tree, SPACES, known, TaskKind.BINARY) == tree


def test_a_metric_that_is_not_recorded_has_the_default_beside_it() -> None:
    assert past_metric("accuracy", TaskKind.BINARY) == "accuracy"
    assert past_metric("f1", TaskKind.BINARY) == "roc_auc"
    assert past_metric("neg_median_absolute_error", TaskKind.REGRESSION) == "rmse"


def test_the_meta_dataset_knows_each_kind_of_task() -> None:
    metadata = load_metadata()
    for kind in TaskKind:
        losses = past_losses(metadata, kind, past_metric("", kind)).losses
        assert losses.shape[0] > 100
        assert losses.shape[1] > 20
        assert np.isfinite(losses.to_numpy()).mean() > 0.9


def test_the_value_has_a_table_plain_values_and_a_short_text() -> None:
    space = judged(history_of(30, lambda p: float(p["rate"])))  # type: ignore[arg-type]
    few = SpaceImportance(family="tree", n_configurations=3, note="3 configurations")
    found = HyperparameterImportance(metric="log_loss", past_metric="log_loss", spaces=(space, few))
    frame = found.to_frame()
    assert set(frame["family"]) == {"net"}
    assert frame.loc[~frame["interaction"], "hyperparameter"].tolist()[0] == "rate"
    assert frame["past"].isna().all()
    assert found.to_dict()["spaces"][1]["note"] == "3 configurations"
    assert len(repr(found).splitlines()) == 3
