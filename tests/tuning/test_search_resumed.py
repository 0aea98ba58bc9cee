"""A search whose first results an earlier process has recorded."""

import random
from pathlib import Path

from fake_search import ScrambledExecutor, configurations, inventive, listed, search, told

from metatune.execution.executor import InlineExecutor
from metatune.search.outcome import Ended
from metatune.storage.journal import read_journal


def test_in_order_it_ends_as_if_never_interrupted(tmp_path: Path) -> None:
    path = tmp_path / "trials.jsonl"
    reference = told(search(inventive(1), InlineExecutor(), max_trials=40, journal_path=path))
    finished = read_journal(path)
    rng = random.Random(0)
    for n_kept in (0, 1, 3, 4, 5, 17, 39, 40):
        # some were still under way, and the others had ended in any order
        kept = rng.sample(finished[: n_kept + 2], min(n_kept, 40))
        for executor in (InlineExecutor(), ScrambledExecutor(3, seed=n_kept)):
            ran = []
            outcome = search(
                inventive(1),
                executor,
                max_trials=40,
                recorded=kept,
                on_result=lambda result: ran.append(result.trial.number),  # noqa: B023
            )
            assert told(outcome) == reference
            assert sorted(ran + [result.trial.number for result in kept]) == [*range(40)]


def test_more_trials_continue_it(tmp_path: Path) -> None:
    path = tmp_path / "trials.jsonl"
    search(inventive(1), InlineExecutor(), max_trials=20, journal_path=path)
    longer = search(inventive(1), InlineExecutor(), max_trials=50, recorded=read_journal(path))
    assert told(longer) == told(search(inventive(1), InlineExecutor(), max_trials=50))


def test_against_time_what_is_recorded_is_not_tried_again(tmp_path: Path) -> None:
    path = tmp_path / "trials.jsonl"
    search(listed(configurations(12)), InlineExecutor(), journal_path=path)
    whole = read_journal(path)
    outcome = search(
        listed(configurations(12)), InlineExecutor(), recorded=whole[:7], journal_path=path
    )
    added = read_journal(path)[len(whole) :]
    assert outcome.history.results == (*whole[:7], *added)
    slots = [(r.trial.configuration.key, r.trial.rung.index) for r in outcome.history.results]
    assert len(set(slots)) == len(slots) == len(whole)
    numbers = [r.trial.number for r in outcome.history.results]
    assert len(set(numbers)) == len(numbers)


def test_decisions_that_changed_since_cost_no_result(tmp_path: Path) -> None:
    path = tmp_path / "trials.jsonl"
    search(inventive(1), InlineExecutor(), max_trials=20, journal_path=path)
    past = read_journal(path)
    outcome = search(inventive(2), InlineExecutor(), max_trials=30, recorded=past)
    assert all(result in outcome.history.results for result in past)
    numbers = [r.trial.number for r in outcome.history.results]
    assert sorted(numbers) == [*range(30)]
    assert not outcome.history.pending


def test_out_of_time_at_once_still_knows_everything(tmp_path: Path) -> None:
    path = tmp_path / "trials.jsonl"
    search(inventive(1), InlineExecutor(), max_trials=20, journal_path=path)
    for max_trials in (None, 40):
        outcome = search(
            inventive(1),
            InlineExecutor(),
            seconds=0.0,
            max_trials=max_trials,
            recorded=read_journal(path),
        )
        assert outcome.ended is Ended.TIME
        assert len(outcome.history.results) == 20
