"""Asynchronous successive halving, as a pure ask/tell object.

Li et al. 2020, "A system for massively parallel hyperparameter tuning" (ASHA): whenever a worker
is free, promote a configuration that is among the best 1/eta of its rung, else start a new one.
Departures, since a run under a deadline sees tens of configurations rather than thousands:

- Above the lowest rung the leader may always rise, so that the best of the first eta
  configurations goes straight to the top instead of waiting for eta**k others.
- When no new configuration is left, the best remaining ones rise until all are at the top.
- One configuration, usually a library's default, starts at the top, so that what has climbed there
  is compared with it in every run, however short.
- A policy may choose among those near the quota who rises; the leader rises whatever it says.
- A promotion that would take longer than the caller can wait is held back, and others rise as if
  it were not there. Time only gets shorter: waiting for it would keep quick configurations from the
  top, and with them ensemble, estimate and the model of a short run. It does not lose its place
  by that: `History.incumbent` compares it with those that passed it where all of them have been.
"""

from collections.abc import Callable

from metatune.evaluation.rungs import REDUCTION_FACTOR, Rung
from metatune.evaluation.trial import Trial, TrialResult
from metatune.metrics import Metric
from metatune.search.history import History
from metatune.space import Configuration

__all__ = ["CandidateSource", "PromotionPolicy", "SuccessiveHalving"]

CandidateSource = Callable[[History], Configuration | None]
"""Function that proposes a configuration to start, given the history, or None."""

PromotionPolicy = Callable[[History, tuple[TrialResult, ...]], TrialResult]
"""Function that chooses which waiting result rises, given them from the best to the worst."""

_MAX_REPEATS = 100
_REACH = 2  # times the quota: those with a lower rank do not rise, whatever a policy expects


class SuccessiveHalving:
    """Asynchronous successive halving by ask and tell, without clock, input or output.

    Parameters
    ----------
    rungs : tuple of Rung
        Fidelity levels, the cheapest first.
    metric : Metric
        Metric that the run optimises; only its direction counts.
    next_candidate : callable
        ``next_candidate(history)`` returns a configuration, or None if there is none. A
        configuration that was started before is passed over.
    seed : int
        Seed of the trials' seeds; a configuration keeps its seed on every rung.
    reduction_factor : int
        Inverse of the share of configurations that are promoted (eta).
    promote : callable, optional
        Chooses the result that rises; by default the best of its rung.
    reference : Configuration, optional
        Configuration that starts at the top rung, to compare all others there with.
    """

    def __init__(
        self,
        rungs: tuple[Rung, ...],
        metric: Metric,
        next_candidate: CandidateSource,
        *,
        seed: int = 0,
        reduction_factor: int = REDUCTION_FACTOR,
        promote: PromotionPolicy | None = None,
        reference: Configuration | None = None,
    ) -> None:
        self._rungs = rungs
        self._next_candidate = next_candidate
        self._seed = seed
        self._eta = reduction_factor
        self._policy = promote
        self._reference = reference
        self._history = History(metric)
        self._asked: list[set[str]] = [set() for _ in rungs]
        self._told: list[list[TrialResult]] = [[] for _ in rungs]
        self._n_trials = 0

    @property
    def history(self) -> History:
        """History of the trials asked and told so far."""
        return self._history

    def ask(self, max_seconds: float = float("inf")) -> Trial | None:
        """Return the trial to start next.

        Parameters
        ----------
        max_seconds : float
            Promotions are held back if, going by the time of the configuration's last trial,
            they would take longer; quicker ones pass them.

        Returns
        -------
        Trial or None
            None if there is nothing to do until a further result is told.
        """
        return (
            self._promote(max_seconds, exhausted=False)
            or self._start()
            or self._promote(max_seconds, exhausted=True)
        )

    def start(self, configuration: Configuration) -> Trial:
        """Return a trial of a configuration of the caller's own choice, at the lowest rung."""
        return self._trial(configuration, 0)

    def tell(self, result: TrialResult) -> None:
        """Add a result, also one that was not asked for, such as from a journal.

        A failed trial counts among the configurations that its rung has seen, and is never
        promoted.
        """
        trial = result.trial
        self._asked[trial.rung.index].add(trial.configuration.key)
        self._told[trial.rung.index].append(result)
        self._n_trials = max(self._n_trials, trial.number + 1)
        self._history.add(result)

    def withdraw(self, trial: Trial) -> None:
        """Withdraw the trial that was asked for last: it does not take place."""
        self._asked[trial.rung.index].discard(trial.configuration.key)
        self._n_trials = trial.number
        self._history.withdraw(trial)

    def _promote(self, max_seconds: float, *, exhausted: bool) -> Trial | None:
        for index in reversed(range(len(self._rungs) - 1)):
            result = self._next_to_rise(index, max_seconds, exhausted=exhausted)
            if result is not None:
                return self._trial(result.trial.configuration, index + 1)
        return None

    def _next_to_rise(
        self, index: int, max_seconds: float, *, exhausted: bool
    ) -> TrialResult | None:
        """Return a result of a rung that may rise and has not: the best, or the policy's choice."""
        risen = self._asked[index + 1]
        told = [
            result
            for result in self._told[index]
            if not result.ok
            or result.trial.configuration.key in risen
            or self._expected_seconds(result) <= max_seconds
        ]
        ranked = sorted(
            (result for result in told if self._history.loss(result) < float("inf")),
            key=lambda result: (self._history.loss(result), result.trial.number),
        )
        quota = len(ranked) if exhausted else max(len(told) // self._eta, min(index, 1))
        waiting = [r for r in ranked if r.trial.configuration.key not in risen]
        if self._policy is None or exhausted or waiting[:1] == ranked[:1]:
            return next((r for r in ranked[:quota] if r in waiting), None)
        near = tuple(r for r in ranked[: _REACH * quota] if r in waiting)
        n_risen = len(ranked) - len(waiting)
        return self._policy(self._history, near) if near and n_risen < quota else None

    def _expected_seconds(self, result: TrialResult) -> float:
        """Predict the seconds of a promotion, in proportion to rows and new folds."""
        below = result.trial.rung
        above = self._rungs[below.index + 1]
        n_known = below.n_folds if above.row_share == below.row_share else 0
        share = above.row_share * (above.n_folds - n_known) / (below.row_share * below.n_folds)
        return (result.seconds + result.saved_seconds) * share

    def _start(self) -> Trial | None:
        for _ in range(_MAX_REPEATS):
            configuration = self._next_candidate(self._history)
            if configuration is None:
                return None
            if not self._history.knows(configuration):
                is_reference = configuration == self._reference
                return self._trial(configuration, len(self._rungs) - 1 if is_reference else 0)
        return None

    def _trial(self, configuration: Configuration, index: int) -> Trial:
        trial = Trial(
            number=self._n_trials,
            configuration=configuration,
            rung=self._rungs[index],
            seed=(self._seed + int(configuration.key[:8], 16)) % 2**31,
        )
        self._n_trials += 1
        self._asked[index].add(configuration.key)
        self._history.start(trial)
        return trial
