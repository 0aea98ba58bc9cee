"""Second layers on predictions that a build kept: fitted on one half, judged on the other."""

import json
from collections.abc import Callable
from pathlib import Path

import numpy as np
from click.testing import Result

from metatune.data.encoding.encoded_task import EncodedTask
from metatune.data.encoding.layout import Layout
from metatune.evaluation.trial_data import TrialData
from metatune.kinds import TaskKind

N_ROWS = 420


def make_build(folder: Path) -> tuple[Path, Path]:
    """A work directory of two tables, and predictions of each factor of the target."""
    rng = np.random.default_rng(0)
    for name in ("product", "few"):
        X = rng.normal(size=(N_ROWS, 3))
        y = X[:, 0] * X[:, 1] + 0.1 * rng.normal(size=N_ROWS)
        layout = Layout(names=("a", "b", "c"), n_levels=(0, 0, 0))
        task = EncodedTask(X=X, y=y, layout=layout, kind=TaskKind.REGRESSION)
        TrialData.make(task, ("rmse",), seed=0, n_folds=3).save(folder / "work" / name / "data")
        about = folder / "work" / name / "dataset.json"
        about.write_text(json.dumps({"n_rows": N_ROWS}), encoding="utf-8")
        kept = folder / "kept" / name
        kept.mkdir(parents=True)
        for number in range(13 if name == "product" else 5):
            known = X[:, number % 2] + 0.1 * number * rng.normal(size=N_ROWS)
            np.save(kept / f"{number:012x}.npy", (0.1 * known).astype(np.float16))
    return folder / "work", folder / "kept"


def test_a_layer_that_knows_more_is_better_on_the_other_half(
    bench: Callable[..., Result], tmp_path: Path
) -> None:
    work, kept = make_build(tmp_path)
    ended = bench("second-layer", "--work", work, "--predictions", kept, "--min-rows", 400)
    assert ended.exit_code == 0, ended.output
    assert "few" not in ended.output  # too few configurations
    rows = {line.split("|")[1].strip(): line.split("|") for line in ended.output.splitlines()[1:]}
    assert float(rows["offered"][3]) < -5.0
    assert rows["offered"][5].strip() == "1 : 0"
    assert "extra_trees alone" in rows
    assert "linear alone" in rows
