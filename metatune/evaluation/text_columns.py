"""Texts in a run: columns that predict the target, made once for all trials, fold by fold."""

from dataclasses import dataclass, replace
from functools import cached_property
from typing import TYPE_CHECKING

import numpy as np

from metatune.data.encoding.encoder import TableEncoder
from metatune.data.encoding.text_model import CrossFitted, TextModel, n_targets, text_targets
from metatune.data.splits.folds import Fold
from metatune.evaluation.text_check import check_seconds, losses_of_trees, texts_help
from metatune.evaluation.trial_data import TrialData

if TYPE_CHECKING:
    import pandas as pd
    from numpy.typing import NDArray
    from scipy.sparse import csr_matrix

    from metatune._typing import FloatArray

__all__ = ["add_texts", "within_folds"]

_LEAST_ERRORS = 1.5  # standard, of the gain by words of categories: levels tell much of it, too
_WORDS_PER_CHARACTER = 0.35  # and pairs of words
_PIECES_PER_CHARACTER = 2.4
_COUNT_SECONDS = 6e-7  # an n-gram, split off and hashed, on one core
_FIT_SECONDS = 1e-7  # an n-gram of a row, for a fit of one target
_MOST_N_GRAMS = 50e6  # eight bytes each, and as many again in a fit
_FITS_PER_MODEL = 6  # on all of its rows, by what they cost


@dataclass(frozen=True, slots=True, kw_only=True)
class _Reading:
    """Limits on reading texts: characters of a cell, and rows that models are fitted on."""

    word_length: int
    piece_length: int
    max_rows: int


_READINGS = (
    _Reading(word_length=2_000, piece_length=300, max_rows=50_000),
    _Reading(word_length=1_000, piece_length=100, max_rows=30_000),
    _Reading(word_length=500, piece_length=40, max_rows=20_000),
    _Reading(word_length=300, piece_length=0, max_rows=10_000),
    _Reading(word_length=100, piece_length=0, max_rows=5_000),
)
"""From the most careful to the cheapest."""


class _Judged:
    """Data of a run, with the losses by which they are compared: looked for once, if at all."""

    def __init__(self, data: TrialData) -> None:
        self.data = data

    @cached_property
    def losses(self) -> "FloatArray":
        return losses_of_trees(self.data)


def add_texts(
    data: TrialData, encoder: TableEncoder, table: "pd.DataFrame", seconds: float = float("inf")
) -> TrialData:
    """Add what the texts of a table say about the target, as columns that learners are given.

    Parameters
    ----------
    data : TrialData
        Without such columns.
    encoder : TableEncoder
        Fitted on the table; it makes the same columns of new rows from then on.
    table : DataFrame of shape (n_rows, n_columns)
        The features as users have them.
    seconds : float
        That this may take, by prediction: the longer the texts, the less of them is read, so that
        what is done depends on the data alone.

    Returns
    -------
    TrialData
        With the columns of texts, where they help; with those of texts and of the words of
        categories, where these clearly help beyond that. The same where even the cheapest reading
        would take too long. Where there is no time to see if they help, texts are taken to do so,
        and words of categories are not. Within each fold the columns of training rows are
        cross-fitted among them.
    """
    texts, words = encoder.readable
    chosen, best = None, _Judged(data)
    for names, least_errors in ((texts, 0.0), (words and [*texts, *words], _LEAST_ERRORS)):
        cells = encoder.texts(table, names)
        reading = _choose(cells, data, seconds)
        found = None if reading is None else _told(cells, names, reading, data)
        if reading is None or found is None:
            continue
        model, wider = found[0], _Judged(found[1])
        seconds -= _seconds(reading, cells, data) + check_seconds(wider.data)
        if texts_help(wider.losses, best.losses, least_errors) if seconds >= 0 else names == texts:
            chosen, best = model, wider
    if chosen is not None:
        encoder.add_text_model(chosen)
    return best.data


def _told(
    cells: list[list[str]], names: list[str], reading: _Reading, data: TrialData
) -> tuple[TextModel, TrialData] | None:
    """Return a model of texts, and the data with its columns; None if texts predict nothing."""
    task = data.task
    model = TextModel(
        str(task.kind),
        columns=names,
        word_length=reading.word_length,
        piece_length=reading.piece_length,
        max_rows=reading.max_rows,
        random_state=data.seed,
    )
    counts = model.count(cells)
    if not counts.shape[1]:
        return None
    whole = _fit(model, counts, data, np.arange(task.n_rows))
    if whole.is_silent:
        return None
    model.take(whole)
    wider = replace(
        data,
        task=task.with_predictions(model.names, whole.columns),
        predicted=tuple(_within(fold, model, counts, data) for fold in data.folds),
    )
    return model, wider


def within_folds(data: TrialData, encoder: TableEncoder, table: "pd.DataFrame") -> TrialData:
    """Return the data of a run with its text columns as they are within each fold.

    Parameters
    ----------
    data : TrialData
        Rows of the run, with the text columns of a fit on all of them.
    encoder : TableEncoder
        As saved; where it has no model of texts the data are returned as they are.
    table : DataFrame of shape (n_rows, n_columns)
        The features as users have them.
    """
    model = encoder.text_model_
    if model is None:
        return data
    counts = model.counter_.transform(encoder.texts(table, encoder.read))
    return replace(data, predicted=tuple(_within(fold, model, counts, data) for fold in data.folds))


def _within(
    fold: Fold, model: TextModel, counts: "csr_matrix", data: TrialData
) -> "NDArray[np.float32]":
    """Return the columns of a fold, NaN in rows that it does without."""
    train = np.sort(fold.train)
    fitted = _fit(model, counts, data, train)
    columns = np.full((data.task.n_rows, fitted.columns.shape[1]), np.nan, dtype=np.float32)
    columns[train] = fitted.columns
    columns[fold.valid] = fitted.predict(counts[fold.valid])
    return columns


def _fit(
    model: TextModel, counts: "csr_matrix", data: TrialData, rows: "NDArray[np.intp]"
) -> CrossFitted:
    targets = text_targets(data.task.y, data.task.kind)
    return model.cross_fit(
        counts[rows], targets[rows], data.task.y[rows], data.row_metadata.take(rows)
    )


def _choose(texts: list[list[str]], data: TrialData, seconds: float) -> _Reading | None:
    """Return the most careful reading that is predicted to be in time, if any is."""
    if not texts:
        return None
    return next((r for r in _READINGS if _seconds(r, texts, data) <= seconds), None)


def _seconds(reading: _Reading, texts: list[list[str]], data: TrialData) -> float:
    lengths = [np.fromiter(map(len, cells), dtype=np.int64) for cells in texts]
    n_grams = _n_grams(reading, lengths)
    if n_grams > _MOST_N_GRAMS:
        return float("inf")
    n_rows = data.task.n_rows
    fitted = [n_rows, *(len(fold.train) for fold in data.folds)]
    shares = sum(min(n, reading.max_rows) for n in fitted) / n_rows
    fits = _FITS_PER_MODEL * shares * n_targets(data.task.kind, data.task.n_classes)
    return n_grams * (_COUNT_SECONDS + _FIT_SECONDS * fits)


def _n_grams(reading: _Reading, lengths: "list[NDArray[np.int64]]") -> float:
    words = sum(int(np.minimum(n, reading.word_length).sum()) for n in lengths)
    pieces = sum(int(np.minimum(n, reading.piece_length).sum()) for n in lengths)
    return _WORDS_PER_CHARACTER * words + _PIECES_PER_CHARACTER * pieces
