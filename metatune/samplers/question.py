"""Question to past datasets: a job that is submitted once, when it suits the search."""

from metatune.execution.executor import Executor, Handle, Job, JobOutcome, JobStatus
from metatune.recommender.advice import Advice

__all__ = ["Question"]


class Question:
    """Job that asks past datasets for advice, and its answer.

    Parameters
    ----------
    job : Job
        Returns an `Advice`.
    """

    def __init__(self, job: Job) -> None:
        self._job = job
        self._handle: Handle | None = None
        self._outcome: JobOutcome | None = None
        self._is_given_up = False

    def submit(self, executor: Executor) -> None:
        """Submit the job, unless it was submitted or given up before."""
        if self._handle is None and not self.is_settled:
            self._handle = executor.submit(self._job)

    def call(self, executor: Executor) -> None:
        """Submit the job and wait for its answer."""
        self._outcome = executor.call(self._job)

    def give_up(self) -> None:
        """Stop the job: an answer that is not there yet is not waited for any more."""
        self._is_given_up = True
        if self._handle is not None:
            self._handle.cancel()

    def belongs_to(self, handle: Handle) -> bool:
        """Return True if a handle is that of this question's job."""
        return handle is self._handle

    @property
    def is_under_way(self) -> bool:
        """True while the job runs or waits for a worker."""
        return self._handle is not None and not self.is_settled

    @property
    def is_settled(self) -> bool:
        """True once there is an answer, or there will be none."""
        return self.outcome is not None or self._is_given_up

    @property
    def outcome(self) -> JobOutcome | None:
        """Outcome of the job; None while there is none."""
        return self._outcome if self._handle is None else self._handle.outcome

    @property
    def advice(self) -> Advice | None:
        """Advice of the recommender; None before it has answered, or where it failed."""
        outcome = self.outcome
        if outcome is None or outcome.status is not JobStatus.OK:
            return None
        advice: Advice = outcome.value
        return advice
