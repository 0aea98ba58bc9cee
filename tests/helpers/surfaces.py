"""Searches on made-up surfaces: a sampler proposes, a formula answers, nothing is fitted."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace

from metatune.budget import Deadline
from metatune.data.encoding.shape import Shape
from metatune.evaluation.rungs import Rung, plan_rungs
from metatune.evaluation.trial import Trial, TrialResult, TrialStatus
from metatune.kinds import TaskKind
from metatune.metrics import resolve_metric
from metatune.samplers.base import Sampler
from metatune.samplers.catalogue import StrategyName
from metatune.samplers.next_trial import next_trial
from metatune.samplers.patience import Patience
from metatune.samplers.strategies.registry import make_strategy
from metatune.samplers.strategy import Situation
from metatune.schedule import Growth
from metatune.search.halving import SuccessiveHalving
from metatune.search.history import History
from metatune.space import Choice, Condition, Configuration, Float, Int, SearchSpace

RMSE = resolve_metric("rmse", TaskKind.REGRESSION)
RUNGS = plan_rungs(Shape(n_rows=2_000, n_columns=30), 5)  # one fold, then all
TALL = plan_rungs(
    Shape(n_rows=50_000, n_columns=30), 5
)  # four shares of the rows on one fold, then all folds
FULL = (Rung(index=0, row_share=1.0, n_folds=5),)

BOWL = SearchSpace(
    algorithm="bowl",
    domains={
        "x": Float(0.0, 1.0),
        "y": Float(1e-3, 1e3, log=True),
        "n": Int(1, 100, log=True),
        "shape": Choice(("round", "oval")),
        "tilt": Float(0.0, 1.0),
    },
    defaults={"x": 0.5, "y": 1.0, "n": 10, "shape": "round", "tilt": 0.5},
    conditions={"tilt": Condition("shape", ("oval",))},
    growth=Growth(step=10, changing=("x", "y")),
    smooth=("x", "y"),
)
PLATE = SearchSpace(
    algorithm="plate",
    domains={"x": Float(0.0, 1.0), "z": Float(0.0, 1.0)},
    defaults={"x": 0.5, "z": 0.5},
)
SPACES: Mapping[str, SearchSpace] = {"bowl": BOWL, "plate": PLATE}

Surface = Callable[[Configuration], float]


def valley(configuration: Configuration) -> float:
    """Smooth loss whose bottom lies inside the bowl, off the default; the plate is never as low."""
    values = configuration.params
    if configuration.algorithm == "plate":
        unit = PLATE.domains
        return 1.5 + sum((unit[name].to_unit(values[name]) - 0.8) ** 2 for name in ("x", "z"))
    unit = BOWL.domains
    x, y, n = (unit[name].to_unit(values[name]) for name in ("x", "y", "n"))
    loss = 1.0 + 4.0 * (x - 0.2) ** 2 + 3.0 * (y - 0.7) ** 2 + 2.0 * (n - 0.3) ** 2
    return loss + (0.1 if values["shape"] == "oval" else 0.0)


def situation(
    *, rungs: tuple[Rung, ...] = FULL, seed: int = 0, spaces: Mapping[str, SearchSpace] = SPACES
) -> Situation:
    """Situation of a cold start."""
    return Situation(
        spaces=spaces,
        rungs=rungs,
        n_first=0,
        patience=Patience(deadline=Deadline.after(60.0), planned_seconds=60.0),
        seed=seed,
    )


def cold_sampler(name: StrategyName, given: Situation) -> Sampler:
    """Make the sampler of a strategy that begins without recommendations."""
    return make_strategy(name, cold_start=True).sampler(given)


def answer(trial: Trial, surface: Surface = valley) -> TrialResult:
    """Return the result of a trial: on lower rungs a little more than on all folds."""
    loss = surface(trial.configuration) + 0.1 * (1.0 - trial.rung.row_share)
    return TrialResult(
        trial=trial,
        status=TrialStatus.OK,
        score=loss,
        fold_scores={"rmse": (loss,) * trial.rung.n_folds},
        seconds=1.0,
        cpu_seconds=1.0,
    )


def failed(trial: Trial, status: TrialStatus = TrialStatus.CRASHED) -> TrialResult:
    """Return the result of a trial that came to nothing."""
    return replace(answer(trial), status=status, score=float("nan"), fold_scores={})


@dataclass
class Play:
    """Search on a surface, up to `lag` trials of which are under way when the next is decided."""

    sampler: Sampler
    rungs: tuple[Rung, ...] = FULL
    surface: Surface = valley
    lag: int = 0

    def __post_init__(self) -> None:
        self.halving = SuccessiveHalving(self.rungs, RMSE)
        self.trials: list[Trial] = []
        self._told = 0

    @property
    def history(self) -> History:
        return self.halving.history

    def run(self, n_trials: int) -> "Play":
        """Decide so many trials, or until there is nothing to try; then tell all results."""
        while len(self.trials) < n_trials:
            trial = next_trial(self.halving, self.sampler)
            if trial is None and self._told == len(self.trials):
                break
            if trial is not None:
                self.trials.append(trial)
            while self._told < len(self.trials) - self.lag or (
                trial is None and self._told < len(self.trials)
            ):
                self._tell_next()
        while self._told < len(self.trials):
            self._tell_next()
        return self

    @property
    def begun(self) -> list[Trial]:
        """First trial of each configuration, in the order in which they were started."""
        first: dict[str, Trial] = {}
        for trial in self.trials:
            first.setdefault(trial.configuration.key, trial)
        return list(first.values())

    @property
    def losses(self) -> list[float]:
        return [self.history.loss(result) for result in self.history.results]

    def _tell_next(self) -> None:
        self.halving.tell(answer(self.trials[self._told], self.surface))
        self._told += 1
