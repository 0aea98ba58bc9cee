"""Area under the ROC curve by counting pairs, against scikit-learn's curve."""

import math

import numpy as np
import pytest
from sklearn.metrics import roc_auc_score

from metatune.metrics.roc_area import roc_area


@pytest.mark.parametrize("weighted", [False, True])
@pytest.mark.parametrize("digits", [1, 12])
def test_pairs_give_the_area_under_the_curve(weighted: bool, digits: int) -> None:
    rng = np.random.default_rng(0)
    for n_rows in (2, 3, 40, 1000):
        is_class = rng.permutation(np.arange(n_rows) % 3 == 0)
        score = np.round(rng.random(n_rows), digits)  # with ties, and without
        weights = rng.integers(0, 4, n_rows) + 0.5 if weighted else None
        sides = (None, None) if weights is None else (weights[is_class], weights[~is_class])
        area = roc_area(score[is_class], score[~is_class], *sides)
        assert area == pytest.approx(roc_auc_score(is_class, score, sample_weight=weights))


@pytest.mark.parametrize("weights", [None, np.ones(2)])
def test_without_pairs_or_with_unknown_scores_there_is_no_area(weights: np.ndarray | None) -> None:
    some, unknown = np.array([0.2, 0.4]), np.array([0.1, math.nan])
    assert math.isnan(roc_area(some, unknown, weights, weights))
    assert math.isnan(roc_area(unknown, some, weights, weights))
    none = None if weights is None else weights[:0]
    assert math.isnan(roc_area(some, some[:0], weights, none))
    zeros = None if weights is None else 0.0 * weights
    if zeros is not None:
        assert math.isnan(roc_area(some, some, zeros, zeros))
