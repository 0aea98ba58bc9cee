"""Successive halving, asynchronous: which trials rise, as a pure ask/tell object.

Li et al. 2020, "A system for massively parallel hyperparameter tuning" (ASHA): whenever a worker
is free, promote a configuration that is among the best 1/eta of its rung, else start a new one.
Departures, since a run under a deadline sees tens of configurations rather than thousands:

- Above the lowest rung the leader may always rise, so that the best of the first eta
  configurations goes straight to the top instead of waiting for eta**k others.
- When no new configuration is left, the best remaining ones rise until all are at the top.
- Whoever proposes a configuration may start it higher: a library's default goes straight to the
  top, so that what has climbed there is compared with it in every run, however short. It counts
  among those that the rungs below have seen: else they would wait for more before anyone rises.
- A promotion that would take longer than the caller can wait is held back, and others rise as if
  it were not there. Time only gets shorter: waiting for it would keep quick configurations from the
  top, and with them ensemble, estimate and the model of a short run. It does not lose its place
  by that: `History.incumbent` compares it with those that passed it where all of them have been.
- With several objectives the best of a rung are those of its front, then those of the next one.
"""

from metatune.evaluation.rungs import REDUCTION_FACTOR, Rung
from metatune.evaluation.trial import Expectation, Trial, TrialResult
from metatune.metrics import Metric
from metatune.search.history import History
from metatune.space import Configuration

__all__ = ["SuccessiveHalving"]


class SuccessiveHalving:
    """Decisions on what to try next. Has no clock, no input and no output.

    Parameters
    ----------
    rungs : tuple of Rung
        Fidelity levels, the cheapest first.
    metric : Metric
        Metric that the run optimises; only its direction counts.
    seed : int
        Seed of the trials' seeds; a configuration keeps its seed on every rung.
    reduction_factor : int
        One in so many configurations is promoted (eta).
    history : History or None
        Empty history to fill, of a run with several objectives; a plain one by default.
    """

    def __init__(
        self,
        rungs: tuple[Rung, ...],
        metric: Metric,
        *,
        seed: int = 0,
        reduction_factor: int = REDUCTION_FACTOR,
        history: History | None = None,
    ) -> None:
        self._rungs = rungs
        self._seed = seed
        self._eta = reduction_factor
        self._history = History(metric) if history is None else history
        self._asked: list[set[str]] = [set() for _ in rungs]
        self._told: list[list[TrialResult]] = [[] for _ in rungs]
        self._n_trials = 0

    @property
    def history(self) -> History:
        """Everything asked and told so far."""
        return self._history

    def promote(
        self, max_seconds: float = float("inf"), *, exhausted: bool = False
    ) -> Trial | None:
        """Return the next trial of a configuration that rises.

        Parameters
        ----------
        max_seconds : float
            Promotions are held back if, going by the time of the configuration's last trial,
            they would take longer; quicker ones pass them.
        exhausted : bool
            No new configuration is left: the best remaining ones rise whatever the quota.

        Returns
        -------
        Trial or None
            None if nobody rises until a further result is told.
        """
        for index in reversed(range(len(self._rungs) - 1)):
            result = self._next_to_rise(index, max_seconds, exhausted=exhausted)
            if result is not None:
                return self._trial(result.trial.configuration, index + 1)
        return None

    def start(
        self,
        configuration: Configuration,
        *,
        rung: int = 0,
        expected: Expectation | None = None,
    ) -> Trial:
        """Return the first trial of a new configuration.

        Parameters
        ----------
        configuration : Configuration
            Not started before.
        rung : int
            Index of the rung that it starts at; negative ones count from the top.
        expected : Expectation or None
            Expectation of whoever proposed it.
        """
        return self._trial(configuration, range(len(self._rungs))[rung], expected)

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

    def _next_to_rise(
        self, index: int, max_seconds: float, *, exhausted: bool
    ) -> TrialResult | None:
        """Return the best result of a rung that may rise and has not."""
        risen = self._asked[index + 1]
        told = [
            result
            for result in self._told[index]
            if not result.ok
            or result.trial.configuration.key in risen
            or self._expected_seconds(result) <= max_seconds
        ]
        ranked = self._history.in_order(
            result for result in told if self._history.loss(result) < float("inf")
        )
        n_seen = len(told) + self._n_above(index)
        quota = len(ranked) if exhausted else max(n_seen // self._eta, min(index, 1))
        return next(
            (r for r in ranked[:quota] if r.trial.configuration.key not in risen),
            None,
        )

    def _n_above(self, index: int) -> int:
        """Return how many configurations started above a rung: they count as if they had risen."""
        started = {r.trial.configuration.key for told in self._told[index + 1 :] for r in told}
        return len(started - self._asked[index])

    def _expected_seconds(self, result: TrialResult) -> float:
        """Predict the seconds of a promotion, in proportion to rows and new folds."""
        below = result.trial.rung
        above = self._rungs[below.index + 1]
        n_known = below.n_folds if above.row_share == below.row_share else 0
        share = above.row_share * (above.n_folds - n_known) / (below.row_share * below.n_folds)
        return (result.seconds + result.saved_seconds) * share

    def _trial(
        self, configuration: Configuration, index: int, expected: Expectation | None = None
    ) -> Trial:
        trial = Trial(
            number=self._n_trials,
            configuration=configuration,
            rung=self._rungs[index],
            seed=(self._seed + int(configuration.key[:8], 16)) % 2**31,
            expected=expected,
        )
        self._n_trials += 1
        self._asked[index].add(configuration.key)
        self._history.start(trial)
        return trial
