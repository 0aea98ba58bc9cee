"""Scorers and functions of the user as metrics."""

import functools
import pickle
from typing import Any

import numpy as np
import pytest
from sklearn import metrics as sk
from sklearn.metrics import make_scorer

from metatune.errors import OptionError
from metatune.kinds import TaskKind
from metatune.metrics import Form, Metric, choose_metric, metric_name, resolve_metric
from metatune.metrics.functions import UserFunction, function_name, read_function

RNG = np.random.default_rng(0)
Y = (RNG.random(80) < 0.3).astype(int)
P = RNG.dirichlet([2, 1], 80)
SAID = P.argmax(axis=1)
TEXTS, NUMBERS = np.array(["bad", "good"]), np.array([0, 1])


def chosen(metric: Any, classes: Any = NUMBERS, positive: Any = None) -> Metric:
    found, _ = choose_metric(metric, TaskKind.BINARY, Y, classes, positive=positive)
    travelled: Metric = pickle.loads(pickle.dumps(found))
    return travelled


def cost(y_true: Any, y_pred: Any) -> float:
    return float(np.mean(5.0 * ((y_true == 1) & (y_pred == 0)) + ((y_true == 0) & (y_pred == 1))))


def hits(y_true: Any, y_pred: Any) -> float:
    return float(np.mean(y_true == y_pred))


def own_scorer(estimator: Any, X: Any, y: Any) -> float:
    return float(sk.roc_auc_score(y, estimator.predict_proba(X)[:, 1]))


def test_make_scorer() -> None:
    metric = chosen(make_scorer(sk.fbeta_score, beta=2))
    assert metric.score(Y, P) == pytest.approx(sk.fbeta_score(Y, SAID, beta=2))
    assert metric.form is Form.LABELS
    assert metric.greater_is_better
    assert metric.decides
    assert "fbeta_score" in metric.name


def test_make_scorer_with_text_labels_is_about_the_positive_class() -> None:
    metric = chosen(make_scorer(sk.fbeta_score, beta=2), TEXTS, "bad")
    expected = sk.fbeta_score(Y, SAID, beta=2, pos_label=0)
    assert metric.score(Y, P) == pytest.approx(expected)
    assert metric.is_sided


def test_make_scorer_may_name_the_label() -> None:
    metric = chosen(make_scorer(sk.f1_score, pos_label="bad"), TEXTS)
    assert metric.score(Y, P) == pytest.approx(sk.f1_score(Y, SAID, pos_label=0))


def test_losses_of_make_scorer_keep_their_sign() -> None:
    scorer = make_scorer(sk.log_loss, greater_is_better=False, response_method="predict_proba")
    metric = chosen(scorer)
    assert metric.score(Y, P) == pytest.approx(-sk.log_loss(Y, P))
    assert metric.form is Form.PROBABILITIES
    assert not metric.decides


@pytest.mark.parametrize(
    ("function", "greater", "expected"),
    [
        (cost, False, cost(Y, SAID)),
        (hits, True, hits(Y, SAID)),
        (sk.cohen_kappa_score, True, sk.cohen_kappa_score(Y, SAID)),
        (sk.zero_one_loss, False, sk.zero_one_loss(Y, SAID)),
        (functools.partial(sk.fbeta_score, beta=2), True, sk.fbeta_score(Y, SAID, beta=2)),
        (lambda y_true, y_pred: 2.0 * hits(y_true, y_pred), True, 2.0 * hits(Y, SAID)),
        (sk.roc_auc_score, True, sk.roc_auc_score(Y, P[:, 1])),
        (sk.log_loss, False, sk.log_loss(Y, P)),
        (sk.brier_score_loss, False, sk.brier_score_loss(Y, P[:, 1])),
        (own_scorer, True, sk.roc_auc_score(Y, P[:, 1])),
        (sk.get_scorer("f1"), True, sk.f1_score(Y, SAID)),
    ],
)
def test_functions(function: Any, greater: bool, expected: float) -> None:
    metric = chosen(function)
    assert metric.greater_is_better is greater
    assert metric.score(Y, P) == pytest.approx(expected)
    assert metric.name.endswith(")")


def test_functions_of_values() -> None:
    y = RNG.normal(size=50)
    for function, greater in ((sk.mean_pinball_loss, False), (sk.explained_variance_score, True)):
        metric, _ = choose_metric(function, TaskKind.REGRESSION, y, None)
        assert metric.greater_is_better is greater
        assert metric.form is Form.VALUES
        assert metric.score(y, y + 1.0) == pytest.approx(function(y, y + 1.0))


def test_functions_of_several_classes() -> None:
    y = np.arange(60) % 4
    scorer = make_scorer(sk.cohen_kappa_score, weights="quadratic")
    metric, _ = choose_metric(scorer, TaskKind.MULTICLASS, y, np.array([10, 20, 30, 40]))
    assert metric.form is Form.LABELS
    assert metric.score(y, np.eye(4)[y]) == 1.0


@pytest.mark.parametrize(
    ("function", "words"),
    [
        (sk.fbeta_score, "'beta'"),
        (len, "cannot score|cannot be called"),
        (lambda y_true, y_pred: 1 / 0, "ZeroDivisionError"),
        (lambda y_true, y_pred: 0.5, "direction"),
        (lambda estimator, X, y: X[:, 3].sum(), "cannot score"),
        (sk.mean_squared_log_error, "direction|cannot|undefined"),
        (["roc_auc"], "is of type list"),
        ({"a": "roc_auc"}, "is of type dict"),
        (5, "is of type int"),
    ],
)
def test_others_are_refused_in_a_line(function: Any, words: str) -> None:
    if function is sk.mean_squared_log_error:
        with pytest.raises(OptionError, match=words) as caught:
            choose_metric(function, TaskKind.REGRESSION, np.array([-5.0, 2.0, 3.0, 4.0]), None)
    else:
        with pytest.raises(OptionError, match=words) as caught:
            chosen(function)
    assert "\n" not in str(caught.value)


def test_names() -> None:
    assert metric_name(None) is None
    assert metric_name("f1") == "f1"
    assert metric_name(cost) == "cost()"
    assert metric_name(lambda y, p: 0.0) == "<lambda>()"
    with pytest.raises(OptionError, match="only Python can compute it"):
        resolve_metric("cost()", TaskKind.BINARY)


@pytest.mark.parametrize("name", ["recall", "precision"])
def test_one_sided_metrics_choose_no_threshold(name: str) -> None:
    assert not chosen(name).decides


@pytest.mark.parametrize("name", ["f1", "accuracy", "balanced_accuracy", "matthews_corrcoef"])
def test_other_metrics_of_labels_do(name: str) -> None:
    assert chosen(name).decides


def test_weights_are_refused_where_a_function_takes_none() -> None:
    assert not chosen(cost).weighs
    assert chosen(make_scorer(sk.fbeta_score, beta=2)).weighs


def test_a_function_is_read_once_and_called_with_labels_or_probabilities() -> None:
    def of_labels(y_true: Any, y_pred: Any) -> float:
        return float(np.mean(y_true == y_pred))

    def of_probabilities(y_true: Any, y_score: Any) -> float:
        return float(np.mean(y_score[y_true == 1]))

    y, p = np.array([0, 1]), np.array([[0.9, 0.1], [0.4, 0.6]])
    labels = read_function(of_labels)
    assert isinstance(labels, UserFunction)
    assert (labels.name, labels.of_probabilities, labels.is_scorer) == ("of_labels()", False, False)
    assert labels(y, p, None) == 1.0
    probabilities = read_function(of_probabilities)
    assert probabilities.of_probabilities
    assert probabilities(y, p, None) == 0.6
    assert pickle.loads(pickle.dumps(probabilities))(y, p, None) == 0.6


def test_a_name_is_short_and_ends_with_a_bracket() -> None:
    assert function_name(sk.make_scorer(sk.fbeta_score, beta=2)).endswith(")")
    assert function_name(sk.accuracy_score) == "accuracy_score()"
