"""Sampler that follows advice once there is some."""

from collections.abc import Mapping

import fake_jobs
from made_up_past import QUICK, make_pool

from metatune.budget import Deadline
from metatune.data.encoding.shape import Shape
from metatune.evaluation.rungs import plan_rungs
from metatune.evaluation.trial import Trial
from metatune.execution.executor import Handle, InlineExecutor, Job, JobOutcome, JobStatus
from metatune.kinds import TaskKind
from metatune.metrics import resolve_metric
from metatune.samplers.advised import AdvisedSampler
from metatune.samplers.base import ListedSampler, Sampler
from metatune.samplers.patience import Patience
from metatune.samplers.question import Question
from metatune.samplers.strategy import Asked, Situation, Strategy
from metatune.search.history import History
from metatune.space import Configuration, SearchSpace

DEFAULTS = make_pool(TaskKind.BINARY, QUICK)
ADVISED = Configuration(algorithm="fake", params={"quality": 1.0})
SPACES: Mapping[str, SearchSpace] = {}
ACCURACY = resolve_metric("accuracy", TaskKind.BINARY)
RUNG = plan_rungs(Shape(n_rows=2_000, n_columns=30), 5)[0]


def follow(situation: Situation) -> Sampler:
    return ListedSampler([ADVISED] * (situation.n_first + 1))


def make_sampler(
    question: Question, *, meanwhile: bool, needs_advice: bool = True
) -> AdvisedSampler:
    strategy = Strategy(name="test", asked=Asked.SIMILAR, sampler=follow, needs_advice=needs_advice)
    situation = Situation(
        spaces=SPACES,
        rungs=plan_rungs(Shape(n_rows=2_000, n_columns=30), 5),
        n_first=2,
        patience=Patience(deadline=Deadline.after(60.0)),
        seed=0,
    )
    return AdvisedSampler(question, strategy, situation, DEFAULTS, meanwhile=meanwhile)


def proposed(sampler: Sampler, history: History | None = None) -> Configuration | None:
    """Take a proposal and let it be under way."""
    history = history or History(ACCURACY)
    proposal = sampler.propose(history)
    if proposal is None:
        return None
    number = len(history.pending)
    history.start(Trial(number=number, configuration=proposal.configuration, rung=RUNG, seed=0))
    return proposal.configuration


def ask() -> tuple[Question, list[Handle]]:
    """Submit a question, and return the handles of what it has submitted."""
    handles: list[Handle] = []

    class Late(InlineExecutor):
        """Executor whose jobs end when they are told to."""

        def submit(self, job: Job, *, beside: bool = False) -> Handle:
            handles.append(Handle(job, self, beside=beside))
            return handles[-1]

    question = Question(Job(function=fake_jobs.double, arguments=(1,)))
    question.submit(Late())
    return question, handles


def test_defaults_are_proposed_meanwhile_and_then_the_advice() -> None:
    question, handles = ask()
    sampler = make_sampler(question, meanwhile=True)
    assert proposed(sampler) == DEFAULTS[0]
    assert not sampler.waits
    handles[0].outcome = JobOutcome(status=JobStatus.OK, value="advice")
    assert proposed(sampler) == ADVISED


def test_a_single_worker_waits_for_the_answer() -> None:
    question, handles = ask()
    sampler = make_sampler(question, meanwhile=False)
    assert proposed(sampler) is None
    assert sampler.waits
    handles[0].outcome = JobOutcome(status=JobStatus.OK, value="advice")
    assert not sampler.waits
    assert proposed(sampler) == ADVISED


def test_without_an_answer_the_defaults_go_on_where_they_were() -> None:
    question, handles = ask()
    sampler, history = make_sampler(question, meanwhile=True), History(ACCURACY)
    assert proposed(sampler, history) == DEFAULTS[0]
    handles[0].outcome = JobOutcome(status=JobStatus.CRASHED, error="gone")
    assert [proposed(sampler, history) for _ in DEFAULTS] == [*DEFAULTS[1:], None]


def test_without_an_answer_a_strategy_that_can_do_without_begins_cold() -> None:
    question, handles = ask()
    sampler = make_sampler(question, meanwhile=True, needs_advice=False)
    assert proposed(sampler) == DEFAULTS[0]
    handles[0].outcome = JobOutcome(status=JobStatus.CRASHED, error="gone")
    assert proposed(sampler) == ADVISED
