"""Table encoder: the first step of every model."""

from dataclasses import MISSING, fields

import numpy as np

from metatune.data.columns.column import Column, ColumnKind
from metatune.kinds import TaskKind
from metatune.models.forms.scikit_learn import maybe
from metatune.models.reading.form import (
    FLAG,
    INTEGER,
    NOTHING,
    NUMBER,
    SEED,
    TEXT,
    Array,
    Form,
    Listed,
    Mapped,
    ObjectArray,
    OneOf,
    Plain,
    choice,
    integer,
)
from metatune.models.reading.mismatch import Mismatch
from metatune.models.reading.record import record
from metatune.models.reading.state import State

__all__ = ["TABLE_ENCODER"]

_DATE_PARTS = ("year", "month", "day", "weekday", "hour", "minute", "days")
_FORMS: dict[str, Form] = {
    "str": TEXT,
    "int": INTEGER,
    "bool": FLAG,
    "float": NUMBER,
    "str | None": maybe(TEXT),
    "ColumnKind": choice(*(str(kind) for kind in ColumnKind)),
}


def _of_columns() -> Mapped:
    """Return the form of a column: the fields of `Column`, by their types."""
    forms = {
        field.name: _FORMS.get(getattr(field.type, "__name__", str(field.type)), Plain())
        for field in fields(Column)
    }
    given = {
        f.name for f in fields(Column) if f.default is MISSING and f.default_factory is MISSING
    }
    return Mapped(
        needed={name: form for name, form in forms.items() if name in given},
        optional={name: form for name, form in forms.items() if name not in given},
    )


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
    {"names_": Listed(TEXT), "vocabulary_": TEXT},
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


def _check_table(state: State) -> None:
    names = [column["name"] for column in state["columns"]]
    if len(set(names)) != len(names):
        raise Mismatch("two of its columns have the same name")
    if len(names) != state["n_features_in_"] or names != list(state["feature_names_in_"]):
        raise Mismatch("its columns have other names")
    if len(state["names_"]) != len(state["n_levels_"]):
        raise Mismatch("its levels are not those of its columns")
    wanted: dict[str, set[str]] = {"levels_": set(), "date_parts_": set(), "texts_": set()}
    for column in state["columns"]:
        part = _PARTS.get(column["kind"])
        if part is not None:
            wanted[part].add(column["name"])
    for part, columns in wanted.items():
        if set(state[part]) != columns:
            raise Mismatch(f"{part} are not those of its columns")
    for levels in state["levels_"].values():
        if len(set(levels)) != len(levels):
            raise Mismatch("two levels of a column are the same")


_PARTS = {
    str(ColumnKind.CATEGORY): "levels_",
    str(ColumnKind.HIGH_CARDINALITY): "levels_",
    str(ColumnKind.DATETIME): "date_parts_",
    str(ColumnKind.TEXT): "texts_",
}

TABLE_ENCODER: Form = record(
    "metatune.data.encoding.encoder.TableEncoder",
    {
        "columns": Listed(_of_columns()),
        "random_state": SEED,
        "text_allowance": NUMBER,
        "text_model": OneOf(NOTHING, _TEXT_MODEL.template),
    },
    {
        "date_parts_": Mapped(others=Listed(choice(*_DATE_PARTS))),
        "feature_names_in_": ObjectArray(TEXT),
        "levels_": Mapped(others=Listed(TEXT)),
        "n_features_in_": integer(1),
        "n_levels_": Listed(integer(0)),
        "names_": Listed(TEXT),
        "text_model_": OneOf(NOTHING, _TEXT_MODEL.fitted),
        "texts_": Mapped(others=_TEXT.fitted),
    },
    check=_check_table,
).fitted
