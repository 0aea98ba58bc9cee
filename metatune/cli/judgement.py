"""Judging a model on labelled rows."""

import warnings
from collections.abc import Mapping
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd

from metatune.data.columns.cleaning import to_text
from metatune.data.encoding.row_sketch import RowSketch, hash_rows, recognisable
from metatune.data.task.roles import read_weights
from metatune.data.task.target import known_target
from metatune.data.wording import counted, listed
from metatune.errors import BundleError, OptionError, TargetError
from metatune.kinds import TaskKind
from metatune.metrics import RECORDED_METRICS, Form, Metric, resolve_metric
from metatune.metrics.positive import find_positive
from metatune.storage.directory import RunDirectory
from metatune.storage.training_rows import read_rows

if TYPE_CHECKING:
    from numpy.typing import NDArray
    from sklearn.pipeline import Pipeline

__all__ = ["Judgement", "Score", "judge", "known_constant", "known_rows", "read_labelled"]

_OFTEN = 0.05


@dataclass(frozen=True, slots=True, kw_only=True)
class Score:
    """One metric's verdict; NaN where the metric is undefined on these rows.

    `positive` is the label of the class that it is about, if it is about one.
    """

    metric: str
    positive: str | None
    score: float
    constant: float
    greater_is_better: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class Judgement:
    """Judgement of a model on labelled rows.

    Attributes
    ----------
    target : str
        Name of the target.
    task : str
        Its kind.
    n_rows : int
        Rows whose target is known.
    scores : tuple of Score
        The run's metric first.
    notes : tuple of str
        What the user should know about the rows.
    n_compared, n_trained_on : int
        Rows that were looked for among those of the training, and those that are among them.
    repeated_share : float
        Share of the training rows that equal another one.
    """

    target: str
    task: str
    n_rows: int
    scores: tuple[Score, ...]
    notes: tuple[str, ...]
    n_compared: int = 0
    n_trained_on: int = 0
    repeated_share: float = 0.0

    @property
    def on_training_rows(self) -> str:
        """One line on how many of the rows the model was trained on."""
        of = counted(self.n_compared, "row")
        if self.n_compared < self.n_rows:
            of = f"{of} that could be compared"
        usual = ""
        if self.repeated_share >= _OFTEN:
            usual = f" ({self.repeated_share:.0%} of the training rows equal another one anyway)"
        return (
            f"{self.n_trained_on:,} of {of} equal rows that the model was trained on{usual}: "
            "scores on them are too good; judge it by other rows"
        )

    def to_dict(self) -> dict[str, Any]:
        """Return plain values."""
        return asdict(self)


def judge(
    pipeline: "Pipeline",
    frame: pd.DataFrame,
    info: Mapping[str, Any],
    *,
    metric: str | None,
    constant: "list[float] | float | None",
    positive: str | None = None,
    trained_on: RowSketch | None = None,
) -> Judgement:
    """Judge a model on the rows of a table.

    Parameters
    ----------
    pipeline : Pipeline
        Fitted.
    frame : DataFrame
        Features and target.
    info : Mapping
        What was saved with the model.
    metric : str or None
        Another metric to judge by.
    constant : list of float, float or None
        Shares of the classes in training, or the value that the constant model predicts; None
        takes those of `frame`, the best that a constant could do.
    positive : str, optional
        Another positive class than that of the run.
    trained_on : RowSketch, optional
        Rows of the training, to say how many of these rows are among them.

    Raises
    ------
    TargetError
        If the table has no target, no known one, or none of the model's classes.
    OptionError
        If the metric is unknown or does not fit.
    """
    kind, target = TaskKind(info["task"]), str(info["target"])
    if target not in frame.columns:
        raise TargetError(f"the table has no column {target!r}, the target to judge by: add it")
    classes = pipeline.classes_ if kind.is_classification else None
    metrics, notes = _metrics(metric, info, kind, _positive(positive, info, classes))
    y, keep, more = read_labelled(frame[target], classes)
    notes += more
    rows = frame[keep]
    weights, note = _weights(rows, info)
    notes += note
    if weights is not None and not weights.all():
        rows, y, weights = rows[weights > 0], y[weights > 0], weights[weights > 0]
    if classes is None:
        prediction = decided = np.asarray(pipeline.predict(rows), dtype=np.float64)
    else:
        prediction = _with_room(pipeline.predict_proba(rows), y)
        decided = _decided(pipeline, prediction)
    baseline = _constant_prediction(y, prediction, constant, weights)
    scores = tuple(
        Score(
            metric=m.name,
            positive=str(classes[m.positive]) if m.is_sided and classes is not None else None,
            score=_score(m, y, decided if m.form is Form.LABELS else prediction, weights),
            constant=_score(m, y, baseline, weights),
            greater_is_better=m.greater_is_better,
        )
        for m in metrics
    )
    if constant is None:
        notes.append("the constant prediction is that of these rows: the run's is not known")
    n_compared, n_known = (0, 0) if trained_on is None else _compare(pipeline, rows, y, trained_on)
    return Judgement(
        target=target,
        task=str(kind),
        n_rows=len(y),
        scores=scores,
        notes=tuple(notes),
        n_compared=n_compared,
        n_trained_on=n_known,
        repeated_share=0.0 if trained_on is None else trained_on.repeated_share,
    )


def _compare(
    pipeline: "Pipeline", rows: pd.DataFrame, y: "NDArray[Any]", trained_on: RowSketch
) -> tuple[int, int]:
    """Count the rows that can be compared with those of the training, and those among them."""
    encoder = pipeline[0]
    with warnings.catch_warnings():  # what it warns of was told when the rows were predicted
        warnings.simplefilter("ignore")
        encoded = np.asarray(encoder.transform(rows))
    return trained_on.compare(hash_rows(encoded, y, recognisable(encoder.layout)))


def known_rows(model: str) -> RowSketch | None:
    """Return the hashes of the training rows in the run directory of a model, if it has any."""
    run = _run_of(model)
    return None if run is None else read_rows(run.path)


def _weights(
    rows: pd.DataFrame, info: Mapping[str, Any]
) -> "tuple[NDArray[np.float64] | None, list[str]]":
    """Read the weights of rows, if the model was fitted with some and the table holds them."""
    name = info.get("weight")
    if name is None:
        return None, []
    if name not in rows.columns:
        return None, [f"all rows count alike: the table has no weight column {name!r}"]
    return read_weights(rows[name]), [f"rows are weighed by {name!r}"]


def known_constant(model: str) -> "list[float] | float | None":
    """Return the constant prediction that the record beside a model tells, if there is one."""
    run = _run_of(model)
    try:
        record = None if run is None else run.read_record()
    except BundleError:
        return None
    if record is None:
        return None
    value = record.task.constant_prediction
    return list(value) if isinstance(value, tuple) else value


def _run_of(model: str) -> RunDirectory | None:
    """Return the run directory that a model lies in; None if it lies elsewhere."""
    path = Path(model)
    try:
        return RunDirectory.open(path if path.is_dir() else path.parent)
    except BundleError:
        return None


def read_labelled(
    cells: "pd.Series[Any]", classes: "NDArray[Any] | None"
) -> "tuple[NDArray[Any], NDArray[np.bool_], list[str]]":
    """Read a target like that of the training table.

    Parameters
    ----------
    cells : Series of shape (n_rows,)
        As read; its name is the target's.
    classes : ndarray of shape (n_classes,) or None
        The model's labels; None where numbers are predicted.

    Returns
    -------
    tuple of (ndarray of shape (n_known,), ndarray of shape (n_rows,), list of str)
        Codes (n_classes for a label that the model does not know) or values; which rows are
        known; notes.

    Raises
    ------
    TargetError
        If no row is known, or no label is one of the model's.
    """
    y, keep = known_target(cells, classes)
    text = to_text(cells)
    if not len(y):
        held = listed([str(value) for value in text.dropna().unique()])
        what = f"holds {held}" if held else "has no value in any row"
        raise TargetError(f"target {str(cells.name)!r} {what}: there is nothing to judge by")
    notes = []
    if classes is not None:
        unknown = text.notna().to_numpy() & ~keep
        codes = np.full(len(cells), len(classes))
        codes[keep] = y
        keep = keep | unknown
        y = codes[keep]
        if unknown.any():
            labels = listed([str(value) for value in text[unknown].unique()])
            rows = counted(int(unknown.sum()), "row")
            notes.append(f"{rows} with labels new to the model counted as wrong: {labels}")
    if not keep.all():
        rows = counted(int((~keep).sum()), "row")
        notes.append(f"{rows} without a value of the target left out")
    return y, keep, notes


def _with_room(proba: "NDArray[np.float64]", y: "NDArray[Any]") -> "NDArray[np.float64]":
    """Give labels that the model does not know a column of their own, of probability zero."""
    if int(y.max()) < proba.shape[1]:
        return proba
    return np.hstack([proba, np.zeros((len(proba), 1))])


def _constant_prediction(
    y: "NDArray[Any]",
    prediction: "NDArray[np.float64]",
    known: "list[float] | float | None",
    weights: "NDArray[np.float64] | None",
) -> "NDArray[np.float64]":
    if prediction.ndim == 1:
        return np.full(len(y), float(np.average(y, weights=weights)) if known is None else known)
    n_classes = prediction.shape[1]
    if known is None:
        totals = np.bincount(y, weights=weights, minlength=n_classes)
        shares = np.asarray(totals / totals.sum())
    else:
        shares = np.zeros(n_classes)
        given = np.asarray(known, dtype=np.float64)
        shares[: len(given)] = given
    return np.tile(shares, (len(y), 1))


def _decided(pipeline: "Pipeline", prediction: "NDArray[np.float64]") -> "NDArray[np.float64]":
    """Return the labels that the model decides for as sure predictions."""
    steps = getattr(pipeline, "steps", [("model", pipeline)])
    factors = np.ones(prediction.shape[1])  # a label that the model does not know is of no weight
    known = getattr(steps[-1][1], "decision", None) or ()
    factors[: len(known)] = known
    return np.asarray(np.eye(prediction.shape[1])[(prediction * factors).argmax(axis=1)])


def _positive(
    given: str | None, info: Mapping[str, Any], classes: "NDArray[Any] | None"
) -> int | None:
    if given is None:
        known = info.get("positive")
        return None if known is None else int(known)
    if classes is None or len(classes) != 2:
        raise OptionError(
            f"positive class {given!r} makes no sense: the model knows no two classes"
        )
    return find_positive(classes, np.ones(2, dtype=np.int64), given).code


def _metrics(
    asked: str | None, info: Mapping[str, Any], kind: TaskKind, positive: int | None
) -> tuple[list[Metric], list[str]]:
    """Return the metrics to judge by; that of the run is left out if only Python can compute it."""
    of_run = str(info["metric"])
    names = dict.fromkeys((asked or of_run, of_run, *RECORDED_METRICS[kind]))
    notes = []
    if of_run.endswith(")") and asked != of_run:
        del names[of_run]
        notes.append(f"the metric of the run, {of_run}, is a function of Python: not computed here")
    return [resolve_metric(name, kind, positive) for name in names], notes


def _score(
    metric: Metric,
    y: "NDArray[Any]",
    prediction: "NDArray[np.float64]",
    weights: "NDArray[np.float64] | None",
) -> float:
    return metric.score(y, prediction, weights)
