"""Everything that scikit-learn checks of an estimator."""

from collections.abc import Iterator
from typing import Any

import pytest
from sklearn.base import ClassifierMixin, RegressorMixin
from sklearn.utils.estimator_checks import estimator_checks_generator

from metatune import MetaTuneClassifier, MetaTuneRegressor
from metatune.estimators.predictions import PredictsProbabilities

QUICK: dict[str, Any] = {"max_trials": 1, "n_jobs": 1}


_DRAWN = (
    "folds and seeds are drawn by row, so that a row of weight 2 and the same row twice lead to "
    "other splits; and weights count in proportion, so that doubling all of them changes nothing"
)
EXPECTED_TO_FAIL = {"check_sample_weight_equivalence_on_dense_data": _DRAWN}

CHECKED_ONCE = {
    "check_dict_unchanged",
    "check_dont_overwrite_parameters",
    "check_dtype_object",
    "check_estimators_fit_returns_self",
    "check_estimators_overwrite_params",
    "check_f_contiguous_array_estimator",
    "check_fit2d_1feature",
    "check_fit2d_predict1d",
    "check_fit_check_is_fitted",
    "check_fit_score_takes_y",
    "check_n_features_in",
    "check_n_features_in_after_fitting",
    "check_pipeline_consistency",
    "check_positive_only_tag_during_fit",
    "check_readonly_memmap_input",
    "check_sample_weight_equivalence_on_dense_data",
    "check_sample_weights_list",
    "check_sample_weights_not_an_array",
    "check_sample_weights_not_overwritten",
    "check_sample_weights_pandas_series",
    "check_sample_weights_shape",
}
"""Checks with fits that look at parameters, features and weights: one code for both estimators."""


def cases() -> Iterator[Any]:
    for estimator in (MetaTuneClassifier(**QUICK), MetaTuneRegressor(**QUICK)):
        for _, check in estimator_checks_generator(estimator):
            name = check.func.__name__
            if name in CHECKED_ONCE and isinstance(estimator, MetaTuneRegressor):
                continue
            given = ",".join(f"{key}={value}" for key, value in check.keywords.items())
            failing = EXPECTED_TO_FAIL.get(name)
            yield pytest.param(
                estimator,
                check,
                id=f"{type(estimator).__name__}-{name}" + f"({given})" * bool(given),
                marks=() if failing is None else pytest.mark.xfail(reason=failing),
            )


@pytest.mark.filterwarnings("ignore:no model beat the constant")  # tables of noise
@pytest.mark.parametrize(("estimator", "check"), list(cases()))
def test_scikit_learn_check(estimator: Any, check: Any) -> None:
    check(estimator)


def test_what_is_checked_once_is_the_same_code() -> None:
    def parts(estimator: type, *own: type) -> list[type]:
        return [base for base in estimator.__mro__ if base not in (estimator, *own)]

    assert parts(MetaTuneRegressor, RegressorMixin) == parts(
        MetaTuneClassifier, ClassifierMixin, PredictsProbabilities
    )
    for estimator, own in (
        (MetaTuneClassifier, "predict_set"),
        (MetaTuneRegressor, "predict_interval"),
    ):
        names = {name for name in vars(estimator) if not name.startswith("__")}
        assert {name for name in names if callable(vars(estimator)[name])} == {own}
    known = {check.func.__name__ for _, check in estimator_checks_generator(MetaTuneClassifier())}
    assert known >= CHECKED_ONCE
