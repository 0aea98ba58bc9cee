"""Everything that scikit-learn checks of its own search classes."""

from typing import Any

import pytest
from sklearn.decomposition import PCA
from sklearn.linear_model import LogisticRegression, Ridge
from sklearn.pipeline import Pipeline
from sklearn.utils.estimator_checks import parametrize_with_checks

from metatune import MetaTuneSearchCV

QUICK: dict[str, Any] = {"cv": 2, "error_score": "raise", "max_trials": 4, "random_state": 0}

COLUMN_AS_TARGET = (
    "as in GridSearchCV: a target of one column means one output to regressors, which do not warn"
)


def expected_to_fail(search: MetaTuneSearchCV) -> dict[str, str]:
    is_regressor = not isinstance(search.estimator, LogisticRegression)
    return {"check_supervised_y_2d": COLUMN_AS_TARGET} if is_regressor else {}


@pytest.mark.filterwarnings(
    "ignore:invalid value encountered in cast:RuntimeWarning"
)  # of infinity
@pytest.mark.filterwarnings("ignore::sklearn.exceptions.ConvergenceWarning")
@parametrize_with_checks(  # type: ignore[untyped-decorator]  # scikit-learn has no types
    [
        MetaTuneSearchCV(Ridge(), {"alpha": [0.1, 1.0]}, **QUICK),
        MetaTuneSearchCV(LogisticRegression(), {"C": [0.1, 1.0]}, **QUICK),
        MetaTuneSearchCV(
            Pipeline([("pca", PCA()), ("ridge", Ridge())]), {"ridge__alpha": [0.1, 1.0]}, **QUICK
        ),
    ],
    expected_failed_checks=expected_to_fail,
)
def test_scikit_learn_check(estimator: Any, check: Any) -> None:
    check(estimator)
