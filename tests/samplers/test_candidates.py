"""Where new configurations come from."""

from metatune.evaluation.rungs import Rung
from metatune.evaluation.trial import Trial, TrialResult, TrialStatus
from metatune.kinds import TaskKind
from metatune.metrics import resolve_metric
from metatune.samplers.candidates import Candidates
from metatune.search.halving import CandidateSource
from metatune.search.history import History
from metatune.space import Configuration, Float, SearchSpace

ACCURACY = resolve_metric("accuracy", TaskKind.BINARY)
SPACE = SearchSpace(algorithm="ridge", domains={"x": Float(0.0, 1.0)}, defaults={"x": 0.5})
BARE = SearchSpace(algorithm="bare", domains={}, defaults={})
RUNG = Rung(index=0, row_share=1.0, n_folds=1)


def ridge(x: float) -> Configuration:
    return Configuration(algorithm="ridge", params={"x": x}, origin="portfolio")


class Script:
    """A guide that says what it was told to say, and notes when it was asked."""

    def __init__(self, *answers: Configuration | None) -> None:
        self.answers = list(answers)
        self.heard: list[History] = []
        self.n_called = 0

    def get(self) -> CandidateSource:
        self.n_called += 1
        return self

    def __call__(self, history: History) -> Configuration | None:
        self.heard.append(history)
        return self.answers.pop(0) if self.answers else None


def test_the_guide_is_not_waited_for_before_it_is_needed() -> None:
    script = Script(ridge(0.1), ridge(0.2))
    candidates = Candidates([ridge(0.5), ridge(0.6)], script.get, {"ridge": SPACE}, seed=0)
    history = History(ACCURACY)
    assert [candidates(history), candidates(history)] == [ridge(0.5), ridge(0.6)]
    assert script.n_called == 0
    assert [candidates(history), candidates(history)] == [ridge(0.1), ridge(0.2)]
    assert script.n_called == 1


def test_the_guide_is_asked_each_time_with_the_history() -> None:
    script = Script(*(ridge(x / 10) for x in range(3)))
    candidates = Candidates([], script.get, {"ridge": SPACE}, seed=0)
    histories = [History(ACCURACY) for _ in range(3)]
    for history in histories:
        candidates(history)
    assert all(a is b for a, b in zip(script.heard, histories, strict=True))


def test_what_was_proposed_already_is_replaced_by_something_new() -> None:
    script = Script(ridge(0.5), None, ridge(0.1))
    candidates = Candidates([ridge(0.5), ridge(0.5)], script.get, {"ridge": SPACE}, seed=0)
    history = History(ACCURACY)
    proposed = [candidates(history) for _ in range(4)]
    assert None not in proposed
    assert [c.origin for c in proposed if c is not None] == [
        "portfolio",
        "random",
        "random",
        "portfolio",
    ]
    assert len({c.key for c in proposed if c is not None}) == 4


def test_when_the_guide_knows_no_more_the_best_are_varied() -> None:
    trial = Trial(number=0, configuration=ridge(0.9), rung=RUNG, seed=0)
    history = History(ACCURACY, [TrialResult(trial=trial, status=TrialStatus.OK, score=0.8)])
    candidates = Candidates([], Script().get, {"ridge": SPACE}, seed=0)
    proposed = [c for c in (candidates(history) for _ in range(30)) if c is not None]
    assert len(proposed) == 30
    assert {c.origin for c in proposed} == {"mutation", "random"}
    again = Candidates([], Script().get, {"ridge": SPACE}, seed=0)
    assert [again(history) for _ in range(30)] == proposed


def test_a_space_with_one_configuration_is_soon_used_up() -> None:
    candidates = Candidates([], Script().get, {"bare": BARE}, seed=0)
    history = History(ACCURACY)
    assert candidates(history) == BARE.default()
    assert candidates(history) is None
