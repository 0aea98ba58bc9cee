"""Hyperparameter priors: densities of the values that have won in published runs."""

import json
import math
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any

from metatune.errors import MetadataError
from metatune.space import Choice, Configuration, Domain, Float, Int, SearchSpace, Value

if TYPE_CHECKING:
    import numpy as np

__all__ = ["N_BINS", "Density", "HyperparameterPriors", "footprint", "n_bins"]

N_BINS = 10
"""Number of bins of a numeric hyperparameter, of equal width on its domain's unit interval."""

_DIGITS = 9  # of a warped unit: far more than a value keeps, and the same on every platform


@dataclass(frozen=True, slots=True, kw_only=True)
class Density:
    """Histogram density over one hyperparameter's domain.

    Attributes
    ----------
    domain : Domain
        The domain that it was learned for.
    weights : tuple of float
        Probabilities of equal bins of the unit interval; one bin for each option of a `Choice`.
        They sum to 1 up to rounding.
    n_datasets : int
        Datasets that it was learned from; one that several sources hold counts for each.
    sources : tuple of str
        Run histories that it was learned from.
    """

    domain: Domain
    weights: tuple[float, ...]
    n_datasets: int = 0
    sources: tuple[str, ...] = ()

    def warp(self, unit: float) -> float:
        """Map a uniform number in [0, 1] to one distributed like the density.

        This is the inverse of the cumulative distribution: non-decreasing, from 0 to 1.
        """
        left = unit * math.fsum(self.weights)
        last = len(self.weights) - 1
        for index, weight in enumerate(self.weights):
            if left < weight or index == last:
                inside = min(1.0, left / weight) if weight > 0 else 0.0
                return round((index + inside) / len(self.weights), _DIGITS)
            left -= weight
        raise AssertionError("a density has at least one bin")

    def relative(self, value: Value) -> float:
        """Return the density at `value`, relative to the uniform one."""
        shares = footprint(self.domain, value)
        mean = math.fsum(self.weights) / len(self.weights)
        return math.fsum(s * w for s, w in zip(shares, self.weights, strict=True)) / mean


@dataclass(frozen=True, slots=True, kw_only=True)
class HyperparameterPriors:
    """Densities by kind of pool, algorithm and hyperparameter; missing ones are uniform.

    Attributes
    ----------
    densities : Mapping of (pool, algorithm, hyperparameter) to Density
        `pool` is "classification" or "regression".
    family_wins : Mapping of str to Mapping
        For information: by pool and source, on how many datasets each family was the best.
    """

    densities: Mapping[tuple[str, str, str], Density] = field(default_factory=dict)
    family_wins: Mapping[str, Mapping[str, Mapping[str, float]]] = field(default_factory=dict)

    def __bool__(self) -> bool:
        return bool(self.densities)

    def find(self, space: SearchSpace, pool: str, name: str) -> Density | None:
        """Return the density of a hyperparameter, or None if there is none.

        A density learned for another domain than the space has now does not count.
        """
        density = self.densities.get((pool, space.algorithm, name))
        if density is None or density.domain != space.domains[name]:
            return None
        return density

    def warp(self, space: SearchSpace, pool: str, units: Mapping[str, float]) -> dict[str, float]:
        """Map a point of the unit cube to one distributed like the prior.

        Parameters
        ----------
        space : SearchSpace
            The algorithm's search space for the pool.
        pool : str
            "classification" or "regression".
        units : Mapping of str to float
            A number in [0, 1] for each hyperparameter.

        Returns
        -------
        dict of str to float
            Numbers in [0, 1] for `Domain.from_unit`.
        """
        found = {name: self.find(space, pool, name) for name in units}
        return {
            name: unit if (density := found[name]) is None else density.warp(unit)
            for name, unit in units.items()
        }

    def sample(
        self, space: SearchSpace, pool: str, rng: "np.random.Generator", origin: str = "prior"
    ) -> Configuration:
        """Draw a configuration from the prior."""
        units = {name: float(rng.random()) for name in space.domains}
        warped = self.warp(space, pool, units)
        return space.from_values(
            {name: domain.from_unit(warped[name]) for name, domain in space.domains.items()}, origin
        )

    def log_density(self, space: SearchSpace, pool: str, configuration: Configuration) -> float:
        """Return the log density of the prior at a configuration, relative to the uniform one."""
        found = {name: self.find(space, pool, name) for name in configuration.params}
        return math.fsum(
            math.log(max(density.relative(configuration.params[name]), 1e-12))
            for name, density in found.items()
            if density is not None
        )

    def save(self, path: Path) -> None:
        """Write the priors as indented JSON."""
        pools: dict[str, Any] = {}
        for (pool, algorithm, name), density in sorted(self.densities.items()):
            family = pools.setdefault(pool, {}).setdefault(algorithm, {})
            family[name] = _to_json(density)
        content = {"bins": N_BINS, "family_wins": self.family_wins, "pools": pools}
        path.write_text(_readable(content) + "\n", encoding="utf-8")

    @classmethod
    def load(cls, path: Path) -> "HyperparameterPriors":
        """Read priors written by `save`.

        Raises
        ------
        MetadataError
            If the file is missing or holds something else.
        """
        try:
            content = json.loads(path.read_text(encoding="utf-8"))
            densities = {
                (pool, algorithm, name): _from_json(entry)
                for pool, families in content["pools"].items()
                for algorithm, family in families.items()
                for name, entry in family.items()
            }
            return cls(densities=densities, family_wins=content["family_wins"])
        except (OSError, ValueError, KeyError, TypeError, AttributeError) as error:
            raise MetadataError(
                f"{path} does not hold hyperparameter priors ({error!r}): "
                "learn them again or reinstall metatune"
            ) from error


def n_bins(domain: Domain) -> int:
    """Return the number of bins of a density over `domain`."""
    return len(domain.options) if isinstance(domain, Choice) else N_BINS


def footprint(domain: Domain, value: Value) -> tuple[float, ...]:
    """Return the shares of a value in the bins of its domain; they sum to 1.

    A whole number covers all of the unit interval that is rounded to it, so it may reach into
    several bins.
    """
    bins = n_bins(domain)
    shares = [0.0] * bins
    if isinstance(domain, Choice):
        shares[domain.options.index(value)] = 1.0
    elif isinstance(domain, Int) and domain.low < domain.high:
        number = float(value)  # type: ignore[arg-type]
        low = max(0.0, domain.to_unit(number - 0.5))
        high = min(1.0, domain.to_unit(number + 0.5))
        for index in range(bins):
            overlap = min(high, (index + 1) / bins) - max(low, index / bins)
            shares[index] = max(0.0, overlap) / (high - low)
    else:
        shares[min(bins - 1, int(domain.to_unit(value) * bins))] = 1.0
    return tuple(shares)


def _to_json(density: Density) -> dict[str, Any]:
    domain = density.domain
    if isinstance(domain, Choice):
        described: dict[str, Any] = {"options": list(domain.options)}
    elif isinstance(domain, Int | Float):
        kind = "int" if isinstance(domain, Int) else "float"
        described = {"type": kind, "low": domain.low, "high": domain.high, "log": domain.log}
    else:
        raise TypeError(f"priors know no domain like {domain!r}")
    return described | {
        "weights": list(density.weights),
        "datasets": density.n_datasets,
        "sources": list(density.sources),
    }


def _from_json(entry: dict[str, Any]) -> Density:
    domain: Domain
    if "options" in entry:
        domain = Choice(tuple(entry["options"]))
    else:
        numeric = {"int": Int, "float": Float}[entry["type"]]
        domain = numeric(entry["low"], entry["high"], bool(entry["log"]))
    weights = tuple(float(weight) for weight in entry["weights"])
    if len(weights) != n_bins(domain) or min(weights) < 0 or not sum(weights) > 0:
        raise ValueError(f"weights {weights} are no density over {domain}")
    return Density(
        domain=domain,
        weights=weights,
        n_datasets=int(entry["datasets"]),
        sources=tuple(entry["sources"]),
    )


def _readable(content: Any, indent: str = "") -> str:
    """Write nested objects over several lines, but each innermost one on a line of its own."""
    if not isinstance(content, Mapping) or not any(
        isinstance(value, Mapping) for value in content.values()
    ):
        return json.dumps(content)
    deeper = indent + "  "
    lines = [
        f"{deeper}{json.dumps(name)}: {_readable(value, deeper)}" for name, value in content.items()
    ]
    return "{\n" + ",\n".join(lines) + "\n" + indent + "}"
