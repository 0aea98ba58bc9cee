"""Final models with a second layer: what it takes to have one, and what they end as without it."""

from pathlib import Path
from typing import Any

import numpy as np
import pytest
from ended_search import EndedSearch, TooSlowFor, make_run, make_table

from metatune.ensemble.limits import ModelLimits
from metatune.ensemble.member_pool import CONSTANT
from metatune.ensemble.report import ensemble_record, with_ensemble
from metatune.ensemble.second_layer import LEARNERS, add_in_worker
from metatune.estimate.values import Estimate
from metatune.execution.executor import Handle, InlineExecutor, Job
from metatune.execution.local_pool import LocalPool
from metatune.models import model_file
from metatune.tuning.estimate import estimate_score
from metatune.tuning.final_model import FinalModel, build_final_model
from metatune.tuning.run import Run


def has_second(final: FinalModel) -> bool:
    return getattr(final.pipeline.steps[-1][1], "second", None) is not None


@pytest.mark.parametrize("target", ["buys", "grade", "price"])
def test_it_takes_part_where_it_helps_and_survives_saving(target: str, tmp_path: Path) -> None:
    run = make_run(tmp_path, target)
    final = run.finish()
    assert has_second(final)
    assert final.plan is not None
    assert final.plan.first is not None
    assert run.prepared.task.metric.better(final.score, final.plan.first.score)
    assert set(final.second) <= set(LEARNERS)
    total = sum(weight for _, weight in final.members) + sum(final.second.values())
    assert total == pytest.approx(1.0)
    new = make_table(80).drop(columns=target)
    loaded = model_file.load(tmp_path / "run")
    ask = "predict" if target == "price" else "predict_proba"
    np.testing.assert_array_equal(getattr(loaded, ask)(new), getattr(final.pipeline, ask)(new))


@pytest.mark.parametrize(
    "options", [{"ensemble": False}, {"limits": ModelLimits(max_bytes=10**9)}, {"seconds": 1.0}]
)
def test_there_is_none_where_the_model_has_to_be_small_or_the_time_is_short(
    options: dict[str, Any], tmp_path: Path
) -> None:
    assert not has_second(make_run(tmp_path, **options).finish())


def test_without_time_for_it_the_first_layer_is_the_model(tmp_path: Path) -> None:
    final = make_run(tmp_path, executor=TooSlowFor(add_in_worker)).finish()
    assert not has_second(final)
    assert len(final.members) >= 2


def test_without_a_member_that_it_learned_from_the_first_layer_is_the_model(
    tmp_path: Path,
) -> None:
    run = make_run(tmp_path)
    plan = run.plan_model()
    assert plan.ensemble is not None
    assert plan.ensemble.first is not None
    # The member of the least weight is neither fitted on all rows nor are its folds there.
    lost = min(plan.ensemble.first.weights, key=plan.ensemble.first.weights.__getitem__)
    lost = lost if lost > CONSTANT else max(plan.ensemble.first.weights)
    refits = run.run.scratch / "refits"
    refits.mkdir()
    (run.store.outbox / f"trial-{lost}.pkl").unlink()

    class Failing(InlineExecutor):
        def submit(self, job: Job, *, beside: bool = False) -> Handle:
            if any(getattr(a, "result", None) is run.history.results[lost] for a in job.arguments):
                job = Job(function=fail)
            return super().submit(job, beside=beside)

    parts = EndedSearch(_with_executor(run, Failing()), run.prepared, run.store, run.history)
    final = build_final_model(*parts.parts, plan)
    assert not has_second(final)
    assert final.winner is not None


def fail() -> None:
    raise RuntimeError("it cannot be fitted")


def _with_executor(run: EndedSearch, executor: InlineExecutor) -> Run:
    from dataclasses import replace

    return replace(run.run, executor=executor)


def test_one_job_or_two_give_the_same_model(tmp_path: Path) -> None:
    one = make_run(tmp_path / "one").finish()
    with LocalPool(2) as pool:
        two = make_run(tmp_path / "two", executor=pool).finish()
    assert has_second(one)
    assert one.second == two.second
    new = make_table(60)
    np.testing.assert_array_equal(one.pipeline.predict_proba(new), two.pipeline.predict_proba(new))


def test_the_estimate_covers_both_layers(tmp_path: Path) -> None:
    run = make_run(tmp_path, "price")
    final = run.finish()
    assert final.composition is not None
    assert min(final.composition.weights) < CONSTANT
    found = estimate_score(*run.parts, run.history, final)
    assert isinstance(found, Estimate)
    assert found.optimistic == pytest.approx(final.score, rel=0.02)
    assert found.low <= found.score <= found.high
    assert not run.prepared.task.metric.better(found.score, found.optimistic)


def test_it_is_told_in_the_report_and_the_leaderboard(tmp_path: Path) -> None:
    run = make_run(tmp_path, "price")
    final = run.finish()
    record = ensemble_record(final.plan, final.members, final.second)
    assert record is not None
    told = {m["algorithm"]: m["weight"] for m in record["members"] if "second" in m["algorithm"]}
    assert sorted(told.values()) == sorted(final.second.values())
    assert sum(member["weight"] for member in record["members"]) == pytest.approx(1.0)
    board = with_ensemble(run.history.leaderboard(), record)
    assert "second layer of" in board["configuration"][0]


def test_fitted_anew_the_model_is_its_first_layer(tmp_path: Path) -> None:
    final = make_run(tmp_path, "price").finish()
    table = make_table(150).drop(columns=["buys", "grade"])
    again = final.pipeline.fit(table.drop(columns="price"), table["price"])
    assert not has_second(final)
    assert sum(again.steps[-1][1].weights) == pytest.approx(1.0)
    assert again.score(table, table["price"]) > 0.5
