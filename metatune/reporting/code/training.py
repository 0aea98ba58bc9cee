"""Code that trains a model and predicts with it."""

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

from metatune.errors import ExportError
from metatune.kinds import TaskKind
from metatune.reporting.code.ensembles import ensemble_source
from metatune.reporting.code.folds import folds_source
from metatune.reporting.code.members import SavedParts
from metatune.reporting.code.models import ModelCode
from metatune.reporting.code.writing import render

if TYPE_CHECKING:
    from metatune.data.task.task import Task
    from metatune.evaluation.rungs import FoldPlan
    from metatune.evaluation.trial_data import TrialData

__all__ = ["model_sources", "predicting_sources", "text_sources", "training_source"]


def text_sources(encoder: Any, task: "Task", data: "TrialData") -> list[str]:
    """Return the functions that say what the model of texts learns."""
    if encoder.text_model_ is None:
        return []
    if task.n_rows > encoder.text_model_.max_rows:
        raise ExportError("a model of texts that was fitted on a part of the rows has no script")
    if task.kind is TaskKind.REGRESSION:
        body = "(y - y.mean()) / y.std()"
        targets = [f"    return ({body}).astype(np.float32)[:, None]"]
    elif task.kind is TaskKind.BINARY:
        targets = ["    return (y == 1).astype(np.float32)[:, None]"]
    else:
        targets = [
            '    frequent = np.argsort(-np.bincount(y), kind="stable")[:8]',
            "    return (y[:, None] == frequent).astype(np.float32)",
        ]
    deal = "deal_rows" if data.task.n_classes else "deal_values"
    return [
        "\n".join(
            ["def text_targets(y):", '    """Return what texts are to predict."""', *targets]
        ),
        "def deal_texts(y):\n"
        '    """Deal rows to the folds of the model of texts."""\n'
        f"    return {deal}(y, 4, SEED)",
    ]


def model_sources(
    saved: SavedParts, models: Sequence[ModelCode], data: "TrialData", plan: "FoldPlan | None"
) -> list[str]:
    """Return the functions that make models, and the class that joins them if they are several.

    Parameters
    ----------
    saved : SavedParts
    models : sequence of ModelCode
        One for each of its models.
    data : TrialData
    plan : FoldPlan or None
        How the rows were dealt to folds; None where there are none.
    """
    sources = list(dict.fromkeys(source for model in models for source in model.sources))
    if saved.is_plain:
        return sources
    if saved.needs_folds and plan is not None:
        sources.append(folds_source(saved, data, plan))
    return [*sources, *ensemble_source(saved, models, data)]


def training_source(
    saved: SavedParts,
    models: Sequence[ModelCode],
    data: "TrialData",
    *,
    open_iterations: bool = False,
) -> str:
    """Return the code of the function that trains.

    Parameters
    ----------
    saved : SavedParts
    models : sequence of ModelCode
    data : TrialData
    open_iterations : bool
        Whether it chooses the number of iterations.
    """
    kept = ".astype(int)" if data.task.n_classes else ""
    made = render(models[0].call) if saved.is_plain else "Ensemble()"
    if open_iterations:
        by = "log_loss" if data.task.n_classes else "squares"
        made = f"{models[0].function}(best_iterations_by_{by}({models[0].function}, X, y))"
    counts = saved.needs_folds and data.task.layout.n_predicted
    lines = [
        "def train(file):",
        '    """Train on the rows of a table whose target is known; return encoder and model."""',
        "    table = read_table(file)",
        "    y = read_target(table)",
        "    known = y.notna()",
        f"    table, y = table[known], y[known]{kept}.to_numpy()",
        "    encoder = Encoder()",
        "    with threadpool_limits(1):  # so that sums are added up in the same order every time",
        "        X = encoder.fit_transform(table, y)",
        f"        model = {made}.fit(X, y{', encoder.counts_' if counts else ''})",
    ]
    if data.task.layout.n_predicted:
        lines.append("    del encoder.counts_")
    return "\n".join([*lines, "    return encoder, model"])


def predicting_sources(saved: SavedParts, task: "Task") -> list[str]:
    """Return the function that predicts, and those that it needs."""
    adjustment, sources = saved.adjustment, []
    lines = [
        "def predict(trained, table):",
        '    """Predict the rows of a table with what `train` returned."""',
        "    encoder, model = trained",
        "    with threadpool_limits(1):",
    ]
    if not task.n_classes:
        lines.append("        values = model.predict(encoder.transform(table))")
        value = "values" if saved.low is None else f"np.maximum(values, {saved.low!r})"
        lines.append(f"    return pd.DataFrame({{TARGET: {value}}})")
        return ["\n".join(lines)]
    lines.append("        probabilities = model.predict_proba(encoder.transform(table))")
    if adjustment.calibrates:
        sources.append(_calibration(saved))
        lines.append("    probabilities = calibrated(probabilities)")
    told = "probabilities * DECISION" if adjustment.decision else "probabilities"
    told = f"({told})" if adjustment.decision else told
    lines += [
        f"    labels = np.array(CLASSES)[{told}.argmax(axis=1)]",
        "    columns = zip(CLASSES, probabilities.T)",
        '    shares = {f"probability of {label}": share for label, share in columns}',
        "    return pd.DataFrame({TARGET: labels, **shares})",
    ]
    return [*sources, "\n".join(lines)]


def _calibration(saved: SavedParts) -> str:
    adjustment = saved.adjustment
    logits = f"np.log(np.maximum(probabilities, 1e-12)) / {adjustment.temperature!r}"
    if adjustment.shifts:
        logits += " + SHIFTS"
    return (
        "def calibrated(probabilities):\n"
        '    """Correct probabilities that are too sure, or not sure enough."""\n'
        f"    logits = {logits}\n"
        "    raised = np.exp(logits - logits.max(axis=1, keepdims=True))\n"
        "    return raised / raised.sum(axis=1, keepdims=True)"
    )
