"""Parts of the estimators: checks of data and parameters, splits, remarks, copies."""

import pickle
from typing import Any

import numpy as np
import pandas as pd
import pytest
from sklearn.base import clone
from sklearn.model_selection import KFold

from metatune import MetaTuneClassifier, MetaTuneRegressor
from metatune.data.task.make_task import make_task_from_arrays
from metatune.errors import OptionError, TableError, UnknownColumnsWarning
from metatune.estimate.values import NoEstimate
from metatune.estimators.checks import check_rows, check_training_data, column_names
from metatune.estimators.contract import ScikitLearnEstimator
from metatune.estimators.parameters import read_names, read_request, read_seed, read_weights
from metatune.estimators.remarks import remarks_on
from metatune.estimators.splits import read_held_out, with_splits
from metatune.evaluation.rungs import Rung
from metatune.evaluation.trial import Trial, TrialResult, TrialStatus
from metatune.execution.executor import InlineExecutor
from metatune.search.history import History
from metatune.search.outcome import Ended
from metatune.space import Configuration
from metatune.storage.door import Door
from metatune.storage.training_data import TrainingData
from metatune.tuning.result import TuningResult

FRAME = pd.DataFrame({"a": [1.0, 2.0, 3.0, 4.0], "b": ["x", "y", "x", "y"]})
Y = np.array([0, 1, 0, 1])


def test_a_table_keeps_its_columns_and_an_array_becomes_one() -> None:
    model = MetaTuneClassifier()
    X, y = check_training_data(model, FRAME, Y)
    assert X is FRAME
    assert y.tolist() == Y.tolist()
    assert model.feature_names_in_.tolist() == ["a", "b"]
    X, _ = check_training_data(MetaTuneRegressor(), [[1, None], [2, 3]], [1.5, 2.5])
    assert X.shape == (2, 2)
    assert column_names(FRAME) == ["a", "b"]
    assert column_names(X) == []


def test_a_single_row_is_too_little() -> None:
    with pytest.raises(TableError, match="n_samples=1 is too little"):
        check_training_data(MetaTuneClassifier(), FRAME[:1], Y[:1])


def test_columns_that_the_fit_did_not_know_are_ignored_with_a_warning() -> None:
    model = MetaTuneClassifier()
    check_training_data(model, FRAME, Y)
    model.pipeline_ = None
    with pytest.warns(UnknownColumnsWarning, match="1 column .* ignored: 'c'"):
        found = check_rows(model, FRAME.assign(c=0))
    assert list(found.columns) == ["a", "b"]
    assert list(check_rows(model, FRAME[["b", "a"]]).columns) == ["a", "b"]
    with pytest.raises(ValueError, match="feature names"):
        check_rows(model, FRAME[["b"]])


def test_parameters_are_asked_for_as_a_run_of_python() -> None:
    model = MetaTuneClassifier(budget="2m", include=["knn"], max_trials=3, random_state=7)
    request = read_request(model, classification=True)
    assert request.door is Door.PYTHON
    assert (request.options.task, request.options.include) == ("classification", ("knn",))
    assert (request.options.max_trials, request.options.seed) == (3, 7)
    assert request.seed_given
    assert request.directory is None


@pytest.mark.parametrize(
    ("given", "message"),
    [
        ({"budget": []}, r"budget=\[\] is of type list: give seconds"),
        ({"max_trials": 0}, "max_trials=0 is too few"),
        ({"max_trials": 2.5}, "max_trials=2.5 is of type float: give a whole number"),
        ({"n_jobs": True}, "n_jobs=True is of type bool"),
        ({"include": "knn"}, r"is a text: give a sequence, like \['knn'\]"),
        ({"include": ["no_such"]}, "no_such"),
        ({"max_size": "large"}, "large"),
    ],
)
def test_parameters_that_cannot_work_are_refused_in_one_line(
    given: dict[str, Any], message: str
) -> None:
    with pytest.raises(OptionError, match=message) as caught:
        read_request(MetaTuneClassifier(**given), classification=True)
    assert "\n" not in str(caught.value)


def test_names_may_be_one_or_several_but_no_text() -> None:
    assert read_names(None, "include") == ()
    assert read_names({"knn"}, "include") == ("knn",)
    with pytest.raises(OptionError, match="holds 3"):
        read_names([3], "include")
    with pytest.raises(OptionError, match="holds 3"):
        read_names(3, "include")


def test_seeds_come_from_numbers_and_generators_and_never_from_the_global_state() -> None:
    state = np.random.get_state(legacy=False)["state"]["key"].copy()  # noqa: NPY002
    assert read_seed(5) == 5
    assert read_seed(np.random.RandomState(1)) == read_seed(np.random.RandomState(1))
    assert read_seed(None) != read_seed(None)
    assert (np.random.get_state(legacy=False)["state"]["key"] == state).all()  # noqa: NPY002
    with pytest.raises(OptionError, match="is no seed"):
        read_seed("one")


def test_weights_are_checked_as_scikit_learn_does() -> None:
    assert read_weights(None, 3) is None
    found = read_weights([1, 2, 0], 3)
    assert found is not None
    assert found.tolist() == [1.0, 2.0, 0.0]
    for wrong in ([1, 2], [1, -1, 1]):
        with pytest.raises(OptionError):
            read_weights(wrong, 3)


def given_data() -> TrainingData:
    return TrainingData(X=FRAME, y=Y, classification=True)


def test_splits_stand_for_what_cv_does() -> None:
    plain = with_splits(given_data(), None, None)
    assert plain.splits is None
    split = with_splits(given_data(), KFold(2), None)
    assert split.splits is not None
    assert split.splits.shape == (4, 2)
    judged = (split.splits == 2).sum(axis=1)
    assert judged.tolist() == [1, 1, 1, 1]


def test_further_rows_are_judged_by_and_exclude_other_splits() -> None:
    model = MetaTuneClassifier()
    check_training_data(model, FRAME, Y)
    held_out = read_held_out(model, (FRAME[:2], [0, 1]))
    found = with_splits(given_data(), None, held_out)
    assert len(found.X) == len(found.y) == 6
    with pytest.raises(OptionError, match="is a split already"):
        with_splits(given_data(), KFold(2), held_out)
    with pytest.raises(OptionError, match="must be a pair"):
        read_held_out(model, FRAME)
    with pytest.raises(OptionError, match="holds no rows"):
        read_held_out(model, (FRAME[:0], []))
    assert read_held_out(model, None) is None


def result(*, beats_constant: bool) -> TuningResult:
    configuration = Configuration(algorithm="knn", params={"k": 1})
    trial = Trial(
        number=0,
        configuration=configuration,
        rung=Rung(index=0, row_share=1.0, n_folds=1),
        seed=0,
    )
    task = make_task_from_arrays(FRAME, Y, classification=True)
    failed = TrialResult(trial=trial, status=TrialStatus.FAILED, error="no luck")
    return TuningResult(
        pipeline=None,
        history=History(task.metric, [failed]),
        advice=None,
        score=0.5,
        estimate=NoEstimate(reason="none"),
        constant_score=0.5,
        beats_constant=beats_constant,
        winner=None,
        fitted_on="all rows",
        ended=Ended.TRIALS,
        seconds=1.0,
        timings={},
    )


def test_a_model_that_is_the_constant_is_remarked_with_the_causes() -> None:
    task = make_task_from_arrays(FRAME, Y, classification=True)
    (remark,) = remarks_on(task, result(beats_constant=False))
    assert "no model beat the constant prediction" in remark
    assert "1 x failed: knn: no luck" in remark
    assert remarks_on(task, result(beats_constant=True)) == []


def test_a_guessed_positive_class_is_remarked_where_the_metric_depends_on_it() -> None:
    labels = np.array(["a", "b", "b", "b"])
    task = make_task_from_arrays(FRAME, labels, classification=True, metric="f1")
    (remark,) = remarks_on(task, result(beats_constant=True))
    assert "positive class 'a'" in remark


def test_a_copy_shares_the_executor_and_a_fitted_model_travels_without() -> None:
    with InlineExecutor() as executor:
        model = MetaTuneClassifier(executor=executor, include=["knn"])
        copy = clone(model)
        assert isinstance(copy, ScikitLearnEstimator)
        assert copy.executor is executor
        assert copy.include is not model.include
        model.pipeline_ = None
        assert pickle.loads(pickle.dumps(model)).executor is None
