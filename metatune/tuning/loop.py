"""Loop of a search: trials run until time or trials are used up, or nothing is left to try."""

from collections.abc import Iterable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Protocol

from metatune.budget import Stopwatch, Timings
from metatune.errors import ClusterLostError
from metatune.evaluation.keep_rule import KeepRule
from metatune.evaluation.stop_rule import StopRule
from metatune.evaluation.trial import Trial, TrialResult, to_trial_result
from metatune.evaluation.trial_job import evaluate_and_keep
from metatune.execution.executor import Executor, Handle, Job
from metatune.execution.numeric_threads import one_numeric_thread
from metatune.samplers.base import Sampler
from metatune.samplers.next_trial import next_trial
from metatune.samplers.question import Question
from metatune.search.halving import SuccessiveHalving
from metatune.search.history import History
from metatune.search.limits import SearchLimits
from metatune.search.outcome import Ended, SearchOutcome
from metatune.search.pruning import stop_rule
from metatune.tuning.events import Events, tell_advice
from metatune.tuning.turns import Turns

__all__ = ["Reserve", "Store", "TrialFunction", "run_trials", "trial_job"]

_LEAST_SECONDS = 0.05  # less is not enough for any trial
_POLL_SECONDS = 0.5  # a growing reserve is noticed this soon
_PIECE_SECONDS = 0.05  # between the pieces of what saves the first model
_IDLE_SHARE = 0.02  # of a worker's time may pass while it waits for what to do next


class Store(Protocol):
    """Part of a run's store that the search writes to."""

    @property
    def inbox(self) -> Path:
        """Folder that holds the data."""

    @property
    def outbox(self) -> Path:
        """Folder that takes fitted pipelines and out-of-fold predictions."""

    def keep_rule(self, trial: Trial, history: History) -> KeepRule | None:
        """Return the rule for the pipelines of a trial that is about to start."""

    def record(self, result: TrialResult) -> None:
        """Put a result on the disk: from then on it counts."""

    def update(self, result: TrialResult, history: History) -> None:
        """Let go of what a result outdoes."""

    def save_first(self) -> bool:
        """Save what there is if no model is saved yet; return False if it is too soon."""

    def pulse(self) -> None:
        """Note how much of the budget is used."""


class Reserve(Protocol):
    """Seconds before the deadline to be kept free for what comes after the search."""

    def seconds(self, history: History) -> float:
        """Return them, given the trials so far."""


class TrialFunction(Protocol):
    """Function that a worker calls to evaluate a trial."""

    def __call__(
        self,
        inbox: str,
        outbox: str,
        trial: Trial,
        keep: KeepRule | None,
        stop: StopRule | None,
        slopes: bool,
        seconds: float,
        /,
    ) -> TrialResult:
        """Evaluate a trial on the data in `inbox`, leaving in `outbox` what may be used again."""


def trial_job(
    trial: Trial,
    store: Store,
    keep: KeepRule | None,
    stop: StopRule | None = None,
    *,
    slopes: bool = False,
    seconds: float = float("inf"),
    time_limit: float = float("inf"),
    function: TrialFunction = evaluate_and_keep,
) -> Job:
    """Return the job that evaluates a trial and leaves in the outbox what may be used again.

    Parameters
    ----------
    trial : Trial
        What to evaluate.
    store : Store
        Knows the inbox and the outbox.
    keep : KeepRule or None
        Which fitted pipelines to keep.
    stop : StopRule, optional
        When to cut the folds short.
    slopes : bool
        Whether derivatives of the validation loss are wanted.
    seconds : float
        After which learners stop adding iterations, so that the trial ends by itself.
    time_limit : float
        Seconds after which it is stopped.
    function : TrialFunction
        Evaluates the trial in a worker.
    """
    return Job(
        function=function,
        inbox=str(store.inbox),
        outbox=str(store.outbox),
        arguments=(trial, keep, stop, slopes, seconds),
        time_limit=time_limit,
    )


def run_trials(  # noqa: PLR0913  # one name for each part of a search
    halving: SuccessiveHalving,
    sampler: Sampler,
    turns: Turns,
    *,
    executor: Executor,
    store: Store,
    limits: SearchLimits,
    reserve: Reserve,
    events: Events,
    restored: Iterable[TrialResult] = (),
    question: Question | None = None,
    slopes: bool = False,
    function: TrialFunction = evaluate_and_keep,
) -> SearchOutcome:
    """Run trials until time or trials are used up, or nothing is left to try.

    Parameters
    ----------
    halving : SuccessiveHalving
        Decides who rises.
    sampler : Sampler
        Proposes new configurations.
    turns : Turns
        Says when a trial may be decided, and when a result is told.
    executor : Executor
        Where trials run. It is left open; no trial runs any more when this returns.
    store : Store
        Takes results and what trials leave behind.
    limits : SearchLimits
        How long to go on.
    reserve : Reserve
        Seconds to keep free after the search.
    events : Events
        Told of each new result.
    restored : iterable of TrialResult
        Results of an earlier process, which `turns` holds: they are in the store already.
    question : Question, optional
        Asks past datasets on the same workers: at once beside the first trials, or, where there is
        a single worker, when the sampler waits for it. It does not outlive the search.
    slopes : bool
        Whether the sampler needs derivatives of the validation loss.
    function : TrialFunction
        Evaluates a trial in a worker.

    Returns
    -------
    SearchOutcome
        Also when the user interrupts the search (KeyboardInterrupt) or the executor's cluster goes
        away: with what there is.

    Raises
    ------
    SearchError
        If workers cannot be started.
    BundleError
        If the journal cannot be written.
    """
    loop = _Loop(
        halving=halving,
        sampler=sampler,
        turns=turns,
        executor=executor,
        store=store,
        limits=limits,
        reserve=reserve,
        events=events,
        restored=frozenset(result.trial.number for result in restored),
        question=question,
        slopes=slopes,
        function=function,
    )
    try:
        # The other cores belong to the workers: linear algebra here must not spin on them.
        with one_numeric_thread():
            ended = loop.run()
    except KeyboardInterrupt:
        ended = Ended.INTERRUPTED
    except ClusterLostError:
        ended = Ended.CLUSTER_LOST
    finally:
        unfinished = loop.stop()
    return SearchOutcome(
        history=halving.history,
        ended=ended,
        unfinished=unfinished,
        seconds=loop.watch.seconds(),
        timings=loop.timings.seconds,
    )


@dataclass(slots=True, kw_only=True, eq=False)
class _Loop:
    """One call of `run_trials`: its parts, and where it stands."""

    halving: SuccessiveHalving
    sampler: Sampler
    turns: Turns
    executor: Executor
    store: Store
    limits: SearchLimits
    reserve: Reserve
    events: Events
    restored: frozenset[int]
    question: Question | None
    slopes: bool
    function: TrialFunction
    running: dict[Handle, Trial] = field(default_factory=dict)
    watch: Stopwatch = field(default_factory=Stopwatch)
    timings: Timings = field(default_factory=Timings)
    worked: float = 0.0  # seconds of workers in trials that have ended
    first_remaining: float = 0.0

    def run(self) -> Ended:
        """Go on until there is a reason to end."""
        self.first_remaining = self._remaining()
        is_under_way = is_saved = False
        while True:
            if self._remaining() < _LEAST_SECONDS:
                self._collect(0.0)
                return Ended.TIME
            nothing_left = self._fill()
            if is_under_way and not is_saved:  # while the workers are busy
                is_saved = self.store.save_first()
            if self.turns.idle and self.turns.all_asked:
                return Ended.TRIALS
            if self.turns.idle and nothing_left and not self._is_asking:
                return Ended.EXHAUSTED
            poll = _PIECE_SECONDS if is_under_way and not is_saved else _POLL_SECONDS
            self._collect(max(0.0, min(poll, self._remaining())))
            is_under_way = True  # the first trial had a single core for itself

    def stop(self) -> tuple[Trial, ...]:
        """Cancel what is running, count what has finished, and return what was cut off."""
        if self.question is not None:
            self.question.give_up()
        for handle in reversed(self.running):  # those that wait for a worker first
            self.timings.add("cut off", handle.cancel())
        for result in self.turns.rest():
            self._tell(result)
        return tuple(self.running.values())

    @property
    def _in_order(self) -> bool:
        return self.limits.max_trials is not None

    @property
    def _is_asking(self) -> bool:
        """True while past datasets have not answered yet."""
        return self.question is not None and self.question.is_under_way

    def _remaining(self) -> float:
        return self.limits.deadline.remaining() - self.reserve.seconds(self.halving.history)

    def _fill(self) -> bool:
        """Give work to idle workers, telling results first where it is their turn.

        Returns
        -------
        bool
            True if there is nothing to try before a further result is told.
        """
        self._tell_due()
        if self.executor.n_workers > 1:
            self._ask_past_datasets()
        while self._has_room() and self.turns.may_ask:
            limit = self._trial_seconds()
            # In a counted run measured times must not decide about a trial.
            seconds = float("inf") if self._in_order else limit
            with self.timings.on("choosing"):
                trial = next_trial(self.halving, self.sampler, seconds)
            if trial is not None:
                self._start(trial, seconds, limit)
            elif self.sampler.waits:
                self._ask_past_datasets()
                return False
            else:
                self.turns.found_nothing()
            if not self._tell_due() and trial is None:
                return True
        return False

    def _ask_past_datasets(self) -> None:
        if self.question is not None and self._has_room():
            self.question.submit(self.executor)

    def _start(self, trial: Trial, seconds: float, limit: float) -> None:
        if self.turns.replays(trial):
            return
        if self.turns.contradicts(trial):
            self.halving.withdraw(trial)
            return
        history = self.halving.history
        job = trial_job(
            trial,
            self.store,
            self.store.keep_rule(trial, history),
            stop_rule(trial, history),
            slopes=self.slopes,
            seconds=seconds,
            # What the end of the search cuts off is no failure of the trial.
            time_limit=limit if limit < self._remaining() else float("inf"),
            function=self.function,
        )
        self.turns.started(trial)
        self.running[self.executor.submit(job)] = trial
        self.events.trial_starts(trial)

    def _has_room(self) -> bool:
        """Return True if a worker is idle, or would be while it is decided what comes next.

        Trials are decided ahead of time only where they are so short that it matters: what is
        decided later is decided on more results.
        """
        if self.executor.idle:
            return True
        n_jobs = len(self.running) + self._is_asking
        n_waiting = max(0, n_jobs - self.executor.n_workers)
        return n_waiting < self.executor.n_ahead and (self._in_order or self._is_hurried())

    def _is_hurried(self) -> bool:
        """Return True if deciding and noting take a part of a trial's time that counts."""
        spent = self.timings.seconds
        deciding = spent.get("choosing", 0.0) + spent.get("noting", 0.0)
        return 0.0 < _IDLE_SHARE * self.worked < deciding

    def _trial_seconds(self) -> float:
        if self._in_order:  # the same for every trial
            return self.limits.trial.seconds(self.first_remaining, has_model=True)
        has_model = self.halving.history.incumbent() is not None
        return self.limits.trial.seconds(self._remaining(), has_model=has_model)

    def _collect(self, timeout: float) -> None:
        with self.timings.on("waiting"):
            handles = self.executor.wait(timeout)
        with self.timings.on("noting"):
            for handle in handles:
                self._note(handle)
            if not self._in_order:
                self._tell_due()
        self.store.pulse()

    def _note(self, handle: Handle) -> None:
        """Make a result of a trial that has ended, and record it: from then on it counts."""
        if self.question is not None and self.question.belongs_to(handle):
            self.timings.add("advice", 0.0 if handle.outcome is None else handle.outcome.seconds)
            tell_advice(self.events, self.question)
        trial = self.running.pop(handle, None)
        if trial is None or handle.outcome is None:
            return
        self.worked += handle.outcome.seconds
        result = to_trial_result(trial, handle.outcome)
        self.store.record(result)
        self.turns.ended(result)

    def _tell_due(self) -> bool:
        """Tell the results whose turn it is; return True if there was one."""
        told = False
        while (result := self.turns.next_due()) is not None:
            self._tell(result)
            told = True
        return told

    def _tell(self, result: TrialResult) -> None:
        self.halving.tell(result)
        if result.trial.number not in self.restored:
            self.store.update(result, self.halving.history)
            self.events.trial_ended(result, self.halving.history)
