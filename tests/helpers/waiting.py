"""Waiting for what happens elsewhere."""

import time
from collections.abc import Callable

from metatune.budget import Deadline
from metatune.execution.executor import Executor, Handle, JobOutcome


def eventually(condition: Callable[[], bool], within: float = 20.0) -> bool:
    limit = Deadline.after(within)
    while not limit.passed():
        if condition():
            return True
        time.sleep(0.05)
    return False


def ended_of(executor: Executor, n: int, within: float = 40.0) -> list[Handle]:
    """Wait for so many jobs."""
    limit = Deadline.after(within)
    found: list[Handle] = []
    while len(found) < n:
        assert not limit.passed(), f"{n - len(found)} jobs did not end"
        found += executor.wait(1.0)
    assert len(found) == n
    return found


def told(handle: Handle) -> JobOutcome:
    """Return the outcome of a job that has ended."""
    assert handle.outcome is not None
    return handle.outcome


def outcome_of(executor: Executor) -> JobOutcome:
    """Wait for the only job."""
    (handle,) = ended_of(executor, 1)
    return told(handle)
