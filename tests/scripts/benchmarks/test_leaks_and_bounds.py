"""Benchmarks of leak warnings and of bounds count what they should."""

from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest
from click.testing import Result

from benchmarks.bounds.bounds import Bounded, summary
from benchmarks.leaks.leaks import PARTS, part_of
from benchmarks.split_tables import read_done


@pytest.fixture(name="catalogue")
def _catalogue(tmp_path: Path) -> Path:
    rng = np.random.default_rng(0)
    x = rng.normal(size=(200, 2))
    honest = pd.DataFrame({"a": x[:, 0], "b": x[:, 1], "y": x.sum(axis=1) + rng.normal(size=200)})
    leaking = honest.assign(copy=2 * honest["y"] + 1, other=rng.normal(size=200))
    lines = []
    for name, table, leaks in (
        ("honest", honest, ""),
        ("leaking", leaking, "copy|other"),
        ("alarming", leaking, ""),
    ):
        table.to_csv(tmp_path / f"{name}.csv", index=False)
        lines.append({"file": f"{name}.csv", "name": name, "family": name, "task": "regression"})
        lines[-1] |= {"target": "y", "leak_columns": leaks}
    pd.DataFrame(lines).to_csv(tmp_path / "catalogue.csv", index=False)
    return tmp_path / "catalogue.csv"


def test_hits_misses_and_false_alarms_are_told_apart(
    bench: Callable[..., Result], catalogue: Path
) -> None:
    shown = bench("leaks", "--catalogue", catalogue, "--part", "all").stdout
    assert "leaking: 1 of 2 leaks named; missed other" in shown
    assert "alarming: 0 of 0 leaks named; FALSE ALARM copy" in shown
    assert "honest" not in shown
    assert "leak columns named: 1 of 2 (50%)" in shown
    assert "false alarms: 1 of 3 tables (1 in 3)" in shown


def test_halves_of_the_families_are_fixed() -> None:
    parts = {part_of(f"family{i}") for i in range(50)}
    assert parts == set(PARTS[:2])


def make(name: str, coverage: float, **more: Any) -> Bounded:
    task = "binary" if "right" in more else "regression"
    return Bounded(
        table=name, task=task, n_rows=200, n_held_out=100, level=0.9, coverage=coverage, **more
    )


def test_summary_tells_numbers_and_labels_apart() -> None:
    found = [
        make("a", 0.88, width=0.5),
        make("b", 0.92, width=2.0),
        make("c", 0.95, width=1.0, right=0.95),
        make("d", 0.91, width=1.4, right=0.7),
        Bounded(table="e", task="binary", n_rows=9, n_held_out=5, level=0.9, reason="none"),
    ]
    lines = summary(found).splitlines()
    assert lines[0] == "5 tables, 1 without bounds"
    assert lines[1].startswith("intervals, 2 tables: coverage 90.0% on average")
    assert "geometric mean 1.000" in lines[2]
    assert lines[3].startswith("sets of labels, 2 tables: coverage 93.0% on average")
    assert "those 1 whose model is right in less than the level: coverage 91.0%" in lines[4]


def test_a_torn_line_of_the_journal_is_done_again(tmp_path: Path) -> None:
    assert read_done(tmp_path / "none.jsonl", Bounded) == {}
    (tmp_path / "some.jsonl").write_text('{"table": "a", "task": "binary", "n_ro')
    assert read_done(tmp_path / "some.jsonl", Bounded) == {}
