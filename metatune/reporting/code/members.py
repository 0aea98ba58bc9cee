"""Parts of a saved model: each with its weight and the rows that it was fitted on."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any

from sklearn.pipeline import Pipeline

from metatune.errors import ExportError
from metatune.models.adjustment import NO_ADJUSTMENT, Adjustment
from metatune.models.ensemble import EnsembleClassifier, EnsembleRegressor
from metatune.models.pipeline import LabelDecoder
from metatune.models.second_layer import SecondLayer, n_prediction_columns

if TYPE_CHECKING:
    from metatune.storage.record import EnsembleRecord, Member

__all__ = [
    "SavedPart",
    "SavedParts",
    "SavedSecond",
    "best_member",
    "single_part",
    "split_model",
]

_TOLERANCE = 1e-9


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class SavedPart:
    """Fitted pipeline of a saved model.

    Attributes
    ----------
    model : Pipeline or estimator
        Fitted on the encoded matrix.
    weight : float
        In the ensemble's mean.
    fold : int or None
        Fold whose training rows it was fitted on; None for all rows.
    trial : int or None
        Number of its trial; None for the constant prediction.
    share : float
        In the mean of its member, which has several parts where models of folds are averaged.
    n_predictions : int
        Columns of predictions that it sees; 0 outside of the second layer.
    is_blind : bool
        Whether it sees predictions alone, without the columns of the table.
    """

    model: Any
    weight: float
    fold: int | None
    trial: int | None
    share: float = 1.0
    n_predictions: int = 0
    is_blind: bool = False


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class SavedSecond:
    """Second layer of a saved model.

    Attributes
    ----------
    layer : SecondLayer
        As it was saved.
    learners : tuple of SavedPart
        Its models.
    columns : tuple of tuple of int
        For each member that they learned from the places of its models among the parts.
    trials : tuple of int
        Numbers of the trials of these members.
    held_out : tuple of tuple of SavedPart
        Models of all folds, of each of these members. A saved model does not hold them.
    """

    layer: SecondLayer
    learners: tuple[SavedPart, ...]
    columns: tuple[tuple[int, ...], ...]
    trials: tuple[int, ...]
    held_out: tuple[tuple[SavedPart, ...], ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class SavedParts:
    """Parts of a saved model, and what is made of their mean.

    Attributes
    ----------
    parts : tuple of SavedPart
        Their weights add up to 1, with those of a second layer.
    adjustment : Adjustment
        Calibration and decision of a classifier.
    low : float or None
        Least value of a regressor.
    second : SavedSecond or None
        What learned from the predictions of the parts.
    """

    parts: tuple[SavedPart, ...]
    adjustment: Adjustment = NO_ADJUSTMENT
    low: float | None = None
    second: SavedSecond | None = None

    @property
    def everything(self) -> tuple[SavedPart, ...]:
        """All models: the parts, those of the second layer, and what these learned from."""
        if self.second is None:
            return self.parts
        held_out = (part for parts in self.second.held_out for part in parts)
        return (*self.parts, *self.second.learners, *held_out)

    @property
    def needs_folds(self) -> bool:
        """True if any model was fitted on the rows of a fold."""
        return any(part.fold is not None for part in self.everything)

    @property
    def is_averaged(self) -> bool:
        """True if there are models of folds among the parts."""
        return any(part.fold is not None for part in self.parts)

    @property
    def is_plain(self) -> bool:
        """True if it is a single pipeline and nothing else."""
        return len(self.parts) == 1 and not self.is_averaged and self.second is None


def split_model(
    pipeline: Pipeline, ensemble: "EnsembleRecord | None", trial: int | None, *, averaged: bool
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
    averaged : bool
        Whether the models of folds join one of all rows, or stand alone.

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
    told, shares = [(m.trial, m.weight) for m in members] or [(trial, 1.0)], last.weights
    layer = last.second
    if layer is not None:  # its learners are the last of those that are told of
        told = [(number, 1.0) for number, _ in told[: len(told) - len(layer.pipelines)]]
        shares = layer.shares
    dealt = _parts(last.members, shares, told, averaged=averaged)
    parts = tuple(
        replace(part, weight=weight) for part, weight in zip(dealt, last.weights, strict=True)
    )
    if isinstance(last, EnsembleRegressor):
        second = None if layer is None else _second(layer, parts, n_classes=0)
        return SavedParts(parts=parts, low=last.low, second=second)
    adjustment = Adjustment(
        temperature=last.temperature,
        shifts=tuple(last.shifts or ()),
        decision=tuple(last.decision or ()),
    )
    second = None if layer is None else _second(layer, parts, n_classes=len(last.labels))
    return SavedParts(parts=parts, adjustment=adjustment, second=second)


def _second(layer: SecondLayer, parts: Sequence[SavedPart], n_classes: int) -> SavedSecond:
    columns = tuple(
        tuple(place for place, member in enumerate(layer.members) if member == column)
        for column in range(max(layer.members) + 1)
    )
    learners = tuple(
        SavedPart(
            model=pipeline,
            weight=weight,
            fold=None,
            trial=None,
            n_predictions=n_prediction_columns(len(columns), n_classes),
            is_blind=is_blind,
        )
        for pipeline, weight, is_blind in zip(
            layer.pipelines, layer.weights, layer.blind, strict=True
        )
    )
    trials = [parts[places[0]].trial for places in columns]
    return SavedSecond(
        layer=layer,
        learners=learners,
        columns=columns,
        trials=tuple(trial for trial in trials if trial is not None),
    )


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
    parts = tuple(replace(part, weight=part.share) for part in chosen)
    return SavedParts(parts=parts, adjustment=Adjustment(decision=decision), low=saved.low)


def best_member(members: "Sequence[Member]", trials: Sequence[int]) -> int | None:
    """Return the first of some trials, ordered by score, that is a member."""
    known = {member.trial for member in members}
    return next((trial for trial in trials if trial in known), None)


def _decoded(model: Any) -> Any:
    return model.model if isinstance(model, LabelDecoder) else model


def _parts(
    models: Sequence[Any],
    shares: Sequence[float],
    told: Sequence[tuple[int | None, float]],
    *,
    averaged: bool,
) -> Iterator[SavedPart]:
    """Deal models to the members: of each the one of all rows, then those of its folds."""
    places = iter(range(len(models)))
    for trial, weight in told:
        taken: list[int] = []
        while sum(shares[i] for i in taken) < weight - _TOLERANCE:
            place = next(places, None)
            if place is None:
                raise ExportError("the model has other members than the run's record tells of")
            taken.append(place)
        total = sum(shares[i] for i in taken)
        has_whole = averaged or len(taken) == 1
        for number, place in enumerate(taken):
            fold = number - has_whole if number >= has_whole else None
            share = shares[place] / total
            yield SavedPart(
                model=models[place], weight=shares[place], fold=fold, trial=trial, share=share
            )
