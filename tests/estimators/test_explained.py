"""Explanations of fitted estimators."""

from dataclasses import replace

import numpy as np
import pytest
from mixed_table import QUICK, make_table

from metatune import MetaTuneClassifier


def test_importances_stand_in_the_order_of_the_columns() -> None:
    X, y = make_table()
    model = MetaTuneClassifier(**QUICK).fit(X, y)
    found = model.feature_importances_
    assert found.shape == (model.n_features_in_,)
    assert found.max() > 0
    frame = model.explain().to_frame()
    leading = list(X.columns).index(frame["column"][0])
    assert found[leading] == pytest.approx(frame["importance"][0])


def test_importances_that_there_was_no_time_for_are_not_zero() -> None:
    X, y = make_table()
    model = MetaTuneClassifier(**QUICK).fit(X.assign(same="x"), y)
    assert model._found is not None
    findings = model._found.findings
    assert findings.importances is not None
    shorter = replace(findings.importances, columns=(), n_left_out=len(X.columns))
    model._found = replace(model._found, findings=replace(findings, importances=shorter))
    *measured, unused = model.feature_importances_
    assert np.isnan(measured).all()
    assert unused == 0.0


def test_predictions_of_rows_are_explained() -> None:
    X, y = make_table()
    model = MetaTuneClassifier(**QUICK).fit(X, y)
    explained = model.explain(X.iloc[:2]).rows
    assert len(explained) == 2
    for row, probabilities in zip(explained, model.predict_proba(X.iloc[:2]), strict=True):
        assert row.prediction == pytest.approx(
            probabilities[list(model.classes_).index(row.output)]
        )
        total = sum(one.share for one in row.contributions)
        assert total == pytest.approx(row.prediction - row.baseline)
