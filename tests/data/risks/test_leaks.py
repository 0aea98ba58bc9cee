"""Leaks are named where they are, and nothing is where there are none."""

from typing import Any

import numpy as np
import pandas as pd
import pytest

from metatune.data.risks.leaks import find_leaks
from metatune.data.risks.names import is_afterwards, is_kin
from metatune.data.risks.risks import find_risks, warn_of
from metatune.data.task.make_task import make_task, make_task_from_arrays
from metatune.errors import DataWarning, LeakWarning

N_ROWS = 400


def honest(seed: int = 0) -> pd.DataFrame:
    """A table of numbers that tell something of the target `price`, and do not give it away."""
    rng = np.random.default_rng(seed)
    size, age = rng.uniform(20, 200, N_ROWS), rng.uniform(0, 80, N_ROWS)
    price = 3 * size - age + rng.normal(0, 60, N_ROWS) + 300
    colour = rng.choice(["red", "green", "blue"], N_ROWS)
    return pd.DataFrame({"size": size, "age": age, "colour": colour, "price": price})


def named(table: pd.DataFrame, target: str = "price", **how: Any) -> set[str]:
    found = find_leaks(make_task(table, target=target, **how))
    return {name for each in found for name in each.columns}


def test_an_honest_table_has_none() -> None:
    assert named(honest()) == set()


def test_a_transformed_target_is_one() -> None:
    table = honest()
    table["x7"] = np.log(table["price"]) * -2
    assert named(table) == {"x7"}


def test_a_column_that_is_the_target_where_it_is_filled_is_one() -> None:
    table = honest()
    table["x7"] = table["price"].where(np.arange(N_ROWS) % 3 > 0)
    assert named(table) == {"x7"}


def test_much_of_the_target_is_one_under_a_telling_name_only() -> None:
    table, rng = honest(), np.random.default_rng(1)
    much = table["price"] + rng.normal(0, 0.4 * table["price"].std(), N_ROWS)
    assert named(table.assign(size2=much)) == set()
    assert named(table.assign(price_quoted=much)) == {"price_quoted"}
    most = table["price"] + rng.normal(0, 0.2 * table["price"].std(), N_ROWS)
    assert named(table.assign(final_amount=most)) == {"final_amount"}


def test_a_code_of_the_class_is_one() -> None:
    table = honest()
    table["dear"] = np.where(table.pop("price") > 500, "yes", "no")
    codes = table["dear"].map({"yes": "A", "no": "B"})
    assert named(table.assign(code=codes), "dear") == {"code"}
    rng = np.random.default_rng(1)  # other draws than those of the sizes
    doubtful = codes.where(rng.random(N_ROWS) < 0.9, "A")
    assert named(table.assign(code=doubtful), "dear") == set()


def test_columns_that_make_the_target_together_are() -> None:
    rng = np.random.default_rng(0)
    a, b, c = rng.uniform(5, 50, (3, N_ROWS))
    noise = rng.normal(0, 1, N_ROWS)
    frame = pd.DataFrame({"a": a, "b": b, "c": c, "noise": noise})
    for y in (a + b, a - b, np.abs(a - b), a * b, a / b):
        assert named(frame.assign(y=y), "y") == {"a", "b"}
    assert named(frame.assign(y=a + b + c), "y") == {"a", "b", "c"}
    assert named(frame.assign(y=a + b + 20 * noise), "y") == set()
    assert named(frame.assign(y=3 * a + b), "y") == set()  # a law, not a sum


def test_a_part_of_the_class_is_one() -> None:
    rng = np.random.default_rng(0)
    gene, drug = rng.choice(["wild", "mutant"], N_ROWS), rng.choice(["saline", "drug"], N_ROWS)
    level = rng.normal(size=N_ROWS)
    table = pd.DataFrame(
        {"gene": gene, "level": level, "y": [f"{g}-{d}" for g, d in zip(gene, drug, strict=True)]}
    )
    assert named(table, "y") == {"gene"}
    mixed = np.where(rng.random(N_ROWS) < 0.1, "wild", gene)
    assert named(table.assign(gene=mixed), "y") == set()


def test_flags_that_tell_the_class_together_are() -> None:
    rng = np.random.default_rng(0)
    state = rng.integers(0, 6, N_ROWS)
    flags = {f"is{k}": (state == k).astype(int) for k in range(6)}
    y = np.array(["low", "middle", "high"])[state // 2]
    table = pd.DataFrame({**flags, "other": rng.normal(size=N_ROWS), "y": y})
    assert named(table, "y") == set(flags)
    assert named(table.assign(y=rng.choice(["low", "middle", "high"], N_ROWS)), "y") == set()


def test_few_rows_say_nothing() -> None:
    table = honest().head(40)
    assert named(table.assign(x7=table["price"])) == set()


def test_names() -> None:
    for column, target in (
        ("logwage", "wage"),
        ("Audit_Risk", "Risk"),
        ("OpenProfit", "OpeningWeekend"),
        ("NA_Sales", "Global_Sales"),
    ):
        assert is_kin(column, target)
    for column, target in (("G2", "G3"), ("company1", "company10"), ("age", "wage"), ("id", "y")):
        assert not is_kin(column, target)
    assert is_afterwards("margin_actual")
    assert not is_afterwards("margin_asked")


def test_text_of_a_leak_names_column_target_and_remedy() -> None:
    table = honest()
    (found,) = find_leaks(make_task(table.assign(x7=table["price"]), target="price"))
    assert found.text == (
        "possible leak: column 'x7' tells all of the target 'price': leave out what is not known "
        "when the model is used"
    )


def test_names_with_braces_are_told_as_they_are() -> None:
    table = honest().rename(columns={"price": "{0}"})
    (found,) = find_leaks(make_task(table.assign(**{"{x}": table["{0}"]}), target="{0}"))
    assert "'{x}'" in found.text
    assert "'{0}'" in found.text


def test_python_warns_of_leaks_by_a_class_of_their_own() -> None:
    table = honest()
    y = table.pop("price")
    leaking = make_task_from_arrays(table.assign(x7=y), y, classification=False)
    with pytest.warns(LeakWarning, match="'x7'"):
        warn_of(find_risks(leaking), stacklevel=2)
    assert issubclass(LeakWarning, DataWarning)
    assert find_risks(make_task_from_arrays(table, y, classification=False)) == ()


def test_groups_are_told_in_python_too() -> None:
    rng = np.random.default_rng(0)
    patient = np.repeat(np.arange(60), 6)
    X = pd.DataFrame({"patient_id": patient, "x": rng.normal(size=360)})
    y = rng.normal(size=60)[patient] + rng.normal(0, 0.3, 360)
    (found,) = find_risks(make_task_from_arrays(X, y, classification=False))
    assert "'patient_id'" in found.text
    assert found.kind == "dependence"
    given = make_task_from_arrays(X, y, classification=False, groups=patient)
    assert find_risks(given) == ()


def test_absurd_numbers_and_empty_columns_are_no_matter() -> None:
    rng = np.random.default_rng(0)
    table = honest()
    table["huge"] = rng.normal(size=N_ROWS) * 1e300
    table["tiny"] = rng.normal(size=N_ROWS) * 1e-310
    table["infinite"] = np.where(rng.random(N_ROWS) < 0.5, np.inf, rng.normal(size=N_ROWS))
    table["rare"] = np.where(np.arange(N_ROWS) < 3, 1.0, np.nan)
    assert named(table) == set()
