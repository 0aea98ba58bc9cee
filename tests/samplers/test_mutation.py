"""Samplers: a chain of lists, advice and mutations."""

from metatune.evaluation.rungs import Rung
from metatune.evaluation.trial import Trial, TrialResult, TrialStatus
from metatune.kinds import TaskKind
from metatune.metrics import resolve_metric
from metatune.samplers.base import TOP_RUNG, ListedSampler, Proposal, Sampler, SamplerChain
from metatune.samplers.mutation import MutationSampler, RandomSampler
from metatune.search.history import History
from metatune.space import Configuration, Float, SearchSpace

ACCURACY = resolve_metric("accuracy", TaskKind.BINARY)
SPACE = SearchSpace(algorithm="ridge", domains={"x": Float(0.0, 1.0)}, defaults={"x": 0.5})
BARE = SearchSpace(algorithm="bare", domains={}, defaults={})
RUNG = Rung(index=0, row_share=1.0, n_folds=1)


def ridge(x: float) -> Configuration:
    return Configuration(algorithm="ridge", params={"x": x}, origin="portfolio")


class Script(Sampler):
    """A sampler that says what it was told to say, and notes what it was asked."""

    def __init__(self, *answers: Configuration | None, waits: bool = False) -> None:
        self.answers = list(answers)
        self.heard: list[History] = []
        self._waits = waits

    @property
    def waits(self) -> bool:
        return self._waits

    def propose(self, history: History) -> Proposal | None:
        self.heard.append(history)
        answer = self.answers.pop(0) if self.answers else None
        return None if answer is None else Proposal(configuration=answer)


def start(history: History, sampler: Sampler) -> Configuration | None:
    """Take a proposal and let it be under way."""
    proposal = sampler.propose(history)
    if proposal is None:
        return None
    number = len(history.pending)
    history.start(Trial(number=number, configuration=proposal.configuration, rung=RUNG, seed=0))
    return proposal.configuration


def test_a_later_sampler_is_not_asked_before_it_is_needed() -> None:
    script = Script(ridge(0.1), ridge(0.2))
    chain = SamplerChain([ListedSampler([ridge(0.5), ridge(0.6)]), script])
    history = History(ACCURACY)
    assert [start(history, chain) for _ in range(2)] == [ridge(0.5), ridge(0.6)]
    assert script.heard == []
    assert [start(history, chain) for _ in range(2)] == [ridge(0.1), ridge(0.2)]
    assert script.heard == [history, history]


def test_a_chain_waits_for_a_sampler_that_waits() -> None:
    waiting = Script(waits=True)
    chain = SamplerChain([ListedSampler([]), waiting, ListedSampler([ridge(0.1)])])
    assert chain.propose(History(ACCURACY)) is None
    assert chain.waits
    calm = SamplerChain([Script(), ListedSampler([ridge(0.1)])])
    assert start(History(ACCURACY), calm) == ridge(0.1)
    assert not calm.waits


def test_a_list_passes_over_what_is_known_and_says_who_starts_at_the_top() -> None:
    history = History(ACCURACY)
    sampler = ListedSampler([ridge(0.5), ridge(0.5), ridge(0.6)], starts={ridge(0.6): TOP_RUNG})
    assert start(history, sampler) == ridge(0.5)
    assert sampler.propose(history) == Proposal(configuration=ridge(0.6), rung=TOP_RUNG)
    assert start(history, sampler) == ridge(0.6)
    assert sampler.propose(history) is None


def test_what_is_known_is_replaced_by_something_new() -> None:
    mutation = MutationSampler({"ridge": SPACE}, seed=0)
    chain = SamplerChain([ListedSampler([ridge(0.5), ridge(0.5)]), mutation])
    history = History(ACCURACY)
    proposed = [start(history, chain) for _ in range(4)]
    assert [c.origin for c in proposed if c is not None] == ["portfolio", *["random"] * 3]
    assert len({c.key for c in proposed if c is not None}) == 4


def test_the_best_are_varied() -> None:
    def propose() -> list[Configuration | None]:
        trial = Trial(number=99, configuration=ridge(0.9), rung=RUNG, seed=0)
        history = History(ACCURACY, [TrialResult(trial=trial, status=TrialStatus.OK, score=0.8)])
        sampler = MutationSampler({"ridge": SPACE}, seed=0)
        return [start(history, sampler) for _ in range(30)]

    proposed = propose()
    assert {c.origin for c in proposed if c is not None} == {"mutation", "random"}
    assert None not in proposed
    assert propose() == proposed


def test_a_space_with_one_configuration_is_soon_used_up() -> None:
    for sampler in (MutationSampler({"bare": BARE}, 0), RandomSampler({"bare": BARE}, 0)):
        history = History(ACCURACY)
        assert start(history, sampler) == BARE.default()
        assert sampler.propose(history) is None
