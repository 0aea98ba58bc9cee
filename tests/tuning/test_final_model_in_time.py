"""Final models where time is short: what is saved, fitted or left out."""

from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from ended_search import EndedSearch, TooSlowFor, make_run, make_table
from sklearn.pipeline import Pipeline

from metatune.budget import Deadline
from metatune.ensemble.limits import ModelLimits
from metatune.ensemble.plan import plan_in_worker
from metatune.evaluation.refit import refit_in_worker
from metatune.models import model_file
from metatune.search.history import History
from metatune.storage.store import RunStore
from metatune.tuning import final_model
from metatune.tuning.final_model import build_final_model
from metatune.tuning.time_plan import can_save


class TestTimeForSaving:
    """A forest of many rows once ended a search of a minute after twenty seconds."""

    def test_large_models_take_seconds(self, tmp_path: Path) -> None:
        run = make_run(tmp_path, "price")
        large = replace(run.history.contenders()[0], model_bytes=300_000_000)
        more = run.plan.seconds(History(run.prepared.task.metric, [large]))
        assert 3.0 < more - run.plan.seconds(run.history) < 16.0

    def test_where_nothing_is_saved_they_take_none(self, tmp_path: Path) -> None:
        run = make_run(tmp_path, "price", saved=False)
        assert run.store.seconds_to_save(300_000_000) == 0.0
        assert can_save(run.finish().pipeline, run.store, Deadline.after(0.0))


class TestTimeForMore:
    """Time that finishing was thought to take, and did not."""

    def slow(self, run: EndedSearch) -> History:
        """Let the run's fits have taken long."""
        results = [replace(result, fit_seconds=30.0) for result in run.history.results]
        history = History(run.prepared.task.metric, results)
        for result in results:
            run.store.update(result, history)
        return history

    def test_what_finishing_has_taken_is_kept_free_instead_of_what_it_may_take(
        self, tmp_path: Path
    ) -> None:
        run = make_run(tmp_path, "price")
        slow = self.slow(run)
        assert run.plan.model_seconds(slow) > 15.0
        several = run.plan.measured(2.0, was_single=False)
        assert 2.0 < several.model_seconds(slow) < 4.0
        assert several.measured(1.0, was_single=False).finishing == 2.0
        single = run.plan.measured(2.0, was_single=True)  # members may come yet
        assert 9.0 < single.model_seconds(slow) < run.plan.model_seconds(slow)

    @pytest.mark.parametrize(
        ("left", "finishing", "is_worth"),
        [(60.0, 2.0, True), (60.0, 25.0, True), (60.0, 40.0, False), (3.5, 2.0, False)],
    )
    def test_a_search_goes_on_where_it_gains_more_than_it_costs(
        self, tmp_path: Path, left: float, finishing: float, is_worth: bool
    ) -> None:
        run = make_run(tmp_path, "price")
        plan = replace(run.plan, deadline=Deadline.after(left), finishing=finishing)
        assert plan.is_worth_more(run.history) is is_worth

    def test_a_plan_differs_from_a_model_of_other_members(self, tmp_path: Path) -> None:
        run = make_run(tmp_path, "price")
        plan, saved = run.plan_model(), run.finish()
        assert not plan.differs_from(saved)
        alone = build_final_model(*run.parts, plan.alone(plan.able[0], Deadline.after(60.0)))
        assert plan.differs_from(alone)
        assert not replace(plan, ensemble=None).differs_from(alone)
        assert not replace(plan, interrupted=True).differs_from(alone)


def test_without_time_to_fit_the_folds_are_averaged(tmp_path: Path) -> None:
    run = make_run(tmp_path, executor=TooSlowFor(refit_in_worker))
    final = run.finish()
    model = final.pipeline.steps[-1][1]
    n_members = sum(result is not None for result, _ in final.members)
    constant = len(final.members) - n_members
    assert len(model.members) == 3 * n_members + constant
    assert "of 400 rows in each fold" in final.fitted_on
    second = [] if model.second is None else model.second.weights
    assert sum(model.weights) + sum(second) == pytest.approx(1.0)
    loaded = model_file.load(tmp_path / "run")
    new = make_table(50)
    np.testing.assert_array_equal(loaded.predict_proba(new), final.pipeline.predict_proba(new))


def test_without_time_to_save_all_folds_one_of_each_member_is_kept(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    left: list[float] = []

    def in_time(pipeline: Pipeline, store: RunStore, deadline: Deadline) -> bool:
        left.append(deadline.remaining())
        return len(left) > 1

    monkeypatch.setattr(final_model, "can_save", in_time)
    run = make_run(tmp_path, executor=TooSlowFor(refit_in_worker))
    final = run.finish()
    model = final.pipeline.steps[-1][1]
    assert len(final.members) > 1, "a single member is worth less"
    assert len(model.members) == len(final.members)
    assert left[1] > left[0], "the time for an estimate is used where it has to be"
    assert "of 400 rows" in final.fitted_on
    assert "each fold" not in final.fitted_on


def test_a_plan_that_takes_too_long_is_made_lightly(tmp_path: Path) -> None:
    run = make_run(tmp_path, executor=TooSlowFor(plan_in_worker))
    final = run.finish()
    assert len(final.members) > 1
    assert final.score > run.history.contenders()[0].score


@pytest.mark.parametrize(
    "asked",
    [{"metric": "f1"}, {"ensemble": False}, {"limits": ModelLimits(max_bytes=10_000_000)}],
    ids=["a decision", "a single model", "limits"],
)
def test_where_a_light_plan_cannot_do_the_best_single_one_is_the_model(
    tmp_path: Path, asked: dict[str, Any]
) -> None:
    run = make_run(tmp_path, executor=TooSlowFor(plan_in_worker), **asked)
    final = run.finish()
    best = run.history.contenders()[0]
    assert final.winner == best.trial.configuration
    assert final.score == best.score
    assert len(final.members) == 1


def test_a_hurried_end_saves_a_model_without_an_ensemble(tmp_path: Path) -> None:
    final = make_run(tmp_path).finish(interrupted=True)
    assert final.winner is not None
    assert len(final.members) == 1
    assert model_file.load(tmp_path / "run").predict(make_table(5)).shape == (5,)
