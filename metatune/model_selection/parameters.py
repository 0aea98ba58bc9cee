"""Parameters that a user searches: lists, distributions and domains, as one search space each."""

import itertools
import math
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from difflib import get_close_matches
from typing import TYPE_CHECKING, Any

from metatune.errors import OptionError
from metatune.space import Choice, Configuration, Domain, Float, Int, SearchSpace, Value

if TYPE_CHECKING:
    import numpy as np

__all__ = ["ParameterSpace", "Quantiles", "every_configuration", "parameter_spaces"]

_MOST_LISTED = 10_000  # configurations of a space that are listed one by one
_SCALARS = (str, bool, int, float)
_ENDS = 1e-6  # of the probability, where a distribution has no ends


@dataclass(frozen=True, slots=True)
class Quantiles(Domain):
    """Numbers that a distribution of SciPy draws: uniform in their probability.

    Parameters
    ----------
    distribution : frozen distribution of scipy.stats
        Has `ppf` and `cdf`.
    """

    distribution: Any

    def sample(self, rng: "np.random.Generator") -> Value:
        return self.from_unit(float(rng.random()))

    def mutate(self, value: Value, rng: "np.random.Generator") -> Value:
        return self.from_unit(Float(0.0, 1.0).mutate(self.to_unit(value), rng))

    def contains(self, value: Value) -> bool:
        is_number = isinstance(value, int | float) and not isinstance(value, bool)
        low, high = self.distribution.support()
        return is_number and low <= float(value) <= high  # type: ignore[arg-type]

    def to_unit(self, value: Value) -> float:
        return float(self.distribution.cdf(value))

    def from_unit(self, unit: float) -> Value:
        value = self.distribution.ppf(min(1.0 - _ENDS, max(_ENDS, unit)))
        if hasattr(self.distribution.dist, "pmf"):
            return int(value)
        return float(f"{float(value):.6g}")

    @property
    def is_fixed(self) -> bool:
        return self.from_unit(0.0) == self.from_unit(1.0)

    def nearest(self, value: Value, otherwise: Value) -> Value:
        if not isinstance(value, int | float) or isinstance(value, bool):
            return otherwise
        if self.contains(value):
            return self.from_unit(self.to_unit(value))
        return self.from_unit(0.0 if value < self.distribution.support()[0] else 1.0)


@dataclass(frozen=True, slots=True, kw_only=True)
class ParameterSpace:
    """Search space over parameters of an estimator.

    Attributes
    ----------
    space : SearchSpace
        Of the parameters' names; values that JSON cannot hold go by labels.
    objects : Mapping of str to (Mapping of str to object)
        By parameter and label, what a label stands for.
    """

    space: SearchSpace
    objects: Mapping[str, Mapping[str, Any]] = field(default_factory=dict)

    def params(self, configuration: Configuration) -> dict[str, Any]:
        """Return what the estimator is given for a configuration."""
        return {
            name: self.objects[name][str(value)] if name in self.objects else value
            for name, value in configuration.params.items()
        }

    def configuration(self, params: Mapping[str, Any], origin: str) -> Configuration:
        """Return the configuration that is nearest to parameters of an estimator.

        Parameters
        ----------
        params : Mapping of str to object
            Parameters that others have; the defaults of the space stand for those that are missing.
        origin : str
            Where they come from.
        """
        values = {
            name: self._nearest(name, params[name]) if name in params else default
            for name, default in self.space.defaults.items()
        }
        return self.space.from_values(values, origin)

    def _nearest(self, name: str, value: Any) -> Value:
        if name in self.objects:
            same = (label for label, held in self.objects[name].items() if held == value)
            return next(same, self.space.defaults[name])
        return self.space.domains[name].nearest(value, self.space.defaults[name])


def parameter_spaces(given: Any, estimator: Any) -> dict[str, ParameterSpace]:
    """Return the spaces that a user wants to be searched, by names of their own.

    Parameters
    ----------
    given : Mapping, or sequence of Mapping
        Parameters with lists, distributions of SciPy, domains of `metatune.space`, or a domain and
        its default; several mappings are alternatives, as in scikit-learn.
    estimator : estimator
        Its own values are the defaults, where they lie in the domains.

    Raises
    ------
    OptionError
        If a parameter is none of the estimator's, or its values cannot be searched.
    """
    parts = [given] if isinstance(given, Mapping) else given
    if not isinstance(parts, Sequence) or isinstance(parts, str) or not parts:
        raise OptionError(
            f"space={given!r:.60} is no space: give a dict of parameters, or a list of dicts"
        )
    name = type(estimator).__name__
    spaces = {}
    for i, part in enumerate(parts):
        if not isinstance(part, Mapping):
            raise OptionError(f"space[{i}]={part!r:.60} is no dict: give parameters by their names")
        label = name if len(parts) == 1 else f"{name} {i}"
        spaces[label] = _parameter_space(label, part, estimator)
    return spaces


def every_configuration(spaces: Mapping[str, SearchSpace]) -> Iterator[Configuration]:
    """Yield all configurations of spaces that consist of a few choices each; nothing of others."""
    for space in spaces.values():
        domains = list(space.domains.values())
        options = [d.options for d in domains if isinstance(d, Choice)]
        if len(options) < len(domains) or math.prod(map(len, options)) > _MOST_LISTED:
            continue
        for values in itertools.product(*options):
            named = dict(zip(space.domains, values, strict=True))
            yield space.from_values(named, "listed")


def _parameter_space(label: str, given: Mapping[str, Any], estimator: Any) -> ParameterSpace:
    own = estimator.get_params()
    domains: dict[str, Domain] = {}
    defaults: dict[str, Value] = {}
    objects: dict[str, dict[str, Any]] = {}
    for name, values in given.items():
        if name not in own and not _is_replaced(name, given):
            raise OptionError(_unknown(name, own, estimator))
        domain, default, held = _domain(values, f"space[{name!r}]")
        if held:
            objects[name] = held
        domains[name] = domain
        defaults[name] = default if default is not None else _default(domain, own.get(name), held)
    space = SearchSpace(algorithm=label, domains=domains, defaults=defaults)
    return ParameterSpace(space=space, objects=objects)


def _is_replaced(name: str, given: Mapping[str, Any]) -> bool:
    """Return True for a parameter of a part that is itself searched."""
    parts = name.split("__")
    return any("__".join(parts[:i]) in given for i in range(1, len(parts)))


def _unknown(name: str, own: Mapping[str, Any], estimator: Any) -> str:
    near = get_close_matches(str(name), own, n=1)
    hint = f"did you mean {near[0]!r}?" if near else f"choose from {', '.join(sorted(own))}"
    return f"space: {name!r} is no parameter of {type(estimator).__name__}: {hint}"


def _default(domain: Domain, own: Any, held: Mapping[str, Any]) -> Value:
    """Return the estimator's own value, if it is in the domain, else what is nearest to it."""
    if held:
        return next((label for label, value in held.items() if value is own), next(iter(held)))
    return domain.nearest(own, domain.from_unit(0.0 if isinstance(domain, Choice) else 0.5))


def _domain(given: Any, key: str) -> tuple[Domain, Value, dict[str, Any]]:
    """Return the domain of given values, its default if there is one, and what labels stand for."""
    default: Value = None
    if isinstance(given, tuple) and len(given) == 2 and isinstance(given[0], Domain):
        given, default = given
        if not given.contains(default):
            raise OptionError(f"{key}: default = {default!r:.60} is outside {given}")
    if isinstance(given, Domain):
        return given, default, {}
    if hasattr(given, "rvs"):
        return _of_distribution(given, key), None, {}
    if hasattr(given, "tolist"):
        given = given.tolist()
    if isinstance(given, str) or not isinstance(given, Sequence):
        raise OptionError(
            f"{key}={given!r:.60} cannot be searched: give a list of values, a distribution of "
            "scipy.stats, or Float, Int or Choice of metatune.space"
        )
    if not given:
        raise OptionError(f"{key} is empty: give at least one value")
    options = [_scalar(value) for value in given]
    if all(option is None or isinstance(option, _SCALARS) for option in options):
        return Choice(tuple(_distinct(options))), None, {}
    held = {f"{i}: {' '.join(repr(value).split())[:60]}": value for i, value in enumerate(given)}
    return Choice(tuple(held)), None, held


def _distinct(options: list[Any]) -> list[Any]:
    """Leave out values that are there already; 1, 1.0 and True are three."""
    return list({(type(option), option): option for option in options}.values())


def _scalar(value: Any) -> Any:
    return value.item() if hasattr(value, "item") and not getattr(value, "ndim", 1) else value


def _of_distribution(given: Any, key: str) -> Domain:
    """Return the domain of a distribution; the usual ones become ranges."""
    if not hasattr(given, "ppf") or not hasattr(given, "dist"):
        raise OptionError(
            f"{key}={given!r:.60} has no quantiles: give a distribution of scipy.stats"
        )
    low, high = (float(end) for end in given.support())
    name = given.dist.name
    if name == "randint":
        return Int(int(low), int(high))
    if name == "uniform":
        return Float(low, high)
    if name in ("loguniform", "reciprocal"):
        return Float(low, high, log=True)
    return Quantiles(given)
