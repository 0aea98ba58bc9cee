"""Table encoder: the first step of every model."""

import numpy as np

from metatune.data.columns.column import MOST_NUMBERS, Column, ColumnKind
from metatune.data.columns.column_text import columns_of_text
from metatune.kinds import TaskKind
from metatune.models.reading.form import (
    FLAG,
    NOTHING,
    NUMBER,
    SEED,
    TEXT,
    Array,
    Form,
    Listed,
    Mapped,
    OneOf,
    choice,
    integer,
)
from metatune.models.reading.mismatch import Mismatch
from metatune.models.reading.record import record
from metatune.models.reading.state import State

__all__ = ["TABLE_ENCODER"]

_DATE_PARTS = ("year", "month", "day", "weekday", "hour", "minute", "days")


def _check_text(state: State) -> None:
    n_words = state["vocabulary_"].count("\n") + 1 if state["vocabulary_"] else 0
    if bool(n_words) != ("components_" in state) or bool(n_words) != ("idf_" in state):
        raise Mismatch("its words and its components contradict each other")
    if not n_words:
        return
    if len(set(state["vocabulary_"].split("\n"))) != n_words:
        raise Mismatch("its words are not all different")
    n_components = state["components_"].shape[0]
    if state["idf_"].shape != (n_words,) or state["components_"].shape[1] != n_words:
        raise Mismatch("its components are not those of its words")
    if len(state["names_"]) != n_components + 2:
        raise Mismatch("its names are not those of its components")


_TEXT = record(
    "metatune.data.encoding.text_components.TextEncoder",
    {"n_components": integer(0), "random_state": SEED},
    {"names_": Listed(TEXT), "unspaced_": FLAG, "vocabulary_": TEXT},
    {"components_": Array(("<f4",), 2), "idf_": Array(("<f8",), 1)},
    check=_check_text,
)


def _check_counter(state: State) -> None:
    sizes = [len(places) for places in state["places_"]]
    if sizes != [len(weights) for weights in state["idf_"]] or sum(sizes) != state["n_features_"]:
        raise Mismatch("its places are not as many as it says")
    if any((np.diff(places) <= 0).any() for places in state["places_"]):
        raise Mismatch("its places do not ascend")


_COUNTER = record(
    "metatune.data.encoding.ngrams.NgramCounter",
    {"piece_length": integer(0), "word_length": integer(0)},
    {
        "idf_": Listed(Array(("<f4",), 1)),
        "n_features_": integer(0),
        "places_": Listed(Array(("<i4",), 1)),
    },
    check=_check_counter,
)


def _check_text_model(state: State) -> None:
    shape = (state["counter_"]["n_features_"], len(state["bases_"]))
    if state["weights_"].shape != shape:
        raise Mismatch("its weights are not those of its places")


_TEXT_MODEL = record(
    "metatune.data.encoding.text_model.TextModel",
    {
        "columns": Listed(TEXT),
        "kind": choice(*(str(kind) for kind in TaskKind)),
        "max_rows": integer(1),
        "piece_length": integer(0),
        "random_state": SEED,
        "word_length": integer(0),
    },
    {
        "bases_": Array(("<f4",), 1),
        "counter_": _COUNTER.fitted,
        "weights_": Array(("<f4",), 2),
    },
    check=_check_text_model,
)


_PARTS = {
    ColumnKind.CATEGORY: "levels_",
    ColumnKind.HIGH_CARDINALITY: "levels_",
    ColumnKind.DATETIME: "date_parts_",
    ColumnKind.NUMBERS: "numbers_",
    ColumnKind.TEXT: "texts_",
}
"""Attribute that holds what is learned of columns of these kinds."""


def _check_table(state: State) -> None:
    try:
        columns = columns_of_text(state["columns"])
        for column in columns:
            f"{column.name}{column.unit}{column.note}{column.labels}".encode()
    except ValueError as error:
        raise Mismatch(f"its columns are damaged ({error})") from error
    if len(columns) != state["n_features_in_"]:
        raise Mismatch("its columns are not as many as it says")
    _check_parts(state, columns)
    n_numbers = sum(column.kind is ColumnKind.NUMBER for column in columns)
    if state["ranges_"].shape != (n_numbers, 2):
        raise Mismatch("its ranges are not those of its columns")


def _check_parts(state: State, columns: tuple[Column, ...]) -> None:
    """Check what is learned of columns that are not plain numbers."""
    wanted: dict[str, set[str]] = {part: set() for part in _PARTS.values()}
    for column in columns:
        if column.kind in _PARTS:
            wanted[_PARTS[column.kind]].add(column.name)
    for part, names in wanted.items():
        if set(state[part]) != names:
            raise Mismatch(f"{part} are not those of its columns")
    for column in (c for c in columns if c.kind is ColumnKind.NUMBERS):
        places = state["numbers_"][column.name]
        if not (column.n_numbers <= MOST_NUMBERS and max(places, default=0) < column.n_numbers):
            raise Mismatch("its cells do not hold so many numbers")
        if len(column.labels) not in (0, column.n_numbers):
            raise Mismatch("its numbers have other labels")
    text_model = state["text_model_"]
    readable = {column.name for column in columns if column.is_readable}
    if text_model is not None and not set(text_model["columns"]) <= readable:
        raise Mismatch("its model of texts reads other columns")
    if any(len(set(levels)) != len(levels) for levels in state["levels_"].values()):
        raise Mismatch("two levels of a column are the same")


TABLE_ENCODER: Form = record(
    "metatune.data.encoding.encoder.TableEncoder",
    {
        "columns": TEXT,
        "random_state": SEED,
        "text_allowance": NUMBER,
        "text_model": OneOf(NOTHING, _TEXT_MODEL.template),
    },
    {
        "date_parts_": Mapped(others=Listed(choice(*_DATE_PARTS))),
        "levels_": Mapped(others=Listed(TEXT)),
        "n_features_in_": integer(1),
        "n_rows_": integer(1),
        "numbers_": Mapped(others=Listed(integer(0))),
        "ranges_": Array(("<f8",), 2),
        "text_model_": OneOf(NOTHING, _TEXT_MODEL.fitted),
        "texts_": Mapped(others=_TEXT.fitted),
    },
    check=_check_table,
).fitted
