"""The estimators where scikit-learn's own checks do not look."""

import pickle
import subprocess
import sys
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest
from mixed_table import QUICK, make_table
from sklearn.base import clone
from sklearn.exceptions import NotFittedError
from sklearn.model_selection import GridSearchCV, cross_val_score

from metatune import MetaTuneClassifier, MetaTuneRegressor, load
from metatune.budget import Stopwatch
from metatune.errors import (
    InputError,
    OptionError,
    TargetError,
    UnusedCellsWarning,
)
from metatune.estimate.values import Estimate
from metatune.execution.executor import InlineExecutor
from metatune.execution.local_pool import LocalPool
from metatune.models.model_file import model_info

TWO_TRIALS = {**QUICK, "max_trials": 2}


@pytest.fixture(scope="module")
def fitted() -> MetaTuneClassifier:
    return MetaTuneClassifier(**TWO_TRIALS).fit(*make_table())


def test_fitted_attributes(fitted: MetaTuneClassifier) -> None:
    X, y = make_table()
    assert list(fitted.classes_) == ["buys", "leaves"]
    assert list(fitted.feature_names_in_) == list(X.columns)
    assert fitted.n_features_in_ == 4
    assert {"score", "estimate", "estimate_low", "estimate_high"} <= set(fitted.leaderboard_)
    estimate = fitted.estimate_
    assert not isinstance(estimate, Estimate) or estimate.low <= estimate.score
    assert len(fitted.trials_) == 2
    assert set(fitted.leaderboard_["algorithm"]) == {"decision_tree", "lightgbm"}
    assert fitted.metric_ == "roc_auc"
    assert fitted.recommendations_ is None
    assert fitted.meta_features_ is None
    assert set(fitted.predict(X)) <= {"buys", "leaves"}
    assert np.allclose(fitted.predict_proba(X).sum(axis=1), 1.0)
    assert fitted.score(X, y) > 0.8
    assert (fitted.pipeline_.predict(X) == fitted.predict(X)).all()


def test_polars_tables_work_like_pandas(fitted: MetaTuneClassifier) -> None:
    polars = pytest.importorskip("polars")
    X, y = make_table()
    same = MetaTuneClassifier(**TWO_TRIALS).fit(polars.from_pandas(X), polars.from_pandas(y))
    assert np.allclose(same.predict_proba(polars.from_pandas(X)), fitted.predict_proba(X))
    assert np.allclose(same.predict_proba(X), fitted.predict_proba(X))


def test_infinite_values_count_as_missing() -> None:
    rng = np.random.default_rng(1)
    X = rng.normal(size=(60, 3))
    y = 2 * X[:, 0]
    X[::10, 1] = np.inf
    model = MetaTuneRegressor(**QUICK).fit(X, y)
    unknown = X.copy()
    unknown[~np.isfinite(unknown)] = np.nan
    with pytest.warns(UnusedCellsWarning, match="not finite numbers: 'inf'"):
        predicted = model.predict(X)
    assert np.allclose(predicted, model.predict(unknown))
    assert model.score(unknown, y) > 0.5


def test_save_and_load(fitted: MetaTuneClassifier, tmp_path: Path) -> None:
    X, _ = make_table()
    fitted.save(tmp_path / "model.skops")
    assert (load(tmp_path / "model.skops").predict(X) == fitted.predict(X)).all()
    with pytest.raises(NotFittedError):
        MetaTuneClassifier().save(tmp_path / "none.skops")


def test_pickle_and_clone(fitted: MetaTuneClassifier) -> None:
    X, _ = make_table()
    again = pickle.loads(pickle.dumps(fitted))
    assert np.allclose(again.predict_proba(X), fitted.predict_proba(X))
    assert clone(fitted).get_params() == fitted.get_params()


def test_within_scikit_learns_searches() -> None:
    X, y = make_table()
    scores = cross_val_score(MetaTuneClassifier(**QUICK), X, y, cv=2)
    assert scores.min() > 0.6
    grid = GridSearchCV(MetaTuneClassifier(**QUICK), {"metric": ["accuracy", "roc_auc"]}, cv=2)
    assert grid.fit(X, y).best_estimator_.metric_ == grid.best_params_["metric"]


def test_seeds(fitted: MetaTuneClassifier) -> None:
    X, y = make_table()
    same = clone(fitted).set_params(random_state=np.random.RandomState(3)).fit(X, y)
    also = clone(fitted).set_params(random_state=np.random.RandomState(3)).fit(X, y)
    assert np.array_equal(same.predict_proba(X), also.predict_proba(X))
    with pytest.raises(OptionError, match="random_state='x' is no seed"):
        clone(fitted).set_params(random_state="x").fit(X, y)


def test_global_random_state_and_directory_stay_untouched(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    X, y = make_table(60)
    np.random.seed(5)  # noqa: NPY002
    before = np.random.get_state(legacy=False)["state"]["key"].tolist()  # noqa: NPY002
    MetaTuneClassifier(**{**TWO_TRIALS, "random_state": None}).fit(X, y).predict(X)
    after = np.random.get_state(legacy=False)["state"]["key"].tolist()  # noqa: NPY002
    assert before == after
    assert list(tmp_path.iterdir()) == []


def test_run_directory(tmp_path: Path) -> None:
    X, y = make_table()
    model = MetaTuneClassifier(**QUICK, run_dir=tmp_path / "run").fit(X, y)
    names = {path.name for path in (tmp_path / "run").iterdir()}
    assert names - {"predictions"} == {
        *("model.skops", "trials.jsonl", "leaderboard.csv", "run.json", "data.parquet"),
        *("findings.json", "findings.npz", "rows.npy"),
    }
    assert (load(tmp_path / "run").predict(X) == model.predict(X)).all()
    with pytest.raises(
        OptionError, match=r"not empty: name another with run_dir, or .* resume=True"
    ):
        model.fit(X, y)


def test_an_executor_is_used_and_left_open() -> None:
    X, y = make_table()
    with InlineExecutor() as executor:
        model = MetaTuneClassifier(**QUICK, executor=executor).fit(X, y)
        assert executor.idle == 1
    assert len(model.trials_) == 1


def test_clones_share_the_executor() -> None:
    X, y = make_table()
    with LocalPool(1) as pool:
        model = MetaTuneClassifier(**QUICK, executor=pool)
        assert clone(model).executor is pool
        assert len(cross_val_score(model, X, y, cv=2)) == 2
        assert pool.idle == 1


def test_a_small_fit_costs_little() -> None:
    rng = np.random.default_rng(0)
    X = rng.normal(size=(100, 5))
    model = MetaTuneClassifier(**TWO_TRIALS)
    seconds = []
    for _ in range(3):  # the first starts the server of workers; others may use the machine
        watch = Stopwatch()
        model.fit(X, X[:, 0] > 0)
        seconds.append(watch.seconds())
    assert min(seconds) < 3.0  # half a second on a machine that does nothing else


def test_verbose_tells_of_trials(capfd: pytest.CaptureFixture[str]) -> None:
    X, y = make_table()
    MetaTuneClassifier(**TWO_TRIALS, verbose=2).fit(X, y)
    told = capfd.readouterr()
    assert "trial 0, decision_tree: roc_auc 0." in told.err
    assert "trial 1, lightgbm: roc_auc 0." in told.err
    assert told.out == ""


@pytest.mark.parametrize(
    ("parameters", "words"),
    [
        ({"budget": "soon"}, "not a duration"),
        ({"max_trials": 0}, "at least 1"),
        ({"include": "lightgbm"}, "give a sequence"),
        ({"include": ["lightgmb"]}, "did you mean 'lightgbm'"),
        ({"strategy": "randm"}, "no strategy 'randm': did you mean 'random'"),
        ({"strategy": 3}, "give the name of a strategy, like 'tpe'"),
        ({"cold_start": True}, "'metatune' consists of what past datasets advise"),
        ({"strategy": "random", "cold_start": "yes"}, "give True or False"),
        ({"metric": "rmse"}, "does not fit"),
        ({"n_jobs": 0}, "n_jobs=0"),
        ({"metadata": "nowhere"}, "metadata='nowhere' is no folder"),
        ({"callbacks": ["mlflow"]}, "callbacks= holds a str"),
        ({"memory_limit": "12 apples"}, "12 apples"),
    ],
)
def test_parameters_that_cannot_work(parameters: dict[str, Any], words: str) -> None:
    with pytest.raises(OptionError, match=words):
        MetaTuneClassifier(**{**QUICK, **parameters}).fit(*make_table())


def test_targets_that_cannot_be_learned() -> None:
    X, _ = make_table()
    with pytest.raises(TargetError, match="one class only"):
        MetaTuneClassifier(**QUICK).fit(X, ["same"] * len(X))
    with pytest.raises(ValueError, match="contains NaN"):
        MetaTuneRegressor(**QUICK).fit(X, [np.nan] * len(X))


def test_an_unguarded_script_works(tmp_path: Path) -> None:
    script = tmp_path / "script.py"
    script.write_text(
        "import numpy as np\n"
        "from metatune import MetaTuneRegressor\n"
        "print('started')\n"
        "X = np.random.default_rng(0).normal(size=(60, 2))\n"
        "y = X[:, 0] + np.random.default_rng(1).normal(size=60)\n"
        "model = MetaTuneRegressor(max_trials=2, n_jobs=2, random_state=0).fit(X, y)\n"
        "print(len(model.trials_))\n"
    )
    done = subprocess.run(
        [sys.executable, str(script)],
        capture_output=True,
        text=True,
        timeout=60,
        cwd=tmp_path,
        check=False,
    )
    assert (done.stdout, done.stderr) == ("started\n2\n", "")


def test_arrays_and_tables_take_each_others_place() -> None:
    rng = np.random.default_rng(3)
    X = rng.normal(size=(80, 3))
    table, y = pd.DataFrame(X, columns=list("abc")), X[:, 0] > 0
    from_table = MetaTuneClassifier(**QUICK).fit(table, y)
    from_array = MetaTuneClassifier(**QUICK).fit(X, y)
    expected = from_table.predict_proba(table)
    assert np.array_equal(from_table.pipeline_.predict_proba(X), expected)
    assert np.array_equal(from_array.pipeline_.predict_proba(table), expected)
    with pytest.warns(UserWarning, match="does not have valid feature names"):
        assert np.array_equal(from_table.predict_proba(X), expected)
    with pytest.warns(UserWarning, match="fitted without feature names"):
        assert np.array_equal(from_array.predict_proba(table), expected)


def test_cells_that_cannot_be_used_warn(fitted: MetaTuneClassifier) -> None:
    X, _ = make_table()
    with pytest.warns(UnusedCellsWarning, match="column 'city' is lost") as caught:
        fitted.predict(X.assign(city="Paris"))
    assert len(caught) == 1


@pytest.mark.parametrize("names", [[0, "b"], [None, "b"], [("a", 1), ("b", 2)], [1.5, 2.5]])
def test_odd_names_are_taken_as_texts(names: list[Any]) -> None:
    rng = np.random.default_rng(4)
    X = pd.DataFrame(rng.normal(size=(40, 2))).set_axis(names, axis="columns")
    model = MetaTuneClassifier(**QUICK).fit(X, X.iloc[:, 0] > 0)
    assert len(model.predict(X)) == 40


@pytest.mark.parametrize("names", [["a", "a"], [0, "0"], [("a",), "('a',)"]])
def test_names_that_are_the_same_are_refused(names: list[Any]) -> None:
    X = pd.DataFrame(np.arange(80.0).reshape(40, 2)).set_axis(names, axis="columns")
    with pytest.raises(InputError, match="several columns are called"):
        MetaTuneClassifier(**QUICK).fit(X, [0, 1] * 20)


@pytest.mark.parametrize("include", ["linear", "lightgbm", "extra_trees", "knn"])
def test_the_pipeline_is_one_of_scikit_learn(include: str) -> None:
    X, y = make_table()
    model = MetaTuneClassifier(**QUICK, include=[include]).fit(X, y)
    weights = np.where(y == "buys", 1.0, 0.0) + (np.arange(len(y)) % 2)
    refitted = clone(model.pipeline_).fit(X, y, model__sample_weight=weights)
    even = clone(model.pipeline_).fit(X, y)
    assert (refitted.predict_proba(X) != even.predict_proba(X)).any()
    with pytest.raises(OptionError, match="sample_weight"):
        clone(model.pipeline_).fit(X, y, model__sample_weight=-weights)
    names = even[:-1].get_feature_names_out()
    framed = clone(model.pipeline_).set_output(transform="pandas").fit(X, y)
    assert list(framed[:-1].transform(X).columns) == list(names)
    assert np.allclose(framed.predict_proba(X), even.predict_proba(X))


def test_an_ensemble_is_refitted_with_weights() -> None:
    X, y = make_table()
    model = MetaTuneClassifier(**{**QUICK, "max_trials": 6}).fit(X, y)
    weights = 1.0 + (np.arange(len(y)) % 3)
    assert model.leaderboard_["algorithm"][0] == "ensemble"
    refitted = clone(model.pipeline_).fit(X, y, model__sample_weight=weights)
    assert set(refitted.predict(X)) <= {"buys", "leaves"}


def test_a_saved_model_keeps_the_name_of_its_target(
    fitted: MetaTuneClassifier, tmp_path: Path
) -> None:
    fitted.save(tmp_path / "m.skops")
    assert model_info(load(tmp_path / "m.skops"))["target"] == "deed"
