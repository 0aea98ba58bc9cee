"""Export of a run as a script that trains and predicts as its model does, without metatune."""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from importlib.metadata import version
from typing import TYPE_CHECKING, Any

import numpy as np
from sklearn.pipeline import Pipeline

from metatune.data.columns.column import ColumnKind
from metatune.data.columns.column_text import columns_of_text
from metatune.data.encoding.encoded_task import EncodedTask
from metatune.errors import ExportError
from metatune.evaluation.rungs import FoldPlan, plan_folds, plan_rows
from metatune.evaluation.text_columns import within_folds
from metatune.evaluation.trial_data import TrialData
from metatune.models.ensemble import weighted_mean
from metatune.models.pipeline import assemble_pipeline
from metatune.reporting.code.ensembles import ensemble_constants
from metatune.reporting.code.held_out import with_models_of_folds
from metatune.reporting.code.members import SavedParts, best_member, single_part, split_model
from metatune.reporting.code.models import model_codes
from metatune.reporting.code.script import Script, assembled
from metatune.reporting.code.table import KnownTable, table_constants, table_sources
from metatune.reporting.code.training import (
    model_sources,
    predicting_sources,
    text_sources,
    training_source,
)

if TYPE_CHECKING:
    from metatune.data.task.task import Task
    from metatune.evaluation.trial import TrialResult
    from metatune.storage.record import RunRecord

__all__ = ["ExportRequest", "Exported", "export_script", "joined_model", "model_script"]

_LIBRARIES = ("numpy", "pandas", "scikit-learn", "lightgbm", "xgboost", "catboost")


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class ExportRequest:
    """Run to be written as a script.

    Attributes
    ----------
    record : RunRecord
    pipeline : Pipeline
        Its saved model.
    trials : sequence of TrialResult
        The best first.
    table : KnownTable
        Its table, read again.
    ensemble : bool
        Whether the whole ensemble is wanted, or its best member.
    """

    record: "RunRecord"
    pipeline: Pipeline
    trials: "Sequence[TrialResult]"
    table: KnownTable
    ensemble: bool = False

    @property
    def task(self) -> "Task":
        """Task of the run."""
        return self.table.task

    @property
    def fits_folds(self) -> bool:
        """True if models of folds have to be fitted again, as a second layer learned from them."""
        return self.ensemble and getattr(self.pipeline[-1], "second", None) is not None


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Exported:
    """Script of a run.

    Attributes
    ----------
    text : str
        The script.
    model : Pipeline
        Part of the saved model that it repeats.
    what : str
        That part, for people.
    """

    text: str
    model: Pipeline
    what: str


def export_script(request: ExportRequest) -> Exported:
    """Write a run as a script.

    Parameters
    ----------
    request : ExportRequest

    Returns
    -------
    Exported

    Raises
    ------
    ExportError
        If something that the model does cannot be expressed; the message names it.
    """
    _check(request)
    task, encoder = request.task, request.pipeline[0]
    data, plan = _rows(request)
    saved, what = _wanted(request)
    if saved.second is not None:
        data = within_folds(data, encoder, task.X)
        saved = with_models_of_folds(saved, request.trials, data)
    text = model_script(saved, request.table, data, plan, title=_title(request, what))
    return Exported(text=text, model=joined_model(saved, encoder, task), what=what)


def model_script(
    saved: SavedParts, table: KnownTable, data: TrialData, plan: FoldPlan, *, title: str
) -> str:
    """Write parts of a model as a script.

    Parameters
    ----------
    saved : SavedParts
    table : KnownTable
    data : TrialData
        Rows of the table as the parts got them, and folds.
    plan : FoldPlan
        How the rows were dealt to folds.
    title : str
        What the script says of itself.

    Raises
    ------
    ExportError
        If something cannot be expressed; the message names it.
    """
    models = model_codes(saved.everything, data)
    functions = [
        *table_sources(table),
        *text_sources(table.encoder, table.task, data),
        *model_sources(saved, models, data, plan),
        training_source(saved, models, data),
        *predicting_sources(saved, table.task),
    ]
    constants = {
        **table_constants(table, data.task.layout),
        **ensemble_constants(saved, data),
        "DECISION": [float(factor) for factor in saved.adjustment.decision],
        "SHIFTS": [float(shift) for shift in saved.adjustment.shifts],
    }
    return assembled(Script(title=title, constants=constants, functions=tuple(functions)))


def _check(request: ExportRequest) -> None:
    """Refuse runs whose model depends on more than the cells of the table."""
    record, task = request.record, request.task
    for role in ("weight", "group", "time"):
        if getattr(record.task, role) is not None:
            raise ExportError(f"runs with --{role} have no script")
    if plan_rows(task.n_rows, len(task.columns), record.seconds.plan) < task.n_rows:
        raise ExportError("the run used a part of the rows, for want of time: give it more")
    columns = columns_of_text(request.pipeline[0].columns)
    if not any(column.kind.is_used for column in columns):
        raise ExportError("the model makes use of no column: its prediction is constant")
    if any(column.kind is ColumnKind.LEFT_OUT for column in columns):
        raise ExportError("the run used a part of the columns, for want of time: give it more")


def _rows(request: ExportRequest) -> tuple[TrialData, FoldPlan]:
    """Return the rows of the run as its models got them, and how they were dealt to folds."""
    task, encoder = request.task, request.pipeline[0]
    layout = encoder.layout
    X = np.asarray(encoder.transform(task.X))
    encoded = EncodedTask(
        X=X[:, : layout.n_columns],
        y=task.y,
        layout=layout,
        kind=task.kind,
        n_classes=task.n_classes,
    )
    plan = plan_folds(encoded.shape, request.record.seconds.plan)
    data = TrialData.make(
        encoded,
        (task.metric.name,),
        metric=task.metric,
        seed=request.record.seed,
        plan=plan,
        row_metadata=task.row_metadata,
    )
    if encoder.text_model_ is None:
        return data, plan
    names = encoder.text_model_.names
    wider = encoded.with_predictions(names, X[:, layout.n_columns :])
    return replace(data, task=wider), plan


def _wanted(request: ExportRequest) -> tuple[SavedParts, str]:
    """Return the parts of the model that are wanted, and what they are."""
    outcome = request.record.outcome
    if outcome is None or outcome.winner is None:
        raise ExportError("the run ended with the constant prediction: there is nothing to export")
    told = outcome.fitted_on
    in_part = " and " in told or not told.startswith("all rows")
    if in_part and "each fold" not in told:
        raise ExportError(f"the model was fitted on {told}: give the run more time")
    winner = next(
        (r for r in request.trials if r.trial.configuration.key == outcome.winner.key), None
    )
    trial = None if winner is None else winner.trial.number
    saved = split_model(request.pipeline, outcome.ensemble, trial, averaged=not in_part)
    members = () if outcome.ensemble is None else outcome.ensemble.members
    is_one = saved.second is None and len({part.trial for part in saved.parts}) == 1
    if request.ensemble or is_one:
        return saved, _described(saved, request)
    best = best_member(members, [result.trial.number for result in request.trials])
    result = next(r for r in request.trials if r.trial.number == best)
    single = single_part(saved, best, result.decision)
    return single, _described(single, request)


def _described(saved: SavedParts, request: ExportRequest) -> str:
    titles = {r.trial.number: r.trial.configuration.algorithm for r in request.trials}
    named = {
        part.trial: "constant" if part.trial is None else titles.get(part.trial, "a member")
        for part in saved.parts
    }
    if len(named) > 1:
        below = "" if saved.second is None else ", and a second layer that learned from them"
        families = ", ".join(dict.fromkeys(named.values()))
        return f"ensemble of {len(saved.parts)} models ({families}){below}"
    name = next(iter(named.values()))
    return f"{name}, averaged with models of folds" if saved.is_averaged else name


def joined_model(saved: SavedParts, encoder: Any, task: "Task") -> Pipeline:
    """Return the model that a script repeats."""
    if saved.is_plain and not saved.adjustment.decision and saved.low is None:
        return assemble_pipeline(encoder, saved.parts[0].model, task.classes)
    mean = weighted_mean(
        [part.model for part in saved.parts],
        [part.weight for part in saved.parts],
        task.classes,
        saved.adjustment,
        low=saved.low,
        second=None if saved.second is None else saved.second.layer,
    )
    return Pipeline([("table", encoder), ("model", mean)])


def _title(request: ExportRequest, what: str) -> str:
    record, file = request.record, request.table.file
    libraries = ", ".join(
        f"{name} {record.versions[name]}" for name in _LIBRARIES if name in record.versions
    )
    name = file.path.replace("\\", "/").rpartition("/")[2]
    return (
        (
            f"Predict {record.task.target!r} as in {name}: {what}.\n\n"
            f"Exported by metatune {version('metatune')}, which it does without. Made for\n"
            f"{libraries}; other versions may differ in the last digits.\n\n"
            f"    python baseline.py train {name}\n"
            "    python baseline.py predict new.csv -o predictions.csv\n\n"
            "The saved model is a pickle: load none that others made."
        )
        .replace('"""', "'''")
        .replace("\\", "/")
    )
