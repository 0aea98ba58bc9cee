"""A table with texts from the search to the model file."""

from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from metatune.budget import Budget, Deadline
from metatune.data.task.make_task import make_task
from metatune.execution.executor import Executor, InlineExecutor
from metatune.execution.local_pool import LocalPool
from metatune.models import model_file
from metatune.storage.directory import RunDirectory
from metatune.tuning.options import TuneOptions
from metatune.tuning.result import TuningResult
from metatune.tuning.tune import tune

GOOD = np.array(["love it", "works great", "excellent sound", "very happy", "as described"])
BAD = np.array(["broken again", "waste of money", "stopped working", "sends noise", "as expected"])


def make_table(n_rows: int = 200, seed: int = 0) -> pd.DataFrame:
    rng = np.random.default_rng(seed)
    y = rng.integers(0, 2, n_rows)
    told = np.where(y == 1, rng.choice(GOOD, n_rows), rng.choice(BAD, n_rows))
    days = rng.integers(1, 30, n_rows)
    texts = [f"{text} after {d} days" for text, d in zip(told, days, strict=True)]
    return pd.DataFrame({"review": texts, "stars": rng.normal(size=n_rows), "kept": y})


def run(metadata: Path, executor: Executor, run_dir: RunDirectory | None = None) -> TuningResult:
    options = TuneOptions(
        budget=Budget(seconds=300.0, max_trials=6),
        include=("linear", "decision_tree", "naive_bayes"),
        seed=1,
        metadata=metadata,
    )
    return tune(
        make_task(make_table(), target="kept"),
        options,
        deadline=Deadline.after(300.0),
        executor=executor,
        directory=run_dir,
    )


def test_texts_are_understood_and_the_model_file_holds_them(
    metadata_dir: Path, tmp_path: Path
) -> None:
    run_dir = RunDirectory.check(tmp_path / "run", overwrite=False)
    run_dir.make()
    result = run(metadata_dir, InlineExecutor(), run_dir)
    new = make_table(seed=1)
    loaded = model_file.load(tmp_path / "run")
    said = loaded.predict_proba(new)
    assert ((said[:, 1] > 0.5) == new["kept"]).mean() > 0.85
    np.testing.assert_array_equal(said, result.pipeline.predict_proba(new))
    cut = new.drop(columns="kept")[["stars", "review"]]
    cut.loc[0, "review"] = None
    assert np.isfinite(loaded.predict_proba(cut)).all()


@pytest.mark.slow
def test_workers_see_the_same_columns(metadata_dir: Path) -> None:
    here = run(metadata_dir, InlineExecutor())
    with LocalPool(2) as pool:
        there = run(metadata_dir, pool)
    assert [r.score for r in here.history.results] == [r.score for r in there.history.results]
