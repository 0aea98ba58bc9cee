"""Turns of trials: when the next one may be decided, and when a result is told.

In a timed run every result counts at once. In a counted run trial t is decided on the results of
trials 0 to t - 1 - IN_ORDER_LAG, always: decisions do not depend on which trial happened to be
faster, nor on the number of workers. No more than IN_ORDER_LAG + 1 workers have something to do.
"""

from abc import ABC, abstractmethod
from collections.abc import Iterable

from metatune.evaluation.trial import Trial, TrialResult

__all__ = ["IN_ORDER_LAG", "AsTheyCome", "InOrder", "Turns"]

IN_ORDER_LAG = 3
"""So many trials may be under way, in a counted run, when the next one is decided."""


class Turns(ABC):
    """Order in which trials are decided and results are told."""

    def __init__(self) -> None:
        self._untold: list[Trial] = []  # in the order in which they were asked for
        self._stuck = False  # there was nothing to do; asking again makes sense after a result

    @property
    def idle(self) -> bool:
        """True if no trial is under way."""
        return not self._untold

    @property
    def all_asked(self) -> bool:
        """True if no further trial may be asked for."""
        return False

    @property
    def may_ask(self) -> bool:
        """True if the next trial may be decided now."""
        return not self._stuck and not self.all_asked

    def started(self, trial: Trial) -> None:
        """Note that a trial is under way."""
        self._untold.append(trial)

    def found_nothing(self) -> None:
        """Note that there is nothing to try until a further result is told."""
        self._stuck = bool(self._untold)

    def replays(self, trial: Trial) -> bool:  # noqa: ARG002
        """Take the result of a trial from an earlier process; False if that has none."""
        return False

    def contradicts(self, trial: Trial) -> bool:  # noqa: ARG002
        """Give up to replay an earlier process if it ran another trial in the place of this one.

        Something that decides has changed since, such as the version of metatune. All its results
        are due then.
        """
        return False

    @abstractmethod
    def ended(self, result: TrialResult) -> None:
        """Take the result of a trial that was under way."""

    @abstractmethod
    def next_due(self) -> TrialResult | None:
        """Take the next result to be told, if it is there and its turn has come."""

    @abstractmethod
    def rest(self) -> list[TrialResult]:
        """Take the results that have not been told when the search ends, in their order."""

    def _told(self, result: TrialResult) -> TrialResult:
        self._stuck = False
        self._untold = [t for t in self._untold if t.number != result.trial.number]
        return result


class AsTheyCome(Turns):
    """Turns of a timed run: each result is told as soon as it is there.

    Parameters
    ----------
    recorded : iterable of TrialResult
        Results of an earlier process, which are told first.
    """

    def __init__(self, recorded: Iterable[TrialResult] = ()) -> None:
        super().__init__()
        self._results = list(recorded)

    def ended(self, result: TrialResult) -> None:
        self._results.append(result)

    def next_due(self) -> TrialResult | None:
        return self._told(self._results.pop(0)) if self._results else None

    def rest(self) -> list[TrialResult]:
        found, self._results = self._results, []
        return found


class InOrder(Turns):
    """Turns of a counted run: results are told in the order in which their trials were decided.

    Parameters
    ----------
    max_trials : int
        Trials to decide, those of an earlier process among them.
    recorded : iterable of TrialResult
        Results of an earlier process: each is told when it would have been its turn, so that the
        search ends as if it had never been interrupted.
    """

    def __init__(self, max_trials: int, recorded: Iterable[TrialResult] = ()) -> None:
        super().__init__()
        self._max_trials = max_trials
        self._n_asked = 0
        self._results: dict[int, TrialResult] = {}
        self._recorded = {result.trial.number: result for result in recorded}
        self._given_up: list[TrialResult] = []

    @property
    def all_asked(self) -> bool:
        return self._n_asked >= self._max_trials

    @property
    def may_ask(self) -> bool:
        return super().may_ask and len(self._untold) <= IN_ORDER_LAG

    def started(self, trial: Trial) -> None:
        super().started(trial)
        self._n_asked += 1

    def replays(self, trial: Trial) -> bool:
        result = self._recorded.get(trial.number)
        if result is None or not _same(result.trial, trial):
            return False
        del self._recorded[trial.number]
        self.started(trial)
        self.ended(result)
        return True

    def contradicts(self, trial: Trial) -> bool:
        if trial.number not in self._recorded:
            return False
        self._given_up = list(self._recorded.values())
        self._n_asked += len(self._given_up)
        self._recorded = {}
        return True

    def ended(self, result: TrialResult) -> None:
        self._results[result.trial.number] = result

    def next_due(self) -> TrialResult | None:
        if self._given_up:
            return self._told(self._given_up.pop(0))
        due = self._stuck or self.all_asked or len(self._untold) > IN_ORDER_LAG
        if not due or not self._untold or self._untold[0].number not in self._results:
            return None
        return self._told(self._results.pop(self._untold[0].number))

    def rest(self) -> list[TrialResult]:
        ended = [self._results[number] for number in sorted(self._results)]
        found = [*ended, *self._given_up, *self._recorded.values()]
        self._results, self._given_up, self._recorded = {}, [], {}
        return found


def _same(one: Trial, other: Trial) -> bool:
    """Return True if two trials have the same result."""
    return (one.configuration.key, one.rung, one.seed) == (
        other.configuration.key,
        other.rung,
        other.seed,
    )
