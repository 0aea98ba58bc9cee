"""Extensions of runs: more time, more trials, or another choice of the model."""

from dataclasses import replace

import pytest
from run_records import make_record

from metatune.budget import Budget
from metatune.evaluation.rungs import Rung
from metatune.evaluation.trial import Trial, TrialResult, TrialStatus
from metatune.space import Configuration
from metatune.storage.extension import CHOICE, Extension, choice_alone, extended
from metatune.storage.journal import Past
from metatune.storage.record import Seconds
from metatune.storage.resume import Earlier

SECONDS = Seconds(budget=60.0, plan=60.0, before=0.0, used=50.0)
GIVEN = Budget(seconds=60.0, max_trials=None)


def finished(n_trials: int = 5, status: str = "done", max_trials: int | None = None) -> Earlier:
    tree = Configuration(algorithm="tree", params={}, origin="test")
    rung = Rung(index=0, row_share=1.0, n_folds=5)
    trials = [Trial(number=i, configuration=tree, rung=rung, seed=1) for i in range(n_trials)]
    results = tuple(TrialResult(trial=t, status=TrialStatus.OK, score=0.5) for t in trials)
    record = make_record(status=status, seconds=SECONDS, max_trials=max_trials)
    return Earlier(record=record, past=Past(results=results))


@pytest.mark.parametrize("name", CHOICE)
def test_another_choice_gives_a_finished_run_time_and_no_trial(name: str) -> None:
    earlier = finished()
    assert earlier.record is not None
    now = replace(earlier.record.options, **{name: "other"})  # type: ignore[arg-type]
    extension = choice_alone(now, earlier)
    assert extension == Extension(trials=0)
    budget = extended(GIVEN, earlier, extension)
    assert budget.max_trials == 5  # which are finished
    assert budget.seconds == 650.0  # used, and ten minutes more


def test_the_same_choice_is_no_extension() -> None:
    earlier = finished()
    assert earlier.record is not None
    assert choice_alone(earlier.record.options, earlier) is None
    assert extended(GIVEN, earlier, None) == GIVEN


@pytest.mark.parametrize("earlier", [None, finished(status="running"), finished(n_trials=0)])
def test_a_choice_alone_needs_a_finished_run_with_trials(earlier: Earlier | None) -> None:
    now = replace(make_record().options, prefer="latency")
    assert choice_alone(now, earlier) is None


def test_time_goes_on_beyond_trials_that_are_done_and_ends_with_those_that_are_not() -> None:
    more = Extension(seconds=30.0)
    assert extended(GIVEN, finished(max_trials=5), more) == Budget(seconds=80.0, max_trials=None)
    assert extended(GIVEN, finished(max_trials=9), more) == Budget(seconds=80.0, max_trials=9)


def test_trials_are_more_than_are_finished() -> None:
    assert extended(GIVEN, finished(), Extension(trials=2)).max_trials == 7
