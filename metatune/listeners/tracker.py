"""Trackers of experiments: listeners that pass on numbers, in a thread of their own."""

import atexit
import contextlib
import importlib
import importlib.util
import math
import queue
import threading
from abc import abstractmethod
from collections.abc import Callable, Mapping
from dataclasses import asdict
from typing import Any

from metatune.data.wording import counted
from metatune.errors import OptionError, SearchError
from metatune.evaluation.rungs import Rung
from metatune.evaluation.trial import TrialResult
from metatune.search.history import History
from metatune.storage.record import Outcome
from metatune.tuning.events import Events, RunFacts

__all__ = ["Tracker"]

_PATIENCE = 1.0  # seconds that the end of a run waits for a tracker
_LAST_PATIENCE = 30.0  # seconds that the end of the program does


class Tracker(Events):
    """Listener that tells a tracker of experiments about a run.

    Trackers write to disks and servers, which may take their time. So they are told in a thread of
    their own, and the run does not wait for them: only its end does, for a second, and the end of
    the program for thirty. What a run brings is told as names and numbers; subclasses say where
    they go.

    One tracker serves one run after the other.
    """

    package = ""
    """Module that a tracker needs, and"""
    extra = ""
    """the extra of metatune that brings it."""
    modules: tuple[str, ...] = ()
    """Modules that it works with. They are imported in the thread of the run: libraries that look
    for others among the imported modules must not meet half of one."""

    _queue: "queue.SimpleQueue[Callable[[], None] | None]"
    _thread: threading.Thread | None
    _error: Exception | None

    def __init__(self) -> None:
        self.check()
        self._forget()

    @classmethod
    def check(cls) -> None:
        """Refuse a tracker whose package is missing, without importing it.

        Raises
        ------
        OptionError
            With the command that installs it.
        """
        try:
            found = importlib.util.find_spec(cls.package) is not None
        except (ImportError, ValueError):
            found = False
        if not found:
            raise OptionError(
                f"{cls.__name__} needs the package {cls.package}: "
                f"pip install 'metatune[{cls.extra}]'"
            )

    @abstractmethod
    def open(self, params: Mapping[str, Any]) -> None:
        """Begin a run at the tracker.

        Parameters
        ----------
        params : Mapping of str to value
            Facts of the run: table, target, task, metric, budget, seed, ...
        """

    @abstractmethod
    def log(self, step: int, values: Mapping[str, float]) -> None:
        """Pass on finite numbers by name, as of so many trials."""

    @abstractmethod
    def close(self, results: Mapping[str, Any], *, ok: bool) -> None:
        """End the run at the tracker.

        Parameters
        ----------
        results : Mapping of str to value
            Texts about the result: model, winner, ended.
        ok : bool
            False for a run that was interrupted.
        """

    def run_starts(self, facts: RunFacts) -> None:
        self._end_run()  # one that an error ended
        self._forget()
        for name in self.modules:
            with contextlib.suppress(ImportError):  # whoever needs it says so
                importlib.import_module(name)
        thread = threading.Thread(target=self._work, daemon=True, name="metatune-tracker")
        self._thread = thread
        thread.start()
        atexit.unregister(self.leave)
        atexit.register(self.leave)
        params = {
            name: value
            for name, value in asdict(facts).items()
            if isinstance(value, str | int | float)
        }
        budget = {"budget": facts.budget.seconds, "max_trials": facts.budget.max_trials}
        params |= {name: value for name, value in budget.items() if value is not None}
        self._put(lambda: self.open(params))

    def search_starts(self, rungs: tuple[Rung, ...], constant_score: float) -> None:  # noqa: ARG002
        self._log(0, {"constant_score": constant_score})

    def trial_ended(self, result: TrialResult, history: History) -> None:
        best = history.incumbent()
        values = {
            "score": result.score,
            "rung": result.trial.rung.index + 1,
            "row_share": result.trial.rung.row_share,
            "seconds": result.seconds,
            "memory_mb": result.memory_mb,
            "failed": float(result.failed),
            "best_score": math.nan if best is None else best.score,
            "best_rung": math.nan if best is None else best.trial.rung.index + 1,
        }
        self._log(len(history.results), values)

    def run_ends(self, outcome: Outcome) -> None:
        values = {"final_score": outcome.score}
        if outcome.estimate is not None:
            estimate = outcome.estimate
            values |= {
                "estimate": estimate.score,
                "estimate_low": estimate.low,
                "estimate_high": estimate.high,
            }
        if outcome.model is not None:
            values |= {"latency": outcome.model.latency, "model_bytes": outcome.model.n_bytes}
        self._log(outcome.trials.finished, values)
        results = {
            "ended": outcome.ended,
            "model": _model(outcome),
            "winner": None if outcome.winner is None else outcome.winner.algorithm,
            "no_estimate": outcome.no_estimate,
        }
        told = {name: value for name, value in results.items() if value is not None}
        self._end_run(told, ok=outcome.ended != "interrupted")
        if self._thread is not None:
            self._thread.join(_PATIENCE)
        self._raise()

    def leave(self) -> str:
        """Wait until everything is told, thirty seconds at most, at the end of a program.

        Returns
        -------
        str
            Empty if everything is told, else the reason why not.
        """
        self._end_run()
        if self._thread is None:
            return ""
        self._thread.join(_LAST_PATIENCE)
        if self._error is not None:
            return f"{type(self).__name__}: {type(self._error).__name__}: {self._error}"
        late = self._thread.is_alive()
        return f"{type(self).__name__} has not told everything in time" if late else ""

    def __getstate__(self) -> dict[str, Any]:
        """Travel without the thread: what is copied has told nothing yet."""
        left_out = ("_queue", "_thread", "_error", "_is_ending")
        return {name: value for name, value in vars(self).items() if name not in left_out}

    def __setstate__(self, state: dict[str, Any]) -> None:
        vars(self).update(state)
        self._forget()

    def _forget(self) -> None:
        self._queue = queue.SimpleQueue()
        self._thread = None
        self._error = None
        self._is_ending = False

    def _end_run(self, results: Mapping[str, Any] | None = None, *, ok: bool = False) -> None:
        """Let the thread end the run, and itself."""
        if self._thread is not None and not self._is_ending:
            self._is_ending = True
            told = {"ended": "an error"} if results is None else results
            self._queue.put(lambda: self.close(told, ok=ok))
            self._queue.put(None)

    def _log(self, step: int, values: Mapping[str, float | None]) -> None:
        known = {n: float(v) for n, v in values.items() if v is not None and math.isfinite(v)}
        self._put(lambda: self.log(step, known))

    def _put(self, call: Callable[[], None]) -> None:
        self._raise()
        self._queue.put(call)

    def _raise(self) -> None:
        """Raise what went wrong in the thread, for whoever tells this listener."""
        if self._error is not None:
            error, self._error = self._error, None
            raise SearchError(f"{type(error).__name__}: {error}") from error

    def _work(self) -> None:
        calls = self._queue
        while (call := calls.get()) is not None:
            try:
                call()
            # A server that is away, a disk that is full: the run has to hear of it, and goes on.
            except Exception as error:  # noqa: BLE001
                self._error = error
                return


def _model(outcome: Outcome) -> str:
    if outcome.ensemble is not None and len(outcome.ensemble.members) > 1:
        return f"ensemble of {counted(len(outcome.ensemble.members), 'pipeline')}"
    return "constant" if outcome.winner is None else outcome.winner.algorithm
