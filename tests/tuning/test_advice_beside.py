"""Advice that is asked for beside the first trials, and where the time of a search goes."""

from fake_jobs import double
from fake_search import ACCURACY, Plan, ScrambledExecutor, configurations, listed, search

from metatune.data.encoding.shape import Shape
from metatune.evaluation.rungs import plan_rungs
from metatune.execution.executor import Executor, Handle, InlineExecutor, Job, JobOutcome
from metatune.samplers.base import ListedSampler, Proposal, Sampler, SamplerChain
from metatune.samplers.question import Question
from metatune.search.halving import SuccessiveHalving
from metatune.search.history import History
from metatune.search.outcome import Ended
from metatune.space import Configuration
from metatune.tuning.events import Events


class SlowAnswer(Executor):
    """Two workers; what is no trial takes until so many trials have ended."""

    def __init__(self, n_before: int) -> None:
        self._ran = InlineExecutor()
        self._n_before = n_before
        self._trials: list[Handle] = []
        self.answers: list[tuple[Handle, JobOutcome]] = []
        self.most_trials_at_once = 0
        self.cancelled: list[Handle] = []

    @property
    def n_workers(self) -> int:
        return 2

    @property
    def idle(self) -> int:
        return 2 - len(self._trials) - len(self.answers)

    def submit(self, job: Job, *, beside: bool = False) -> Handle:
        assert self.idle > 0
        handle = Handle(job, self, beside=beside)
        outcome = self._ran.call(job)
        if job.function is double:
            self.answers.append((handle, outcome))
        else:
            handle.outcome = outcome
            self._trials.append(handle)
        if self.answers:
            self.most_trials_at_once = max(self.most_trials_at_once, len(self._trials))
        return handle

    def wait(self, timeout: float) -> list[Handle]:
        told, self._trials = self._trials, []
        self._n_before -= len(told)
        if self._n_before <= 0:
            for handle, outcome in self.answers:
                handle.outcome = outcome
                told.append(handle)
            self.answers = []
        return told

    def call(self, job: Job) -> JobOutcome:
        raise AssertionError("the search submits, it does not call")

    def _cancel(self, handle: Handle) -> float:
        self.cancelled.append(handle)
        return 0.0

    def close(self) -> None:
        self._trials.clear()


class Advised(Events):
    """Notes what was advised."""

    def __init__(self) -> None:
        self.advice: list[object] = []

    def advised(self, advice: object) -> None:
        self.advice.append(advice)


def make_question() -> Question:
    return Question(Job(function=double, arguments=(21,)))


def one_rung(sampler: Sampler) -> Plan:
    rungs = plan_rungs(Shape(n_rows=400, n_columns=30), 1)
    return Plan(SuccessiveHalving(rungs, ACCURACY), sampler)


class Following(Sampler):
    """Proposes nothing before there is an answer."""

    def __init__(self, question: Question, candidates: list[Configuration]) -> None:
        self.question, self.upcoming = question, iter(candidates)

    @property
    def waits(self) -> bool:
        return not self.question.is_settled

    def propose(self, history: History) -> Proposal | None:
        found = None if self.waits else next(self.upcoming, None)
        return None if found is None else Proposal(configuration=found)


def test_trials_run_beside_the_question() -> None:
    executor, events = SlowAnswer(n_before=4), Advised()
    question = make_question()
    outcome = search(listed(configurations(9)), executor, question=question, events=events)
    assert events.advice == [42]
    assert question.outcome is not None
    assert question.outcome.value == 42
    assert executor.most_trials_at_once == 1
    assert outcome.ended is Ended.EXHAUSTED


def test_a_search_with_nothing_to_try_waits_for_its_answer() -> None:
    question, events = make_question(), Advised()
    plan = one_rung(Following(question, configurations(3)))
    outcome = search(plan, SlowAnswer(n_before=0), question=question, events=events)
    assert events.advice == [42]
    assert len(outcome.history.results) == 3


def test_a_single_worker_asks_when_the_safe_start_is_over() -> None:
    question, executor = make_question(), ScrambledExecutor(1, 0)
    chain = SamplerChain([ListedSampler(configurations(2)), Following(question, [])])
    search(one_rung(chain), executor, question=question, events=Advised())
    assert [job.function is double for job in executor.jobs] == [False, False, True]


def test_the_end_of_the_search_ends_the_question() -> None:
    executor, events, question = SlowAnswer(n_before=10**9), Advised(), make_question()
    plan = one_rung(Following(question, []))
    outcome = search(plan, executor, question=question, events=events, seconds=0.2)
    assert outcome.ended is Ended.TIME
    assert [question.belongs_to(handle) for handle in executor.cancelled] == [True]
    assert question.is_settled
    assert events.advice == []


def test_the_search_says_where_its_time_went() -> None:
    executor = SlowAnswer(n_before=1)
    outcome = search(listed(configurations(5)), executor, question=make_question())
    assert {"choosing", "waiting", "noting", "advice"} <= set(outcome.timings)
    own = sum(outcome.timings[name] for name in ("choosing", "waiting", "noting"))
    assert 0 < own <= outcome.seconds
