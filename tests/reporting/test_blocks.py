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
