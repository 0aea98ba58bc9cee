"""Section of a report about predictions of rows that the models had not seen."""

from typing import TYPE_CHECKING

import numpy as np

from metatune.data.wording import counted
from metatune.kinds import TaskKind
from metatune.models.adjustment import Adjustment
from metatune.reporting import markup, plots
from metatune.reporting.view import RunView
from metatune.reporting.wording import number, share

if TYPE_CHECKING:
    from metatune._typing import AnyArray, FloatArray, IntArray

__all__ = ["prediction_section"]

_MOST_CLASSES = 10  # of the confusion matrix, the most frequent ones


def prediction_section(view: RunView) -> markup.Section | None:
    """Return the section; None where no out-of-fold predictions of the model are kept."""
    if "y" not in view.arrays or "prediction" not in view.arrays:
        return None
    task = view.record.task
    truth, prediction = view.arrays["y"], np.asarray(view.arrays["prediction"], dtype=np.float64)
    expected = (len(truth), len(task.classes)) if task.classes else (len(truth),)
    if prediction.shape != expected or not len(truth):
        return None
    if task.task is TaskKind.REGRESSION:
        parts = _values(truth.astype(np.float64), prediction)
    elif task.task is TaskKind.BINARY:
        parts = _two_classes(view, truth, prediction)
    else:
        parts = _classes(view, truth, prediction)
    said = (
        f"All of this is about {counted(len(truth), 'row')} that were predicted by models which "
        "had not seen them, in cross-validation"
    )
    sample = ", a sample of the table" if len(truth) < task.n_rows else ""
    return markup.section(
        "predictions", "Predictions", markup.paragraph(f"{said}{sample}."), *parts
    )


def _decision(view: RunView) -> tuple[float, ...]:
    outcome = view.record.outcome
    ensemble = None if outcome is None else outcome.ensemble
    return () if ensemble is None else ensemble.decision


def _two_classes(view: RunView, truth: "AnyArray", prediction: "FloatArray") -> list[str]:
    labels = list(view.record.task.classes or {})
    positive = view.record.task.positive
    code = labels.index(positive) if positive in labels else 1
    decision = _decision(view)
    threshold = 0.5
    if len(decision) == 2 and sum(decision) > 0:
        threshold = decision[1 - code] / sum(decision)
    is_positive, probability = (truth == code).astype(int), prediction[:, code]
    drawn = []
    if 0 < is_positive.sum() < len(truth):
        drawn = [
            plots.roc_plot(is_positive, probability, threshold),
            plots.precision_recall_plot(is_positive, probability, threshold),
            plots.calibration_plot(is_positive, probability, ""),
        ]
    chosen = "where labels are best by the metric" if decision else "the usual one"
    said = (
        f"The positive class is {markup.name(labels[code])}: of these rows "
        f"{share(float(is_positive.mean()))}. The model decides for it from a probability of "
        f"{number(threshold)}, {chosen}."
    )
    matrix = _matrix(truth, Adjustment(decision=decision).decide(prediction), labels)
    rates = _rates(is_positive, probability > threshold)
    return [
        markup.paragraph(said),
        _side_by_side([*drawn, f"<div><h3>Confusion matrix</h3>{matrix}{rates}</div>"]),
    ]


def _rates(truth: "AnyArray", chosen: "AnyArray") -> str:
    hits = int((truth[chosen] == 1).sum())
    found, named = int((truth == 1).sum()), int(chosen.sum())
    parts = []
    if named:
        parts.append(f"Of the rows it decides for, {share(hits / named)} are right (precision).")
    if found:
        parts.append(f"It finds {share(hits / found)} of those there are (recall).")
    return markup.paragraph(*parts, small=True)


def _classes(view: RunView, truth: "AnyArray", prediction: "FloatArray") -> list[str]:
    labels = list(view.record.task.classes or {})
    decided = Adjustment(decision=_decision(view)).decide(prediction)
    sure = prediction.max(axis=1)
    right = (prediction.argmax(axis=1) == truth).astype(int)
    accuracy = float((decided == truth).mean())
    calibration = plots.calibration_plot(right, sure, "of the likeliest class")
    matrix = _matrix(truth, decided, labels)
    return [
        markup.paragraph(f"The class is right in {share(accuracy)} of them."),
        f"<h3>Confusion matrix</h3>{matrix}",
        _side_by_side([calibration, _per_class(truth, decided, labels)]),
    ]


def _per_class(truth: "AnyArray", decided: "AnyArray", labels: list[str]) -> str:
    counts = np.bincount(truth.astype(np.intp), minlength=len(labels))
    rows = []
    for code in np.argsort(-counts, kind="stable")[:_MOST_CLASSES]:
        is_class, named = truth == code, decided == code
        hits = int((is_class & named).sum())
        precision = share(hits / named.sum()) if named.any() else "-"
        recall = share(hits / is_class.sum()) if is_class.any() else "-"
        rows.append((markup.name(labels[code]), f"{counts[code]:,}", precision, recall))
    return markup.table(("class", "rows", "precision", "recall"), rows, right=(1, 2, 3))


def _matrix(truth: "AnyArray", decided: "AnyArray", labels: list[str]) -> str:
    """Return the confusion matrix of the most frequent classes; the others count as one."""
    counts = np.bincount(truth.astype(np.intp), minlength=len(labels))
    shown = np.sort(np.argsort(-counts, kind="stable")[:_MOST_CLASSES])
    place = np.full(len(labels), len(shown))
    place[shown] = np.arange(len(shown))
    n = len(shown) + (len(shown) < len(labels))
    cells: IntArray = np.zeros((n, n), dtype=np.int64)
    np.add.at(cells, (place[truth.astype(np.intp)], place[decided.astype(np.intp)]), 1)
    names = [markup.name(labels[code], 24) for code in shown]
    names += ["others"] if n > len(shown) else []
    shares = cells / np.maximum(cells.sum(axis=1, keepdims=True), 1)
    head = "".join(f'<th class="n">{name}</th>' for name in names)
    body = "".join(
        f"<tr><th>{names[i]}</th>"
        + "".join(
            f'<td class="n" style="--s:{shares[i, j]:.2f}">{cells[i, j]:,}'
            f"<small>{share(float(shares[i, j]))}</small></td>"
            for j in range(n)
        )
        + "</tr>"
        for i in range(n)
    )
    corner = "<th>true, below; decided, beside</th>"
    return (
        '<div class="scroll"><table class="matrix"><thead><tr>'
        f"{corner}{head}</tr></thead><tbody>{body}</tbody></table></div>"
    )


def _values(truth: "FloatArray", prediction: "FloatArray") -> list[str]:
    errors = np.abs(truth - prediction)
    half, most = np.quantile(errors, (0.5, 0.9))
    said = (
        f"Half of them are off by less than {number(float(half))}, nine of ten by less than "
        f"{number(float(most))}; true values have a mean of {number(float(truth.mean()))} and a "
        f"standard deviation of {number(float(truth.std()))}."
    )
    drawn = [plots.truth_plot(truth, prediction), plots.residual_plot(truth, prediction)]
    cut = "The plots show the middle 99 % of the values, and at most 700 of the rows."
    return [markup.paragraph(said), _side_by_side(drawn), markup.paragraph(cut, small=True)]


def _side_by_side(parts: list[str]) -> str:
    inner = "".join(f"<div>{part}</div>" for part in parts)
    return f'<div class="plots">{inner}</div>'
