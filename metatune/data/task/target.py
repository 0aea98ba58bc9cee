"""Target column: finding it, cleaning it, and inferring the kind of the task."""

import shlex
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd
from pandas.api import types

from metatune.data.columns.cleaning import clean_column, merges_whole_numbers, plain, to_text
from metatune.data.columns.column import Column, ColumnKind
from metatune.data.columns.dates import find_date_format
from metatune.data.columns.numbers import NumberStyle, find_number_style
from metatune.data.task.label_spelling import (
    are_merged_codes,
    as_written,
    labels_called_missing,
    stripped,
)
from metatune.data.wording import counted, listed
from metatune.errors import OptionError, TargetError
from metatune.kinds import TaskKind

if TYPE_CHECKING:
    from metatune._typing import AnyArray, BoolArray, FloatArray, IntArray

__all__ = ["Target", "encode_labels", "known_target", "read_target"]

_TASKS = ("binary", "multiclass", "classification", "regression")
_STRAY = 0.05  # share of text cells that a numeric target may hold
_FEW_CLASSES = 10  # whole numbers with up to so many values are classes
_MANY_CLASSES = 30  # with up to so many they may be, if they look like codes
_ROWS_PER_CLASS = 5  # for whole numbers
_MAX_CLASS_SHARE = 0.5  # of the rows may be classes of their own
_LONELY_ROWS = 5  # a value that stands for "missing" repeats,
_LONELY_SIZE = 9  # and is a number such as 9, -99 or 999


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Target:
    """Target column with its inferred task kind.

    Attributes
    ----------
    y : ndarray of shape (n_kept,)
        Encoded labels (int64) or values (float64).
    kind : TaskKind
        What is predicted.
    classes : ndarray of shape (n_classes,) or None
        The labels in the order of their codes, sorted; None for regression.
    keep : ndarray of shape (n_rows,), bool
        Rows whose target is known.
    notes : tuple of str
        Decisions and corrections, one sentence each.
    """

    y: "AnyArray"
    kind: TaskKind
    classes: "AnyArray | None"
    keep: "BoolArray"
    notes: tuple[str, ...] = ()


def read_target(
    raw: "pd.Series[Any]",
    name: str,
    task: str | None = None,
    written: "pd.Series[Any] | None" = None,
) -> Target:
    """Read the target column of a table, and infer the kind of the task.

    Parameters
    ----------
    raw : Series of shape (n_rows,)
        Cells as read.
    name : str
        Name of the column, for messages.
    task : str or None
        "binary", "multiclass", "classification" or "regression"; None to infer.
    written : Series of shape (n_rows,), optional
        The cells as texts, if they were read from a text table: labels stay as they are written.

    Returns
    -------
    Target

    Raises
    ------
    TargetError
        If nothing can be learned: no value is known, all are the same, every row is a class of
        its own, the cells are dates, or they do not fit `task`.
    OptionError
        If `task` is unknown.
    """
    if task is not None and task not in _TASKS:
        raise OptionError(f"unknown task {task!r}: use one of {', '.join(_TASKS)}")
    cells = plain(raw)
    is_typed = _is_typed(cells) or types.is_bool_dtype(cells.dtype)
    if written is not None and (not is_typed or are_merged_codes(written)):
        cells = written
    values, notes = _values(cells, name, task)
    keep = values.notna().to_numpy()
    if not keep.any():
        raise TargetError(f"target {name!r} has no value in any row: choose another column")
    known = values[keep]
    if len(known.unique()) == 1:
        value = _label_array(known, None)[:1].tolist()[0]
        raise TargetError(
            f"target {name!r} is {value!r} in every row, so there is nothing to learn: "
            "choose another column"
        )
    is_number = types.is_numeric_dtype(known.dtype) and not types.is_bool_dtype(known.dtype)
    wants_classes = task != "regression" if task else not (is_number and _is_quantity(known))
    if not wants_classes:
        return _quantity(known, keep, name, task, notes, is_number)
    spelled = cells if written is None else written
    texts = stripped(spelled[keep]) if types.is_string_dtype(spelled.dtype) else None
    return _labels(known, texts, keep, name, task, notes)


def encode_labels(labels: "AnyArray") -> "tuple[AnyArray, IntArray]":
    """Return the sorted distinct labels, and the position of each row's label among them."""
    classes, codes = np.unique(labels, return_inverse=True)
    return classes, codes.astype(np.int64)


def known_target(raw: "pd.Series[Any]", classes: "AnyArray | None") -> "tuple[AnyArray, BoolArray]":
    """Encode the target of another table as that of the task a model was fitted on.

    Parameters
    ----------
    raw : Series of shape (n_rows,)
        Cells as read.
    classes : ndarray of shape (n_classes,) or None
        The classes of the task; None for regression.

    Returns
    -------
    tuple of (ndarray of shape (n_kept,), ndarray of shape (n_rows,))
        Codes (int64) or values (float64), and which rows were kept: those whose target is a class
        of the task, or a finite number.
    """
    cells = plain(raw)
    if classes is None:
        style = find_number_style(_counts(to_text(cells))) if not _is_typed(cells) else None
        number = _number_column(str(raw.name), style or NumberStyle())
        values = clean_column(cells, number).to_numpy(dtype=np.float64)
        keep = ~np.isnan(values)
        return values[keep], keep
    labels = pd.Series(classes)
    spellings = to_text(labels) if classes.dtype.kind in "if" else labels.astype(str)
    codes = {text: code for code, text in enumerate(spellings)}
    found = stripped(cells).map(codes)
    if types.is_bool_dtype(cells.dtype):  # a class called TRUE, from a file that has a type for it
        folded = {text.lower(): code for text, code in codes.items()}
        found = found.fillna(cells.map(str).str.lower().map(folded))
    numbers = clean_column(labels, _number_column("", NumberStyle()))
    if numbers.notna().all() and numbers.is_unique:  # 1, "1", "1.0" and "01" are the same class
        same = {float(number): code for code, number in enumerate(numbers)}
        found = found.fillna(clean_column(cells, _number_column("", NumberStyle())).map(same))
    keep = found.notna().to_numpy()
    return found[keep].to_numpy(dtype=np.int64), keep


def _counts(text: "pd.Series[Any]") -> dict[str, int]:
    return {str(value): int(count) for value, count in text.value_counts().items()}


def _is_typed(cells: "pd.Series[Any]") -> bool:
    return types.is_numeric_dtype(cells.dtype) or types.is_timedelta64_dtype(cells.dtype)


def _number_column(name: str, style: NumberStyle) -> Column:
    return Column(
        name=name,
        kind=ColumnKind.NUMBER,
        n_missing=0,
        n_unique=0,
        decimal=style.decimal,
        unit=style.unit,
    )


def _values(
    cells: "pd.Series[Any]", name: str, task: str | None
) -> "tuple[pd.Series[Any], list[str]]":
    """Convert the cells to float64, boolean, or labels; also return notes on what was cleaned."""
    if types.is_datetime64_any_dtype(cells.dtype):
        raise TargetError(f"target {name!r} holds dates, which cannot be learned: choose another")
    if isinstance(cells.dtype, pd.CategoricalDtype):
        labels = cells.cat.categories
        as_text = labels.dtype == object or types.is_string_dtype(labels.dtype)
        return (to_text(cells) if as_text else cells.astype(labels.dtype)), []
    if types.is_bool_dtype(cells.dtype):
        return cells, []
    if task != "regression" and merges_whole_numbers(cells):
        return to_text(cells), []
    if _is_typed(cells):
        return _finite(cells, name)
    return _text_values(cells, name, task)


def _finite(cells: "pd.Series[Any]", name: str) -> "tuple[pd.Series[Any], list[str]]":
    values = clean_column(cells, _number_column(name, NumberStyle()))
    n_infinite = int(values.isna().sum()) - int(cells.isna().sum())
    return values, [f"{counted(n_infinite, 'infinite target value')} dropped"] if n_infinite else []


def _text_values(
    cells: "pd.Series[Any]", name: str, task: str | None
) -> "tuple[pd.Series[Any], list[str]]":
    text = to_text(cells)
    counts = _counts(text)
    style = find_number_style(counts)
    if task != "regression" and style is not None and are_merged_codes(cells):
        style = None
    if style is not None and _n_strays(counts, style) <= _STRAY * sum(counts.values()):
        return _written_numbers(cells, name, style)
    if task == "regression":
        shown = next((k for k in counts if not k.replace(".", "").isdigit()), "")
        raise TargetError(
            f"target {name!r} holds text such as {shown!r}, which is no number: "
            "leave out --task regression or choose another column"
        )
    if (
        len(counts) > _FEW_CLASSES
        and find_date_format(dict(list(counts.items())[:1000]))[0] is not None
    ):
        raise TargetError(f"target {name!r} holds dates, which cannot be learned: choose another")
    words = labels_called_missing(cells, text)
    written = stripped(cells)
    text = text.where(text.notna() | ~written.isin(words), written)
    notes = [
        f"{word!r} is taken as a class of its own, of {counted(int((text == word).sum()), 'row')}: "
        f"if it means missing, say so by --na {shlex.quote(word)}"
        for word in words
    ]
    return text, [*notes, *_label_notes(cells, text)]


def _n_strays(counts: dict[str, int], style: NumberStyle) -> int:
    """Count cells that are no numbers; beside few numbers, ``none`` may well be a class."""
    few = len(counts) - len(style.others) - len(style.markers) <= _FEW_CLASSES
    words = [text for text in style.markers if few and any(map(str.isalpha, text))]
    return style.n_others + sum(counts[text] for text in words)


def _written_numbers(
    cells: "pd.Series[Any]", name: str, style: NumberStyle
) -> "tuple[pd.Series[Any], list[str]]":
    column = _number_column(name, style)
    lost = listed((*style.others, *style.markers), 3)
    notes = [f"the target's texts such as {_first_text(cells)!r} are read as numbers"]
    if lost:
        n_lost = style.n_others + style.n_markers
        notes.append(f"{counted(n_lost, 'target cell')} dropped, not a number: {lost}")
    return clean_column(cells, column), notes


def _first_text(cells: "pd.Series[Any]") -> str:
    return str(cells.dropna().iloc[0])


def _label_notes(cells: "pd.Series[Any]", text: "pd.Series[Any]") -> list[str]:
    """Return notes on labels that changed by stripping blanks and reading missing markers."""
    both = pd.DataFrame({"raw": cells.astype(object), "clean": text.astype(object)}).dropna(
        subset="raw"
    )
    pairs = both.drop_duplicates()
    notes = []
    changed = pairs.loc[pairs["clean"].notna() & (pairs["raw"] != pairs["clean"]), "raw"]
    merged = [raw for raw in changed if isinstance(raw, str) and raw.strip() in set(pairs["raw"])]
    if merged:
        shown = ", ".join(f"{raw!r} -> {raw.strip()!r}" for raw in merged[:3])
        notes.append(f"blanks around target labels removed: {shown}")
    dropped = both.loc[both["clean"].isna(), "raw"]
    if len(dropped):
        shown = listed([str(value) for value in dropped.unique()], 3)
        notes.append(f"{counted(len(dropped), 'target cell')} taken as missing: {shown}")
    return notes


def _is_quantity(values: "pd.Series[Any]") -> bool:
    """Return True if numbers are amounts rather than codes of classes."""
    numbers = values.to_numpy(dtype=np.float64)
    distinct, counts = np.unique(numbers, return_counts=True)
    if len(distinct) == 2:
        return False
    if not np.array_equal(distinct, np.floor(distinct)):
        return True
    if len(distinct) * _ROWS_PER_CLASS > len(numbers):
        return True
    span = distinct[-1] - distinct[0]
    if len(distinct) <= _FEW_CLASSES:
        return bool(len(distinct) > _FEW_CLASSES / 2 and span > _FEW_CLASSES * 3)
    coded = distinct[0] in (0, 1) and span + 1 == len(distinct)
    even = counts.min() >= counts.mean() * (0.25 if coded else 0.8)
    return not (even and len(distinct) <= _MANY_CLASSES)


def _quantity(
    known: "pd.Series[Any]",
    keep: "BoolArray",
    name: str,
    task: str | None,
    notes: list[str],
    is_number: bool,
) -> Target:
    if not is_number:
        if not types.is_bool_dtype(known.dtype):
            raise TargetError(
                f"target {name!r} holds the categories {known.iloc[0]!r}, ..., which are no "
                "numbers: leave out --task regression or choose another column"
            )
        known = known.astype("float64")
    announced = [] if task else ["task regression, as the target is a number; --task overrides"]
    values = known.to_numpy(dtype=np.float64)
    return Target(
        y=values,
        kind=TaskKind.REGRESSION,
        classes=None,
        keep=keep,
        notes=(*announced, *notes, *_lonely_value_note(values)),
    )


def _lonely_value_note(values: "FloatArray") -> list[str]:
    """Return a note on one value, such as -200 or 99999999, far from all others and repeated."""
    distinct, counts = np.unique(values, return_counts=True)
    for position, others in ((0, distinct[1:]), (-1, distinct[:-1])):
        value, count = float(distinct[position]), int(counts[position])
        gap = np.abs(others - value).min()
        if count >= _LONELY_ROWS and abs(value) >= _LONELY_SIZE and gap > np.ptp(others):
            return [
                f"the target is {value:g} in {count} rows, far from all other values: if that "
                "means missing, empty these cells"
            ]
    return []


def _labels(
    known: "pd.Series[Any]",
    texts: "pd.Series[Any] | None",
    keep: "BoolArray",
    name: str,
    task: str | None,
    notes: list[str],
) -> Target:
    classes, y = encode_labels(_label_array(known, texts))
    counts = np.bincount(y)
    n_classes = len(classes)
    if task == "binary" and n_classes != 2:
        raise TargetError(f"target {name!r} has {n_classes} classes: --task binary needs two")
    if counts.max() == 1:
        raise TargetError(
            f"target {name!r} has another value in every row, so no class can be learned: "
            "choose another column" + ("" if task is None else " or --task regression")
        )
    if n_classes > max(2, _MAX_CLASS_SHARE * len(y)):
        raise TargetError(
            f"target {name!r} has {n_classes} different values in {len(y)} rows, too many to be "
            "classes: choose another column"
        )
    kind = TaskKind.BINARY if n_classes == 2 else TaskKind.MULTICLASS
    announced = [] if task else [f"task {kind}: {_show(classes)}; --task overrides"]
    single = classes[counts == 1]
    if len(single):
        announced.append(f"classes with a single row can hardly be learned: {_show(single)}")
    return Target(y=y, kind=kind, classes=classes, keep=keep, notes=(*announced, *notes))


def _label_array(known: "pd.Series[Any]", texts: "pd.Series[Any] | None") -> "AnyArray":
    """Return labels as they are written; without texts whole numbers where they are whole."""
    is_text = not types.is_bool_dtype(known.dtype) and not types.is_numeric_dtype(known.dtype)
    if texts is not None and not is_text:
        return as_written(texts, known)
    if types.is_bool_dtype(known.dtype):
        return known.to_numpy(dtype=bool)
    if not types.is_numeric_dtype(known.dtype):
        return known.to_numpy(dtype=object).astype(str)
    values = known.to_numpy(dtype=np.float64)
    return values.astype(np.int64) if np.array_equal(values, np.floor(values)) else values


def _show(classes: "AnyArray") -> str:
    return listed(classes.tolist())
