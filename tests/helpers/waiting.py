"""Waiting for what happens elsewhere."""

import time

from metatune.budget import Deadline
from metatune.execution.executor import JobOutcome


def eventually(condition, within: float = 20.0) -> bool:
    limit = Deadline.after(within)
    while not limit.passed():
        if condition():
            return True
        time.sleep(0.05)
    return False


def outcomes_of(executor, n: int, within: float = 40.0) -> dict[int, JobOutcome]:
    """Wait for so many jobs."""
    limit = Deadline.after(within)
    found = {}
    while len(found) < n:
        assert not limit.passed(), f"{n - len(found)} jobs did not end"
        found |= {outcome.id: outcome for outcome in executor.wait(1.0)}
    return found


def outcome_of(executor) -> JobOutcome:
    """Wait for the only job."""
    (outcome,) = outcomes_of(executor, 1).values()
    return outcome
