"""The search loop: halving decides, the executor acts, the journal remembers, until time is up."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from pathlib import Path

from threadpoolctl import threadpool_limits

from metatune.budget import Stopwatch, Timings
from metatune.errors import ClusterLostError
from metatune.evaluation.keep_rule import KeepRule
from metatune.evaluation.stop_rule import StopRule
from metatune.evaluation.trial import Trial, TrialResult, to_trial_result
from metatune.evaluation.trial_job import evaluate_and_keep
from metatune.execution.executor import Executor, Handle, Job
from metatune.search.halving import SuccessiveHalving
from metatune.search.limits import SearchLimits
from metatune.search.outcome import Ended, SearchOutcome
from metatune.search.pruning import stop_rule
from metatune.storage.journal import Journal, Stamp
from metatune.tuning.hooks import Errand, Keeping

__all__ = ["IN_ORDER_LAG", "Folders", "run_search", "trial_job"]

IN_ORDER_LAG = 3
"""With `max_trials`, trial t is decided on the results of trials 0 to t - 1 - IN_ORDER_LAG, always.

So decisions do not depend on which trial happened to be faster, nor on the number of workers; and
no more than IN_ORDER_LAG + 1 workers have something to do.
"""

_LEAST_SECONDS = 0.05  # less is not enough for any trial
_POLL_SECONDS = 0.5  # a growing reserve and a stop flag are noticed this soon
_IDLE_SHARE = 0.02  # of a worker's time may pass while it waits for what to do next


@dataclass(frozen=True, slots=True, kw_only=True)
class Folders:
    """Where jobs read and write; see `metatune.execution.executor.Job`.

    Attributes
    ----------
    inbox : Path
        Holds the data.
    outbox : Path
        Takes fitted pipelines and out-of-fold predictions.
    """

    inbox: Path
    outbox: Path


def trial_job(
    trial: Trial,
    folders: Folders,
    keep: KeepRule | None,
    stop: StopRule | None = None,
    *,
    evaluate: Callable[..., TrialResult] = evaluate_and_keep,
    time_limit: float = float("inf"),
) -> Job:
    """Return the job that evaluates a trial and leaves in the outbox what may be used again."""
    return Job(
        function=evaluate,
        inbox=str(folders.inbox),
        outbox=str(folders.outbox),
        arguments=(trial, keep, stop),
        time_limit=time_limit,
    )


def run_search(  # noqa: PLR0913  # one name for each hook
    halving: SuccessiveHalving,
    executor: Executor,
    folders: Folders,
    *,
    limits: SearchLimits,
    reserve: Callable[[], float] = lambda: 0.0,
    journal_path: Path | None = None,
    stamp: Callable[[], Stamp] = Stamp,
    recorded: Sequence[TrialResult] = (),
    keeping: Keeping | None = None,
    on_result: Callable[[TrialResult], None] | None = None,
    errand: Errand | None = None,
    meanwhile: Callable[[], None] | None = None,
    evaluate: Callable[..., TrialResult] = evaluate_and_keep,
) -> SearchOutcome:
    """Run trials until time or trials are used up, or nothing is left to try.

    Parameters
    ----------
    halving : SuccessiveHalving
        Decides; may know results of an earlier run already.
    executor : Executor
        Where trials run. It is left open and has nothing to do when this returns.
    folders : Folders
        Where the workers find the data, and leave what `keeping` asks for.
    limits : SearchLimits
        How long to go on.
    reserve : callable
        Returns the seconds before the deadline to be kept free for what comes after the search.
    journal_path : Path, optional
        File that every result is appended to before it counts.
    stamp : callable
        Returns what the journal notes beside a result.
    recorded : sequence of TrialResult
        Results of an earlier process, in the order in which they ended: they count, and are not
        produced again. With `max_trials` they are told when it would have been their turn, so that
        the search ends as if it had never been interrupted.
    keeping : Keeping, optional
        What becomes of fitted pipelines and predictions; none are kept without.
    on_result : callable, optional
        Called with each new result after it was told to `halving`.
    errand : Errand, optional
        Another job, beside which the first trials run; not with `max_trials`, where nothing may
        depend on what is done first.
    meanwhile : callable, optional
        Called once, as soon as the workers have something to do: what the caller has to do anyway.
    evaluate : callable, optional
        Function that workers run for a trial, with the arguments of `evaluate_and_keep`.

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
    search = _Search(
        halving=halving,
        executor=executor,
        folders=folders,
        limits=limits,
        reserve=reserve,
        journal=None if journal_path is None else Journal(journal_path),
        stamp=stamp,
        recorded={result.trial.number: result for result in recorded},
        keeping=keeping,
        on_result=on_result,
        errand=errand,
        meanwhile=meanwhile,
        evaluate=evaluate,
    )
    try:
        # The other cores belong to the workers: linear algebra here must not spin on them.
        with threadpool_limits(limits=1):
            ended = search.run()
    except KeyboardInterrupt:
        ended = Ended.INTERRUPTED
    except ClusterLostError:
        ended = Ended.CLUSTER_LOST
    finally:
        unfinished = search.stop()
    return SearchOutcome(
        history=halving.history,
        ended=ended,
        unfinished=unfinished,
        seconds=search.watch.seconds(),
        timings=search.timings.seconds,
    )


@dataclass(slots=True, kw_only=True, eq=False)
class _Search:
    """One call of `run_search`: its parts, and where it stands.

    `untold` holds the trials that were asked for and not told yet, in that order, and `finished`
    the results among them that wait for their turn, by the number of the trial. `recorded` holds
    the results of an earlier process that are not told yet, and `restored` the numbers of all.
    """

    halving: SuccessiveHalving
    executor: Executor
    folders: Folders
    limits: SearchLimits
    reserve: Callable[[], float]
    journal: Journal | None
    stamp: Callable[[], Stamp]
    recorded: dict[int, TrialResult]
    keeping: Keeping | None
    on_result: Callable[[TrialResult], None] | None
    errand: Errand | None
    meanwhile: Callable[[], None] | None
    evaluate: Callable[..., TrialResult]
    errand_handle: Handle | None = None
    watch: Stopwatch = field(default_factory=Stopwatch)
    timings: Timings = field(default_factory=Timings)
    running: dict[Handle, Trial] = field(default_factory=dict)
    untold: list[Trial] = field(default_factory=list)
    finished: dict[int, TrialResult] = field(default_factory=dict)
    restored: frozenset[int] = frozenset()
    n_asked: int = 0
    worked: float = 0.0  # seconds of workers in trials that have ended
    must_tell: bool = False  # there was nothing to do; asking again makes sense after a result
    first_remaining: float = 0.0

    def run(self) -> Ended:
        """Go on until there is a reason to end."""
        self.first_remaining = self._remaining()
        self.restored = frozenset(self.recorded)
        if not self.in_order:
            self._tell_recorded()
        while True:
            if self.limits.should_stop():
                return Ended.STOPPED
            if self._remaining() < _LEAST_SECONDS:
                self._collect(0.0)
                return Ended.TIME
            self._fill()
            if self.meanwhile is not None:
                self.meanwhile()
                self.meanwhile = None
            if not self.untold and self.errand is None:
                return Ended.TRIALS if self._all_asked() else Ended.EXHAUSTED
            self._collect(max(0.0, min(_POLL_SECONDS, self._remaining())))

    def stop(self) -> tuple[Trial, ...]:
        """Kill what is running, count what has finished, and return what was cut off."""
        if self.errand_handle is not None:
            self.errand_handle.cancel()
        for handle in reversed(self.running):  # those that wait for a worker first
            self.timings.add("cut off", handle.cancel())
        for number in sorted(self.finished):
            self._tell(self.finished[number])
        self._tell_recorded()
        if self.journal is not None:
            self.journal.close()
        return tuple(self.untold)

    @property
    def in_order(self) -> bool:
        return self.limits.max_trials is not None

    def _all_asked(self) -> bool:
        return self.limits.max_trials is not None and self.n_asked >= self.limits.max_trials

    def _remaining(self) -> float:
        return self.limits.deadline.remaining() - self.reserve()

    def _fill(self) -> None:
        """Give work to idle workers, telling results first where it is their turn."""
        while self._tell_next():
            pass
        if self.errand is not None and self.errand_handle is None and self.executor.idle:
            self.errand_handle = self.executor.submit(self.errand.job)
        while self._has_room() and not self._all_asked() and not self.must_tell:
            if self.in_order and len(self.untold) > IN_ORDER_LAG:
                return
            seconds = self._trial_seconds()
            with self.timings.on("choosing"):
                trial = self.halving.ask(float("inf") if self.in_order else seconds)
            if trial is None:
                self.must_tell = bool(self.untold)
            else:
                self._submit(trial, seconds)
            if not self._tell_next() and trial is None:
                return

    def _has_room(self) -> bool:
        """Whether a worker is idle, or would be while it is decided what comes next.

        Trials are decided ahead of time only where they are so short that it matters: what is
        decided later is decided on more results.
        """
        if self.executor.idle:
            return True
        n_jobs = len(self.running) + (self.errand_handle is not None)
        n_waiting = max(0, n_jobs - self.executor.n_workers)
        return n_waiting < self.executor.n_ahead and (self.in_order or self._is_hurried())

    def _is_hurried(self) -> bool:
        """Whether deciding and noting take a part of a trial's time that counts."""
        spent = self.timings.seconds
        deciding = spent.get("choosing", 0.0) + spent.get("noting", 0.0)
        return 0.0 < _IDLE_SHARE * self.worked < deciding

    def _tell_next(self) -> bool:
        """Tell the result whose turn it is, if it is there; say whether it was."""
        due = self.must_tell or self._all_asked() or len(self.untold) > IN_ORDER_LAG
        if not due or not self.untold or self.untold[0].number not in self.finished:
            return False
        self._tell(self.finished[self.untold[0].number])
        return True

    def _submit(self, trial: Trial, seconds: float) -> None:
        if trial.number in self.recorded:
            self._take_recorded(trial)
            return
        rule = None
        if self.keeping is not None:
            rule = self.keeping.rule(trial, self.halving.history)
        job = trial_job(
            trial,
            self.folders,
            rule,
            stop_rule(trial, self.halving.history),
            evaluate=self.evaluate,
            # What the end of the search cuts off is no failure of the trial.
            time_limit=seconds if seconds < self._remaining() else float("inf"),
        )
        self.n_asked += 1
        self.untold.append(trial)
        self.running[self.executor.submit(job)] = trial

    def _take_recorded(self, trial: Trial) -> None:
        """Take the result of a trial from an earlier process instead of running it."""
        result = self.recorded[trial.number]
        if not _same(result.trial, trial):
            # Something that decides has changed since, such as the version of metatune.
            self.halving.withdraw(trial)
            self._tell_recorded()
            return
        del self.recorded[trial.number]
        self.n_asked += 1
        self.untold.append(trial)
        self.finished[trial.number] = result

    def _tell_recorded(self) -> None:
        """Tell all results of an earlier process that were not told yet."""
        for result in self.recorded.values():
            self.n_asked += 1
            self._tell(result)
        self.recorded = {}

    def _trial_seconds(self) -> float:
        if self.in_order:  # measured times must not decide about a trial
            return self.limits.trial.seconds(self.first_remaining, has_model=True)
        has_model = self.halving.history.incumbent() is not None
        return self.limits.trial.seconds(self._remaining(), has_model=has_model)

    def _collect(self, timeout: float) -> None:
        with self.timings.on("waiting"):
            ended = self.executor.wait(timeout)
        with self.timings.on("noting"):
            for handle in ended:
                self._note(handle)

    def _note(self, handle: Handle) -> None:
        outcome = handle.outcome
        if outcome is not None and self.errand is not None and handle is self.errand_handle:
            self.timings.add("errand", outcome.seconds)
            done, self.errand, self.errand_handle = self.errand.done, None, None
            done(outcome)
        trial = self.running.pop(handle, None)
        if trial is None or outcome is None:
            return
        self.worked += outcome.seconds
        result = to_trial_result(trial, outcome)
        if self.keeping is not None:
            self.keeping.secure(result)
        if self.journal is not None:
            stamp = self.stamp()
            self.journal.append(result, run=stamp.run, used=stamp.used)
        if self.in_order:
            self.finished[trial.number] = result
        else:
            self._tell(result)

    def _tell(self, result: TrialResult) -> None:
        self.must_tell = False
        self.untold = [trial for trial in self.untold if trial.number != result.trial.number]
        self.finished.pop(result.trial.number, None)
        self.halving.tell(result)
        if self.on_result is not None and result.trial.number not in self.restored:
            self.on_result(result)


def _same(one: Trial, other: Trial) -> bool:
    """Whether two trials would have the same result."""
    return (one.configuration.key, one.rung, one.seed) == (
        other.configuration.key,
        other.rung,
        other.seed,
    )
