"""Extending a meta-dataset: what is known is taken over, what is outdated is not mixed in."""

import json
from dataclasses import replace
from pathlib import Path
from typing import Any

import pandas as pd
import pytest
from made_up_catalogue import Pools, make_catalogue, pools

from metatune.algorithms.registry import ALGORITHMS
from metatune.budget import Deadline
from metatune.building import protocol
from metatune.building.assemble import assemble
from metatune.building.catalogue import CatalogueEntry, read_catalogue
from metatune.building.evaluation import PoolEvaluation
from metatune.building.known import KnownDatasets, read_known, without_short_limits
from metatune.building.protocol import Ladder, Protocol
from metatune.errors import MetadataError
from metatune.evaluation.trial import Trial, TrialResult, TrialStatus
from metatune.execution.executor import Handle, InlineExecutor, Job
from metatune.kinds import TaskKind
from metatune.metadataset.schema import PROTOCOL_VERSION
from metatune.metadataset.store import MetaDataset, load_metadata, save_metadata, verify_metadata
from metatune.recommender.past import collect_past

PROTOCOL = Protocol(max_rows=180, n_folds=3, rung_rows=40)


@pytest.fixture(autouse=True)
def _first_recipe(monkeypatch: pytest.MonkeyPatch) -> None:
    """Count recipes of the family that is changed below from one."""
    monkeypatch.setattr(type(ALGORITHMS["linear"]), "recipe_version", 1)


class Counter(InlineExecutor):
    def __init__(self) -> None:
        super().__init__()
        self.submitted: list[tuple[str, Trial]] = []

    def submit(self, job: Job, *, beside: bool = False) -> Handle:
        directory, (trial,) = job.inbox, job.arguments
        self.submitted.append((Path(directory).parent.name, trial))
        return super().submit(job, beside=beside)


@pytest.fixture(name="entries")
def _entries(tmp_path: Path) -> list[CatalogueEntry]:
    return read_catalogue(make_catalogue(tmp_path / "tables", ["binary", "regression"]))


def build(
    work: Path,
    entries: list[CatalogueEntry],
    made: Pools | None = None,
    protocol: Protocol = PROTOCOL,
    **options: Any,
) -> Counter:
    work.mkdir(exist_ok=True)
    executor = Counter()
    run = PoolEvaluation(work, made or pools(), executor, protocol, **options)
    assert run.run(entries, Deadline.never())
    return executor


def stored(metadata: MetaDataset, folder: Path) -> MetaDataset:
    save_metadata(metadata, folder)
    assert verify_metadata(folder) == []
    return load_metadata(folder)


def scores(metadata: MetaDataset) -> dict[tuple[str, str, int], tuple[float, ...]]:
    return {
        (row["dataset"], row["configuration"], row["rung"]): tuple(
            next(row[c] for c in ("score:roc_auc", "score:rmse") if row[c] is not None)
        )
        for row in metadata.evaluations.to_dict("records")
    }


def test_evaluations_say_their_recipe_and_datasets_their_protocol(
    entries: list[CatalogueEntry], tmp_path: Path
) -> None:
    build(tmp_path / "work", entries)
    lines = (tmp_path / "work" / "t0" / "trials.jsonl").read_text().splitlines()
    assert {json.loads(line)["recipe_version"] for line in lines} == {1}
    metadata = stored(assemble(tmp_path / "work", pools()), tmp_path / "out")
    assert set(metadata.evaluations["recipe_version"]) == {1}
    assert set(metadata.datasets["protocol:version"]) == {PROTOCOL_VERSION}
    assert set(metadata.datasets["protocol:max_rows"]) == {180}
    assert metadata.manifest["left_out"] == {}


def test_what_states_no_version_has_version_one(
    entries: list[CatalogueEntry], tmp_path: Path
) -> None:
    work = tmp_path / "work"
    build(work, entries)
    first, second = sorted(work.iterdir())
    journal = (first / "trials.jsonl").read_text()
    assert ',"recipe_version":1' in journal
    (first / "trials.jsonl").write_text(journal.replace(',"recipe_version":1', ""))
    assert build(work, entries).submitted == []
    description = json.loads((second / "dataset.json").read_text())
    del description["protocol"]["version"]
    (second / "dataset.json").write_text(json.dumps(description))
    assert {folder for folder, _ in build(work, entries).submitted} == {f"{second.name}~2"}
    metadata = stored(assemble(work, pools()), tmp_path / "out")
    assert set(metadata.evaluations["recipe_version"]) == {1}
    assert metadata.manifest["left_out"] == {"datasets under another protocol version": 1}


def test_a_changed_recipe_is_evaluated_again_and_never_mixed(
    entries: list[CatalogueEntry], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    work = tmp_path / "work"
    build(work, entries)
    old = stored(assemble(work, pools()), tmp_path / "old")
    monkeypatch.setattr(type(ALGORITHMS["linear"]), "recipe_version", 2)
    assert {key[0] for key in read_known(work / "t0")} == {pools()[TaskKind.BINARY][1].key}
    between = assemble(work, pools())
    assert between.datasets.empty
    assert between.manifest["left_out"] == {
        "evaluations of another recipe version": 4,
        "datasets not completely evaluated": 2,
    }
    again = build(work, entries, known=old)
    assert {trial.configuration.algorithm for _, trial in again.submitted} == {"linear"}
    assert len(again.submitted) == 4  # two rungs on two tables
    new = stored(assemble(work, pools(), old), tmp_path / "new")
    assert new.manifest["left_out"] == {}
    by_algorithm = new.evaluations["configuration"].map(lambda key: new.pool[key].algorithm)
    versions = dict(zip(by_algorithm, new.evaluations["recipe_version"], strict=True))
    assert versions == {"linear": 2, "decision_tree": 1}


def test_known_evaluations_of_another_recipe_are_counted_out(
    entries: list[CatalogueEntry], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    build(tmp_path / "work", entries)
    old = stored(assemble(tmp_path / "work", pools()), tmp_path / "old")
    monkeypatch.setattr(type(ALGORITHMS["linear"]), "recipe_version", 2)
    (tmp_path / "empty").mkdir()
    kept = stored(assemble(tmp_path / "empty", pools(), old), tmp_path / "kept")
    assert kept.manifest["left_out"] == {"evaluations of another recipe version": 4}
    assert {kept.pool[key].algorithm for key in kept.evaluations["configuration"]} == {
        "decision_tree"
    }


def test_verify_finds_mixed_versions(entries: list[CatalogueEntry], tmp_path: Path) -> None:
    build(tmp_path / "work", entries)
    good = assemble(tmp_path / "work", pools())
    evaluations, datasets = good.evaluations.copy(), good.datasets.copy()
    evaluations.loc[0, "recipe_version"] = 9
    datasets.loc[1, "protocol:version"] = 9
    save_metadata(replace(good, evaluations=evaluations, datasets=datasets), tmp_path / "out")
    problems = verify_metadata(tmp_path / "out")
    assert problems == [
        "1 evaluations have another recipe version than configurations",
        "1 datasets have another protocol version than the manifest",
    ]


def test_another_protocol_has_a_folder_of_its_own_and_is_left_out(
    entries: list[CatalogueEntry], tmp_path: Path
) -> None:
    work = tmp_path / "work"
    build(work, entries)
    other = replace(PROTOCOL, version=PROTOCOL_VERSION + 1)
    assert {folder for folder, _ in build(work, entries, protocol=other).submitted} == {
        "t0~2",
        "t1~2",
    }
    assert build(work, entries, protocol=other).submitted == []
    assert build(work, entries).submitted == []  # and the first ones are where they were
    metadata = assemble(work, pools())
    assert set(metadata.datasets["protocol:version"]) == {PROTOCOL_VERSION}
    assert metadata.manifest["left_out"] == {"datasets under another protocol version": 2}


def test_the_recommender_refuses_datasets_of_another_protocol(
    entries: list[CatalogueEntry], tmp_path: Path
) -> None:
    two = [entries[0], replace(entries[0], name="other", family="other")]
    build(tmp_path / "work", two)
    metadata = assemble(tmp_path / "work", pools())
    datasets = metadata.datasets.copy()
    other = PROTOCOL_VERSION + 1
    datasets.loc[0, "protocol:version"] = other
    mixed = replace(metadata, datasets=datasets)
    assert collect_past(mixed, TaskKind.BINARY, "roc_auc").names == ("t0",)
    datasets["protocol:version"] = other
    with pytest.raises(MetadataError, match=f"protocol version {other}, this metatune uses"):
        collect_past(replace(metadata, datasets=datasets), TaskKind.BINARY, "roc_auc")
    unversioned = replace(metadata, datasets=datasets.drop(columns="protocol:version"))
    assert len(collect_past(unversioned, TaskKind.BINARY, "roc_auc").names) == 2


def test_what_a_meta_dataset_holds_is_not_evaluated_again(
    entries: list[CatalogueEntry], tmp_path: Path
) -> None:
    build(tmp_path / "first", entries)
    shipped = stored(assemble(tmp_path / "first", pools()), tmp_path / "shipped")
    assert build(tmp_path / "second", entries, known=shipped).submitted == []
    same = stored(assemble(tmp_path / "second", pools(), shipped), tmp_path / "same")
    assert scores(same) == scores(shipped)
    timing = ["fit_seconds", "predict_seconds", "seconds", "cpu_seconds", "status", "error"]
    order = ["dataset", "configuration", "rung"]
    pd.testing.assert_frame_equal(
        same.evaluations.sort_values(order)[timing].reset_index(drop=True),
        shipped.evaluations.sort_values(order)[timing].reset_index(drop=True),
    )


def test_own_tables_join_those_that_are_known(
    entries: list[CatalogueEntry], tmp_path: Path
) -> None:
    build(tmp_path / "first", entries)
    shipped = stored(assemble(tmp_path / "first", pools()), tmp_path / "shipped")
    own = read_catalogue(make_catalogue(tmp_path / "own", ["binary"], seed=1))
    own = [replace(own[0], name="own", family="own")]
    executor = build(tmp_path / "second", own, known=shipped)
    assert {folder for folder, _ in executor.submitted} == {"own"}
    metadata = stored(assemble(tmp_path / "second", pools(), shipped), tmp_path / "extended")
    assert list(metadata.datasets["dataset"]) == ["own", "t0", "t1"]
    assert scores(shipped).items() <= scores(metadata).items()
    assert collect_past(metadata, TaskKind.BINARY, "roc_auc").regret.shape == (2, 2)


def test_a_pool_that_grew_costs_only_what_is_new(
    entries: list[CatalogueEntry], tmp_path: Path
) -> None:
    build(tmp_path / "first", entries)
    shipped = stored(assemble(tmp_path / "first", pools()), tmp_path / "shipped")
    larger = pools("linear", "decision_tree", "knn")
    executor = build(tmp_path / "second", entries[:1], larger, known=shipped)
    assert {trial.configuration.algorithm for _, trial in executor.submitted} == {"knn"}
    metadata = stored(assemble(tmp_path / "second", larger, shipped), tmp_path / "extended")
    pairs = metadata.evaluations.groupby("dataset")["configuration"].nunique()
    assert pairs.to_dict() == {"t0": 3, "t1": 2}
    smaller = stored(assemble(tmp_path / "second", pools("knn"), metadata), tmp_path / "smaller")
    assert smaller.manifest["left_out"] == {
        "known evaluations of configurations outside the pool": 4,
        "known datasets without an evaluation that still counts": 1,
    }


def test_whoever_lacks_a_library_keeps_what_others_evaluated_with_it(
    entries: list[CatalogueEntry], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    both = pools("linear", "knn")
    build(tmp_path / "first", entries, both)
    shipped = stored(assemble(tmp_path / "first", both), tmp_path / "shipped")
    without = {name: a for name, a in ALGORITHMS.items() if name != "knn"}
    monkeypatch.setattr(protocol, "ALGORITHMS", without)
    own = read_catalogue(make_catalogue(tmp_path / "own", ["binary"], seed=1))
    own = [*entries, replace(own[0], name="own", family="own")]
    executor = build(tmp_path / "second", own, both, known=shipped)
    assert {(name, t.configuration.algorithm) for name, t in executor.submitted} == {
        ("own", "linear")
    }
    metadata = stored(assemble(tmp_path / "second", both, shipped), tmp_path / "extended")
    assert metadata.manifest["left_out"] == {}
    pairs = metadata.evaluations.groupby("dataset")["configuration"].nunique()
    assert pairs.to_dict() == {"own": 1, "t0": 2, "t1": 2}
    assert len(metadata.configurations) == 4


def test_a_dataset_that_is_not_finished_anew_stays_as_it_was(
    entries: list[CatalogueEntry], tmp_path: Path
) -> None:
    build(tmp_path / "first", entries)
    shipped = stored(assemble(tmp_path / "first", pools()), tmp_path / "shipped")
    larger = pools("linear", "decision_tree", "knn")
    work = tmp_path / "second"
    run = PoolEvaluation(work, larger, InlineExecutor(), PROTOCOL, known=shipped)
    work.mkdir()
    run._start(entries[0])  # prepared, and interrupted before any trial
    metadata = assemble(work, larger, shipped)
    assert list(metadata.datasets["dataset"]) == ["t0", "t1"]
    assert metadata.manifest["left_out"] == {}
    assert assemble(work, larger).manifest["left_out"] == {"datasets not completely evaluated": 1}


def test_another_table_of_the_same_name_is_evaluated_for_itself(
    entries: list[CatalogueEntry], tmp_path: Path
) -> None:
    build(tmp_path / "first", entries)
    shipped = stored(assemble(tmp_path / "first", pools()), tmp_path / "shipped")
    other = read_catalogue(make_catalogue(tmp_path / "other", ["binary"], seed=5))
    assert len(build(tmp_path / "second", other, known=shipped).submitted) == 4
    metadata = assemble(tmp_path / "second", pools(), shipped)
    assert list(metadata.datasets["dataset"]) == ["t0", "t1"]
    assert scores(metadata) != scores(shipped)


def test_large_tables_keep_more_rows_and_are_preferred(
    entries: list[CatalogueEntry], tmp_path: Path
) -> None:
    work, large = tmp_path / "work", replace(PROTOCOL, max_rows=190)
    build(work, entries)
    executor = build(work, entries, special={"t0": large})
    assert {folder for folder, _ in executor.submitted} == {"t0~2"}
    metadata = stored(assemble(work, pools()), tmp_path / "out")
    rows = dict(zip(metadata.datasets["dataset"], metadata.datasets["n_rows"], strict=True))
    assert rows == {"t0": 190, "t1": 180}
    assert KnownDatasets(metadata).row_limits() == {"t0": 190, "t1": 180}
    assert build(tmp_path / "b", entries[:1], known=metadata).submitted != []  # cut otherwise


def test_large_tables_have_all_the_rungs() -> None:
    ladder = Ladder.of(TaskKind.BINARY, n_rows=50_000, n_columns=5, n_classes=2, protocol=PROTOCOL)
    assert [(r.row_share, r.n_folds) for r in ladder.rungs] == [(1 / 9, 1), (1 / 3, 1), (1.0, 3)]


def test_rows_that_a_table_does_not_have_make_no_other_protocol(
    entries: list[CatalogueEntry], tmp_path: Path
) -> None:
    build(tmp_path / "work", entries, protocol=replace(PROTOCOL, max_rows=2_000))
    assert (
        build(tmp_path / "work", entries, protocol=replace(PROTOCOL, max_rows=50_000)).submitted
        == []
    )


def test_trials_that_ran_out_of_less_time_are_tried_again(
    entries: list[CatalogueEntry], tmp_path: Path
) -> None:
    configuration = pools()[TaskKind.BINARY][0]
    rung = Ladder.of(TaskKind.BINARY, n_rows=9, n_columns=1, n_classes=2, protocol=PROTOCOL).rungs[
        0
    ]
    trial = Trial(number=0, configuration=configuration, rung=rung, seed=0)
    late = TrialResult(trial=trial, status=TrialStatus.TIMED_OUT, seconds=40.1)
    known = {(configuration.key, 0): late}
    assert without_short_limits(known, 40.0) == known
    assert without_short_limits(known, 150.0) == {}
    build(tmp_path / "work", entries, protocol=replace(PROTOCOL, trial_seconds=40.0))
    build(tmp_path / "work", entries, protocol=replace(PROTOCOL, trial_seconds=60.0))
    metadata = assemble(tmp_path / "work", pools())
    assert set(metadata.datasets["protocol:trial_seconds"]) == {60.0}


def test_a_table_that_cannot_be_used_stops_nothing(
    entries: list[CatalogueEntry], tmp_path: Path
) -> None:
    bad = replace(entries[0], name="bad", target="nothing")
    run = PoolEvaluation(tmp_path / "work", pools(), InlineExecutor(), PROTOCOL)
    (tmp_path / "work").mkdir()
    assert run.run([bad, *entries], Deadline.never())
    assert "nothing" in run.problems["bad"]
    assert list(assemble(tmp_path / "work", pools()).datasets["dataset"]) == ["t0", "t1"]
