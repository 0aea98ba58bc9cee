"""Threads of numeric libraries: one, for as long as somebody in this process wants that."""

import os
import threading
from collections.abc import Iterator
from contextlib import contextmanager

from threadpoolctl import ThreadpoolController

__all__ = ["THREAD_VARIABLES", "one_numeric_thread"]

THREAD_VARIABLES = (
    "OMP_NUM_THREADS",
    "OPENBLAS_NUM_THREADS",
    "MKL_NUM_THREADS",
    "VECLIB_MAXIMUM_THREADS",
    "NUMEXPR_NUM_THREADS",
)
"""Environment variables that numeric libraries read, once, when they are loaded."""


@contextmanager
def one_numeric_thread() -> Iterator[None]:
    """Keep numeric libraries at one thread; contexts may overlap in the threads of a program.

    OpenMP keeps its number for each thread of the program, BLAS has one for all of them. So that of
    BLAS is the caller's again when the last context is left, in whichever order they were entered.
    """
    controller = ThreadpoolController()
    with controller.select(user_api="openmp").limit(limits=1):
        _blas.enter(controller)
        try:
            yield
        finally:
            _blas.leave()


class _Blas:
    """Numbers of threads that BLAS libraries had, and how many contexts want one."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._n_contexts = 0
        self._before: dict[str, int] = {}

    def enter(self, controller: ThreadpoolController) -> None:
        with self._lock:
            self._n_contexts += 1
            for library in controller.select(user_api="blas").lib_controllers:
                self._before.setdefault(library.filepath, library.num_threads)
                library.set_num_threads(1)

    def leave(self) -> None:
        with self._lock:
            self._n_contexts = max(0, self._n_contexts - 1)
            if self._n_contexts:
                return
            for library in ThreadpoolController().select(user_api="blas").lib_controllers:
                if library.filepath in self._before:
                    library.set_num_threads(self._before[library.filepath])
            self._before.clear()

    def begin_anew(self) -> None:
        """Forget, in a forked process, the contexts of threads that exist in its parent only."""
        self._lock = threading.Lock()
        self._n_contexts = 0


_blas = _Blas()
if hasattr(os, "register_at_fork"):
    os.register_at_fork(after_in_child=_blas.begin_anew)
