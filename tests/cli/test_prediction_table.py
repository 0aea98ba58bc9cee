"""Matching the columns of another table to those of the model."""

import pandas as pd
import pytest

from metatune.cli.prediction_table import match_columns
from metatune.data.reading.known_table import KnownTable
from metatune.data.reading.source import Source, Table
from metatune.errors import SchemaError


def make_table(names: list[str], *, header: bool = True) -> Table:
    frame = pd.DataFrame([[f"{name}{i}" for name in names] for i in range(3)], columns=names)
    return Table(frame=frame, name="new", source=Source(format="csv", has_header=header))


def known_table(names: list[str], target: str, needed: list[str] | None = None) -> KnownTable:
    return KnownTable(
        names=tuple(names),
        needed=frozenset(names if needed is None else needed),
        numbers=frozenset(),
        texts=frozenset(),
        target=target,
    )


def test_names_count_not_their_order() -> None:
    frame, notes = match_columns(make_table(["b", "y", "a"]), known_table(["a", "b"], "y"))
    assert set(frame.columns) >= {"a", "b"}
    assert notes == []


def test_columns_that_the_model_does_not_use_may_be_missing() -> None:
    _, notes = match_columns(make_table(["a"]), known_table(["id", "a"], "y", ["a"]))
    assert notes == []


def test_extra_columns_are_told() -> None:
    _, notes = match_columns(make_table(["a", "z", "w"]), known_table(["a"], "y"))
    assert notes == ["2 columns that the model does not know ignored: 'z', 'w'"]


def test_missing_columns_are_named() -> None:
    with pytest.raises(SchemaError, match="lacks 2 columns that the model needs: 'b', 'c'"):
        match_columns(make_table(["a"]), known_table(["a", "b", "c"], "y"))


@pytest.mark.parametrize("target", ["0", "1", "2"])
def test_without_header_position_counts(target: str) -> None:
    known = [name for name in ("0", "1", "2") if name != target]
    whole, notes = match_columns(
        make_table(["0", "1", "2"], header=False), known_table(known, target)
    )
    assert list(whole.columns) == ["0", "1", "2"]
    assert notes == []
    less, notes = match_columns(make_table(["0", "1"], header=False), known_table(known, target))
    assert list(less.columns) == known
    assert list(less.iloc[0]) == ["00", "10"]
    assert "all columns but the target" in notes[0]


def test_without_header_the_count_must_fit() -> None:
    table = make_table(["0", "1", "2", "3", "4"], header=False)
    with pytest.raises(SchemaError, match="has 5 columns without names"):
        match_columns(table, known_table(["0", "1"], "2"))


def test_header_on_one_side_only() -> None:
    with pytest.raises(SchemaError, match="seems to have no header"):
        match_columns(make_table(["0", "1"], header=False), known_table(["a", "b"], "y"))
    with pytest.raises(SchemaError, match="was taken as a header"):
        match_columns(make_table(["x", "y"]), known_table(["0", "1"], "2"))
