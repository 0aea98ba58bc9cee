"""Everything that scikit-learn checks of an estimator."""

from typing import Any

import pytest
from sklearn.utils.estimator_checks import parametrize_with_checks

from metatune import MetaTuneClassifier, MetaTuneRegressor

QUICK: dict[str, Any] = {"max_trials": 2, "n_jobs": 1}


_DRAWN = (
    "folds and seeds are drawn by row, so that a row of weight 2 and the same row twice lead to "
    "other splits; and weights count in proportion, so that doubling all of them changes nothing"
)
EXPECTED_TO_FAIL = {"check_sample_weight_equivalence_on_dense_data": _DRAWN}


@pytest.mark.filterwarnings("ignore:no model beat the constant")  # tables of noise
@parametrize_with_checks(  # type: ignore[untyped-decorator]  # scikit-learn has no types
    [MetaTuneClassifier(**QUICK), MetaTuneRegressor(**QUICK)],
    expected_failed_checks=lambda _estimator: EXPECTED_TO_FAIL,
)
def test_scikit_learn_check(estimator: Any, check: Any) -> None:
    check(estimator)
