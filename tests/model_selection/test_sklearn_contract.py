"""Everything that scikit-learn checks of its own search classes."""

from typing import Any

import pytest
from sklearn.decomposition import PCA
from sklearn.linear_model import LogisticRegression, Ridge
from sklearn.pipeline import Pipeline
from sklearn.utils.estimator_checks import parametrize_with_checks

from metatune import MetaTuneSearchCV

QUICK: dict[str, Any] = {"cv": 2, "error_score": "raise", "max_trials": 4, "random_state": 0}

EXPECTED_TO_FAIL = {
    # As with GridSearchCV: what the estimator says of its target, it says to the search.
    "check_supervised_y_2d": "the warning of the estimator about a column as target is not caught",
    "check_requires_y_none": "the estimator says that it needs a target, in its own words",
}


@pytest.mark.filterwarnings("ignore::sklearn.exceptions.ConvergenceWarning")
@parametrize_with_checks(  # type: ignore[untyped-decorator]  # scikit-learn has no types
    [
        MetaTuneSearchCV(Ridge(), {"alpha": [0.1, 1.0]}, **QUICK),
        MetaTuneSearchCV(LogisticRegression(), {"C": [0.1, 1.0]}, **QUICK),
        MetaTuneSearchCV(
            Pipeline([("pca", PCA()), ("ridge", Ridge())]), {"ridge__alpha": [0.1, 1.0]}, **QUICK
        ),
    ],
    expected_failed_checks=lambda _estimator: EXPECTED_TO_FAIL,
)
def test_scikit_learn_check(estimator: Any, check: Any) -> None:
    check(estimator)
