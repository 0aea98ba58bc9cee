"""Parts of a saved model: each with its weight and the rows that it was fitted on."""

import math
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from sklearn.pipeline import Pipeline

from metatune.errors import ExportError
from metatune.models.adjustment import NO_ADJUSTMENT, Adjustment
from metatune.models.ensemble import EnsembleClassifier, EnsembleRegressor
from metatune.models.pipeline import LabelDecoder

if TYPE_CHECKING:
    from metatune.storage.record import EnsembleRecord, Member

__all__ = ["SavedPart", "SavedParts", "best_member", "single_part", "split_model"]

_TOLERANCE = 1e-9


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class SavedPart:
    """Fitted pipeline of a saved model.

    Attributes
    ----------
    model : Pipeline or estimator
        Fitted on the encoded matrix.
    weight : float
    fold : int or None
        Fold whose training rows it was fitted on; None for all rows.
    trial : int or None
        Number of its trial; None for the constant prediction.
    """

    model: Any
    weight: float
    fold: int | None
    trial: int | None


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class SavedParts:
    """Parts of a saved model, and what is made of their mean.

    Attributes
    ----------
    parts : tuple of SavedPart
        Their weights add up to 1.
    adjustment : Adjustment
        Calibration and decision of a classifier.
    low : float or None
        Least value of a regressor.
    """

    parts: tuple[SavedPart, ...]
    adjustment: Adjustment = NO_ADJUSTMENT
    low: float | None = None

    @property
    def is_averaged(self) -> bool:
        """True if there are models of folds."""
        return any(part.fold is not None for part in self.parts)

    @property
    def is_plain(self) -> bool:
        """True if it is a single pipeline and nothing else."""
        return len(self.parts) == 1 and not self.is_averaged


def split_model(
    pipeline: Pipeline, ensemble: "EnsembleRecord | None", trial: int | None, n_folds: int
) -> SavedParts:
    """Split a saved model into its parts.

    Parameters
    ----------
    pipeline : Pipeline
        As loaded; its first step is the table encoder.
    ensemble : EnsembleRecord or None
        Members with their weights; None for a model of a single member.
    trial : int or None
        Trial of the only member.
    n_folds : int
        Folds of the run.

    Raises
    ------
    ExportError
        If the parts are not those that the record of the run tells of.
    """
    last = pipeline[-1]
    if not isinstance(last, EnsembleClassifier | EnsembleRegressor):
        steps = [*pipeline.steps[1:-1], ("model", _decoded(last))]
        model = Pipeline(steps) if len(steps) > 1 else steps[0][1]
        part = SavedPart(model=model, weight=1.0, fold=None, trial=trial)
        return SavedParts(parts=(part,))
    members = () if ensemble is None else ensemble.members
    told = [(m.trial, m.weight) for m in members] or [(trial, 1.0)]
    parts = tuple(_parts(last.members, last.weights, told, n_folds))
    if isinstance(last, EnsembleRegressor):
        return SavedParts(parts=parts, low=last.low)
    adjustment = Adjustment(
        temperature=last.temperature,
        shifts=tuple(last.shifts or ()),
        decision=tuple(last.decision or ()),
    )
    return SavedParts(parts=parts, adjustment=adjustment)


def single_part(saved: SavedParts, trial: int | None, decision: tuple[float, ...]) -> SavedParts:
    """Return what a single member makes alone, with its own decision.

    Parameters
    ----------
    saved : SavedParts
    trial : int or None
        Of the member.
    decision : tuple of float
        How it decides labels.
    """
    chosen = [part for part in saved.parts if part.trial == trial]
    total = sum(part.weight for part in chosen)
    parts = tuple(
        SavedPart(model=p.model, weight=p.weight / total, fold=p.fold, trial=p.trial)
        for p in chosen
    )
    return SavedParts(parts=parts, adjustment=Adjustment(decision=decision), low=saved.low)


def best_member(members: "Sequence[Member]", trials: Sequence[int]) -> int | None:
    """Return the first of some trials, ordered by score, that is a member."""
    known = {member.trial for member in members}
    return next((trial for trial in trials if trial in known), None)


def _decoded(model: Any) -> Any:
    return model.model if isinstance(model, LabelDecoder) else model


def _parts(
    models: Sequence[Any],
    weights: Sequence[float],
    told: Sequence[tuple[int | None, float]],
    n_folds: int,
) -> Iterator[SavedPart]:
    """Deal models to the members: of each the one of all rows, then those of its folds."""
    places = iter(range(len(models)))
    for trial, weight in told:
        taken: list[int] = []
        while sum(weights[i] for i in taken) < weight - _TOLERANCE:
            place = next(places, None)
            if place is None:
                raise ExportError("the model has other members than the run's record tells of")
            taken.append(place)
        for number, place in enumerate(taken):
            has_whole = _has_whole([weights[i] for i in taken], n_folds)
            fold = number - has_whole if number >= has_whole else None
            yield SavedPart(model=models[place], weight=weights[place], fold=fold, trial=trial)


def _has_whole(weights: Sequence[float], n_folds: int) -> bool:
    """Return True if the first of a member's models is the one of all rows."""
    if len(weights) == 1:
        return True
    if len(weights) == 2 and n_folds > 1:
        return False
    return math.isclose(weights[0], sum(weights[1:]))
