"""Bootstrap draws of rows, strata and groups."""

import numpy as np
import pytest

from metatune.data.row_metadata import PLAIN, RowMetadata
from metatune.estimate.drawing import Drawing, dependent_rows


def test_draws_as_many_rows_as_there_are() -> None:
    drawing = Drawing(200, seed=1)
    counts = drawing.draw(40)
    assert counts.shape == (40, 200)
    assert (counts.sum(axis=1) == 200).all()
    assert (counts == 0).mean() == pytest.approx(drawing.share_out, abs=0.01)
    assert drawing.share_out == pytest.approx(np.exp(-1), abs=0.002)


def test_every_class_keeps_its_size() -> None:
    y = np.array([0] * 50 + [1] * 7 + [2])
    drawing = Drawing(58, strata=y, seed=0)
    counts = drawing.draw(30)
    for label in (0, 1, 2):
        assert (counts[:, y == label].sum(axis=1) == (y == label).sum()).all()
    assert (counts[:, y == 2] == 1).all()  # a single row cannot stay out


def test_groups_are_drawn_whole() -> None:
    groups = np.array(["b", "a", "c", "b", "a", "d"])
    drawing = Drawing(6, groups=groups, seed=0)
    counts = drawing.draw(20)
    assert drawing.n_units == 4
    assert (counts[:, 0] == counts[:, 3]).all()
    assert (counts[:, 1] == counts[:, 4]).all()
    assert (counts[:, [0, 1, 2, 5]].sum(axis=1) == 4).all()


def test_first_draws_do_not_depend_on_how_many_follow() -> None:
    one, other = Drawing(30, seed=5), Drawing(30, seed=5)
    assert (one.draw(10) == np.vstack([other.draw(3), other.draw(7)])).all()


def test_neighbours_in_time_are_drawn_together() -> None:
    times = np.random.default_rng(0).permutation(1000) // 2  # two rows of each instant
    blocks = dependent_rows(RowMetadata(times=times))
    assert blocks is not None
    assert 90 <= len(np.unique(blocks)) <= 100  # of about ten rows
    order = np.argsort(times)
    assert (np.diff(blocks[order]) >= 0).all()
    assert (blocks[order][::2] == blocks[order][1::2]).all()


def test_groups_come_before_times_and_plain_rows_are_independent() -> None:
    groups, times = np.array([0, 1, 0]), np.array([0, 1, 2])
    assert dependent_rows(RowMetadata(groups=groups, times=times)) is groups
    assert dependent_rows(PLAIN) is None
