"""Splits of the user."""

from typing import Any

import numpy as np
import pytest
from sklearn.model_selection import (
    GroupKFold,
    KFold,
    PredefinedSplit,
    RepeatedStratifiedKFold,
    ShuffleSplit,
    StratifiedKFold,
    TimeSeriesSplit,
)

from metatune.data.row_metadata import RowMetadata
from metatune.data.splits.folds import make_folds
from metatune.data.splits.given import held_out_rows, read_splits
from metatune.errors import OptionError
from metatune.kinds import TaskKind

Y = np.arange(40) % 2
X = np.zeros((40, 2))


def folds_of(cv: Any, groups: Any = None) -> Any:
    splits = read_splits(cv, X, Y, groups, classification=True)
    return make_folds(Y, TaskKind.BINARY, 5, 0, RowMetadata(splits=splits))


@pytest.mark.parametrize(
    "cv",
    [
        KFold(4),
        StratifiedKFold(3, shuffle=True, random_state=1),
        RepeatedStratifiedKFold(n_splits=2, n_repeats=2, random_state=0),
        ShuffleSplit(3, test_size=0.2, random_state=0),
        TimeSeriesSplit(3),
        PredefinedSplit(np.arange(40) % 3 - 1),
        3,
        [(np.arange(30), np.arange(30, 40))],
        [([0, 1, 2, 3], [4, 5]), ([4, 5], [0, 1])],
        list(KFold(3).split(X)),
        [(np.arange(40) < 20, np.arange(40) >= 20)],
    ],
)
def test_rows_are_learned_and_judged_as_given(cv: Any) -> None:
    from sklearn.model_selection import check_cv

    pairs = list(check_cv(cv, Y, classifier=True).split(X, Y))
    folds = folds_of(cv)
    assert len(folds) == len(pairs)
    for fold, (learned, judged) in zip(folds, pairs, strict=True):
        rows = np.arange(40)
        np.testing.assert_array_equal(np.sort(fold.train), np.sort(rows[np.asarray(learned)]))
        np.testing.assert_array_equal(fold.valid, np.sort(rows[np.asarray(judged)]))


def test_splitters_get_groups() -> None:
    groups = np.arange(40) // 4
    for fold in folds_of(GroupKFold(5), groups):
        assert not set(groups[fold.train]) & set(groups[fold.valid])


@pytest.mark.parametrize(
    ("cv", "words"),
    [
        ("5", "is of type str"),
        (2.5, "is of type float"),
        (object(), "is of type object"),
        (1, "cannot split"),
        (KFold(50), "cannot split"),
        ([], "yields 0 splits"),
        ([(np.arange(40), np.arange(40))], "judges by rows that it learns from"),
        ([([0, 1], [99])], "no pair of row positions of 40 rows"),
        ([([0, 1], [])], "no rows to judge by"),
        ([([], [1])], "no rows to learn from"),
        ([([0.5], [1])], "no pair"),
        ([(1, 2)], "no pair"),
        ([1, 2], "cannot split|no pair"),
        ([([True, False], [False, True])], "no pair"),
        ([(["a"], ["b"])], "no pair"),
        (GroupKFold(3), "cannot split"),
    ],
)
def test_others_are_refused_in_a_line(cv: Any, words: str) -> None:
    with pytest.raises(OptionError, match=words) as caught:
        folds_of(cv)
    assert "\n" not in str(caught.value)


def test_held_out_rows() -> None:
    fold = make_folds(
        np.arange(5.0), TaskKind.REGRESSION, 5, 0, RowMetadata(splits=held_out_rows(3, 2))
    )[0]
    assert sorted(fold.train) == [0, 1, 2]
    assert list(fold.valid) == [3, 4]
