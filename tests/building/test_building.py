"""Building a meta-dataset from a catalogue: evaluate, stop, continue, assemble."""

import json
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
import pandas as pd
import pytest
from made_up_catalogue import pools

from metatune.algorithms.registry import ALGORITHMS
from metatune.budget import Deadline
from metatune.building.assemble import assemble
from metatune.building.catalogue import CatalogueEntry, load_entry, read_catalogue
from metatune.building.evaluation import (
    Ladder,
    PoolEvaluation,
    Protocol,
    protocol_rungs,
    read_known,
)
from metatune.building.protocol import Known
from metatune.data.encoding.shape import Shape
from metatune.errors import TableError
from metatune.evaluation.trial import Trial, TrialResult, TrialStatus
from metatune.execution.dask_executor import connect
from metatune.execution.executor import Handle, InlineExecutor, Job
from metatune.kinds import TaskKind
from metatune.metadataset.schema import constant_column
from metatune.metadataset.store import load_metadata, save_metadata, verify_metadata
from metatune.metrics import RECORDED_METRICS
from metatune.recommender.levels import TOP
from metatune.recommender.losses import share_of_log
from metatune.recommender.past import collect_past
from metatune.space import Configuration

if TYPE_CHECKING:
    from dask_cluster import Cluster

PROTOCOL = Protocol(max_rows=180, n_folds=3, rung_rows=40)


@pytest.fixture
def catalogue(tmp_path: Path) -> Path:
    rng = np.random.default_rng(0)
    rows = []
    for i, kind in enumerate(["binary", "regression"]):
        table = pd.DataFrame(rng.normal(size=(200, 3)), columns=["a", "b", "leak"])
        table["code"] = rng.integers(0, 3, 200)
        wish = table["a"] + table["code"]
        table["target"] = wish if kind == "regression" else (wish > 1).astype(int)
        table["leak"] = table["target"]
        table.to_csv(tmp_path / f"t{i}.csv", index=False)
        rows.append(
            {
                "file": f"t{i}.csv",
                "name": f"t{i}",
                "family": f"f{i}",
                "task": kind,
                "target": "target",
                "categorical_columns": "code",
                "leak_columns": "leak",
                "openml_id": "31" if i else "",
                "licence": "CC0",
            }
        )
    path = tmp_path / "catalogue.csv"
    pd.DataFrame(rows).to_csv(path, index=False)
    return path


class Counter(InlineExecutor):
    def __init__(self) -> None:
        super().__init__()
        self.submitted: list[Trial] = []

    def submit(self, job: Job, *, beside: bool = False) -> Handle:
        self.submitted.append(job.arguments[0])
        return super().submit(job, beside=beside)


def test_catalogue_entries_know_their_columns(catalogue: Path) -> None:
    one, two = read_catalogue(catalogue)
    assert (one.name, one.kind, one.openml_id, two.openml_id) == ("t0", TaskKind.BINARY, None, 31)
    task = load_entry(one, seed=0).encoded
    assert task.layout.names == ("a", "b", "code")
    assert task.layout.n_levels == (0, 0, 3)


def test_a_catalogue_without_needed_columns_is_refused(tmp_path: Path) -> None:
    (tmp_path / "c.csv").write_text("file,name\nx.csv,x\n")
    with pytest.raises(TableError, match="lacks the columns family, task, target"):
        read_catalogue(tmp_path / "c.csv")
    with pytest.raises(TableError, match="cannot be read"):
        read_catalogue(tmp_path / "none.csv")


def test_a_build_is_complete_verified_and_usable(catalogue: Path, tmp_path: Path) -> None:
    work, out = tmp_path / "work", tmp_path / "out"
    run = PoolEvaluation(work, pools(), InlineExecutor(), PROTOCOL)
    assert run.run(read_catalogue(catalogue), Deadline.never())
    save_metadata(assemble(work, pools()), out)
    assert verify_metadata(out) == []
    metadata = load_metadata(out)
    assert list(metadata.datasets["dataset"]) == ["t0", "t1"]
    assert set(metadata.datasets["n_rows"]) == {180}
    assert len(metadata.evaluations) == 2 * 2 * 2  # datasets, configurations, rungs
    assert (metadata.evaluations["cpu_seconds"] > 0).all()
    past = collect_past(metadata, TaskKind.BINARY, "log_loss")
    assert past.regret.shape == (1, 2)
    assert past.regret.min() == 0.0
    shares = share_of_log(past.values[0, :, TOP])
    assert shares.min() < 0.5  # the target follows from the columns
    assert shares.max() < 3.0


def test_a_build_on_a_cluster_gives_the_same(
    catalogue: Path, tmp_path: Path, dask_cluster: "Cluster"
) -> None:
    entries = read_catalogue(catalogue)
    scores = []
    for name in ("here", "there"):
        on_cluster = name == "there"
        with connect(dask_cluster.address) if on_cluster else InlineExecutor() as executor:
            run = PoolEvaluation(tmp_path / name, pools(), executor, PROTOCOL)
            assert run.run(entries, Deadline.never())
        built = assemble(tmp_path / name, pools()).evaluations
        by = ["dataset", "configuration", "rung", "metric"]
        known = [column for column in by if column in built.columns]
        scores.append(built.sort_values(known).filter(regex="status|fold|score"))
    assert len(scores[0]) == 8
    assert scores[0].reset_index(drop=True).equals(scores[1].reset_index(drop=True))


def test_the_constants_that_scores_are_compared_with_are_kept(
    catalogue: Path, tmp_path: Path
) -> None:
    PoolEvaluation(tmp_path / "work", pools(), InlineExecutor(), PROTOCOL).run(
        read_catalogue(catalogue), Deadline.never()
    )
    datasets = assemble(tmp_path / "work", pools()).datasets.set_index("dataset")
    for name, kind in (("t0", TaskKind.BINARY), ("t1", TaskKind.REGRESSION)):
        of_kind = {constant_column(metric) for metric in RECORDED_METRICS[kind]}
        known = datasets.loc[name].filter(like="constant:").dropna()
        assert set(known.index) == of_kind
    binary, regression = datasets.loc["t0"], datasets.loc["t1"]
    assert binary["constant:roc_auc"] == binary["constant:balanced_accuracy"] == 0.5
    assert 0.5 < binary["constant:accuracy"] < 1.0
    target = pd.read_csv(tmp_path / "t1.csv")["target"]
    assert regression["constant:rmse"] == pytest.approx(target.std(), rel=0.1)
    assert regression["constant:r2"] == pytest.approx(0.0, abs=0.1)


def test_a_stopped_build_goes_on_where_it_was(catalogue: Path, tmp_path: Path) -> None:
    work = tmp_path / "work"
    entries = read_catalogue(catalogue)
    first = Counter()

    class OneTrial(PoolEvaluation):
        def _fill(self, upcoming: Iterator[CatalogueEntry], deadline: Deadline) -> None:
            spent = len(first.submitted) >= 3
            super()._fill(upcoming, Deadline.after(-1) if spent else deadline)

    assert not OneTrial(work, pools(), first, PROTOCOL).run(entries, Deadline.never())
    assert assemble(work, pools()).evaluations.empty
    second = Counter()
    assert PoolEvaluation(work, pools(), second, PROTOCOL).run(entries, Deadline.never())
    together = [(t.configuration.key, t.rung.index) for t in first.submitted[:4]]
    again = [(t.configuration.key, t.rung.index) for t in second.submitted]
    assert len(first.submitted) + len(second.submitted) == 8
    assert not set(together) & set(again[: 4 - len(together)])
    third = Counter()
    assert PoolEvaluation(work, pools(), third, PROTOCOL).run(entries, Deadline.never())
    assert third.submitted == []


def ladder() -> Ladder:
    return Ladder.of(TaskKind.BINARY, n_rows=900, n_columns=4, n_classes=2, protocol=PROTOCOL)


def result_at(configuration: Configuration, index: int, status: TrialStatus) -> TrialResult:
    trial = Trial(number=0, configuration=configuration, rung=ladder().rungs[index], seed=0)
    return TrialResult(trial=trial, status=status, score=0.5)


def test_configurations_climb_until_they_fail() -> None:
    (configuration, _) = pools()[TaskKind.BINARY]
    rungs = ladder().rungs
    assert [(r.row_share, r.n_folds) for r in rungs] == [(1 / 9, 1), (1 / 3, 1), (1.0, 3)]
    assert list(ladder().due([configuration], {})) == [(configuration, rungs[0])]
    known = {(configuration.key, 0): result_at(configuration, 0, TrialStatus.OK)}
    assert list(ladder().due([configuration], known)) == [(configuration, rungs[1])]
    known[configuration.key, 1] = result_at(configuration, 1, TrialStatus.TIMED_OUT)
    assert list(ladder().due([configuration], known)) == []


def test_algorithms_that_refuse_a_dataset_are_not_waited_for() -> None:
    process = ALGORITHMS["gaussian_process"].space(TaskKind.REGRESSION).default()
    for keep in (1.0, 0.5):
        large = Ladder(
            kind=TaskKind.REGRESSION,
            shape=Shape(n_rows=100_000, n_columns=5),
            rungs=protocol_rungs(100_000, 3, 40),
            keep=keep,
        )
        assert list(large.due([process], {})) == []


def test_only_a_share_rises_where_time_is_to_be_spared() -> None:
    """Every configuration waits for all of its rung; failures and the worst stay behind."""
    space = ALGORITHMS["knn"].space(TaskKind.BINARY)
    pool = [space.from_values({**space.defaults, "n_neighbors": n}, "grid") for n in range(2, 10)]
    default = ALGORITHMS["linear"].space(TaskKind.BINARY).default()
    halving = replace(ladder(), keep=0.25)
    rungs = halving.rungs
    scores = [0.5, 0.9, 0.8, 0.95, 0.6, 0.7, 0.85, 0.65]
    known: Known = {}
    for configuration, score in zip(pool, scores, strict=True):
        assert {rung.index for _, rung in halving.due([*pool, default], known)} == {0}
        result = result_at(configuration, 0, TrialStatus.OK)
        known[configuration.key, 0] = replace(result, score=score)
    known[pool[3].key, 0] = result_at(pool[3], 0, TrialStatus.FAILED)
    known[default.key, 0] = replace(result_at(default, 0, TrialStatus.OK), score=0.4)
    risen = [(c, rungs[1]) for c in (pool[1], pool[2], pool[6], default)]  # a quarter of nine
    assert list(halving.due([*pool, default], known)) == risen
    for configuration, _ in risen:
        known[configuration.key, 1] = result_at(configuration, 1, TrialStatus.OK)
    assert list(halving.due([*pool, default], known)) == [(pool[1], rungs[2]), (default, rungs[2])]
    for configuration in (pool[1], default):
        known[configuration.key, 2] = result_at(configuration, 2, TrialStatus.OK)
    assert list(halving.due([*pool, default], known)) == []


def test_descriptions_are_plain_json(catalogue: Path, tmp_path: Path) -> None:
    entry = read_catalogue(catalogue)[0]
    run = PoolEvaluation(tmp_path / "work", pools(), InlineExecutor(), PROTOCOL)
    run.run([entry], Deadline.never())
    text = (tmp_path / "work" / "t0" / "dataset.json").read_text()
    assert json.loads(text)["licence"] == "CC0"
    assert len(read_known(tmp_path / "work" / "t0")) == 4
