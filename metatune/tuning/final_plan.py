"""Values of a run's final step: the plan of its model, and the model."""

from collections.abc import Mapping
from dataclasses import dataclass, field, replace

from sklearn.pipeline import Pipeline

from metatune.budget import Deadline
from metatune.ensemble.limits import ModelLimits
from metatune.ensemble.member_pool import CONSTANT
from metatune.ensemble.plan import EnsemblePlan
from metatune.estimate.reselection import Composition
from metatune.evaluation.trial import TrialResult
from metatune.models.adjustment import NO_ADJUSTMENT, Adjustment
from metatune.search.front import Front, Preference, find_front
from metatune.search.history import History
from metatune.space import Configuration
from metatune.tuning.members import cost_of
from metatune.tuning.model_cost import ModelFigures

__all__ = ["FinalModel", "FinalPlan"]

_HURRY_SECONDS = 1.0


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class FinalModel:
    """Model that a run ends with.

    Attributes
    ----------
    pipeline : Pipeline
        Fitted; takes a table.
    score : float
        Cross-validated score: of the ensemble, or of the configuration.
    winner : Configuration or None
        Leading configuration, the model itself where that is single; None for the constant
        prediction.
    fitted_on : str
        Rows it was fitted on, for people.
    trial : int or None
        Number of the winner's trial.
    plan : EnsemblePlan or None
        Members, calibration and decision; None for the constant prediction.
    members : tuple of (TrialResult or None, float)
        Members with their weights: the heaviest first, None for the constant prediction.
    second : Mapping of int to float
        Weights of the learners of the second layer, by number.
    figures : ModelFigures or None
        Measured costs; None if there was no time to measure.
    front : Front or None
        Front of a run with several objectives, from which it was chosen.
    note : str
        A remark for the user; often empty.
    interrupted : bool
        It was made in a hurry, since the user interrupted the run.
    """

    pipeline: Pipeline
    score: float
    winner: Configuration | None
    fitted_on: str
    trial: int | None = None
    plan: EnsemblePlan | None = None
    members: tuple[tuple[TrialResult | None, float], ...] = ()
    second: Mapping[int, float] = field(default_factory=dict)
    figures: ModelFigures | None = None
    front: Front | None = None
    note: str = ""
    interrupted: bool = False

    @property
    def composition(self) -> Composition | None:
        """Weights of its members and what was made of their mean; None for the constant."""
        if self.winner is None or self.trial is None:
            return None
        members = {CONSTANT if r is None else r.trial.number: share for r, share in self.members}
        adjustment = NO_ADJUSTMENT if self.plan is None else self.plan.adjustment
        weights = {**members, **self.second}
        return Composition(
            weights=weights or {self.trial: 1.0},
            adjustment=adjustment,
            preference=self._preference,
        )

    @property
    def _preference(self) -> Preference | None:
        """Preference that has chosen it, among trials of known costs to which it belongs."""
        found = None if self.front is None else self.front.preference
        return found if found is not None and self.trial in found.costs else None


@dataclass(frozen=True, slots=True, kw_only=True)
class FinalPlan:
    """Plan of the final model.

    Attributes
    ----------
    history : History
        Every finished trial.
    able : tuple of TrialResult
        Trials that beat the constant prediction, the best first; with several objectives the one
        that is chosen comes before all.
    ensemble : EnsemblePlan or None
        Members and weights; None where nothing could be planned: then the best of `able` of which
        there is a model is taken.
    limits : ModelLimits
        Left for the models of members, besides the work on columns.
    deadline : Deadline
        When an ensemble has to be built.
    latest : Deadline
        When any model has to be.
    interrupted : bool
        The user waits: only fits that take a moment are made.
    front : Front or None
        Front of a run with several objectives, of the trials within the limits if there are any.
    """

    history: History
    able: tuple[TrialResult, ...]
    ensemble: EnsemblePlan | None
    limits: ModelLimits
    deadline: Deadline
    latest: Deadline
    interrupted: bool = False
    front: Front | None = None

    @property
    def is_single(self) -> bool:
        """True if it is the best single pipeline."""
        return self.ensemble is None or self.ensemble.is_single

    def differs_from(self, model: FinalModel) -> bool:
        """Return True if something else is planned than a model that was built."""
        if self.ensemble is None or self.interrupted:
            return False
        return model.plan is None or model.plan.weights != self.ensemble.weights

    def within(self, limits: ModelLimits) -> "FinalPlan":
        """Return the plan with the limits, and with the choice among several objectives by them."""
        objectives = self.history.objectives
        if objectives is None or not self.able:
            return replace(self, limits=limits)
        allowed = [result for result in self.able if limits.allows(cost_of(result))] or self.able
        front = find_front(allowed, [self.history.loss(r) for r in allowed], objectives)
        first = front.points if front.chosen is None else (front.chosen, *front.points)
        ordered = {result.trial.number: result for result in (*first, *allowed, *self.able)}
        return replace(self, limits=limits, front=front, able=tuple(ordered.values()))

    def alone(self, result: TrialResult, deadline: Deadline) -> "FinalPlan":
        """Return the plan of the single pipeline of a trial, which decides as it was judged."""
        ensemble = EnsemblePlan(
            weights={result.trial.number: 1.0}, adjustment=Adjustment(decision=result.decision)
        )
        return replace(self, able=(result,), ensemble=ensemble, deadline=deadline)

    def hurried(self, deadline: Deadline) -> "FinalPlan":
        """Return the plan of a user who waits: the best single pipeline, within a moment."""
        latest = deadline.within(_HURRY_SECONDS)
        return replace(self, ensemble=None, deadline=latest, latest=latest, interrupted=True)
