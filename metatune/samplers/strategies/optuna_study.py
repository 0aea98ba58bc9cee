"""Studies of Optuna: a history told to one of its samplers, and what that proposes next.

Results are enqueued: each is asked for with the values that were tried, and told its loss, in the
order of the history, so that samplers which write down their state with each trial (generations,
covariances) have it again. A proposal is asked of a copy of that study whose sampler has a seed of
its own: it depends on the history and the seed, and not on what was asked before. Trials under way
are running trials of the copy.
"""

import warnings
from abc import ABC, abstractmethod
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any

from metatune.samplers.strategies.cube import all_values, at, point_of
from metatune.samplers.strategies.seen import Seen
from metatune.space import Choice, Configuration, Domain, SearchSpace, Value

if TYPE_CHECKING:
    from optuna import Study
    from optuna.distributions import BaseDistribution
    from optuna.samplers import BaseSampler
    from optuna.trial import Trial

__all__ = ["CubeEncoding", "Encoding", "FlatEncoding", "StudyMemory", "TreeEncoding"]

_FAMILY = "family"


class Encoding(ABC):
    """Encoding of configurations as parameters of Optuna."""

    @abstractmethod
    def parameters(self, configuration: Configuration) -> dict[str, Any]:
        """Return the parameters that stand for a configuration."""

    @abstractmethod
    def distributions(self, configuration: Configuration) -> "dict[str, BaseDistribution]":
        """Return the distributions of these parameters."""

    @abstractmethod
    def suggest(self, trial: "Trial") -> Configuration:
        """Let a trial suggest a configuration."""


class TreeEncoding(Encoding):
    """Encoding as a tree: the family, then its active hyperparameters.

    Numbers are places in their range, on the log scale where it is one.

    Parameters
    ----------
    spaces : Mapping of str to SearchSpace
        Search spaces of the families.
    origin : str
        Origin of suggested configurations.
    """

    def __init__(self, spaces: Mapping[str, SearchSpace], origin: str) -> None:
        self._spaces = spaces
        self._origin = origin

    def parameters(self, configuration: Configuration) -> dict[str, Any]:
        space = self._spaces[configuration.algorithm]
        active = space.completed(configuration)
        return {
            _FAMILY: space.algorithm,
            **{_name(space, n): _told(space.domains[n], value) for n, value in active.items()},
        }

    def distributions(self, configuration: Configuration) -> "dict[str, BaseDistribution]":
        space = self._spaces[configuration.algorithm]
        active = space.completed(configuration)
        return {
            _FAMILY: _choice(sorted(self._spaces)),
            **{_name(space, name): _distribution(space.domains[name]) for name in active},
        }

    def suggest(self, trial: "Trial") -> Configuration:
        family = str(trial.suggest_categorical(_FAMILY, sorted(self._spaces)))
        space = self._spaces[family]
        values: dict[str, Value] = {**space.defaults, **space.neutral}
        for name in space.domains:  # parents come before what depends on them
            if name in space.completed(space.from_values(values, "")):
                values[name] = _suggested(trial, _name(space, name), space.domains[name])
        return space.from_values(values, self._origin)


class FlatEncoding(Encoding):
    """Encoding as one long list: the family, and the hyperparameters of all families.

    Those of other families have their defaults, and are of no effect.

    Parameters
    ----------
    spaces : Mapping of str to SearchSpace
        Search spaces of the families.
    origin : str
        Origin of suggested configurations.
    """

    def __init__(self, spaces: Mapping[str, SearchSpace], origin: str) -> None:
        self._spaces = spaces
        self._origin = origin

    def parameters(self, configuration: Configuration) -> dict[str, Any]:
        found: dict[str, Any] = {_FAMILY: configuration.algorithm}
        for family, space in self._spaces.items():
            own = configuration if family == configuration.algorithm else space.default()
            values = all_values(space, own)
            found |= {_name(space, n): _told(d, values[n]) for n, d in space.domains.items()}
        return found

    def distributions(self, configuration: Configuration) -> "dict[str, BaseDistribution]":  # noqa: ARG002
        found = {_FAMILY: _choice(sorted(self._spaces))}
        for space in self._spaces.values():
            found |= {_name(space, n): _distribution(d) for n, d in space.domains.items()}
        return found

    def suggest(self, trial: "Trial") -> Configuration:
        family = str(trial.suggest_categorical(_FAMILY, sorted(self._spaces)))
        configuration = self._spaces[family].default()
        for space in self._spaces.values():
            values = {n: _suggested(trial, _name(space, n), d) for n, d in space.domains.items()}
            if space.algorithm == family:
                configuration = space.from_values(values, self._origin)
        return configuration


class CubeEncoding(Encoding):
    """Encoding of one family as a point in its unit cube, choices included.

    Parameters
    ----------
    space : SearchSpace
        Search space of the family.
    origin : str
        Origin of suggested configurations.
    """

    def __init__(self, space: SearchSpace, origin: str) -> None:
        self._space = space
        self._origin = origin

    def parameters(self, configuration: Configuration) -> dict[str, Any]:
        return dict(point_of(self._space, configuration))

    def distributions(self, configuration: Configuration) -> "dict[str, BaseDistribution]":  # noqa: ARG002
        from optuna.distributions import FloatDistribution

        return {name: FloatDistribution(0.0, 1.0) for name in self._space.domains}

    def suggest(self, trial: "Trial") -> Configuration:
        point = {name: trial.suggest_float(name, 0.0, 1.0) for name in self._space.domains}
        return at(self._space, point, self._origin)


class StudyMemory:
    """Study that holds the results of a history, and takes in new ones as they come.

    Parameters
    ----------
    encoding : Encoding
        Encoding of configurations.
    sampler : callable
        Makes the sampler that proposes, of a seed.
    keeps_state : bool
        Whether that sampler writes its state into trials, and so has to see them told.
    """

    def __init__(
        self,
        encoding: Encoding,
        sampler: "Callable[[int], BaseSampler]",
        *,
        keeps_state: bool,
    ) -> None:
        self._encoding = encoding
        self._sampler = sampler
        self._keeps_state = keeps_state
        self._told: list[Seen] = []
        self._study: Study | None = None

    def ask(
        self, seen: Sequence[Seen], pending: Sequence[Configuration], seed: int
    ) -> Configuration:
        """Return the configuration that the sampler proposes.

        Parameters
        ----------
        seen : sequence of Seen
            Results, in the order in which they were told.
        pending : sequence of Configuration
            Configurations under way.
        seed : int
            Seed of the proposal.
        """
        from optuna.trial import TrialState, create_trial

        with _quietly():
            told = self._tell(seen)
            study = _new_study(self._sampler(seed), len(told.directions))
            study.add_trials(told.get_trials(deepcopy=False))
            for configuration in pending:
                running = create_trial(
                    state=TrialState.RUNNING,
                    params=self._encoding.parameters(configuration),
                    distributions=self._encoding.distributions(configuration),
                )
                study.add_trial(running)
            return self._encoding.suggest(study.ask())

    def _tell(self, seen: Sequence[Seen]) -> "Study":
        """Bring the study to the state of a history."""
        from optuna.samplers import RandomSampler

        n_known = len(self._told)
        if self._study is None or not n_known or list(seen[:n_known]) != self._told:
            n_objectives = len(seen[0].values) if seen else 1
            self._study = _new_study(RandomSampler(seed=0), n_objectives)
            self._told, n_known = [], 0
        for result in seen[n_known:]:
            self._study.enqueue_trial(self._encoding.parameters(result.configuration))
            trial = self._study.ask(self._encoding.distributions(result.configuration))
            if self._keeps_state:  # which is written where a sampler draws, though not for its use
                self._study.sampler = self._sampler(0)
                _ = trial.relative_params
            self._study.tell(trial, list(result.values))
            self._told.append(result)
        return self._study


def _new_study(sampler: "BaseSampler", n_objectives: int) -> "Study":
    from optuna import create_study

    return create_study(sampler=sampler, directions=["minimize"] * n_objectives)


@contextmanager
def _quietly() -> Iterator[None]:
    """Keep what Optuna says about its studies and its experimental parts to itself."""
    from optuna import exceptions, logging

    before = logging.get_verbosity()
    logging.set_verbosity(logging.ERROR)
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore", exceptions.ExperimentalWarning)
            yield
    finally:
        logging.set_verbosity(before)


def _name(space: SearchSpace, hyperparameter: str) -> str:
    return f"{space.algorithm}.{hyperparameter}"


def _told(domain: Domain, value: Value) -> Value:
    return value if isinstance(domain, Choice) else domain.to_unit(value)


def _distribution(domain: Domain) -> "BaseDistribution":
    from optuna.distributions import FloatDistribution

    return _choice(domain.options) if isinstance(domain, Choice) else FloatDistribution(0.0, 1.0)


def _choice(options: Sequence[Value]) -> "BaseDistribution":
    from optuna.distributions import CategoricalDistribution

    return CategoricalDistribution(tuple(options))


def _suggested(trial: "Trial", name: str, domain: Domain) -> Value:
    if isinstance(domain, Choice):
        value: Value = trial.suggest_categorical(name, domain.options)
        return value
    return domain.from_unit(trial.suggest_float(name, 0.0, 1.0))
