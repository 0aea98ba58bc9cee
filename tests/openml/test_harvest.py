"""Harvests: whole, interrupted, from servers that misbehave."""

from dataclasses import replace
from pathlib import Path

import pandas as pd
import pytest
from openml_server.made_up import make_world
from openml_server.server import Fault, OpenMLServer
from openml_server.world import Task

from metatune.building.catalogue import load_entry, read_catalogue
from metatune.building.harvest import TABLES, Harvest, HarvestPlan, find_flows, harvest
from metatune.building.harvested_runs import harvested_runs
from metatune.building.learn_priors import learn_priors
from metatune.building.openml_tables import CATALOGUE, download_tables
from metatune.errors import OpenMLError, OptionError
from metatune.openml.client import OpenMLClient
from metatune.openml.pages import PageStore

FLOWS = (
    "mlr.classif.ranger",
    "mlr.classif.svm",
    "mlr.classif.glmnet",
    "mlr.classif.rpart",
    "mlr.classif.kknn",
    "mlr.classif.xgboost",
    "6969",
    "7707",
)
PLAN = HarvestPlan(suite="99", flows=FLOWS, max_rows=None)


def store_at(folder: Path, client: OpenMLClient | None, server: OpenMLServer) -> PageStore:
    return PageStore(folder, client, server=server.url)


def assert_same(one: Harvest, other: Harvest) -> None:
    for name in TABLES:
        pd.testing.assert_frame_equal(one.tables[name], other.tables[name])


def test_a_harvest_holds_every_run_once_for_each_engine(
    client: OpenMLClient, server: OpenMLServer, tmp_path: Path
) -> None:
    found = harvest(PLAN, store_at(tmp_path / "pages", client, server))
    evaluations = found.tables["evaluations"]
    world = server.world
    assert len(evaluations) == len(world.evaluations)
    assert not evaluations.duplicated(["run_id", "engine_id", "function"]).any()
    assert evaluations["value"].isna().sum() == sum(e.value is None for e in world.evaluations)
    assert set(found.tables["flows"]["flow_id"]) == {6794, 5527, 6766, 5636, 5890, 6767, 6969, 7707}
    assert len(found.tables["tasks"]) == 4
    assert set(found.tables["setups"]["setup_id"]) == set(world.setups)
    found.save(tmp_path / "tables")
    assert_same(Harvest.load(tmp_path / "tables"), found)


def test_the_tables_need_no_server_and_no_order(
    client: OpenMLClient, server: OpenMLServer, tmp_path: Path
) -> None:
    ordered = harvest(PLAN, store_at(tmp_path / "one", client, server))
    assert_same(harvest(PLAN, store_at(tmp_path / "one", None, server)), ordered)
    server.shuffle = True
    small_pages = replace(PLAN, page_rows=7)
    assert_same(harvest(small_pages, store_at(tmp_path / "two", client, server)), ordered)


def test_a_harvest_goes_on_where_it_stood(
    client: OpenMLClient, server: OpenMLServer, tmp_path: Path
) -> None:
    whole = harvest(PLAN, store_at(tmp_path / "whole", client, server))
    n_whole = len(server.requests)
    for n_answers in (5, 20, 40):
        del server.requests[:]
        server.faults = [Fault(pattern=".", kind="slow", times=n_answers)]
        server.faults.append(Fault(pattern=".", kind="drop", times=float("inf")))
        with pytest.raises(OpenMLError, match="cannot be reached"):
            harvest(PLAN, store_at(tmp_path / "pieces", client, server))
    server.faults = []
    del server.requests[:]
    assert_same(harvest(PLAN, store_at(tmp_path / "pieces", client, server)), whole)
    assert len(server.requests) <= n_whole - 60


def test_odd_tasks_and_datasets_do_not_stop_a_harvest(
    client: OpenMLClient, server: OpenMLServer, tmp_path: Path
) -> None:
    world = server.world
    world.add(replace(world.datasets[100], qualities=None))
    world.add(replace(world.datasets[101], qualities={"NumberOfInstances": 120.0}))
    world.add(replace(world.datasets[102], visibility="private"))
    world.add(Task(id=210, dataset=103, target="a", type=5))
    suite = world.suites[99]
    world.add(replace(suite, tasks=(*suite.tasks, 210, 9999)))
    world.users.clear()
    found = harvest(PLAN, store_at(tmp_path / "pages", client, server))
    assert list(found.tables["tasks"]["task_id"]) == [200, 201, 202, 203]
    assert list(found.tables["datasets"]["dataset_id"]) == [100, 101, 103]
    assert set(found.tables["qualities"]["dataset_id"]) == {101, 103}


def test_what_is_missing_is_said(
    client: OpenMLClient, server: OpenMLServer, tmp_path: Path
) -> None:
    found = harvest(replace(PLAN, max_rows=5), store_at(tmp_path / "pages", client, server))
    holes = found.tables["holes"]
    assert holes["capped"].all()
    assert found.tables["evaluations"].groupby(["flow_id", "task_id", "function"]).size().max() == 5


def test_flows_are_found_by_name_or_number(
    client: OpenMLClient, server: OpenMLServer, tmp_path: Path
) -> None:
    store = store_at(tmp_path / "pages", client, server)
    (forest,) = find_flows(["6969"], store)
    assert (
        forest.defaults["sklearn.ensemble.forest.RandomForestClassifier:max_features"] == '"auto"'
    )
    assert [flow.id for flow in find_flows(["mlr.classif.svm"], store)] == [5527]
    with pytest.raises(OpenMLError, match="no flow called nobody"):
        find_flows(["nobody"], store)
    with pytest.raises(OptionError, match="needs a flow"):
        HarvestPlan(suite="99", flows=())


def test_runs_of_a_harvest_teach_priors(
    client: OpenMLClient, server: OpenMLServer, tmp_path: Path
) -> None:
    server.world = make_world(n_tasks=3, n_runs=25)
    found = harvested_runs(harvest(PLAN, store_at(tmp_path / "pages", client, server)))
    learned = learn_priors(found.runs)
    families = {family for _, family in learned.mapped}
    assert families == {"random_forest", "svm", "linear", "knn", "decision_tree", "lightgbm"}
    assert not found.unreadable
    reasons = {reason for _, _, reason in learned.unmapped}
    assert {"kernel=polynomial", "booster=gblinear"} <= reasons
    assert learned.priors.densities


def test_averages_over_engines_and_repetitions(
    client: OpenMLClient, server: OpenMLServer, tmp_path: Path
) -> None:
    world = server.world
    pair = [e for e in world.evaluations if e.task == 200 and e.setup == 6794000]
    world.evaluations = [replace(pair[0], value=0.6), replace(pair[0], value=0.8, engine=2)]
    found = harvested_runs(harvest(PLAN, store_at(tmp_path / "pages", client, server)))
    assert found.runs["loss"].tolist() == [pytest.approx(-0.7)]


class TestTables:
    def test_a_catalogue_to_build_from(
        self, client: OpenMLClient, server: OpenMLServer, tmp_path: Path
    ) -> None:
        server.world.add(replace(server.world.datasets[103], visibility="private"))
        store = store_at(tmp_path / "pages", client, server)
        found = harvest(PLAN, store)
        problems = download_tables(found, store, client, tmp_path / "data")
        assert list(problems) == ["103 (class)"]
        entries = read_catalogue(tmp_path / "data" / CATALOGUE)
        assert [entry.openml_id for entry in entries] == [100, 101, 102]
        assert [str(entry.kind) for entry in entries] == ["binary", "multiclass", "binary"]
        encoded = load_entry(entries[0], seed=0).encoded
        assert encoded.n_rows == 120
        assert set(entries[0].categorical) == {"colour", "flag"}

    def test_tables_are_downloaded_once(
        self, client: OpenMLClient, server: OpenMLServer, tmp_path: Path
    ) -> None:
        store = store_at(tmp_path / "pages", client, server)
        found = harvest(PLAN, store)
        download_tables(found, store, client, tmp_path / "data")
        first = (tmp_path / "data" / CATALOGUE).read_bytes()
        server.faults.append(Fault(pattern=".", kind="drop", times=float("inf")))
        assert download_tables(found, store, client, tmp_path / "data") == {}
        assert (tmp_path / "data" / CATALOGUE).read_bytes() == first
