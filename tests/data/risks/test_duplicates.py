"""Rows that stand more than once are told, unless few columns make them alike."""

import numpy as np
import pandas as pd

from metatune.data.risks.duplicates import find_duplicates
from metatune.data.task.make_task import make_task, make_task_from_arrays


def table(n_rows: int = 500) -> pd.DataFrame:
    rng = np.random.default_rng(0)
    x = rng.normal(size=n_rows)
    return pd.DataFrame(
        {"x": x, "z": rng.choice(list("abc"), n_rows), "y": x + rng.normal(size=n_rows)}
    )


def test_repeated_rows_are_counted() -> None:
    (found,) = find_duplicates(make_task(pd.concat([table(), table().head(60)]), target="y"))
    assert found.text.startswith("60 of 560 rows repeat another one")


def test_different_rows_and_a_few_copies_are_no_matter() -> None:
    assert find_duplicates(make_task(table(), target="y")) == []
    assert find_duplicates(make_task(pd.concat([table(), table().head(5)]), target="y")) == []


def test_copies_are_told_by_all_columns_of_a_wide_table() -> None:
    wide = pd.DataFrame(np.random.default_rng(0).normal(size=(200, 80))).add_prefix("c")
    wide["y"] = np.arange(200) % 7
    copied = pd.concat([wide, wide.head(40)], ignore_index=True)
    (found,) = find_duplicates(make_task(copied, target="y"))
    assert found.text.startswith("40 of 240 rows repeat another one")
    copied.loc[200:, "c79"] += 1.0
    assert find_duplicates(make_task(copied, target="y")) == []


def test_a_table_without_a_column_of_use_has_no_copies() -> None:
    frame = pd.DataFrame({"one": 1.0, "y": np.arange(60) % 2})
    assert find_duplicates(make_task(frame, target="y")) == []


def test_rows_of_few_levels_are_alike_by_nature() -> None:
    rng = np.random.default_rng(0)
    frame = pd.DataFrame({name: rng.choice(list("ab"), 500) for name in "pqr"})
    frame["y"] = rng.choice(["no", "yes"], 500)
    assert find_duplicates(make_task(frame, target="y")) == []


def test_groups_that_keep_copies_together_are_no_matter() -> None:
    frame = pd.concat([table(), table().head(60)], ignore_index=True)
    groups = np.r_[np.arange(500), np.arange(60)]
    y = frame.pop("y")
    assert find_duplicates(make_task_from_arrays(frame, y, classification=False)) != []
    task = make_task_from_arrays(frame, y, classification=False, groups=groups)
    assert find_duplicates(task) == []


def test_patients_who_are_alike_are_no_copies() -> None:
    rng = np.random.default_rng(0)
    visits = rng.geometric(0.3, 600)
    table = pd.DataFrame(
        {"visits": visits, "paid": 250 * visits, "months": rng.choice([2, 4, 11, 14, 16], 600)}
    )
    table["age"] = 20 + table["visits"] * 3 + table["months"]
    y = (rng.random(600) < 0.2).astype(int)
    assert find_duplicates(make_task(table.assign(y=y), target="y")) == []
    assert table.assign(y=y).duplicated().sum() > 300
