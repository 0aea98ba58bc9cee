"""History of a run's trials, and the incumbent."""

import math
import statistics
from collections import Counter, defaultdict
from collections.abc import Iterable
from typing import TYPE_CHECKING

from metatune.evaluation.rungs import Rung
from metatune.evaluation.trial import Trial, TrialResult, TrialStatus
from metatune.metrics import Metric
from metatune.search.front import Front, by_domination, find_front
from metatune.search.objectives import Objectives
from metatune.space import Configuration

if TYPE_CHECKING:
    import pandas as pd

__all__ = ["History", "fit_growth", "slowdown"]

_COLUMNS = ("rank", "algorithm", "configuration", "rung", "row_share", "n_folds", "score")
_COSTS = ("fit_seconds", "predict_seconds", "row_seconds", "latency", "model_bytes")
_LAST_COLUMNS = (*_COSTS, "status", "error", "trial", "origin")

_CLEAR = 3.0  # standard deviations of a fold by which one fold has to convince
_LATEST = 15  # trials that tell how busy the machine is by now
_MOST_SLOWDOWN = 4.0
_MEASURABLE = 0.02  # seconds of a fit: what takes less says nothing about larger ones
_LEAST_GROWTH, _MOST_GROWTH = 0.3, 2.5
_STAND_OUT = 0.2  # of the way from the best to the middle one at a rung


class History:
    """Results in the order in which they were told, and the pending trials.

    Scores are only compared at the same rung: more rows and more folds give other scores.

    Parameters
    ----------
    metric : Metric
        Metric that the run optimises; only its direction counts.
    results : iterable of TrialResult
        Initial results.
    objectives : Objectives or None
        Objectives of the run, where there are others besides the metric.
    constant : float
        Score of the constant prediction, which points of a front have to beat; NaN if unknown.
    """

    def __init__(
        self,
        metric: Metric,
        results: Iterable[TrialResult] = (),
        *,
        objectives: Objectives | None = None,
        constant: float = math.nan,
    ) -> None:
        self._metric = metric
        self.objectives = objectives
        self._constant = constant
        self._results: list[TrialResult] = []
        self._pending: dict[int, Trial] = {}
        self._known: set[str] = set()
        # What follows from the results, so that it need not be looked for again and again.
        self._ranked: list[TrialResult] | None = None
        self._contenders: list[TrialResult] | None = None
        self._growths: dict[str, list[float]] | None = None
        self._bars: dict[tuple[Rung, int], float] = {}
        self._broken: set[str] = set()
        for result in results:
            self.add(result)

    @property
    def results(self) -> tuple[TrialResult, ...]:
        """Results in the order in which they were told."""
        return tuple(self._results)

    @property
    def pending(self) -> tuple[Trial, ...]:
        """Trials that were started and whose results are not told yet."""
        return tuple(self._pending.values())

    @property
    def n_configurations(self) -> int:
        """Configurations of which a trial was started."""
        return len(self._known)

    def start(self, trial: Trial) -> None:
        """Record that a trial was started."""
        self._pending[trial.number] = trial
        self._known.add(trial.configuration.key)

    def withdraw(self, trial: Trial) -> None:
        """Remove a started trial, which does not take place."""
        del self._pending[trial.number]
        key = trial.configuration.key
        others = (*self._pending.values(), *(result.trial for result in self._results))
        if all(other.configuration.key != key for other in others):
            self._known.discard(key)

    def add(self, result: TrialResult) -> None:
        """Add the result of a trial."""
        self._pending.pop(result.trial.number, None)
        self._known.add(result.trial.configuration.key)
        self._results.append(result)
        self._ranked = self._contenders = None
        self._growths = None
        self._bars.clear()
        if not result.ok and result.status is not TrialStatus.TIMED_OUT:
            self._broken.add(result.trial.configuration.key)

    def knows(self, configuration: Configuration) -> bool:
        """Return True if a trial of the configuration was started."""
        return configuration.key in self._known

    def loss(self, result: TrialResult) -> float:
        """Return the score as a number where less is better; infinity where there is none."""
        return self._metric.loss(result.score) if result.ok else math.inf

    def loss_of(self, score: float) -> float:
        """Return any score as a number where less is better; infinity for NaN."""
        return self._metric.loss(score)

    def fold_losses(self, result: TrialResult) -> tuple[float, ...]:
        """Return the fold scores in the run's metric as numbers where less is better."""
        scores = next(iter(result.fold_scores.values()), ())
        return tuple(self._metric.loss(score) for score in scores)

    def ranked(self) -> list[TrialResult]:
        """Return the result of each configuration at the highest rung that it completed.

        Higher rungs come first; within a rung the better score, then the earlier trial.
        Configurations without a score are left out.
        """
        if self._ranked is None:
            highest: dict[str, TrialResult] = {}
            for result in self._results:
                key = result.trial.configuration.key
                known = highest.get(key)
                if math.isfinite(self.loss(result)) and (
                    known is None or result.trial.rung.index > known.trial.rung.index
                ):
                    highest[key] = result
            self._ranked = sorted(highest.values(), key=self._standing)
        return list(self._ranked)

    def best(self, n: int) -> list[Configuration]:
        """Return the `n` configurations that lead, the first one first.

        With several objectives those of the front lead, the ends and the least crowded first.
        """
        ranked, front = self.ranked(), self.front()
        if front is not None:
            first = self.in_order(front.points)
            numbers = {result.trial.number for result in first}
            ranked = [*first, *(r for r in ranked if r.trial.number not in numbers)]
        return [result.trial.configuration for result in ranked[:n]]

    def front(self) -> Front | None:
        """Return the front of a run with several objectives; None where there are none.

        It is that of the trials which beat the constant prediction, or, if none does, of all.
        """
        if self.objectives is None:
            return None
        ranked = self.ranked()
        able = [result for result in ranked if self._beats_constant(result)] or ranked
        return find_front(able, [self.loss(result) for result in able], self.objectives)

    def in_order(self, results: Iterable[TrialResult]) -> list[TrialResult]:
        """Return results of one rung, the best first.

        With several objectives front comes after front; what does not beat the constant prediction
        comes last, however cheap it is.
        """
        ranked = sorted(results, key=lambda r: (self.loss(r), r.trial.number))
        if self.objectives is None:
            return ranked
        able = [result for result in ranked if self._beats_constant(result)]
        rest = [result for result in ranked if not self._beats_constant(result)]
        return [*by_domination(able, [self.loss(r) for r in able], self.objectives), *rest]

    def _beats_constant(self, result: TrialResult) -> bool:
        return self.loss(result) < self._metric.loss(self._constant)

    def incumbent(self) -> TrialResult | None:
        """Return the result that leads, if any trial has a score.

        That is the best one at the highest rung reached, unless a configuration that has not been
        tried there, or was only too slow for it, clearly beats it at a lower rung where both have
        a score on the same rows. With fewer rows than all it has to be ahead by more than the
        leader has gained from further rows since: what does better with less is the better model,
        whether or not there is time to fit it on all rows in the end.
        """
        contenders = self.contenders()
        return contenders[0] if contenders else None

    def loss_to_lead(self, rung: Rung) -> float:
        """Return the loss that a new result at a rung has to undercut to become the incumbent."""
        incumbent = self.incumbent()
        return math.inf if incumbent is None else self._bar(rung, incumbent)

    def contenders(self) -> list[TrialResult]:
        """Return what `ranked` returns, with the incumbent first."""
        if self._contenders is None:
            ranked = self.ranked()
            leader = ranked[0] if ranked else None
            for challenger in ranked[1:]:
                if leader is not None and self._overtakes(challenger, leader):
                    leader = challenger
            first = [] if leader is None else [leader]
            self._contenders = first + [result for result in ranked if result is not leader]
        return list(self._contenders)

    def growths(self) -> dict[str, list[float]]:
        """Return exponents of the growth of fit times with the rows, by family.

        There is one for each configuration that was tried on several shares of the rows.
        """
        if self._growths is None:
            seconds: dict[tuple[str, str], dict[float, float]] = defaultdict(dict)
            for result in self._results:
                configuration, rung = result.trial.configuration, result.trial.rung
                if result.ok:
                    of_shares = seconds[configuration.algorithm, configuration.key]
                    of_shares[rung.row_share] = result.fit_seconds / rung.n_folds
            growths: dict[str, list[float]] = defaultdict(list)
            for (algorithm, _), of_shares in seconds.items():
                (few, short), (many, long) = min(of_shares.items()), max(of_shares.items())
                if few < many and min(short, long) >= _MEASURABLE:
                    growths[algorithm].append(math.log(long / short) / math.log(many / few))
            self._growths = growths
        return self._growths

    def leaderboard(self) -> "pd.DataFrame":
        """Return the leaderboard as a table for the user.

        Returns
        -------
        DataFrame
            One row for each configuration with a score, as `contenders` orders them, then one for
            each trial that failed, without a rank. Columns: rank, algorithm, configuration, rung,
            row_share, n_folds, score, the mean of each metric, fit_seconds and predict_seconds
            (summed over the folds), row_seconds (of each of many rows predicted together), latency
            (seconds of one row on its own) and model_bytes of the first fold's pipeline, status,
            error, trial (its number) and origin. With several objectives also front: whether no
            other trial beats it in all of them.
        """
        import pandas as pd

        ranked = self.contenders()
        failed = sorted((r for r in self._results if not r.ok), key=lambda r: r.trial.number)
        metrics = list(dict.fromkeys(name for r in self._results for name in r.fold_scores))
        rows = [_row(result, rank, metrics) for rank, result in enumerate(ranked, start=1)]
        rows += [_row(result, None, metrics) for result in failed]
        table = pd.DataFrame(rows, columns=[*_COLUMNS, *metrics, *_LAST_COLUMNS])
        front = self.front()
        if front is not None:
            table["front"] = table["trial"].isin([r.trial.number for r in front.points])
        return table.astype({"rank": "Int64"})

    def _standing(self, result: TrialResult) -> tuple[int, float, int]:
        return -result.trial.rung.index, self.loss(result), result.trial.number

    def _overtakes(self, challenger: TrialResult, leader: TrialResult) -> bool:
        if challenger.trial.rung.index >= leader.trial.rung.index:
            return False
        # Whatever failed at a higher rung other than by taking too long is not to be trusted.
        if challenger.trial.configuration.key in self._broken:
            return False
        return self.loss(challenger) < self._bar(challenger.trial.rung, leader)

    def _bar(self, rung: Rung, leader: TrialResult) -> float:
        """Return the loss that a result at a rung has to undercut to lead in place of `leader`."""
        if rung.index > leader.trial.rung.index:
            return math.inf
        if rung.index == leader.trial.rung.index:
            return self.loss(leader)
        known = self._bars.get((rung, leader.trial.number))
        if known is None:
            known = self._bars[rung, leader.trial.number] = self._clear_advantage(rung, leader)
        return known

    def _clear_advantage(self, rung: Rung, leader: TrialResult) -> float:
        """Return the loss at a lower rung that is clearly below the leader's there."""
        at_rung = [result for result in self._results if result.trial.rung == rung]
        key = leader.trial.configuration.key
        own = [self.loss(r) for r in at_rung if r.trial.configuration.key == key]
        # The first fold is the one that lower rungs have seen, too.
        since = next(iter(self.fold_losses(leader)), math.nan)
        own.append(since if math.isfinite(since) else self.loss(leader))
        if len(own) < 2:
            return -math.inf
        # A fold of a small table says little: the advantage has to stand out from the spread.
        return min(own) - max(_CLEAR * _spread(leader), self._margin(at_rung))

    def _margin(self, at_rung: list[TrialResult]) -> float:
        """Return the difference of losses at a rung beyond that between equal configurations.

        It is a part of the way from the best to the middle one: the scale that the table itself
        gives where a single fold has no spread.
        """
        losses = sorted(loss for loss in map(self.loss, at_rung) if math.isfinite(loss))
        return _STAND_OUT * (losses[len(losses) // 2] - losses[0]) if losses else 0.0


def slowdown(history: History) -> float:
    """Return the factor by which other processes slow down the run at present.

    It is the wall clock of the latest trials over their processor time: 1 where nothing else runs,
    about 2 where twice as many processes want to run as there are cores.
    """
    shares = [r.seconds / r.cpu_seconds for r in history.results if r.ok and r.cpu_seconds > 0.0]
    usual = statistics.median(shares[-_LATEST:]) if shares else 1.0
    return min(_MOST_SLOWDOWN, max(1.0, usual))


def fit_growth(history: History, algorithm: str, usual: float) -> float:
    """Return the exponent with which the fit times of a family grow with the rows.

    Configurations that were tried on several shares of the rows tell it: the median of theirs.

    Parameters
    ----------
    history : History
        Trials so far.
    algorithm : str
        The family.
    usual : float
        Exponent that is expected before anything is measured; it counts as that of one
        configuration.
    """
    exponents = [usual, *history.growths().get(algorithm, [])]
    return min(_MOST_GROWTH, max(_LEAST_GROWTH, statistics.median(exponents)))


def _row(result: TrialResult, rank: int | None, metrics: list[str]) -> dict[str, object]:
    trial = result.trial
    return {
        "rank": rank,
        "algorithm": trial.configuration.algorithm,
        "configuration": str(trial.configuration),
        "rung": trial.rung.index,
        "row_share": trial.rung.row_share,
        "n_folds": trial.rung.n_folds,
        "score": result.score,
        **{name: _mean(result.fold_scores.get(name, ())) for name in metrics},
        "fit_seconds": result.fit_seconds,
        "predict_seconds": result.predict_seconds,
        "row_seconds": result.row_seconds,
        "latency": result.latency if result.ok else math.nan,
        "model_bytes": result.model_bytes if result.ok else math.nan,
        "status": str(result.status),
        "error": result.error,
        "trial": trial.number,
        "origin": trial.configuration.origin,
    }


def _spread(result: TrialResult) -> float:
    """Return the standard deviation of the fold scores in the run's metric.

    0 where the rung has a single fold, infinite where fold scores of several are missing.
    """
    if result.trial.rung.n_folds == 1:
        return 0.0
    scores = next(iter(result.fold_scores.values()), ())
    finite = [score for score in scores if math.isfinite(score)]
    return statistics.stdev(finite) if len(finite) > 1 else math.inf


def _mean(scores: tuple[float, ...]) -> float:
    finite = [score for score in scores if math.isfinite(score)]
    return sum(finite) / len(finite) if finite else math.nan


def failure_causes(results: Iterable[TrialResult]) -> list[tuple[str, str, int]]:
    """Group the trials that failed by how and why: (status, cause, count), most frequent first."""
    causes = Counter(
        (str(result.status), f"{result.trial.configuration.algorithm}: {result.error}")
        for result in results
        if result.failed
    )
    return [(status, cause, count) for (status, cause), count in causes.most_common()]
