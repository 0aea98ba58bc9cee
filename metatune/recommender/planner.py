"""Planner of the next configuration to start, by the forecast and the results of trials.

The first trials follow the portfolio: each adds the configuration with the largest gain on similar
past datasets. Then expected improvement decides (Jones et al. 1998); both per predicted second.
Configurations outside the pool compete with those inside, by kriging over hyperparameters.
"""

from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING

import numpy as np

from metatune.recommender.aim import EnsembleAim
from metatune.recommender.cost import corrected, excess_of_trials
from metatune.recommender.extrapolation import Extrapolation
from metatune.recommender.forecast import Forecast
from metatune.recommender.kernel import NUGGET
from metatune.recommender.levels import TOP
from metatune.recommender.observations import Observation, gains_outside, worth_keeping
from metatune.recommender.portfolio import beaten
from metatune.recommender.trade_off import TradeOff
from metatune.space import Configuration, SearchSpace

if TYPE_CHECKING:
    from collections.abc import Mapping

    from metatune._typing import BoolArray, FloatArray, IndexArray
    from metatune.recommender.belief import Belief, Posterior

__all__ = ["PlannedTrial", "Planner", "PlannerSettings"]

_BETTER = 0.6
"""Share of the variance left to configurations outside the pool for improvements: hyperparameters
spoil more than they improve (measured on the meta-dataset, each member of the pool left out)."""


_PROMISE = 0.4 * np.sqrt(NUGGET)
"""Expected improvement of a close relative of the best, in standard deviations of a family: that of
a standard Gaussian over its mean, times what the closest relatives differ by."""

_TRUST = 5.0
"""Trials outside the pool by which a family's promise is believed."""


@dataclass(frozen=True, slots=True, kw_only=True)
class PlannerSettings:
    """Settings of the planner.

    Attributes
    ----------
    n_portfolio : int
        Number of trials that follow the portfolio.
    cap : float
        Normalised regret above which all configurations count alike in the portfolio.
    floor : float
        Seconds that every trial costs beyond its own, as a share of the median configuration's;
        infinite where cost does not matter.
    promotion : float
        Share of the configurations of a level that are expected to rise to the next one.
    """

    n_portfolio: int = 4
    cap: float = 1.5
    floor: float = 0.05
    promotion: float = 1 / 3


@dataclass(frozen=True, slots=True, kw_only=True)
class PlannedTrial:
    """Configuration to start, with its expected value and cost.

    Attributes
    ----------
    configuration : Configuration
        Configuration to start.
    expected_value : float
        Expected loss at the top level.
    deviation : float
        Standard deviation of that loss.
    seconds : float
        Expected processor seconds until it has reached the top level, counting that most do not.
    top_seconds : float
        Expected processor seconds at the top level.
    is_new_member : bool
        It is expected to be the first member of its family that the ensemble takes.
    improves : bool
        Whether it was chosen by expected improvement, instead of for the portfolio.
    """

    configuration: Configuration
    expected_value: float
    deviation: float
    seconds: float
    top_seconds: float
    is_new_member: bool = False
    improves: bool = True


@dataclass(slots=True, eq=False)
class Planner:
    """Planner of the configurations to try on one dataset.

    Parameters
    ----------
    forecast : Forecast
        Expectations before the first trial.
    spaces : Mapping of str to SearchSpace
        Search spaces of the usable algorithms; needed for configurations outside the pool.
    settings : PlannerSettings
        Settings of the choice.
    levels : tuple of int
        The levels that configurations climb in this search, the lowest first; empty for all.
        Observations at other levels must not occur.
    """

    forecast: Forecast
    spaces: "Mapping[str, SearchSpace]" = field(default_factory=dict)
    settings: PlannerSettings = field(default_factory=PlannerSettings)
    levels: tuple[int, ...] = ()
    _used: tuple[int, ...] = field(init=False)
    _extrapolation: Extrapolation = field(init=False)

    def __post_init__(self) -> None:
        top = self.forecast.n_levels - 1
        # The others would only make the work more.
        self._used = tuple(sorted({*self.levels, top})) if self.levels else tuple(range(top + 1))
        self._extrapolation = Extrapolation(self.forecast.at_levels(self._used), self.spaces)

    def log_seconds(self, observations: Sequence[Observation]) -> "FloatArray":
        """Return the expected logarithm of the seconds, corrected by trials.

        Returns
        -------
        ndarray of shape (n_configurations, n_levels)
            Log seconds of the pool at the levels of the search, the top included.
        """
        return self._known(observations).log_seconds[: len(self.forecast.configurations)]

    def outlook(self, observations: Sequence[Observation]) -> "tuple[Posterior, FloatArray]":
        """Return the posterior of the pool at the top level, and its corrected log seconds.

        Returns
        -------
        posterior : Posterior
            Of n_configurations columns.
        log_seconds : ndarray of shape (n_configurations, n_levels)
            As `log_seconds` returns it.
        """
        known = self._known(observations)
        n, n_levels = len(self.forecast.configurations), len(self._used)
        posterior = known.belief.given(known.columns, known.values)
        return posterior.only(slice(n_levels - 1, n * n_levels, n_levels)), known.log_seconds[:n]

    def choose(
        self,
        observations: Sequence[Observation],
        proposals: Sequence[Configuration] = (),
        patience: float = 0.0,
        aim: EnsembleAim | TradeOff | None = None,
    ) -> PlannedTrial | None:
        """Choose among untried configurations.

        Parameters
        ----------
        observations : sequence of Observation
            The trials so far; may be several of a configuration, at different levels.
        proposals : sequence of Configuration
            Configurations outside the pool that compete with those inside.
        patience : float
            Seconds below which it does not matter what a trial costs.
        aim : EnsembleAim or TradeOff, optional
            Ensemble or trade-off to improve; else the best single configuration is looked for.

        Returns
        -------
        PlannedTrial or None
            None if nothing is left.
        """
        if not self.forecast.configurations:
            return None
        known = self._known(observations)
        tried = {o.configuration.key for o in observations}
        pool = self.forecast.configurations
        free = np.array([c.key not in tried for c in pool], dtype=bool)
        top = slice(len(self._used) - 1, None, len(self._used))
        posterior = known.belief.given(known.columns, known.values).only(top)
        best = float(posterior.mean[known.tried].min()) if len(known.tried) else float("inf")
        log_seconds = known.log_seconds[: len(pool)]
        offers = _offers(pool, posterior.only(slice(len(pool))), log_seconds, best, aim)
        if len(tried) < self.settings.n_portfolio or not np.isfinite(known.values).any():
            if not free.any():
                return None
            price = self._price(offers, patience)
            chosen = self._planned(self._portfolio(free, known, price), offers)
            return replace(chosen, improves=False)
        untried = [c for c in proposals if c.key not in tried]
        if untried:
            invented = self._invented(untried, known, posterior, best, aim)
            offers = offers.joined(invented.times(self.credit(untried, observations)))
        gain = offers.gain.copy()
        gain[: len(pool)][~free] = -1.0
        index = int(np.argmax(gain / self._price(offers, patience)))
        return self._planned(index, offers) if gain[index] >= 0 else None

    def _invented(
        self,
        configurations: Sequence[Configuration],
        known: "_Known",
        posterior: "Posterior",
        best: float,
        aim: EnsembleAim | TradeOff | None,
    ) -> "_Offers":
        """Return what is expected of configurations outside the pool, by those they resemble."""
        related = self._extrapolation.weights(configurations, known.foreign)
        within = self._extrapolation.within_family(configurations)[:, -1, -1]
        at_top = posterior.of(related.shares, _BETTER * related.rest * within)
        return _offers(configurations, at_top, related.shares @ known.log_seconds, best, aim)

    def credit(
        self, configurations: Sequence[Configuration], observations: Sequence[Observation]
    ) -> "FloatArray":
        """Return the share of what families promise outside the pool that they have kept so far.

        Parameters
        ----------
        configurations : sequence of Configuration
            Configurations outside the pool.
        observations : sequence of Observation
            The trials so far.

        Returns
        -------
        ndarray of shape (n_configurations,)
            At most 1, which a family has that was not tried outside the pool.

        Notes
        -----
        Every new configuration is expected to be a little better by chance. Where many have been
        tried, and none was, that was too much: else a cheap family whose configurations are all
        alike on this dataset would be tried again and again.
        """
        pool = {c.key for c in self.forecast.configurations}
        gained = gains_outside(observations, pool)
        variance = self._extrapolation.within_family(configurations)[:, -1, -1]
        promised = _PROMISE * np.sqrt(_BETTER * variance)
        names = [c.algorithm for c in configurations]
        counts = np.array([len(gained.get(name, ())) for name in names], dtype=float)
        sums = np.array([sum(gained.get(name, ())) for name in names], dtype=float)
        kept = (_TRUST * promised + sums) / ((_TRUST + counts) * np.maximum(promised, 1e-12))
        return np.asarray(np.minimum(1.0, kept))

    def _planned(self, index: int, offers: "_Offers") -> PlannedTrial:
        return PlannedTrial(
            configuration=offers.configurations[index],
            expected_value=float(offers.mean[index]),
            deviation=float(offers.deviation[index]),
            seconds=float(self._climb(offers)[index]),
            top_seconds=float(np.exp(offers.log_seconds[index, -1])),
            is_new_member=bool(offers.is_new_member[index]),
        )

    def _portfolio(self, free: "BoolArray", known: "_Known", price: "FloatArray") -> int:
        """Return the column that lowers the best regret on past datasets by most, per price."""
        regret = np.minimum(self.forecast.regret, self.settings.cap)
        tried = known.tried[known.tried < len(free)]
        best = regret[:, tried].min(axis=1, initial=self.settings.cap)
        gain = self.forecast.weights @ np.maximum(best[:, None] - regret, 0.0)
        if len(tried) == 0:
            gain = gain + self.forecast.weights @ beaten(self.forecast.regret)
        if gain[free].max() <= 1e-12:  # no past dataset gains: at least nothing bad
            gain = self.settings.cap - self.forecast.weights @ regret
        return int(np.argmax(np.where(free, gain / price, -np.inf)))

    def _climb(self, offers: "_Offers") -> "FloatArray":
        """Return the expected seconds of starting a configuration, (n_configurations,)."""
        levels = self.levels or self._used
        share = self.settings.promotion ** np.arange(len(levels))
        at = [self._used.index(level) for level in levels]
        seconds = np.exp(offers.log_seconds[:, at])
        whole = seconds[:, -1].copy()
        if levels[-2:] == (TOP - 1, TOP):  # the fold of the level below is not fitted again
            seconds[:, -1] = np.maximum(seconds[:, -1] - seconds[:, -2], 0.0)
        return np.asarray(np.where(offers.is_new_member, whole, seconds @ share))

    def _price(self, offers: "_Offers", patience: float) -> "FloatArray":
        """Return what gains are divided by, (n_configurations,)."""
        climb = self._climb(offers)
        if np.isinf(self.settings.floor):
            return np.ones(len(climb))
        return climb + self.settings.floor * float(np.median(climb)) + patience

    def _known(self, observations: Sequence[Observation]) -> "_Known":
        """Sort observations into the columns of a belief that covers all their configurations."""
        forecast = self.forecast
        position = {c.key: i for i, c in enumerate(forecast.configurations)}
        observations = worth_keeping(observations, frozenset(position))
        foreign: list[Configuration] = []
        for observation in observations:
            key = observation.configuration.key
            if key not in position:
                position[key] = len(forecast.configurations) + len(foreign)
                foreign.append(observation.configuration)
        covered = self._extrapolation.covering(tuple(foreign))
        at = np.array([position[o.configuration.key] for o in observations], dtype=np.intp)
        levels = np.array([self._used.index(o.level) for o in observations], dtype=np.intp)
        values = np.array([o.value for o in observations], dtype=np.float64)
        return _Known(
            columns=at * len(self._used) + levels,
            values=values,
            tried=np.unique(at),
            belief=covered.belief,
            log_seconds=self._corrected(covered.log_seconds, foreign, at, levels, observations),
            foreign=covered.foreign,
        )

    def _corrected(
        self,
        log_seconds: "FloatArray",
        foreign: list[Configuration],
        at: "IndexArray",
        levels: "IndexArray",
        observations: Sequence[Observation],
    ) -> "FloatArray":
        seconds = np.array([o.seconds for o in observations], dtype=np.float64)
        was_stopped = np.array([o.was_stopped for o in observations], dtype=bool)
        names = [c.algorithm for c in (*self.forecast.configurations, *foreign)]
        number = np.unique(names, return_inverse=True)[1]
        excess = excess_of_trials(log_seconds[at, levels], seconds, was_stopped)
        tells = np.isfinite(excess)
        shift = corrected(np.zeros(len(names)), number, excess[tells], number[at[tells]])
        return log_seconds + shift[:, None]


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class _Offers:
    """Configurations that may be started, with what is expected of each at the top level."""

    configurations: tuple[Configuration, ...]
    mean: "FloatArray"
    deviation: "FloatArray"
    gain: "FloatArray"
    is_new_member: "BoolArray"
    log_seconds: "FloatArray"

    def times(self, factors: "FloatArray") -> "_Offers":
        """Return them with their gains times some factors."""
        return replace(self, gain=self.gain * factors)

    def joined(self, other: "_Offers") -> "_Offers":
        """Return these and others."""
        return _Offers(
            configurations=self.configurations + other.configurations,
            mean=np.concatenate([self.mean, other.mean]),
            deviation=np.concatenate([self.deviation, other.deviation]),
            gain=np.concatenate([self.gain, other.gain]),
            is_new_member=np.concatenate([self.is_new_member, other.is_new_member]),
            log_seconds=np.vstack([self.log_seconds, other.log_seconds]),
        )


def _offers(
    configurations: Sequence[Configuration],
    posterior: "Posterior",
    log_seconds: "FloatArray",
    best: float,
    aim: EnsembleAim | TradeOff | None,
) -> _Offers:
    """Compute what configurations promise: to the aim, or without one to the best so far."""
    is_new_member = np.zeros(len(configurations), dtype=bool)
    if aim is None:
        gain = posterior.expected_improvement(best)
    elif isinstance(aim, TradeOff):
        gain = aim.gain(posterior, configurations)
    else:
        shared = aim.shared_with(configurations)
        gain = posterior.expected_gain(min(best, aim.value), shared, aim.power)
        is_new_member = aim.takes(configurations, posterior.mean)
    return _Offers(
        configurations=tuple(configurations),
        mean=posterior.mean,
        deviation=posterior.deviation,
        gain=gain,
        is_new_member=is_new_member,
        log_seconds=log_seconds,
    )


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class _Known:
    """Observations, sorted into columns."""

    columns: "IndexArray"
    values: "FloatArray"
    tried: "IndexArray"
    belief: "Belief"
    log_seconds: "FloatArray"
    foreign: tuple[Configuration, ...]
