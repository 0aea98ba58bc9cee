"""Judging a model on labelled rows."""

from collections.abc import Mapping
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd

from metatune.data.clean import clean_column, plain, to_text
from metatune.data.columns import Column, ColumnKind
from metatune.data.numbers import find_number_style
from metatune.errors import BundleError, TargetError
from metatune.kinds import TaskKind
from metatune.metrics import RECORDED_METRICS, Metric, resolve_metric
from metatune.rundir import RunDirectory

if TYPE_CHECKING:
    from numpy.typing import NDArray
    from sklearn.pipeline import Pipeline

__all__ = ["Judgement", "Score", "judge", "known_constant", "read_known_target"]

_SHOWN = 5


@dataclass(frozen=True, slots=True, kw_only=True)
class Score:
    """One metric's verdict; NaN where the metric is undefined on these rows."""

    metric: str
    score: float
    constant: float
    greater_is_better: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class Judgement:
    """How a model does on labelled rows.

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
    """

    target: str
    task: str
    n_rows: int
    scores: tuple[Score, ...]
    notes: tuple[str, ...]

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

    Raises
    ------
    TargetError
        If the table has no target, no known one, or none of the model's classes.
    OptionError
        If the metric is unknown or does not fit.
    """
    kind, target = TaskKind(info["task"]), str(info["target"])
    metrics = _metrics(metric, str(info["metric"]), kind)
    if target not in frame.columns:
        raise TargetError(f"the table has no column {target!r}, the target to judge by: add it")
    classes = pipeline.classes_ if kind.is_classification else None
    y, keep, notes = read_known_target(frame[target], target, classes)
    rows = frame[keep]
    if classes is None:
        prediction = np.asarray(pipeline.predict(rows), dtype=np.float64)
    else:
        prediction = _with_room(pipeline.predict_proba(rows), y)
    baseline = _constant_prediction(y, prediction, constant)
    scores = tuple(
        Score(
            metric=m.name,
            score=_score(m, y, prediction),
            constant=_score(m, y, baseline),
            greater_is_better=m.greater_is_better,
        )
        for m in metrics
    )
    if constant is None:
        notes.append("the constant prediction is that of these rows: the run's is not known")
    return Judgement(
        target=target, task=str(kind), n_rows=len(y), scores=scores, notes=tuple(notes)
    )


def known_constant(model: str) -> "list[float] | float | None":
    """Return the constant prediction that the record beside a model tells, if there is one."""
    path = Path(model)
    try:
        record = RunDirectory.open(path if path.is_dir() else path.parent).read_record()
    except BundleError:
        return None
    value = record.get("constant_prediction")
    return value if isinstance(value, list | float) else None


def read_known_target(
    cells: "pd.Series[Any]", name: str, classes: "NDArray[Any] | None"
) -> "tuple[NDArray[Any], NDArray[np.bool_], list[str]]":
    """Read a target whose kind is known, cleaned as it is in training.

    Parameters
    ----------
    cells : Series of shape (n_rows,)
        As read.
    name : str
        Name of the target.
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
    notes: list[str] = []
    if classes is None:
        values = _numbers(cells, name)
    else:
        values, unknown = _codes(cells, classes)
        if unknown:
            shown = ", ".join(repr(label) for label in unknown[:_SHOWN])
            n_rows = int((values == len(classes)).sum())
            if n_rows == int(values.notna().sum()):
                raise TargetError(f"target {name!r} holds none of the model's classes but {shown}")
            notes.append(f"{n_rows} rows have labels new to the model ({shown}): counted as wrong")
    keep = values.notna().to_numpy()
    if not keep.any():
        raise TargetError(f"target {name!r} is known in no row: nothing to judge by")
    n_dropped = int((~keep).sum())
    if n_dropped:
        notes.append(f"{n_dropped} rows without a value of the target {name!r} left out")
    y = values[keep].to_numpy(dtype=np.float64 if classes is None else np.int64)
    return y, keep, notes


def _numbers(cells: "pd.Series[Any]", name: str) -> "pd.Series[Any]":
    """Bring cells to float64, as amounts are written."""
    raw = plain(cells)
    decimal, unit = ".", ""
    if not pd.api.types.is_numeric_dtype(raw.dtype):
        text = to_text(raw)
        style = find_number_style({str(k): int(v) for k, v in text.value_counts().items()})
        if style is None:
            shown = next(iter(text.dropna()), "")
            raise TargetError(f"target {name!r} holds {shown!r}, but the model predicts numbers")
        decimal, unit = style.decimal, style.unit
    column = Column(
        name=name, kind=ColumnKind.NUMBER, n_missing=0, n_unique=0, decimal=decimal, unit=unit
    )
    return clean_column(raw, column)


def _codes(cells: "pd.Series[Any]", classes: "NDArray[Any]") -> "tuple[pd.Series[Any], list[str]]":
    """Return the code of each cell's label, and the labels that the model does not know."""
    if classes.dtype.kind in "iuf":
        known = {float(label): code for code, label in enumerate(classes)}
        labels: pd.Series[Any] = _numbers(cells, str(cells.name))
    else:
        known = {_word(label): code for code, label in enumerate(classes)}
        labels = to_text(cells).map(_word, na_action="ignore")
    distinct = labels.dropna().unique()
    unknown = [str(label) for label in distinct if label not in known]
    codes = {label: known.get(label, len(classes)) for label in distinct}
    return labels.map(codes, na_action="ignore").astype("float64"), unknown


def _word(label: Any) -> str:
    """Write a label as text; truth values are alike however they are written."""
    text = str(label)
    return text.lower() if text.lower() in ("true", "false") else text


def _with_room(proba: "NDArray[np.float64]", y: "NDArray[Any]") -> "NDArray[np.float64]":
    """Give labels that the model does not know a column of their own, of probability zero."""
    if int(y.max()) < proba.shape[1]:
        return proba
    return np.hstack([proba, np.zeros((len(proba), 1))])


def _constant_prediction(
    y: "NDArray[Any]", prediction: "NDArray[np.float64]", known: "list[float] | float | None"
) -> "NDArray[np.float64]":
    if prediction.ndim == 1:
        return np.full(len(y), float(np.mean(y)) if known is None else known)
    n_classes = prediction.shape[1]
    if known is None:
        shares = np.bincount(y, minlength=n_classes) / len(y)
    else:
        shares = np.zeros(n_classes)
        given = np.asarray(known, dtype=np.float64)
        shares[: len(given)] = given
    return np.tile(shares, (len(y), 1))


def _metrics(asked: str | None, of_run: str, kind: TaskKind) -> list[Metric]:
    names = dict.fromkeys((asked or of_run, of_run, *RECORDED_METRICS[kind]))
    return [resolve_metric(name, kind) for name in names]


def _score(metric: Metric, y: "NDArray[Any]", prediction: "NDArray[np.float64]") -> float:
    try:
        return metric.score(y, prediction)
    except ValueError:  # a scorer that is undefined on these rows
        return float("nan")
