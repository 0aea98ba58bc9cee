"""Sampler guided by the recommender: trials go in as observations, configurations come out."""

import math
from collections.abc import Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Protocol

import numpy as np

from metatune.ensemble.standing import Standing
from metatune.evaluation.rungs import Rung
from metatune.evaluation.trial import Expectation, Reason, Trial, TrialResult, TrialStatus
from metatune.metrics import PERFECT_SCORE
from metatune.recommender.aim import EnsembleAim
from metatune.recommender.levels import LEVELS, level_of
from metatune.recommender.losses import FAILED, error_share, log_share, score_of_value
from metatune.recommender.observations import Observation
from metatune.recommender.planner import PlannedTrial, Planner
from metatune.recommender.trade_off import TradeOff
from metatune.samplers.base import TOP_RUNG, Proposal, Sampler
from metatune.samplers.drawing import draw_configuration
from metatune.samplers.patience import Patience
from metatune.samplers.trade_offs import draw_trade_off
from metatune.search.history import History
from metatune.space import Configuration, SearchSpace

if TYPE_CHECKING:
    from numpy.random import Generator
    from numpy.typing import NDArray

__all__ = ["Members", "PlannedSampler", "climbed_levels"]

_REACH = 1.2816  # standard deviations to both sides that hold 80 % of a Gaussian
_N_PARENTS = 4
_N_CHILDREN = 6  # of each parent
_N_STRANGERS = 4  # drawn from the whole space
_POWERS = {"rmse": 2.0}
"""Exponents by which the ratio of two losses becomes that of squared errors; 1 for the others."""

_DRAWN = 1  # tells draws of weights from those of configurations

_TOP_PATIENCE = 2.0
"""Patiences that the first member of a family may take at the top, without a lower rung first."""


class Members(Protocol):
    """Members that an ensemble of the run may choose from."""

    def standing(self, metric: str, history: History) -> Standing | None:
        """Return the standing of the ensemble that they make; None without any."""


def climbed_levels(rungs: tuple[Rung, ...]) -> tuple[int, ...]:
    """Return the levels that the rungs of a search amount to, the lowest first."""
    return tuple(sorted({level_of(rung.row_share, rung.n_folds) for rung in rungs}))


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class PlannedSampler(Sampler):
    """Sampler that starts what the recommender's posterior expects most of, for its price.

    Attributes
    ----------
    planner : Planner
        Knows what to expect.
    spaces : Mapping of str to SearchSpace
        Of the usable algorithms: configurations outside the pool are proposed from them.
    metric : str
        The recorded metric by which trials are judged.
    constant : float
        Score of the constant prediction in it.
    patience : Patience
        Of the search; says as well if measured times count.
    seed : int
        Seed of the proposals.
    members : Members, optional
        Of the run's ensemble, which proposals are to improve; else the best single one is sought.
    """

    planner: Planner
    spaces: Mapping[str, SearchSpace]
    metric: str
    constant: float
    patience: Patience
    seed: int
    members: Members | None = None

    def propose(self, history: History) -> Proposal | None:
        patience, outsiders = self.patience.seconds, self._outsiders(history)
        aim = self._trade_off(history, outsiders) or self._aim(history)
        choice = self.planner.choose(self.observations(history), outsiders, patience, aim)
        if choice is None or history.knows(choice.configuration):
            return None
        is_quick = choice.top_seconds <= _TOP_PATIENCE * patience
        return Proposal(
            configuration=choice.configuration,
            rung=TOP_RUNG if choice.is_new_member and is_quick else 0,
            expected=self._expectation(choice),
        )

    def _expectation(self, choice: PlannedTrial) -> Expectation | None:
        """Return what is expected of a choice, as scores; None where that cannot be told."""
        reach = _REACH * self.planner.forecast.spread * choice.deviation
        perfect = PERFECT_SCORE[self.metric]
        middle, *ends = (
            score_of_value(choice.expected_value + shift, constant=self.constant, perfect=perfect)
            for shift in (0.0, -reach, reach)
        )
        if not all(map(math.isfinite, (middle, *ends, choice.seconds))):
            return None
        return Expectation(
            metric=self.metric,
            score=middle,
            low=min(ends),
            high=max(ends),
            seconds=choice.seconds,
            reason=Reason.IMPROVEMENT if choice.improves else Reason.SIMILAR,
        )

    def _trade_off(self, history: History, outsiders: list[Configuration]) -> TradeOff | None:
        """Draw what the next proposal is to improve in a run with several objectives."""
        if history.objectives is None:
            return None
        rng: Generator = np.random.default_rng([self.seed, len(history.results), _DRAWN])
        losses = {r.trial.number: self._value(r, history) for r in history.results if r.ok}
        asked = [*self.planner.forecast.configurations, *outsiders]
        return draw_trade_off(history, losses, asked, self.spaces, rng)

    def _aim(self, history: History) -> EnsembleAim | None:
        """Return the ensemble to improve, if there is any."""
        standing = None
        if self.members is not None:
            standing = self.members.standing(self.metric, history)
        value = float("nan") if standing is None else self._share(standing.score)
        if standing is None or not np.isfinite(value):
            return None
        return EnsembleAim(
            value=value,
            power=_POWERS.get(self.metric, 1.0),
            shared=standing.shared,
            usual=standing.usual,
        )

    def observations(self, history: History) -> list[Observation]:
        """Return what the trials of a run say, one observation for each level reached."""
        found: dict[tuple[str, int], tuple[float, Observation]] = {}
        for result in history.results:
            seconds = _full_seconds(result) if self.patience.timed else float("nan")
            was_stopped = result.status is TrialStatus.TIMED_OUT
            value = self._value(result, history)
            self._note(found, result.trial, value, seconds, was_stopped=was_stopped)
        for trial in history.pending:
            if _slot(trial) not in found:  # a result says more than its promotion under way
                self._note(found, trial, float("nan"), float("nan"))
        asked: dict[str, int] = {}
        for trial in (*(result.trial for result in history.results), *history.pending):
            key = trial.configuration.key
            asked[key] = min(trial.number, asked.get(key, trial.number))
        # In the order in which they were started: the planner goes on from what it knew before.
        return sorted(
            (observation for _, observation in found.values()),
            key=lambda observation: asked[observation.configuration.key],
        )

    def _note(
        self,
        found: dict[tuple[str, int], tuple[float, Observation]],
        trial: Trial,
        value: float,
        seconds: float,
        *,
        was_stopped: bool = False,
    ) -> None:
        """Keep the larger of two rungs that are the same level."""
        rung = trial.rung
        key = _slot(trial)
        if key in found and found[key][0] >= rung.row_share:
            return
        observation = Observation(
            configuration=trial.configuration,
            level=key[1],
            value=value,
            seconds=seconds * LEVELS[key[1]] / rung.row_share,
            was_stopped=was_stopped,
        )
        found[key] = rung.row_share, observation

    def _value(self, result: TrialResult, history: History) -> float:
        if result.status is TrialStatus.TIMED_OUT:
            return float("nan")  # too slow for this run; how good it is was not seen
        score = self._score(result, history)
        if result.failed or not np.isfinite(score):
            return FAILED
        return self._share(score)

    def _share(self, score: float) -> float:
        """Return a score as a loss that datasets can be compared by."""
        perfect = PERFECT_SCORE[self.metric]
        share = error_share(score, constant=self.constant, perfect=perfect)
        return float(log_share(np.array(share)))

    def _score(self, result: TrialResult, history: History) -> float:
        """Return the mean score of a trial's folds; NaN without any.

        Folds differ in difficulty: where a trial was cut short, the best one at its rung says how
        much the folds that it had would give on all.
        """
        scores = self._fold_scores(result)
        if result.status is not TrialStatus.PRUNED:
            return _finite_mean(scores)
        rung = result.trial.rung
        leader = next((r for r in history.ranked() if r.trial.rung == rung), None)
        if leader is None:
            return _finite_mean(scores)
        whole = self._fold_scores(leader)
        return _finite_mean(whole) + _finite_mean(scores - whole[: len(scores)])

    def _fold_scores(self, result: TrialResult) -> "NDArray[np.float64]":
        return np.asarray(result.fold_scores.get(self.metric, ()), dtype=np.float64)

    def _outsiders(self, history: History) -> list[Configuration]:
        """Return configurations that the pool does not hold: near the best ones, and anywhere."""
        rng: Generator = np.random.default_rng([self.seed, len(history.results)])
        parents = [c for c in history.best(_N_PARENTS) if c.algorithm in self.spaces]
        if not parents:
            return []
        found = [
            self.spaces[parent.algorithm].mutate(parent, rng)
            for parent in parents
            for _ in range(_N_CHILDREN)
        ]
        found += [draw_configuration(self.spaces, rng) for _ in range(_N_STRANGERS)]
        inside = {c.key for c in self.planner.forecast.configurations}
        return list(
            {c.key: c for c in found if c.key not in inside and not history.knows(c)}.values()
        )


def _finite_mean(values: "NDArray[np.float64]") -> float:
    finite = values[np.isfinite(values)]
    return float(finite.mean()) if len(finite) else float("nan")


def _full_seconds(result: TrialResult) -> float:
    """Return what all folds of a trial cost, or would have; NaN where that was not seen.

    Of one that was stopped, what it had taken by then.
    """
    if result.status is TrialStatus.TIMED_OUT:
        return result.seconds
    if result.failed:
        return float("nan")
    n_folds = result.trial.rung.n_folds
    return result.full_cpu_seconds * n_folds / (result.n_folds_done or n_folds)


def _slot(trial: Trial) -> tuple[str, int]:
    """Return which configuration a trial tells of, and at which level."""
    return trial.configuration.key, level_of(trial.rung.row_share, trial.rung.n_folds)
