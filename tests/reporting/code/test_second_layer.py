"""Scripts train and predict as ensembles with a second layer do."""

import os
import subprocess
import sys
from dataclasses import replace
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from ended_search import EndedSearch, make_run, make_table

from metatune.data.reading.table_reader import read_table
from metatune.ensemble.report import ensemble_record
from metatune.errors import ExportError
from metatune.evaluation.rungs import FoldPlan
from metatune.reporting.code.ensembles import ensemble_constants
from metatune.reporting.code.export import joined_model, model_script
from metatune.reporting.code.held_out import with_models_of_folds
from metatune.reporting.code.members import SavedParts, split_model
from metatune.reporting.code.models import prediction_names
from metatune.reporting.code.reading import TableFile
from metatune.reporting.code.table import KnownTable
from metatune.storage.record import EnsembleRecord, Member

PLAN = FoldPlan(n_splits=3, rare_first=False)


def table_of(target: str) -> pd.DataFrame:
    table = make_table()
    return table.drop(columns=[c for c in ("price", "buys", "grade") if c != target])


def saved_parts(run: EndedSearch) -> SavedParts:
    final = run.finish()
    told = ensemble_record(final.plan, final.members, final.second)
    assert told is not None
    record = EnsembleRecord(**{**told, "members": tuple(Member(**m) for m in told["members"])})
    return split_model(final.pipeline, record, final.trial, averaged=True)


def script_of(run: EndedSearch, saved: SavedParts, path: Path) -> str:
    read = read_table(path)
    names = tuple(map(str, read.frame.columns))
    table = KnownTable(
        task=run.prepared.task,
        encoder=run.prepared.encoder,
        raw_target=read.frame[run.prepared.task.target],
        file=TableFile(path=str(path), source=read.source, names=names),
    )
    return model_script(saved, table, run.prepared.data, PLAN, title="Test.")


def alone(script: Path, *words: str | Path) -> None:
    """Run a script in a process in which metatune cannot be imported."""
    code = "import runpy, sys; sys.modules['metatune'] = None; sys.argv = sys.argv[1:]; "
    code += "runpy.run_path(sys.argv[0], run_name='__main__')"
    command = [sys.executable, "-W", "ignore", "-c", code, str(script), *map(str, words)]
    ended = subprocess.run(
        command, capture_output=True, text=True, check=False, env={**os.environ, "PYTHONPATH": ""}
    )
    assert ended.returncode == 0, ended.stderr


@pytest.mark.filterwarnings("ignore")
@pytest.mark.parametrize("target", ["grade", "price"])
def test_script_predicts_as_both_layers_do(target: str, tmp_path: Path) -> None:
    path, new = tmp_path / "table.csv", make_table(500).tail(100).drop(columns=target)
    table_of(target).to_csv(path, index=False)
    run = make_run(tmp_path, target, table=make_table())
    saved = saved_parts(run)
    assert saved.second is not None
    again = with_models_of_folds(saved, run.history.results, run.prepared.data)
    script, model, answer = (tmp_path / name for name in ("script.py", "model", "answer.csv"))
    script.write_text(script_of(run, again, path))
    new.to_csv(tmp_path / "new.csv", index=False)
    alone(script, "train", path, "--model", model)
    alone(script, "predict", tmp_path / "new.csv", "--model", model, "-o", answer)
    theirs = pd.read_csv(answer)
    ours = joined_model(saved, run.prepared.encoder, run.prepared.task)
    if target == "price":
        np.testing.assert_allclose(theirs[target], ours.predict(new), rtol=1e-6, atol=1e-6)
    else:
        assert theirs[target].tolist() == ours.predict(new).tolist()
        np.testing.assert_allclose(theirs.iloc[:, 1:], ours.predict_proba(new), atol=1e-6)


@pytest.mark.filterwarnings("ignore")
def test_trial_that_is_lost_and_rows_in_no_fold_are_refused(tmp_path: Path) -> None:
    run = make_run(tmp_path, "price")
    saved, data = saved_parts(run), run.prepared.data
    with pytest.raises(ExportError, match="is not known"):
        with_models_of_folds(saved, (), data)
    cut = [replace(fold, train=fold.train[:50]) for fold in data.folds]
    with pytest.raises(ExportError, match="a part of the rows"):
        with_models_of_folds(saved, run.history.results, replace(data, folds=tuple(cut)))


@pytest.mark.filterwarnings("ignore")
def test_predictions_have_names_that_no_column_has(tmp_path: Path) -> None:
    run = make_run(tmp_path, "price")
    layout = run.prepared.data.task.layout
    assert prediction_names(2, layout) == ["prediction 1", "prediction 2"]
    taken = replace(layout, names=("prediction 1", *layout.names[1:]))
    assert prediction_names(1, taken) == ["member prediction 1"]
    constants = ensemble_constants(saved_parts(run), run.prepared.data)
    assert len(constants["PREDICTIONS"]) == len(constants["SHARES"])
