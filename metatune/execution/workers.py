"""Workers of a run: processes of its own, those of a Dask cluster, or a given executor."""

import os
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING

from metatune.errors import OptionError
from metatune.execution.cores import available_cores, available_memory, parse_memory
from metatune.execution.executor import Executor, InlineExecutor
from metatune.execution.local_pool import LocalPool

if TYPE_CHECKING:
    from distributed import Client

__all__ = ["local_workers", "workers"]

_MEMORY_SHARE = 0.8  # of the free memory goes to the workers


@contextmanager
def workers(
    given: "Executor | Client | None",
    n_jobs: int | None,
    memory_limit: str | int | None,
    logs: Path | None = None,
) -> Iterator[Executor]:
    """Provide an executor for a moment; what is given is left open, what is made is closed.

    Parameters
    ----------
    given : Executor, distributed.Client or None
        Where trials shall run; None for processes of this machine.
    n_jobs : int or None
        Jobs at once; negative numbers count from the cores as in scikit-learn: -1 is all.
    memory_limit : str, int or None
        What a job may hold, like "4GB" or in bytes; None for its share of the free memory.
    logs : Path, optional
        Folder for what processes of this machine print and warn of; dropped without one.

    Raises
    ------
    OptionError
        If a value cannot work, or a cluster cannot be used.
    """
    if n_jobs == 0:
        raise OptionError("n_jobs=0 means nobody works: give a positive number, or None")
    if isinstance(given, Executor):
        yield given
        return
    limit = None if memory_limit is None else parse_memory(memory_limit)
    made = _local(n_jobs, limit, logs) if given is None else _cluster(given, n_jobs, limit)
    with made:
        yield made


def local_workers(n_jobs: int | None, memory_limit: str | int | None) -> tuple[int, int]:
    """Return how many processes of this machine work, and the bytes that each may hold.

    Parameters are those of `workers`.
    """
    n_workers = _count(n_jobs)
    limit = None if memory_limit is None else parse_memory(memory_limit)
    return n_workers, limit or int(_MEMORY_SHARE * available_memory() / n_workers)


def _cluster(given: "Client", n_jobs: int | None, limit: int | None) -> Executor:
    # Negative numbers count from the cores of this machine, which say nothing about a cluster's.
    jobs = n_jobs if n_jobs is not None and n_jobs > 0 else None
    from metatune.execution.dask_executor import as_executor

    executor = as_executor(given, jobs=jobs, memory_limit=limit)
    if executor is None:
        raise OptionError(
            f"executor is of type {type(given).__name__}: "
            "give a distributed.Client or an Executor of metatune"
        )
    return executor


def _local(n_jobs: int | None, limit: int | None, logs: Path | None) -> Executor:
    if not hasattr(os, "fork"):  # an operating system without it
        return InlineExecutor()
    n_workers, limit = local_workers(n_jobs, limit)
    pool = LocalPool(n_workers, memory_limit=limit, log_directory=logs)
    pool.start()
    return pool


def _count(n_jobs: int | None) -> int:
    if n_jobs is None:
        return available_cores()
    return n_jobs if n_jobs > 0 else max(1, available_cores() + 1 + n_jobs)
