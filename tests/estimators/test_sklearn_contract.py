"""Everything that scikit-learn checks of an estimator."""

from typing import Any

from sklearn.utils.estimator_checks import parametrize_with_checks

from metatune import MetaTuneClassifier, MetaTuneRegressor

QUICK: dict[str, Any] = {"max_trials": 2, "n_jobs": 1}


@parametrize_with_checks([MetaTuneClassifier(**QUICK), MetaTuneRegressor(**QUICK)])
def test_scikit_learn_check(estimator: Any, check: Any) -> None:
    check(estimator)
