"""Options of a run: everything that its user may decide."""

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from metatune.budget import Budget
from metatune.ensemble.limits import NO_LIMITS, ModelLimits, parse_limits
from metatune.samplers.strategies.registry import METATUNE, make_strategy
from metatune.samplers.strategy import Strategy
from metatune.search.objectives import Objectives, read_objectives
from metatune.storage.session import Session

__all__ = ["TuneOptions"]


@dataclass(frozen=True, slots=True, kw_only=True)
class TuneOptions:
    """Options of a run: everything that its user may decide.

    Attributes
    ----------
    budget : Budget
        Seconds and trials.
    include, exclude : tuple of str
        Names of algorithms; an empty `include` allows all.
    seed : int
        Seed of everything random.
    metadata : Path or None
        A meta-dataset other than the one that comes with metatune.
    strategy : Strategy
        Where configurations come from.
    plan_seconds : float or None
        The budget that a deterministic run plans with: that of its beginning, so that giving it
        more time does not change its decisions. The budget's seconds if None.
    ensemble : bool
        Whether the model may be an ensemble; else it is the best single pipeline.
    limits : ModelLimits
        What the model may cost.
    objectives : Objectives or None
        What counts besides the metric; None where nothing does. The model is then a single
        pipeline: a point of their front.
    space : Mapping or None
        Changes of the search spaces, as `metatune.algorithms.narrowed_space.check_space` returns
        them.
    """

    budget: Budget
    include: tuple[str, ...] = ()
    exclude: tuple[str, ...] = ()
    seed: int = 0
    metadata: Path | None = None
    strategy: Strategy = METATUNE
    plan_seconds: float | None = None
    ensemble: bool = True
    limits: ModelLimits = NO_LIMITS
    objectives: Objectives | None = None
    space: Mapping[str, Any] | None = None

    @classmethod
    def of(cls, session: Session) -> "TuneOptions":
        """Return what the user of an open run has decided.

        Raises
        ------
        OptionError
            If a limit or an objective cannot be read.
        """
        given = session.options
        objectives = read_objectives(given.objectives, given.prefer)
        return cls(
            budget=session.budget,
            plan_seconds=session.plan_seconds,
            include=given.include,
            exclude=given.exclude,
            seed=given.seed,
            metadata=None if given.metadata is None else Path(given.metadata),
            strategy=make_strategy(given.strategy, cold_start=given.cold_start),
            ensemble=given.ensemble and objectives is None,
            limits=parse_limits(given.max_latency, given.max_size),
            objectives=objectives,
            space=given.space,
        )

    @property
    def planned_seconds(self) -> float:
        """The seconds that the plans of a deterministic run rest on."""
        return self.budget.seconds if self.plan_seconds is None else self.plan_seconds

    @property
    def single_models(self) -> bool:
        """True if a member has to be a single model: where its costs count, or it is asked for."""
        return self.limits.any or not self.ensemble
