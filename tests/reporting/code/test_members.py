"""Parts of saved models, dealt to their members."""

import numpy as np
from sklearn.dummy import DummyRegressor
from sklearn.pipeline import Pipeline

from metatune.models.ensemble import EnsembleRegressor
from metatune.models.second_layer import SecondLayer
from metatune.reporting.code.members import SavedParts, single_part, split_model
from metatune.storage.record import EnsembleRecord, Member


def constant(value: float) -> DummyRegressor:
    return DummyRegressor(strategy="constant", constant=value).fit(np.zeros((2, 1)), [0.0, 1.0])


def folds_of(saved: SavedParts) -> list[int | None]:
    return [part.fold for part in saved.parts]


def record(*members: tuple[int | None, str, float]) -> EnsembleRecord:
    return EnsembleRecord(
        members=tuple(Member(trial=t, algorithm=name, weight=w) for t, name, w in members),
        score=None,
        single_score=None,
        gain=None,
        gain_error=None,
        temperature=1.0,
        shifts=(),
        decision=(),
    )


def test_model_of_all_rows_beside_one_of_a_fold_is_told_from_two_of_folds() -> None:
    mean = EnsembleRegressor([constant(1.0), constant(2.0)], [0.5, 0.5])
    pipeline = Pipeline([("table", "passthrough"), ("model", mean)])
    assert folds_of(split_model(pipeline, None, 4, averaged=True)) == [None, 0]
    assert folds_of(split_model(pipeline, None, 4, averaged=False)) == [0, 1]


def test_member_that_only_a_second_layer_looks_at_keeps_its_model() -> None:
    second = SecondLayer([constant(0.0)], [True], [1.0], [0, 1], [1.0, 1.0])
    mean = EnsembleRegressor([constant(1.0), constant(2.0)], [0.0, 0.0], None, second)
    pipeline = Pipeline([("table", "passthrough"), ("model", mean)])
    told = record((5, "linear", 0.0), (3, "knn", 0.0), (None, "second layer of linear", 1.0))
    saved = split_model(pipeline, told, 3, averaged=True)
    assert saved.second is not None
    assert saved.second.trials == (5, 3)
    assert [part.weight for part in saved.second.learners] == [1.0]
    assert [part.trial for part in saved.parts] == [5, 3]
    alone = single_part(saved, 3, ())
    assert [(part.model.constant, part.weight) for part in alone.parts] == [(2.0, 1.0)]
