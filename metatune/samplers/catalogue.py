"""Catalogue of strategies: name, summary, needed packages and paper of each, without importing any.

The command line reads it before anything heavy is imported; `strategies.registry` makes samplers.
"""

from dataclasses import dataclass
from difflib import get_close_matches
from enum import StrEnum
from importlib.util import find_spec

from metatune.errors import OptionError

__all__ = ["CATALOGUE", "StrategyFacts", "StrategyName", "read_strategy"]

_ALL_FOLDS = "all folds"
_RUNGS = "rungs"
_OPTUNA = ("optuna",)
_BY_DENSITIES = "likely among the best by the densities of earlier trials"


class StrategyName(StrEnum):
    """Name of a strategy, as users write it."""

    METATUNE = "metatune"
    PRIOR = "prior"
    PORTFOLIO = "portfolio"
    GRID = "grid"
    RANDOM = "random"
    SOBOL = "sobol"
    HALVING = "halving"
    HYPERBAND = "hyperband"
    BOHB = "bohb"
    TPE = "tpe"
    GP = "gp"
    CMAES = "cmaes"
    GENETIC = "genetic"
    EVOLUTION = "evolution"
    ANNEALING = "annealing"
    NARROW = "narrow"
    PBT = "pbt"
    GRADIENT = "gradient"


@dataclass(frozen=True, slots=True, kw_only=True)
class StrategyFacts:
    """Facts about a strategy, for people and for checks.

    Attributes
    ----------
    name : StrategyName
        Name of the strategy.
    about : str
        Summary of one line.
    tried_on : {"all folds", "rungs"}
        Where its configurations start: at the top rung, each evaluated in full, or on lower rungs,
        from which the best rise.
    paper : str
        Origin of the method.
    why : str
        Reason of a configuration that it has made itself, whose origin is then its name; empty if
        all are recommended, mutated or random ones.
    packages : tuple of str
        Optional packages that it needs.
    needs_advice : bool
        Whether it consists of what past datasets advise, so that there is no cold start.
    several_objectives : bool
        Whether it looks for the front of several objectives, instead of the best score alone.
    """

    name: StrategyName
    about: str
    tried_on: str
    paper: str
    why: str = ""
    packages: tuple[str, ...] = ()
    needs_advice: bool = False
    several_objectives: bool = False

    @property
    def missing(self) -> tuple[str, ...]:
        """Packages that it needs and that are not installed."""
        return tuple(name for name in self.packages if find_spec(name) is None)

    @property
    def install(self) -> str:
        """Command that installs what it needs; empty if it needs nothing."""
        return "pip install 'metatune[optuna]'" if self.packages else ""


_FACTS = (
    StrategyFacts(
        name=StrategyName.METATUNE,
        about="expected improvement per second, by similar past datasets and this run's trials",
        tried_on=_RUNGS,
        paper="Wistuba et al. 2015; Fusi et al. 2018",
        needs_advice=True,
        several_objectives=True,
    ),
    StrategyFacts(
        name=StrategyName.PRIOR,
        about="the recommendations in their order, whatever the trials say",
        tried_on=_RUNGS,
        paper="Feurer et al. 2015",
        needs_advice=True,
    ),
    StrategyFacts(
        name=StrategyName.PORTFOLIO,
        about="one greedy list for every dataset, by gain per predicted second",
        tried_on=_RUNGS,
        paper="Feurer et al. 2022",
        needs_advice=True,
    ),
    StrategyFacts(
        name=StrategyName.GRID,
        about="a grid over the two main hyperparameters of each family, 3 x 3 and then 5 x 5; ends "
        "with it",
        tried_on=_ALL_FOLDS,
        paper="Probst et al. 2019 (which matter)",
        why="a point of the grid",
    ),
    StrategyFacts(
        name=StrategyName.RANDOM,
        about="a family, then its hyperparameters, at random",
        tried_on=_ALL_FOLDS,
        paper="Bergstra and Bengio 2012",
    ),
    StrategyFacts(
        name=StrategyName.SOBOL,
        about="families in turn, their hyperparameters spread evenly by a Sobol sequence",
        tried_on=_ALL_FOLDS,
        paper="Sobol 1967; Owen 1998",
        why="the next point of an even spread over its search space",
    ),
    StrategyFacts(
        name=StrategyName.HALVING,
        about="random search from the lowest rung: one in three rises",
        tried_on=_RUNGS,
        paper="Karnin et al. 2013; Li et al. 2020",
    ),
    StrategyFacts(
        name=StrategyName.HYPERBAND,
        about="random search in brackets: many on the lowest rung, then fewer on higher ones",
        tried_on=_RUNGS,
        paper="Li et al. 2018",
    ),
    StrategyFacts(
        name=StrategyName.BOHB,
        about="Hyperband's brackets, filled by a density model of the highest rung that has enough",
        tried_on=_RUNGS,
        paper="Falkner et al. 2018",
        why=_BY_DENSITIES,
        packages=_OPTUNA,
    ),
    StrategyFacts(
        name=StrategyName.TPE,
        about="where densities of good and bad trials differ most (tree-structured Parzen)",
        tried_on=_ALL_FOLDS,
        paper="Bergstra et al. 2011",
        why=_BY_DENSITIES,
        packages=_OPTUNA,
    ),
    StrategyFacts(
        name=StrategyName.GP,
        about="largest expected improvement under a Gaussian process",
        tried_on=_ALL_FOLDS,
        paper="Jones et al. 1998; Snoek et al. 2012",
        why="expected to improve most on the best, by a Gaussian process over earlier trials",
    ),
    StrategyFacts(
        name=StrategyName.CMAES,
        about="a Gaussian for each family that moves and stretches towards better trials",
        tried_on=_ALL_FOLDS,
        paper="Hansen 2016",
        why="drawn from a Gaussian that follows the better trials of its family",
        packages=("optuna", "cmaes"),
    ),
    StrategyFacts(
        name=StrategyName.GENETIC,
        about="NSGA-II: the best of each generation are crossed and mutated",
        tried_on=_ALL_FOLDS,
        paper="Deb et al. 2002",
        why="bred from the best of earlier generations",
        packages=_OPTUNA,
        several_objectives=True,
    ),
    StrategyFacts(
        name=StrategyName.EVOLUTION,
        about="the best of a few is mutated, the oldest dies (regularised evolution)",
        tried_on=_ALL_FOLDS,
        paper="Real et al. 2019",
        why="a mutation of the best of a few that were alive then",
    ),
    StrategyFacts(
        name=StrategyName.ANNEALING,
        about="a walk that accepts what is worse less and less often",
        tried_on=_ALL_FOLDS,
        paper="Kirkpatrick et al. 1983",
        why="a neighbour of where the walk stood then",
    ),
    StrategyFacts(
        name=StrategyName.NARROW,
        about="rounds of random search in spaces that shrink around the best",
        tried_on=_ALL_FOLDS,
        paper="Luus and Jaakola 1973",
        why="drawn from the space around the best, as it was left then",
    ),
    StrategyFacts(
        name=StrategyName.PBT,
        about="boosted trees and networks train side by side, the worst from changed copies of the "
        "best",
        tried_on=_ALL_FOLDS,
        paper="Jaderberg et al. 2017",
        why="a member of the population, which trains by steps and takes over what did well",
    ),
    StrategyFacts(
        name=StrategyName.GRADIENT,
        about="linear models descend by derivatives of the validation loss, other families keep "
        "their defaults",
        tried_on=_ALL_FOLDS,
        paper="Bengio 2000; Pedregosa 2016",
        why="a step down the derivative of the validation loss",
    ),
)

CATALOGUE = {facts.name: facts for facts in _FACTS}
"""Facts about every strategy, by name."""


def read_strategy(given: str, *, cold_start: bool = False, several: bool = False) -> StrategyName:
    """Read the name of a strategy that can be used here.

    Parameters
    ----------
    given : str
        As a user writes it.
    cold_start : bool
        Whether it is to begin without recommendations.
    several : bool
        Whether there are several objectives.

    Raises
    ------
    OptionError
        If there is none of that name, a package that it needs is not installed, it is nothing
        without recommendations, or it does not handle several objectives.
    """
    names = [str(name) for name in StrategyName]
    if given not in names:
        near = get_close_matches(str(given).lower(), names, n=3)
        hint = f"did you mean {_either(near)}?" if near else f"choose from {', '.join(names)}"
        raise OptionError(f"there is no strategy {given!r}: {hint}")
    facts = CATALOGUE[StrategyName(given)]
    if facts.missing:
        word = "package" if len(facts.missing) == 1 else "packages"
        raise OptionError(
            f"strategy {given!r} needs the {word} {' and '.join(facts.missing)}: {facts.install}"
        )
    if cold_start and facts.needs_advice:
        raise OptionError(
            f"strategy {given!r} consists of what past datasets advise and has no cold start: "
            "choose another strategy, such as 'tpe' or 'random'"
        )
    if several and not facts.several_objectives:
        able = _either([str(other.name) for other in _FACTS if other.several_objectives])
        raise OptionError(
            f"strategy {given!r} looks for the best score alone and handles no further objectives: "
            f"use {able}, or leave out the costs"
        )
    return facts.name


def _either(names: list[str]) -> str:
    *first, last = map(repr, names)
    return f"{', '.join(first)} or {last}" if first else last
