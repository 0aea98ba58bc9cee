"""Weights, groups and times of rows on their way into trials."""

from pathlib import Path

import numpy as np

from metatune.data.encoding.encoded_task import EncodedTask
from metatune.data.encoding.layout import Layout
from metatune.data.row_metadata import RowMetadata
from metatune.evaluation.trial_data import TrialData
from metatune.kinds import TaskKind

N = 120


def make_task() -> EncodedTask:
    rng = np.random.default_rng(0)
    X = rng.normal(size=(N, 2))
    layout = Layout(names=("a", "b"), n_levels=(0, 0))
    return EncodedTask(X=X, y=X[:, 0], layout=layout, kind=TaskKind.REGRESSION)


def test_row_metadata_survives_the_way_to_the_workers(tmp_path: Path) -> None:
    row_metadata = RowMetadata(weights=np.linspace(0.5, 1.5, N), groups=np.arange(N) % 7)
    TrialData.make(make_task(), ("rmse",), seed=0, row_metadata=row_metadata).save(tmp_path)
    loaded = TrialData.load(tmp_path)
    assert loaded.weights is not None
    assert loaded.weights.tolist() == np.linspace(0.5, 1.5, N).tolist()
    assert loaded.row_metadata.groups is not None
    assert loaded.row_metadata.groups.tolist() == (np.arange(N) % 7).tolist()
    assert loaded.row_metadata.times is None


def test_without_row_metadata_all_rows_count_alike(tmp_path: Path) -> None:
    TrialData.make(make_task(), ("rmse",), seed=0).save(tmp_path)
    loaded = TrialData.load(tmp_path)
    assert loaded.row_metadata.is_plain
    assert loaded.weights is None


def test_training_rows_of_unequal_folds_are_averaged() -> None:
    data = TrialData.make(
        make_task(), ("rmse",), seed=0, n_folds=4, row_metadata=RowMetadata(times=np.arange(N))
    )
    assert [len(fold.train) for fold in data.folds] == [100, 80, 60, 40]
    assert data.n_train_rows == 70
