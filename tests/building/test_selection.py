"""Selection of the tables that take part in a meta-dataset."""

from pathlib import Path

import pytest

from metatune.building.catalogue import CatalogueEntry
from metatune.building.selection import Wishes, choose_tables, enlarged, large_tables, wanted
from metatune.errors import OptionError
from metatune.kinds import TaskKind


def entry(name: str, n_rows: int, family: str = "", kind: str = "binary") -> CatalogueEntry:
    return CatalogueEntry(
        name=name,
        path=Path(name),
        file=f"pack/{name}",
        family=family or name,
        kind=TaskKind(kind),
        target="y",
        n_rows=n_rows,
        n_columns=10,
        n_classes=2 if kind == "binary" else 0,
    )


def names_of(entries: list[CatalogueEntry]) -> list[str]:
    return [entry.name for entry in entries]


def test_families_come_first_and_cheap_tables_before_dear_ones() -> None:
    tables = [
        entry("dear", 5_000),
        entry("a1", 150, "a"),
        entry("a2", 160, "a"),
        entry("a3", 160, "a"),
        entry("tiny", 50),
    ]
    once = names_of(choose_tables(tables, Wishes(), max_rows=9_999))
    assert len(once) == 2
    assert once[0] in {"a1", "a2", "a3"}
    assert once[1] == "dear"
    twice = names_of(choose_tables(tables, Wishes(per_family=2), max_rows=9_999))
    assert twice[:2] == once
    looks = {150 if name == "a1" else 160 for name in (twice[0], twice[2])}
    assert looks == {150, 160}  # a2 and a3 look like the same data
    assert len(choose_tables(tables, Wishes(per_family=3), max_rows=9_999)) == 3
    assert names_of(choose_tables(tables, Wishes(max_tables=1), max_rows=9_999)) == once[:1]


def test_named_tables_are_taken_whatever_the_rest_says() -> None:
    tables = [entry("a1", 150, "a"), entry("a2", 150, "a"), entry("tiny", 50), entry("b", 500)]
    wishes = Wishes(names=("a1", "a2", "tiny"))
    assert set(names_of(choose_tables(tables, wishes, max_rows=2_000))) == {"a1", "a2", "tiny"}
    with pytest.raises(OptionError, match="no table nil"):
        choose_tables(tables, Wishes(names=("nil",)), max_rows=2_000)
    assert choose_tables(tables, Wishes(packs=("raw",)), max_rows=2_000) == []


def test_large_tables_are_spread_over_the_kinds() -> None:
    tables = [
        entry("b1", 90_000),
        entry("b2", 80_000, "b1"),
        entry("b3", 70_000),
        entry("r1", 6_000, kind="regression"),
        entry("m1", 1_000, kind="multiclass"),
    ]
    assert names_of(large_tables(tables, 9, 2_000)) == ["b1", "r1", "b3"]
    assert names_of(large_tables(tables, 2, 2_000)) == ["b1", "r1"]
    assert large_tables(tables, 0, 2_000) == []
    assert enlarged(tables[0], 50_000).name == "b1@50000"
    assert enlarged(tables[3], 50_000).name == "r1@6000"


def test_tables_whose_rows_nobody_stated_take_part() -> None:
    entries = [entry("unstated", 0), entry("small", 50), entry("large", 500)]
    found = wanted(entries, Wishes(min_rows=100))
    assert [each.name for each in found] == ["unstated", "large"]
