"""Values of columns, as an explanation names them."""

import numpy as np
import pytest

from metatune.reporting.blocks import Block


@pytest.mark.parametrize(
    ("value", "said"),
    [(50_000.0, "50,000"), (2.5, "2.5"), (0.00012, "0.00012"), (np.nan, "missing")],
)
def test_large_values_are_written_without_an_exponent(value: float, said: str) -> None:
    block = Block(names=("x",), kind="number", positions=(0,))
    assert block.label(np.array([value])) == said


@pytest.mark.parametrize(
    ("values", "said"),
    [([3.0, 10.0], "3, 10"), ([np.nan, 10.0], "10"), ([np.nan, np.nan], "missing")],
)
def test_several_numbers_are_all_named(values: list[float], said: str) -> None:
    block = Block(names=("floor",), kind="several numbers", positions=(0, 1))
    assert block.label(np.array(values)) == said
