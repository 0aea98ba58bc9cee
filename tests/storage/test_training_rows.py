"""Hashes of training rows come back as they were written; other content is none."""

from pathlib import Path

import numpy as np
import pytest

from metatune.data.encoding.row_sketch import RowSketch
from metatune.storage.training_rows import ROWS_FILE, read_rows, write_rows


def test_hashes_come_back(tmp_path: Path) -> None:
    write_rows(tmp_path, RowSketch.of(np.array([7, 3, 5], dtype=np.uint64)))
    found = read_rows(tmp_path)
    assert found is not None
    assert found.compare(np.array([5, 6], dtype=np.uint64)) == (2, 1)


@pytest.mark.parametrize("values", [None, np.zeros(3), np.zeros((2, 2), dtype=np.uint64)])
def test_other_content_is_none(tmp_path: Path, values: "np.ndarray | None") -> None:
    if values is None:
        (tmp_path / ROWS_FILE).write_bytes(b"no array")
    else:
        np.save(tmp_path / ROWS_FILE, values)
    assert read_rows(tmp_path) is None
    assert read_rows(tmp_path / "nowhere") is None
