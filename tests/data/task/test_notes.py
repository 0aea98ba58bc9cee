"""Notes on columns for the user."""

from typing import Any

import numpy as np
import pandas as pd

from metatune.data.columns.column import Column, ColumnKind
from metatune.data.row_metadata import RowMetadata
from metatune.data.task.notes import column_notes, positive_notes, role_notes
from metatune.kinds import TaskKind
from metatune.metrics import resolve_metric
from metatune.metrics.positive import PositiveClass


def column(name: str, kind: ColumnKind, **more: Any) -> Column:
    return Column(name=name, kind=kind, n_missing=0, n_unique=2, **more)


def test_identifiers_are_shown_with_two_cells() -> None:
    X = pd.DataFrame({"key": ["A17", "B29", "C31"]})
    (note, no_feature) = column_notes((column("key", ColumnKind.IDENTIFIER),), X)
    assert note == "column 'key': left out as identifier, such as 'A17', 'B29'"
    assert no_feature.startswith("there are no features")


def test_of_many_identifiers_five_are_shown() -> None:
    columns = tuple(column(name, ColumnKind.IDENTIFIER) for name in "abcdefg")
    X = pd.DataFrame({name: ["p", "q"] for name in "abcdefg"})
    notes = column_notes((*columns, column("x", ColumnKind.NUMBER)), X)
    assert sum("such as" in note for note in notes) == 5
    assert notes[-1] == "columns 'f', 'g': left out as identifier"


def test_columns_with_the_same_oddity_share_a_note() -> None:
    columns = tuple(column(name, ColumnKind.NUMBER, note="blanks removed") for name in "ab")
    assert column_notes(columns, pd.DataFrame()) == ["columns 'a', 'b': blanks removed"]


def test_constant_columns_alone_leave_the_constant_prediction() -> None:
    notes = column_notes((column("a", ColumnKind.CONSTANT),), pd.DataFrame({"a": [1, 1]}))
    assert notes[0] == "column 'a': left out as constant"
    assert "all features are constant" in notes[1]


def test_a_positive_class_is_named_where_it_was_guessed_and_matters() -> None:
    guess = PositiveClass(label="yes", code=1, is_guess=True)
    named = PositiveClass(label="yes", code=1, is_guess=False)
    f1 = resolve_metric("f1", TaskKind.BINARY)
    accuracy = resolve_metric("accuracy", TaskKind.BINARY)
    (note,) = positive_notes(f1, guess, "--positive")
    assert "positive class 'yes', the rarer one; --positive overrides" in note
    assert positive_notes(f1, named, "--positive") == []
    assert positive_notes(accuracy, guess, "--positive") == []
    assert positive_notes(f1, None, "--positive") == []


def test_columns_with_a_role_say_what_they_are_used_for() -> None:
    metadata = RowMetadata(groups=np.array([0, 0, 1]), times=np.arange(3))
    columns = (
        column("w", ColumnKind.ROW_WEIGHT),
        column("g", ColumnKind.ROW_GROUP),
        column("t", ColumnKind.ROW_TIME),
        column("d", ColumnKind.DATETIME, calendar_only=True),
        column("x", ColumnKind.NUMBER),
    )
    weight, group, time, date = role_notes(columns, metadata)
    assert weight == "column 'w': weights of rows, not a feature"
    assert "2 groups of rows, which are few to judge by, kept together" in group
    assert "not a feature; models are validated on later rows" in time
    assert "by its calendar only (no year)" in date
