"""Hyperparameter domains, search spaces and configurations."""

import hashlib
import json
import math
from abc import ABC, abstractmethod
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING

from metatune.errors import SpaceError
from metatune.schedule import SCHEDULE, Growth

if TYPE_CHECKING:
    import numpy as np

__all__ = ["Choice", "Condition", "Configuration", "Domain", "Float", "Int", "SearchSpace", "Value"]

Value = str | int | float | bool | None
"""Value of a hyperparameter: a scalar of JSON."""

_STEP = 0.2  # standard deviation of a mutation, as a share of the (log) range


class Domain(ABC):
    """Domain of the values that one hyperparameter may take."""

    @abstractmethod
    def sample(self, rng: "np.random.Generator") -> Value:
        """Draw a value uniformly (on the log scale where the domain is logarithmic)."""

    @abstractmethod
    def mutate(self, value: Value, rng: "np.random.Generator") -> Value:
        """Draw a value near `value`."""

    @abstractmethod
    def contains(self, value: Value) -> bool:
        """Return True if `value` belongs to the domain."""

    @abstractmethod
    def to_unit(self, value: Value) -> float:
        """Map `value` to [0, 1], monotonically where the domain is ordered."""

    @abstractmethod
    def from_unit(self, unit: float) -> Value:
        """Map a number in [0, 1] to the value nearest to it."""

    @property
    @abstractmethod
    def is_fixed(self) -> bool:
        """True if it has a single value."""

    @abstractmethod
    def nearest(self, value: Value, otherwise: Value) -> Value:
        """Return the value of the domain that is nearest to one of another domain.

        Parameters
        ----------
        value : Value
            Value of the same hyperparameter in another space.
        otherwise : Value
            Value of this domain, for one that nothing here is near to.
        """


@dataclass(frozen=True, slots=True)
class Float(Domain):
    """Real numbers from `low` to `high`, both included."""

    low: float
    high: float
    log: bool = False

    def sample(self, rng: "np.random.Generator") -> float:
        return self.from_unit(float(rng.random()))

    def mutate(self, value: Value, rng: "np.random.Generator") -> float:
        return self.from_unit(_reflect(self.to_unit(value) + _STEP * float(rng.standard_normal())))

    def contains(self, value: Value) -> bool:
        return _is_number(value) and self.low <= float(value) <= self.high  # type: ignore[arg-type]

    def to_unit(self, value: Value) -> float:
        return _to_unit(float(value), self.low, self.high, self.log)  # type: ignore[arg-type]

    def from_unit(self, unit: float) -> float:
        # six significant digits keep configurations readable
        value = _from_unit(unit, self.low, self.high, self.log)
        return min(self.high, max(self.low, float(f"{value:.6g}")))

    @property
    def is_fixed(self) -> bool:
        return self.low == self.high

    def nearest(self, value: Value, otherwise: Value) -> Value:
        if not _is_number(value):
            return otherwise
        return min(self.high, max(self.low, float(value)))  # type: ignore[arg-type]


@dataclass(frozen=True, slots=True)
class Int(Domain):
    """Whole numbers from `low` to `high`, both included."""

    low: int
    high: int
    log: bool = False

    def sample(self, rng: "np.random.Generator") -> int:
        return self.from_unit(float(rng.random()))

    def mutate(self, value: Value, rng: "np.random.Generator") -> int:
        moved = self.from_unit(_reflect(self.to_unit(value) + _STEP * float(rng.standard_normal())))
        if moved != value or self.low == self.high:
            return moved
        step = 1 if moved < self.high and (moved == self.low or rng.random() < 0.5) else -1
        return moved + step

    def contains(self, value: Value) -> bool:
        return (
            isinstance(value, int)
            and not isinstance(value, bool)
            and self.low <= value <= self.high
        )

    def to_unit(self, value: Value) -> float:
        return _to_unit(float(value), self.low, self.high, self.log)  # type: ignore[arg-type]

    def from_unit(self, unit: float) -> int:
        value = round(_from_unit(unit, self.low, self.high, self.log))
        return min(self.high, max(self.low, value))

    @property
    def is_fixed(self) -> bool:
        return self.low == self.high

    def nearest(self, value: Value, otherwise: Value) -> Value:
        if not _is_number(value):
            return otherwise
        return min(self.high, max(self.low, round(value)))  # type: ignore[arg-type]


@dataclass(frozen=True, slots=True)
class Choice(Domain):
    """Choice of one of several unordered options."""

    options: tuple[Value, ...]

    def sample(self, rng: "np.random.Generator") -> Value:
        return self.options[int(rng.integers(len(self.options)))]

    def mutate(self, value: Value, rng: "np.random.Generator") -> Value:
        others = [option for option in self.options if option != value]
        return others[int(rng.integers(len(others)))] if others else value

    def contains(self, value: Value) -> bool:
        return any(value == option and type(value) is type(option) for option in self.options)

    def to_unit(self, value: Value) -> float:
        return self.options.index(value) / max(1, len(self.options) - 1)

    def from_unit(self, unit: float) -> Value:
        return self.options[min(int(unit * len(self.options)), len(self.options) - 1)]

    @property
    def is_fixed(self) -> bool:
        return len(self.options) == 1

    def nearest(self, value: Value, otherwise: Value) -> Value:
        if self.contains(value):
            return value
        numbers = [option for option in self.options if _is_number(option)]
        if not numbers or not _is_number(value):
            return otherwise
        return min(numbers, key=lambda option: abs(option - value))  # type: ignore[operator]


@dataclass(frozen=True, slots=True)
class Condition:
    """Condition of an active hyperparameter: its `parent` has one of `values`."""

    parent: str
    values: tuple[Value, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Configuration:
    """Algorithm with values for its hyperparameters.

    Attributes
    ----------
    algorithm : str
        Name of the algorithm in the registry.
    params : Mapping of str to Value
        The active hyperparameters only.
    origin : str
        Where the configuration comes from ("default", "portfolio", "random", ...); not part of
        its identity.
    """

    algorithm: str
    params: Mapping[str, Value]
    origin: str = field(default="", compare=False)
    _key: str = field(default="", init=False, repr=False, compare=False)

    def __post_init__(self) -> None:
        object.__setattr__(self, "params", dict(sorted(self.params.items())))

    def __hash__(self) -> int:
        return hash(self.key)

    @property
    def key(self) -> str:
        """Short content hash: the same for equal algorithm and hyperparameters, everywhere."""
        if not self._key:  # asked for often, and the same for as long as the object lives
            text = json.dumps([self.algorithm, self.params], sort_keys=True, separators=(",", ":"))
            digest = hashlib.sha256(text.encode()).hexdigest()
            object.__setattr__(self, "_key", digest[:12])
        return self._key

    def with_origin(self, origin: str) -> "Configuration":
        """Return the same configuration with another origin."""
        return replace(self, origin=origin)

    def __str__(self) -> str:
        inner = ", ".join(f"{name}={value}" for name, value in self.params.items())
        return f"{self.algorithm}({inner})"


@dataclass(frozen=True, slots=True, kw_only=True)
class SearchSpace:
    """Search space: the hyperparameters of one algorithm.

    Attributes
    ----------
    algorithm : str
        Name of the algorithm in the registry.
    domains : Mapping of str to Domain
        Every hyperparameter, parents before the hyperparameters that depend on them.
    defaults : Mapping of str to Value
        One value for every hyperparameter.
    conditions : Mapping of str to Condition
        Conditions of hyperparameters that are not always active.
    neutral : Mapping of str to Value
        Hyperparameters added after configurations had been evaluated, with the value that leaves
        the model as it was. A configuration omits them while they have it, so that its key
        stays the same.
    growth : Growth or None
        Growth of the models, if training can go on from where it stood: then a configuration may
        have a `schedule` (`metatune.schedule`), which only population-based training gives it.
    smooth : tuple of str
        Real hyperparameters of which the validation loss is a smooth function that has a derivative
        (`metatune.evaluation.hypergradient`).
    """

    algorithm: str
    domains: Mapping[str, Domain]
    defaults: Mapping[str, Value]
    conditions: Mapping[str, Condition] = field(default_factory=dict)
    neutral: Mapping[str, Value] = field(default_factory=dict)
    growth: Growth | None = None
    smooth: tuple[str, ...] = ()

    def default(self) -> Configuration:
        """Return the configuration of the defaults."""
        return self.from_values(self.defaults, "default")

    def sample(self, rng: "np.random.Generator") -> Configuration:
        """Draw a configuration at random."""
        return self.from_values({k: d.sample(rng) for k, d in self.domains.items()}, "random")

    def mutate(
        self, configuration: Configuration, rng: "np.random.Generator", n_changes: int = 2
    ) -> Configuration:
        """Change about `n_changes` of the active hyperparameters a little."""
        active = sorted(n for n in self.completed(configuration) if not self.domains[n].is_fixed)
        if not active:
            return configuration.with_origin("mutation")
        chosen = rng.choice(len(active), size=min(n_changes, len(active)), replace=False)
        values = {**self.defaults, **self.neutral, **configuration.params}
        for index in chosen:
            name = active[int(index)]
            values[name] = self.domains[name].mutate(values[name], rng)
        return self.from_values(values, "mutation")

    def from_values(self, values: Mapping[str, Value], origin: str) -> Configuration:
        """Make a configuration from one value for every hyperparameter.

        Inactive ones drop out, and so do neutral ones, which may also be missing.
        """
        values = {**self.neutral, **values}
        params = {
            name: values[name]
            for name in self._active(values)
            if name not in self.neutral or values[name] != self.neutral[name]
        }
        return Configuration(algorithm=self.algorithm, params=params, origin=origin)

    def completed(self, configuration: Configuration) -> dict[str, Value]:
        """Return the values of all active hyperparameters, the unnamed neutral ones included.

        A schedule is left out: they are those that training begins with.
        """
        values = {**self.neutral, **configuration.params}
        active = set(self._active(values))
        return {
            name: value
            for name, value in values.items()
            if name in active or (name in configuration.params and name != SCHEDULE)
        }

    def nearest(self, configuration: Configuration) -> Configuration:
        """Return the configuration of this space that is nearest to one of a wider space.

        Parameters
        ----------
        configuration : Configuration
            Of the same algorithm.

        Returns
        -------
        Configuration
            The same object if it lies in this space.
        """
        values = {**self.defaults, **self.neutral, **configuration.params}
        kept = {
            name: domain.nearest(values[name], self.defaults[name])
            for name, domain in self.domains.items()
        }
        moved = self.from_values(kept, configuration.origin)
        return configuration if moved == configuration else moved

    def check(self, configuration: Configuration) -> None:
        """Raise `SpaceError` unless `configuration` lies in this space."""
        if configuration.algorithm != self.algorithm:
            raise SpaceError(
                f"a configuration of {configuration.algorithm} is not one of {self.algorithm}"
            )
        given = self.completed(configuration)
        expected = set(self._active(given))
        if expected != set(given):
            odd = ", ".join(sorted(expected ^ set(given)))
            raise SpaceError(
                f"{self.algorithm}: missing, unknown or inactive hyperparameters: {odd}"
            )
        for name, value in given.items():
            self._check_value(name, value)
        if SCHEDULE not in configuration.params:
            return
        if self.growth is None:
            raise SpaceError(f"{self.algorithm}: its training cannot go on by a schedule")
        for name, value in self.growth.changes(str(configuration.params[SCHEDULE])):
            self._check_value(name, value)

    def _check_value(self, name: str, value: Value) -> None:
        if not self.domains[name].contains(value):
            raise SpaceError(f"{self.algorithm}: {name}={value!r} is outside {self.domains[name]}")

    def _active(self, values: Mapping[str, Value]) -> list[str]:
        active: list[str] = []
        for name in self.domains:
            condition = self.conditions.get(name)
            if condition is None or (
                condition.parent in active and values.get(condition.parent) in condition.values
            ):
                active.append(name)
        return active


def _is_number(value: Value) -> bool:
    return isinstance(value, int | float) and not isinstance(value, bool)


def _to_unit(value: float, low: float, high: float, log: bool) -> float:
    if low == high:
        return 0.0
    if log:
        value, low, high = math.log(value), math.log(low), math.log(high)
    return (value - low) / (high - low)


def _from_unit(unit: float, low: float, high: float, log: bool) -> float:
    if log:
        return math.exp(math.log(low) + unit * (math.log(high) - math.log(low)))
    return low + unit * (high - low)


def _reflect(unit: float) -> float:
    """Fold a step beyond [0, 1] back inside, so that mutations do not pile up at the borders."""
    unit = abs(unit) % 2.0
    return 2.0 - unit if unit > 1.0 else unit
