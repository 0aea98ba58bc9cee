"""Members of a run's ensemble as a sampler sees them: of what was told, and no more."""

from pathlib import Path

import pytest
from ended_search import make_run

from metatune.search.history import History
from metatune.tuning.run_members import RunMembers


def test_the_ensemble_of_several_families_is_better_than_the_best_of_them(tmp_path: Path) -> None:
    run = make_run(tmp_path, "price")
    standing = RunMembers(run.prepared, run.store).standing("rmse", run.history)
    assert standing is not None
    assert standing.score < run.history.contenders()[0].score
    assert {"linear", "knn", "decision_tree"} == set(standing.shared)


def test_what_a_run_that_goes_on_has_not_told_yet_does_not_count(tmp_path: Path) -> None:
    run = make_run(tmp_path, "price")
    members = RunMembers(run.prepared, run.store)
    told = History(run.prepared.task.metric)
    assert members.standing("rmse", told) is None
    told.add(run.history.results[0])
    alone = members.standing("rmse", told)
    assert alone is not None
    assert alone.score == pytest.approx(run.history.results[0].score, rel=1e-3)
    assert set(alone.shared) == {"linear"}


def test_the_same_members_are_weighed_once(tmp_path: Path) -> None:
    run = make_run(tmp_path)
    members = RunMembers(run.prepared, run.store)
    assert members.standing("roc_auc", run.history) is members.standing("roc_auc", run.history)


def test_members_whose_predictions_are_gone_are_left_out(tmp_path: Path) -> None:
    run = make_run(tmp_path, "price")
    for result in run.history.results:
        run.store.predictions.path(result).unlink()
    assert RunMembers(run.prepared, run.store).standing("rmse", run.history) is None
