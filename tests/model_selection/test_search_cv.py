"""The search class: what it leaves, how it compares, what it is given, what it refuses."""

from collections.abc import Mapping
from typing import Any

import numpy as np
import pandas as pd
import pytest
from sklearn.base import BaseEstimator, ClassifierMixin, clone
from sklearn.datasets import load_digits, load_iris, make_classification, make_regression
from sklearn.exceptions import NotFittedError
from sklearn.linear_model import LogisticRegression, Ridge
from sklearn.model_selection import GridSearchCV, GroupKFold, ShuffleSplit, StratifiedKFold
from sklearn.neighbors import KNeighborsClassifier
from sklearn.pipeline import Pipeline
from sklearn.preprocessing import StandardScaler
from sklearn.svm import SVC
from sklearn.tree import DecisionTreeClassifier

from metatune import MetaTuneSearchCV
from metatune.errors import OptionError
from metatune.model_selection.cross_validation import SCORE
from metatune.space import Float, Int

GRID = {"C": [0.1, 1.0, 10.0], "gamma": [0.001, 0.01, 0.1]}
LONG: dict[str, Any] = {"budget": "10h", "random_state": 0}


@pytest.fixture(scope="module")
def iris() -> tuple[np.ndarray, np.ndarray]:
    X, y = load_iris(return_X_y=True)
    return X, y


@pytest.fixture(scope="module")
def flowers() -> tuple[np.ndarray, np.ndarray]:
    """Two classes that are hard to tell apart."""
    X, y = make_classification(200, 6, flip_y=0.2, class_sep=0.6, random_state=1)
    return X, y


def test_a_grid_is_searched_to_its_end_and_the_best_is_that_of_grid_search(
    iris: tuple[np.ndarray, np.ndarray],
) -> None:
    cv = StratifiedKFold(3, shuffle=True, random_state=1)
    whole = GridSearchCV(SVC(), GRID, cv=cv).fit(*iris)
    found = MetaTuneSearchCV(SVC(), GRID, cv=cv, **LONG).fit(*iris)
    assert len(found.cv_results_["params"]) == 9
    assert found.best_score_ == whole.best_score_
    same = {str(sorted(p.items())): s for p, s in _scores(whole).items()}
    assert {str(sorted(p.items())): s for p, s in _scores(found).items()} == same
    assert set(whole.cv_results_) == set(found.cv_results_)


class _Frozen(dict[str, Any]):
    def __hash__(self) -> int:  # type: ignore[override]
        return hash(tuple(sorted(self.items())))


def _scores(search: Any) -> Mapping[_Frozen, float]:
    table = search.cv_results_
    params = map(_Frozen, table["params"])
    return dict(zip(params, table["mean_test_score"], strict=True))


def test_what_is_left_fits_together(iris: tuple[np.ndarray, np.ndarray]) -> None:
    X, y = iris
    found = MetaTuneSearchCV(SVC(), GRID, cv=3, max_trials=8, return_train_score=True, **LONG)
    found.fit(X, y)
    table = pd.DataFrame(found.cv_results_)
    assert found.best_params_ == table["params"][found.best_index_]
    assert found.best_score_ == table["mean_test_score"].max()
    assert table["rank_test_score"][found.best_index_] == 1
    assert {"mean_train_score", "param_C", "param_gamma", "split2_test_score"} <= set(table)
    assert found.best_estimator_.get_params()["C"] == found.best_params_["C"]
    assert found.n_splits_ == 3
    assert found.n_features_in_ == 4
    assert list(found.classes_) == [0, 1, 2]
    assert (found.predict(X) == found.best_estimator_.predict(X)).all()
    assert found.score(X, y) == found.best_estimator_.score(X, y)
    assert found.decision_function(X).shape == (150, 3)
    assert len(found.trials_) == 8
    assert found.refit_time_ >= 0.0


def test_a_counted_search_repeats_whatever_works_at_once(
    flowers: tuple[np.ndarray, np.ndarray],
) -> None:
    def tried(**changes: Any) -> list[Any]:
        search = MetaTuneSearchCV(KNeighborsClassifier(), cv=3, max_trials=12, **LONG)
        search.set_params(**changes).fit(*flowers)
        return [(t.trial.configuration.key, t.trial.rung, t.score) for t in search.trials_]

    first = tried()
    assert tried() == first
    assert tried(n_jobs=2) == first
    assert tried(random_state=1) != first


def test_no_time_still_judges_and_fits_one(iris: tuple[np.ndarray, np.ndarray]) -> None:
    found = MetaTuneSearchCV(SVC(), GRID, cv=3, budget=1e-6).fit(*iris)
    assert len(found.cv_results_["params"]) == 1
    assert found.best_estimator_.predict(iris[0]).shape == (150,)


def test_candidates_rise_from_one_fold_to_all(flowers: tuple[np.ndarray, np.ndarray]) -> None:
    space = {"max_depth": Int(1, 30), "min_samples_leaf": Int(1, 50)}
    found = MetaTuneSearchCV(
        DecisionTreeClassifier(random_state=0), space, cv=4, max_trials=20, **LONG
    ).fit(*flowers)
    rungs = [(t.trial.rung.row_share, t.trial.rung.n_folds) for t in found.trials_]
    assert {(1.0, 1), (1.0, 4)} <= set(rungs)
    assert rungs[0] == (1.0, 4)  # the default is judged in full
    assert rungs.count((1.0, 4)) == len(found.cv_results_["params"])
    assert rungs.count((1.0, 1)) > rungs.count((1.0, 4))


def test_a_long_table_is_sampled_below() -> None:
    X, y = make_regression(6_000, 40, noise=5.0, random_state=0)
    space = {"alpha": Float(1e-3, 1e3, log=True)}
    found = MetaTuneSearchCV(Ridge(), space, cv=3, max_trials=8, budget=20, random_state=0)
    shares = {t.trial.rung.row_share for t in found.fit(X, y).trials_}
    assert min(shares) < 0.5


def test_known_estimators_begin_with_what_past_datasets_recommend(
    flowers: tuple[np.ndarray, np.ndarray],
) -> None:
    search = MetaTuneSearchCV(SVC(), cv=3, max_trials=10, **LONG)
    warm = clone(search).fit(*flowers)
    assert warm.recommendations_ is not None
    assert len(warm.recommendations_.neighbours) >= 0
    origins = [t.trial.configuration.origin for t in warm.trials_]
    assert origins[0] == "default"
    assert "portfolio" in origins
    assert set(warm.best_params_) == {"C", "gamma", "class_weight"}
    cold = search.set_params(cold_start=True).fit(*flowers)
    assert cold.recommendations_ is None
    assert "portfolio" not in {t.trial.configuration.origin for t in cold.trials_}


def test_recommendations_are_brought_into_the_space_of_the_user(
    flowers: tuple[np.ndarray, np.ndarray],
) -> None:
    space = {"C": [0.5, 2.0, 8.0], "gamma": [0.01, 0.1]}
    found = MetaTuneSearchCV(SVC(), space, cv=3, max_trials=6, **LONG).fit(*flowers)
    assert "portfolio" in {t.trial.configuration.origin for t in found.trials_}
    for params in found.cv_results_["params"]:
        assert params["C"] in space["C"]
        assert params["gamma"] in space["gamma"]


def test_the_last_step_of_a_pipeline_is_known(flowers: tuple[np.ndarray, np.ndarray]) -> None:
    pipeline = Pipeline([("scale", StandardScaler()), ("model", SVC())])
    found = MetaTuneSearchCV(pipeline, cv=3, max_trials=8, **LONG).fit(*flowers)
    assert set(found.best_params_) == {"model__C", "model__gamma", "model__class_weight"}
    assert found.recommendations_ is not None
    # The scaler has made the variance 1, and there are six columns.
    assert found.cv_results_["params"][0]["model__gamma"] == pytest.approx(1 / 6)


class Threshold(ClassifierMixin, BaseEstimator):  # type: ignore[misc]
    """Classifier that nobody knows."""

    def __init__(self, at: float = 0.0, column: int = 0) -> None:
        self.at = at
        self.column = column

    def fit(self, X: Any, y: Any, sample_weight: Any = None) -> "Threshold":
        if self.column >= X.shape[1]:
            raise ValueError("there is no such column")
        self.classes_ = np.unique(y)
        self.weight_ = None if sample_weight is None else float(np.sum(sample_weight))
        return self

    def predict(self, X: Any) -> np.ndarray:
        return np.asarray(self.classes_[(X[:, self.column] > self.at).astype(int)])


def test_an_unknown_estimator_needs_a_space(flowers: tuple[np.ndarray, np.ndarray]) -> None:
    with pytest.raises(OptionError, match="does not know Threshold, so space has to say"):
        MetaTuneSearchCV(Threshold(), max_trials=3).fit(*flowers)
    space = {"at": Float(-1.0, 1.0), "column": Int(0, 5)}
    found = MetaTuneSearchCV(Threshold(), space, cv=3, max_trials=30, **LONG).fit(*flowers)
    assert found.recommendations_ is None
    assert found.best_score_ > 0.55


def test_failing_candidates_have_no_score_and_end_nothing(
    flowers: tuple[np.ndarray, np.ndarray],
) -> None:
    space = {"column": [0, 1, 2, 99]}
    found = MetaTuneSearchCV(Threshold(), space, cv=3, **LONG).fit(*flowers)
    assert [p["column"] for p in found.cv_results_["params"]].count(99) == 0
    assert {t.status.value for t in found.trials_} == {"ok", "failed"}
    strict = MetaTuneSearchCV(Threshold(), space, cv=3, error_score="raise", **LONG)
    with pytest.raises(ValueError, match="no such column"):
        strict.fit(*flowers)
    with pytest.raises(ValueError, match="fits failed"):
        MetaTuneSearchCV(Threshold(), {"column": [99]}, cv=3, **LONG).fit(*flowers)


def test_several_scores(flowers: tuple[np.ndarray, np.ndarray]) -> None:
    scoring = {"hits": "accuracy", "ranks": "roc_auc"}
    search = MetaTuneSearchCV(
        SVC(), GRID, cv=3, scoring=scoring, refit="ranks", max_trials=9, **LONG
    ).fit(*flowers)
    assert search.multimetric_
    table = search.cv_results_
    assert search.best_score_ == max(table["mean_test_ranks"])
    assert "mean_test_hits" in table
    assert set(search.scorer_) == {"hits", "ranks"}
    assert search.best_score_ in [t.score for t in search.trials_]
    in_full = [t for t in search.trials_ if t.trial.rung.n_folds == 3 and t.ok]
    assert np.mean(in_full[0].fold_scores[SCORE]) == in_full[0].score
    with pytest.raises(ValueError, match="refit must be set"):
        MetaTuneSearchCV(SVC(), GRID, scoring=scoring, max_trials=2).fit(*flowers)


def test_refit_may_be_off_or_a_function(flowers: tuple[np.ndarray, np.ndarray]) -> None:
    last = MetaTuneSearchCV(
        SVC(), GRID, cv=3, refit=lambda table: len(table["params"]) - 1, max_trials=6, **LONG
    ).fit(*flowers)
    assert last.best_index_ == len(last.cv_results_["params"]) - 1
    assert not hasattr(last, "best_score_")
    off = MetaTuneSearchCV(SVC(), GRID, cv=3, refit=False, max_trials=4, **LONG).fit(*flowers)
    assert off.best_params_ in off.cv_results_["params"]
    with pytest.raises((NotFittedError, AttributeError)):
        off.predict(flowers[0])


@pytest.mark.parametrize("scoring", ["f1", "neg_log_loss", "roc_auc", "neg_brier_score"])
def test_any_scorer_decides(scoring: str, flowers: tuple[np.ndarray, np.ndarray]) -> None:
    search = MetaTuneSearchCV(
        LogisticRegression(), cv=3, scoring=scoring, max_trials=8, **LONG
    ).fit(*flowers)
    assert search.best_score_ == max(search.cv_results_["mean_test_score"])
    assert "portfolio" in {t.trial.configuration.origin for t in search.trials_}


def test_groups_and_splitters_of_the_user(flowers: tuple[np.ndarray, np.ndarray]) -> None:
    X, y = flowers
    groups = np.arange(len(y)) // 20
    found = MetaTuneSearchCV(KNeighborsClassifier(), cv=GroupKFold(5), max_trials=6, **LONG).fit(
        X, y, groups=groups
    )
    assert found.n_splits_ == 5
    shuffled = ShuffleSplit(2, test_size=0.3)  # other splits at each call
    found = MetaTuneSearchCV(Threshold(), {"column": [0, 1, 2, 3]}, cv=shuffled, **LONG)
    found.fit(X, y)
    fixed = [(np.arange(150), np.arange(150, 200))]
    once = MetaTuneSearchCV(KNeighborsClassifier(), cv=fixed, max_trials=4, **LONG).fit(X, y)
    assert once.n_splits_ == 1


def test_weights_reach_the_estimator(flowers: tuple[np.ndarray, np.ndarray]) -> None:
    X, y = flowers
    weights = np.linspace(0.5, 1.5, len(y))
    search = MetaTuneSearchCV(Threshold(), {"column": [0, 1]}, cv=2, **LONG)
    search.fit(X, y, sample_weight=weights)
    assert search.best_estimator_.weight_ == pytest.approx(weights.sum())


@pytest.mark.parametrize(
    ("given", "words"),
    [
        ({"space": {"CC": [1.0]}}, "'CC' is no parameter of SVC: did you mean 'C'"),
        ({"space": {"C": []}}, "is empty"),
        ({"space": {"C": 1.0}}, "cannot be searched"),
        ({"space": 3}, "is no space"),
        ({"space": [3]}, "is no dict"),
        ({"space": {"C": (Float(0.1, 1.0), 5.0)}}, "is outside"),
        ({"strategy": "randon"}, "did you mean 'random'"),
        ({"budget": "soon"}, "'soon'"),
        ({"max_trials": 0}, "at least 1"),
        ({"cv": []}, "cv gives no splits"),
    ],
)
def test_what_cannot_work_is_refused(
    given: dict[str, Any], words: str, iris: tuple[np.ndarray, np.ndarray]
) -> None:
    with pytest.raises(OptionError) as caught:
        MetaTuneSearchCV(SVC(), **{"space": {"C": [1.0]}, **given}).fit(*iris)
    assert words in str(caught.value)


def test_tables_that_metatune_cannot_read_are_searched_cold() -> None:
    from scipy.sparse import csr_array

    X, y = load_digits(n_class=3, return_X_y=True)
    found = MetaTuneSearchCV(SVC(), cv=3, max_trials=4, **LONG).fit(csr_array(X), y)
    assert found.recommendations_ is None
    assert found.best_score_ > 0.9


def test_a_fitted_search_holds_no_data(flowers: tuple[np.ndarray, np.ndarray]) -> None:
    found = MetaTuneSearchCV(SVC(), GRID, cv=3, max_trials=3, **LONG).fit(*flowers)
    assert [name for name in vars(found) if name.startswith("_") and "rows" in name] == []
    assert "_fit_params" not in vars(found)
