"""Words for rungs, trials and the state of a run."""

import math

import pytest

from metatune.budget import Budget, Deadline
from metatune.evaluation.rungs import Rung
from metatune.evaluation.trial import Trial, TrialResult, TrialStatus
from metatune.kinds import TaskKind
from metatune.listeners.state import RunState
from metatune.listeners.words import extent, ladder, short_extent, trial_words
from metatune.metrics import resolve_metric
from metatune.search.history import History
from metatune.space import Configuration
from metatune.tuning.events import RunFacts, Step

THIRD = Rung(index=0, row_share=1 / 3, n_folds=1)
WHOLE = Rung(index=1, row_share=1.0, n_folds=1)
TOP = Rung(index=2, row_share=1.0, n_folds=5)
RUNGS = (THIRD, WHOLE, TOP)


def make_result(
    number: int, rung: Rung, score: float, algorithm: str = "knn", error: str = ""
) -> TrialResult:
    configuration = Configuration(algorithm=algorithm, params={"k": number}, origin="default")
    trial = Trial(number=number, configuration=configuration, rung=rung, seed=0)
    status = TrialStatus.FAILED if error else TrialStatus.OK
    return TrialResult(trial=trial, status=status, score=score, error=error)


def test_a_rung_is_named_by_what_it_looks_at() -> None:
    assert extent(THIRD, RUNGS) == "on a third of the rows"
    assert extent(Rung(index=0, row_share=1 / 27, n_folds=1), RUNGS) == "on a 27th of the rows"
    assert extent(Rung(index=0, row_share=0.25, n_folds=1), RUNGS) == "on 1/4 of the rows"
    assert extent(WHOLE, RUNGS) == "on all rows, one split"
    assert extent(TOP, RUNGS) == "on all rows, 5 splits"
    assert extent(WHOLE, (THIRD, WHOLE)) == "on all rows"


def test_the_way_up_is_told_where_there_is_one() -> None:
    assert ladder((TOP,)) == ""
    assert ladder(RUNGS) == (
        "models are first tried on a third of the rows; the better ones on all rows, one split, "
        "then on all rows, 5 splits"
    )


def test_a_score_is_called_best_only_among_those_of_its_rung() -> None:
    first, second = make_result(0, THIRD, 0.9), make_result(1, THIRD, 0.91)
    higher = make_result(2, TOP, 0.8)
    assert trial_words(first, RUNGS, "auc", None, leads=True).endswith(" - the first model")
    assert trial_words(second, RUNGS, "auc", first, leads=True).endswith(" - best so far")
    said = trial_words(higher, RUNGS, "auc", second, leads=True)
    assert "best" not in said
    assert said == "knn: auc 0.8000 on all rows, 5 splits - the first on so much data"
    assert "ahead" in trial_words(second, RUNGS, "auc", higher, leads=True)
    failed = make_result(3, TOP, math.nan, error="ValueError: no")
    assert trial_words(failed, RUNGS, "auc", first, leads=False, in_full=True) == (
        "knn(k=3): failed, ValueError: no"
    )


def make_state(n_trials: int | None = None) -> RunState:
    budget = Budget(seconds=100, max_trials=n_trials)
    state = RunState(budget, Deadline.after(25))
    assert state.now() == "reading the table"
    state.run_starts(
        RunFacts(
            table="t",
            target="y",
            task="binary",
            metric="roc_auc",
            greater_is_better=True,
            n_rows=10,
            n_columns=2,
            budget=budget,
            deadline=Deadline.after(25),
            seed=0,
            n_workers=2,
        )
    )
    state.step_starts(Step.SEARCHING)
    state.search_starts(RUNGS, 0.5)
    return state


def test_a_state_counts_and_compares() -> None:
    state, history = make_state(), History(resolve_metric("roc_auc", TaskKind.BINARY))
    assert (state.best_words(), state.tried()) == ("no model yet", "nothing yet")
    results = [
        make_result(0, THIRD, 0.9),
        make_result(1, TOP, 0.8, "lightgbm"),
        make_result(2, TOP, 0.85),
        make_result(3, THIRD, math.nan, error="no"),
    ]
    for result in results:
        state.trial_starts(result.trial)
    assert state.now() == "searching, 2 of 2 workers busy"
    for result in results:
        history.add(result)
        state.trial_ended(result, history)
    assert state.now() == "searching, 0 of 2 workers busy"
    assert state.best_words() == "roc_auc 0.8500 by knn, on all rows, 5 splits"
    assert state.rivals() == "0.5000 constant prediction, 0.8000 default LightGBM"
    assert state.tried() == "1 on a third of the rows; 2 on all rows, 5 splits; 1 failed"
    assert state.share == pytest.approx(0.75, abs=0.01)
    assert state.left == "25 s left"
    assert state.line() == (
        "searching: best roc_auc 0.8500 by knn, on all rows, 5 splits; 4 trials, 1 failed; "
        "25 s left"
    )


def test_the_default_is_compared_only_with_what_was_judged_alike() -> None:
    state, history = make_state(), History(resolve_metric("roc_auc", TaskKind.BINARY))
    for result in (make_result(0, THIRD, 0.7, "lightgbm"), make_result(1, TOP, 0.8)):
        history.add(result)
        state.trial_ended(result, history)
    assert state.rivals() == "0.5000 constant prediction"


def test_counted_runs_show_their_trials_instead_of_the_time() -> None:
    state, history = make_state(4), History(resolve_metric("roc_auc", TaskKind.BINARY))
    history.add(make_result(0, TOP, 0.7))
    state.resumes(history, 5.0)
    assert (state.share, state.left) == (0.25, "1 of 4 trials")


def test_columns_say_it_shortly() -> None:
    assert [short_extent(*given) for given in ((1 / 3, 1), (1.0, 1), (1.0, 5))] == [
        *("1/3", "all", "all x5")
    ]
