"""Population-based training: models train on side by side, the worst go on from copies of the best.

Jaderberg et al. 2017, "Population based training of neural networks". The members of a population
are models whose training can go on from where it stood: boosted trees and networks. Each
generation trains every member one step further. Before it, the worst fifth take over model and
hyperparameters of one of the best fifth (truncation selection), and explore: each hyperparameter
that may change is multiplied by 1.2 or 0.8, or drawn anew with a probability of a quarter. So what
is found is a schedule of hyperparameters.

A trial is one member's training up to a step, and its configuration holds the schedule of that
member, ancestors included. So a trial depends on configuration, rows and seed alone, and the model
of all rows is a replay of the schedule. The price is that a step trains those before it again.

The population has 5 members below 15 minutes and where trials are counted, 10 below 2 hours, and
20 beyond. After 12 steps the next one begins. The founders are the recommended configurations of
the families that can go on, families in turn, then their defaults, then random ones. A generation
begins when the one before it is complete.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from itertools import zip_longest

import numpy as np

from metatune.evaluation.rungs import Rung
from metatune.samplers.base import TOP_RUNG, ListedSampler, Proposal, Sampler
from metatune.samplers.patience import Patience
from metatune.samplers.strategies.cube import holds
from metatune.samplers.strategies.seen import seen_at
from metatune.samplers.strategies.warm_start import after_recommended
from metatune.samplers.strategy import Situation
from metatune.schedule import SCHEDULE, Stage, current_changes, read_schedule, write_schedule
from metatune.search.history import History
from metatune.space import Configuration, Float, SearchSpace, Value

__all__ = ["N_STEPS", "Member", "PopulationSampler", "explored", "make_pbt", "population_size"]

N_STEPS = 12
"""Steps of a population."""

_SIZES = ((900.0, 5), (7_200.0, 10), (float("inf"), 20))
_CUT = 0.2  # of the population are replaced, and as many are copied
_FACTORS = (0.8, 1.2)
_RESAMPLED = 0.25
_ATTEMPTS = 50
_ORIGIN = "pbt"


def population_size(patience: Patience) -> int:
    """Return the number of members for a budget; the least where trials are counted."""
    seconds = patience.budget_seconds if patience.timed else 0.0
    return next(size for most, size in _SIZES if seconds < most)


@dataclass(frozen=True, slots=True, kw_only=True)
class Member:
    """Member of a generation.

    Attributes
    ----------
    configuration : Configuration
        Schedule up to here.
    loss : float or None
        Loss after it, infinite where the trial failed; None while it is under way.
    """

    configuration: Configuration
    loss: float | None


def explored(
    space: SearchSpace, configuration: Configuration, rng: np.random.Generator
) -> dict[str, float]:
    """Return hyperparameters near the present ones of a schedule, as far as they change.

    Parameters
    ----------
    space : SearchSpace
        Its models grow.
    configuration : Configuration
        Schedule so far.
    rng : Generator
        Source of the draws.
    """
    changes: dict[str, float] = {}
    for name, value in _present(space, configuration).items():
        domain = space.domains[name]
        if not isinstance(domain, Float):
            continue
        if rng.random() < _RESAMPLED:
            moved = domain.sample(rng)
        else:
            moved = float(f"{value * _FACTORS[int(rng.integers(2))]:.6g}")
        moved = min(domain.high, max(domain.low, moved))
        if moved != value:
            changes[name] = float(moved)
    return changes


def _present(space: SearchSpace, configuration: Configuration) -> dict[str, float]:
    """Return the values that the last stage of a schedule has."""
    values: Mapping[str, Value] = {
        **configuration.params,
        **current_changes(read_schedule(str(configuration.params[SCHEDULE]))),
    }
    changing = () if space.growth is None else space.growth.changing
    return {name: float(values[name]) for name in changing if name in values}  # type: ignore[arg-type]


class PopulationSampler(Sampler):
    """Sampler of the next steps of a population.

    Parameters
    ----------
    situation : Situation
        Spaces, seed and rungs of the search.
    """

    def __init__(self, situation: Situation) -> None:
        self._spaces = {
            name: space for name, space in situation.spaces.items() if space.growth is not None
        }
        self._seed = situation.seed
        self._top: Rung = situation.rungs[-1]
        self._size = population_size(situation.patience)
        self._first = _first_founders(situation, self._spaces, self._size)

    def propose(self, history: History) -> Proposal | None:
        generations = self.generations(history)
        place = self._next_place(generations)
        if place is None:
            return None
        configuration = self._successor(history, generations, *place)
        if configuration is None:
            return None
        return Proposal(configuration=configuration.with_origin(_ORIGIN), rung=TOP_RUNG)

    def generations(self, history: History) -> list[list[Member]]:
        """Return the members after each step, in the order in which they were started.

        The members at the same place of successive generations follow each other; a population of
        so many members comes after the other.
        """
        losses = {s.configuration.key: s.loss for s in seen_at(history, self._top, self._spaces)}
        told = {result.trial.configuration.key for result in history.results}
        trials = sorted(
            [*(result.trial for result in history.results), *history.pending],
            key=lambda trial: trial.number,
        )
        found: dict[str, Configuration] = {
            trial.configuration.key: trial.configuration
            for trial in trials
            if SCHEDULE in trial.configuration.params and holds(self._spaces, trial.configuration)
        }
        generations: list[list[Member]] = [[] for _ in range(N_STEPS)]
        for key, configuration in found.items():
            loss = losses.get(key, float("inf")) if key in told else None
            step = len(read_schedule(str(configuration.params[SCHEDULE])))
            if step <= N_STEPS:
                generations[step - 1].append(Member(configuration=configuration, loss=loss))
        return generations

    def _next_place(self, generations: Sequence[Sequence[Member]]) -> tuple[int, int] | None:
        """Return step and place of the next member; None while others are waited for."""
        # The last generation of a population is full before the next population begins.
        first = len(generations[-1]) // self._size * self._size
        for step, members in enumerate(generations):
            if len(members) < first + self._size:
                return step, len(members)
            if any(member.loss is None for member in members[first : first + self._size]):
                return None
        return None

    def _successor(
        self, history: History, generations: Sequence[Sequence[Member]], step: int, place: int
    ) -> Configuration | None:
        """Return who takes a place; None if nothing new is found."""
        rng = np.random.default_rng([self._seed, step, place])
        if step == 0:
            return self._founder(history, place, rng, n_steps=1)
        first = place // self._size * self._size
        members = generations[step - 1][first : first + self._size]
        ranked = sorted(range(len(members)), key=lambda i: (_loss(members[i]), i))
        n_cut = max(1, round(_CUT * len(members))) if len(members) > 1 else 0
        own = members[place - first]
        grown = self._grown(own.configuration, {})
        stays = _loss(own) < float("inf") and place - first not in ranked[len(ranked) - n_cut :]
        if stays and not history.knows(grown):
            return grown
        # Also where a run was cut off, and another place was taken by who would stand here.
        best = [members[i] for i in ranked[:n_cut] if _loss(members[i]) < float("inf")]
        for _ in range(_ATTEMPTS if best else 0):
            parent = best[int(rng.integers(len(best)))].configuration
            changes = explored(self._spaces[parent.algorithm], parent, rng)
            child = self._grown(parent, changes)
            if changes and not history.knows(child):
                return child
        return self._founder(history, place, rng, n_steps=step + 1)

    def _founder(
        self, history: History, place: int, rng: np.random.Generator, n_steps: int
    ) -> Configuration | None:
        """Return a configuration that has not changed since training began."""
        for configuration in self._first if n_steps == 1 else ():
            founder = self._begun(configuration, 1)
            if not history.knows(founder):
                return founder
        names = sorted(self._spaces)
        for attempt in range(_ATTEMPTS):
            space = self._spaces[names[(place + attempt) % len(names)]]
            founder = self._begun(space.sample(rng), n_steps)
            if not history.knows(founder):
                return founder
        return None

    def _begun(self, configuration: Configuration, n_steps: int) -> Configuration:
        return self._scheduled(configuration, [self._stage(configuration, {})] * n_steps)

    def _grown(self, configuration: Configuration, changes: Mapping[str, float]) -> Configuration:
        stages = read_schedule(str(configuration.params[SCHEDULE]))
        return self._scheduled(configuration, [*stages, self._stage(configuration, changes)])

    def _stage(self, configuration: Configuration, changes: Mapping[str, float]) -> Stage:
        growth = self._spaces[configuration.algorithm].growth
        return Stage(iterations=1 if growth is None else growth.step, changes=changes)

    def _scheduled(self, configuration: Configuration, stages: Sequence[Stage]) -> Configuration:
        params = {**configuration.params, SCHEDULE: write_schedule(stages)}
        return replace(configuration, params=params)


def _loss(member: Member) -> float:
    return float("inf") if member.loss is None else member.loss


def _first_founders(
    situation: Situation, spaces: Mapping[str, SearchSpace], size: int
) -> list[Configuration]:
    """Return so many recommended configurations, families in turn, and then the defaults."""
    recommended = (
        []
        if situation.advice is None
        else [one.configuration for one in situation.advice.recommendations.ranked]
    )
    usable = [configuration for configuration in recommended if holds(spaces, configuration)]
    by_family = [[c for c in usable if c.algorithm == name] for name in spaces]
    turns = [c for row in zip_longest(*by_family) for c in row if c is not None]
    return [*turns[:size], *(space.default() for space in spaces.values())]


def make_pbt(situation: Situation) -> Sampler:
    """Train a population; where no family can go on, defaults take its place."""
    if any(space.growth is not None for space in situation.spaces.values()):
        return PopulationSampler(situation)
    defaults = [space.default() for space in situation.spaces.values()]
    return after_recommended(situation, ListedSampler(defaults, rung=TOP_RUNG), rung=TOP_RUNG)
