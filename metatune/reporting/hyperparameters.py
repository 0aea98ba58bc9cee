"""Importance of hyperparameters in a run, beside what past tables say about the same ones.

Functional analysis of variance says how much of the differences between scores each hyperparameter
explains alone, and each pair of them beyond that, if all values of the search space were alike
probable. Five decisions:

- Trials of all rungs count. The rung is a further input of the forest, held at the highest one that
  the run has reached when variance is divided: what only low rungs have seen tells which regions
  are bad, and how rungs differ is no importance of a hyperparameter.
- A hyperparameter that is inactive, since another one has switched it off, is of no effect whatever
  its value, and gets one at random. With its default instead, trees would take "not the default"
  for "switched on", and give it the importance of the switch.
- All families together are a choice of a family, then of its hyperparameters, with all families
  alike probable: the variance is that between the families' means, and a share of that within each.
- A hyperparameter that changed while a model was trained counts with its mean over the iterations
  of the schedule, on its own scale. How long a schedule trains is a further input, held at the
  longest one of the family: population-based training compares models that are not done yet.
- A score worse than that of the constant prediction counts as the constant's. How much worse says
  more about how the metric grows than about hyperparameters.
"""

import math
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

import numpy as np

from metatune.errors import SpaceError
from metatune.evaluation.trial import TrialResult, TrialStatus
from metatune.reporting.functional_anova import Axis, Decomposition, decompose_variance
from metatune.reporting.hyperparameter_importance import Importance, SpaceImportance
from metatune.schedule import SCHEDULE, read_schedule
from metatune.search.history import History
from metatune.space import Choice, Configuration, SearchSpace

if TYPE_CHECKING:
    from metatune._typing import FloatArray

__all__ = [
    "ALL_FAMILIES",
    "FAMILY",
    "LEAST_CONFIGURATIONS",
    "Divided",
    "axes_of",
    "importance_in_history",
    "joined_shares",
    "lies_in",
    "places_of",
    "summarised",
]

LEAST_CONFIGURATIONS = 12
"""Configurations with a score from which on importances are computed."""

FAMILY = "family"
"""Name of the choice of a family, where all families are looked at together."""

ALL_FAMILIES = "all families"

_TAIL = 0.1  # of the trees on either side of an interval


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Divided:
    """Variance of a family's scores, divided among its hyperparameters, in a run or on past tables.

    Attributes
    ----------
    family : str
        Name of the family.
    shares : Mapping of tuple of str to ndarray of shape (n_trees, n_tables)
        Share of each hyperparameter and pair, by its names; NaN where a tree is constant.
    mean, variance : ndarray of shape (n_trees, n_tables)
        Mean of each tree, and the variance that is divided.
    """

    family: str
    shares: Mapping[tuple[str, ...], "FloatArray"]
    mean: "FloatArray"
    variance: "FloatArray"

    @classmethod
    def of(cls, family: str, names: Sequence[str], tables: Sequence[Decomposition]) -> "Divided":
        """Join the decompositions of some tables.

        Parameters
        ----------
        family : str
            Name of the family.
        names : sequence of str
            Hyperparameters that are the inputs of the decompositions, before others.
        tables : sequence of Decomposition
            One for each table, with the same pairs.
        """
        single = np.stack([table.single for table in tables], axis=-1)
        shares: dict[tuple[str, ...], FloatArray] = {
            (name,): single[:, place] for place, name in enumerate(names)
        }
        for i, j in tables[0].pairs:
            pair = np.stack([table.pairs[i, j] for table in tables], axis=-1)
            shares[names[i], names[j]] = pair
        return cls(
            family=family,
            shares=shares,
            mean=np.stack([table.mean for table in tables], axis=-1),
            variance=np.stack([table.variance for table in tables], axis=-1),
        )


def importance_in_history(
    history: History,
    spaces: Mapping[str, SearchSpace],
    *,
    constant_loss: float = math.inf,
    n_trees: int = 64,
    n_paired: int = 6,
    seed: int = 0,
) -> tuple[SpaceImportance, ...]:
    """Compute importances in a run, without what past tables say.

    Parameters
    ----------
    history : History
        Trials of the run.
    spaces : Mapping of str to SearchSpace
        Search spaces of the families. Trials of others, or outside of them, are left out.
    constant_loss : float
        Loss of the constant prediction; no loss counts as larger.
    n_trees : int
        Trees of each forest.
    n_paired : int
        Hyperparameters that explain most, whose interactions are looked at.
    seed : int
        Seed of the forests.

    Returns
    -------
    tuple of SpaceImportance
        All families together if several have enough configurations, then each family.
    """
    known: dict[str, list[tuple[TrialResult, float]]] = {}
    for result in history.results:
        loss = min(_loss(result, history), constant_loss)
        if math.isfinite(loss) and _lies_in(result, spaces):
            known.setdefault(result.trial.configuration.algorithm, []).append((result, loss))
    tried = {
        name: {result.trial.configuration.key: result.trial.configuration for result, _ in own}
        for name, own in known.items()
    }
    counts = {name: len(own) for name, own in tried.items()}
    top = max((r.trial.rung.index for own in known.values() for r, _ in own), default=0)
    divided: list[Divided] = []
    found = []
    for name in sorted(counts, key=lambda name: (-counts[name], name)):
        note = _hindrance(counts[name], known[name])
        if note:
            found.append(SpaceImportance(family=name, n_configurations=counts[name], note=note))
            continue
        own, explained = _divide(spaces[name], known[name], top, (n_trees, n_paired, seed))
        divided.append(own)
        told = _told(name, counts[name], own.shares)
        found.append(
            replace(
                told,
                explained=explained,
                not_varied=tuple(n for n in spaces[name].domains if (n,) not in own.shares),
                n_scheduled=sum(SCHEDULE in one.params for one in tried[name].values()),
            )
        )
    if len(divided) > 1:
        n_configurations = sum(counts[family.family] for family in divided)
        found.insert(0, _told(ALL_FAMILIES, n_configurations, joined_shares(divided)))
    return tuple(found)


def joined_shares(families: Sequence[Divided]) -> dict[tuple[str, ...], "FloatArray"]:
    """Return the shares in the choice of a family and of its hyperparameters.

    Parameters
    ----------
    families : sequence of Divided
        Families, with the same number of trees and tables.

    Returns
    -------
    dict of tuple of str to ndarray of shape (n_trees, n_tables)
        By `FAMILY`, and by names like ``family.hyperparameter``; NaN where nothing differs.
    """
    means = np.stack([family.mean for family in families])
    within = np.stack([family.variance for family in families])
    whole = means.var(axis=0) + within.mean(axis=0)
    whole = np.where(whole > 0.0, whole, np.nan)
    found: dict[tuple[str, ...], FloatArray] = {(FAMILY,): means.var(axis=0) / whole}
    for family, variance in zip(families, within, strict=True):
        part = variance / len(families) / whole
        for names, shares in family.shares.items():
            named = tuple(f"{family.family}.{name}" for name in names)
            found[named] = np.nan_to_num(shares) * part
    return found


def summarised(shares: "FloatArray") -> tuple[float, float, float]:
    """Return mean, lower and upper end of shares.

    Parameters
    ----------
    shares : ndarray of shape (n_trees, n_tables)
        Shares; NaN where nothing differs. The ends are those of most tables, each with the mean of
        its trees; of a single table those of most trees.
    """
    known = shares[:, np.isfinite(shares).any(axis=0)]
    spread = known.ravel() if shares.shape[1] == 1 else np.nanmean(known, axis=0)
    spread = spread[np.isfinite(spread)]
    if not len(spread):
        return math.nan, math.nan, math.nan
    low, high = np.quantile(spread, (_TAIL, 1.0 - _TAIL))
    return float(spread.mean()), float(low), float(high)


def axes_of(space: SearchSpace) -> list[Axis]:
    """Return the axis of each hyperparameter: options of a choice are alike probable."""
    return [
        Axis(atoms=tuple(map(domain.to_unit, domain.options)))
        if isinstance(domain, Choice)
        else Axis()
        for domain in space.domains.values()
    ]


def places_of(configurations: Iterable[Configuration], space: SearchSpace) -> "FloatArray":
    """Return where configurations lie in the unit cube, (n_configurations, n_hyperparameters).

    Inactive hyperparameters lie anywhere: at random, and always at the same place for the same
    configuration.
    """
    return np.array([_place(c, space) for c in configurations]).reshape(-1, len(space.domains))


def _place(configuration: Configuration, space: SearchSpace) -> list[float]:
    rng = np.random.default_rng(int(configuration.key, 16))
    active = space.completed(configuration)
    drawn = {name: domain.sample(rng) for name, domain in space.domains.items()}
    values = {**drawn, **active}
    places = {name: domain.to_unit(values[name]) for name, domain in space.domains.items()}
    return list((places | _means(configuration, space)).values())


def _means(configuration: Configuration, space: SearchSpace) -> dict[str, float]:
    """Return where hyperparameters that change in a schedule lie in the mean of its iterations."""
    if SCHEDULE not in configuration.params or space.growth is None:
        return {}
    stages = read_schedule(str(configuration.params[SCHEDULE]))
    means = {}
    for name in sorted({name for stage in stages for name in stage.changes}):
        value, places = configuration.params[name], []
        for stage in stages:
            value = stage.changes.get(name, value)
            places.append(space.domains[name].to_unit(value))
        means[name] = float(np.average(places, weights=[stage.iterations for stage in stages]))
    return means


def _trained(configurations: Sequence[Configuration]) -> "FloatArray | None":
    """Return how far schedules train, the longest of them 1; None without any.

    Models without a schedule end when training has stopped to help: they are trained as far as the
    longest.
    """
    lengths = [
        sum(stage.iterations for stage in read_schedule(str(one.params[SCHEDULE])))
        if SCHEDULE in one.params
        else math.nan
        for one in configurations
    ]
    if all(map(math.isnan, lengths)):
        return None
    return np.asarray(np.nan_to_num(np.array(lengths) / np.nanmax(lengths), nan=1.0))


def _hindrance(n_configurations: int, known: Sequence[tuple[TrialResult, float]]) -> str:
    if n_configurations < LEAST_CONFIGURATIONS:
        word = "configuration" if n_configurations == 1 else "configurations"
        return f"{n_configurations} {word} with a score, too few to tell (12 needed)"
    if len({loss for _, loss in known}) == 1:
        return "all configurations have the same score"
    return ""


def _divide(
    space: SearchSpace,
    known: Sequence[tuple[TrialResult, float]],
    top: int,
    settings: tuple[int, int, int],
) -> tuple[Divided, float | None]:
    """Divide the variance of a family's losses; return as well what the forest explains."""
    n_trees, n_paired, seed = settings
    places = places_of((result.trial.configuration for result, _ in known), space)
    varied = np.flatnonzero(np.ptp(places, axis=0) > 0.0)
    rungs = np.array([result.trial.rung.index for result, _ in known], dtype=np.float64)
    axes = axes_of(space)
    inputs, held = [places[:, varied], rungs / max(1, top)], [Axis(atoms=(float(min(1, top)),))]
    trained = _trained([result.trial.configuration for result, _ in known])
    if trained is not None:
        inputs.append(trained)
        held.append(Axis(atoms=(1.0,)))
    decomposition = decompose_variance(
        np.column_stack(inputs),
        np.array([loss for _, loss in known]),
        [*(axes[i] for i in varied), *held],
        pairs=None,
        n_pairs=n_paired,
        n_trees=n_trees,
        seed=seed,
    )
    names = list(space.domains)
    divided = Divided.of(space.algorithm, [names[i] for i in varied], [decomposition])
    return divided, decomposition.explained if math.isfinite(decomposition.explained) else None


def _told(
    family: str,
    n_configurations: int,
    shares: Mapping[tuple[str, ...], "FloatArray"],
) -> SpaceImportance:
    found = []
    for names, of_trees in shares.items():
        share, low, high = summarised(of_trees)
        found.append(Importance(hyperparameters=names, share=share, low=low, high=high))
    found.sort(key=lambda one: -one.share)
    return SpaceImportance(
        family=family,
        n_configurations=n_configurations,
        hyperparameters=tuple(one for one in found if len(one.hyperparameters) == 1),
        interactions=tuple(one for one in found if len(one.hyperparameters) == 2),
    )


def _loss(result: TrialResult, history: History) -> float:
    """Return the loss of a trial; of one that was cut short, that on the folds that it had."""
    if result.status is not TrialStatus.PRUNED:
        return history.loss(result)
    losses = [loss for loss in history.fold_losses(result) if math.isfinite(loss)]
    return sum(losses) / len(losses) if losses else math.inf


def _lies_in(result: TrialResult, spaces: Mapping[str, SearchSpace]) -> bool:
    if not (result.ok or result.status is TrialStatus.PRUNED):
        return False
    space = spaces.get(result.trial.configuration.algorithm)
    return space is not None and lies_in(result.trial.configuration, space)


def lies_in(configuration: Configuration, space: SearchSpace) -> bool:
    """Return True if all values of a configuration belong to a space, its schedule included."""
    values = [(name, value) for name, value in configuration.params.items() if name != SCHEDULE]
    if SCHEDULE in configuration.params:
        if space.growth is None:
            return False
        try:
            changes = space.growth.changes(str(configuration.params[SCHEDULE]))
        except SpaceError:
            return False
        if any(name not in configuration.params for name, _ in changes):
            return False
        values += changes
    return all(
        name in space.domains and space.domains[name].contains(value) for name, value in values
    )
