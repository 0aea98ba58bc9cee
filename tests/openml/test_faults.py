"""Every fault and trap of the protocol that is known, provoked.

Where a trap is one of the package `openml`, `TestTraps` shows that its own functions fall into it
on the server of these tests, and that metatune does not.

=======================================================  ==========================================
fault or trap                                            provoked in
=======================================================  ==========================================
an error code of every kind, an unknown address (100)    test_client: error_codes; here: refusals
an empty listing is an error code, not an empty list     test_client, test_pages; here: empty
the page after a full last one is empty                  test_client: full_last_one
limits: 541, 543 to 546, 548, 671, 673, 676              test_client: error_codes; here: limits
overloaded (107) some times, or always                   test_client: passing, lasting; test_pages
torn body, broken XML, page of a proxy (404, 502)        test_client: passing, lasting; here: pages
no answer at all, no connection                          test_client: nothing, no_connection
private dataset (112)                                    test_client, test_harvest; here: private
features unknown, missing, not ready (271 to 274)        test_client, test_dataset; here: features
qualities unknown, missing, not ready (361 to 364)       test_client, test_harvest; here: qualities
a null quality                                           every made-up dataset has one
a run judged by two engines ends paging (A)              test_pages; here: TestTraps
`get_dataset` fails without qualities (B)                test_harvest; here: TestTraps
a task with exactly one quality (C)                      test_harvest; here: TestTraps
an uploader that `user/list` lacks (D)                   test_harvest; here: TestTraps
`list_*` take other arguments in another version         test_versions
more than 10,000 rows                                    here: TestTraps
rows change places between pages                         test_pages, test_harvest
no value, a value of nought                              test_pages, test_harvest
a setup without parameters, one that is not listed       here: setups
tasks of deactivated datasets are not listed             here: deactivated
a target with a quote loses its inputs in listings       here: quote
a task of another type, a task that is gone              test_dataset, test_harvest
a study of runs                                          here: study
no default target, several                               test_dataset, test_cli
row identifier, ignored columns                          test_dataset, test_cli
a text column with missing cells                         test_dataset
TRUE and FALSE are booleans in one of both files         test_dataset: both_files
no link to a Parquet file (sparse ARFF)                  here: sparse
bucket without the file, closed, silent, broken (F)      test_client; here: bucket
wrong check sum, ARFF that is not UTF-8, no ARFF (E)     test_client; here: utf8
two processes with one cache (L)                         here: cache
server down, cache warm                                  test_client: down; test_pages: asked_again
listings by tag or range take minutes (H)                here: slow_filters
values as JSON, Python, bare text, cut off               tests/building/test_setups.py
=======================================================  ==========================================
"""

import inspect
import threading
from dataclasses import replace
from pathlib import Path
from typing import Any

import openml
import pandas as pd
import pytest
from openml_server.server import Fault, OpenMLServer
from openml_server.world import Evaluation, Feature, Setup, Suite, Task, World

from metatune.building.harvest import HarvestPlan, harvest
from metatune.building.harvested_runs import harvested_runs
from metatune.errors import OpenMLError
from metatune.files.locks import ProcessLock
from metatune.openml.client import ConnectionSettings, OpenMLClient, ServerRefusedError
from metatune.openml.dataset import fetch_table
from metatune.openml.listings import read_listing
from metatune.openml.pages import PageStore
from metatune.openml.payloads import read_evaluations
from metatune.openml.reference import Reference

ALWAYS = float("inf")
DATASET = Reference.parse("openml:100")
KNN = HarvestPlan(suite="99", flows=("5890",), max_rows=None)


@pytest.fixture
def store(client: OpenMLClient, server: OpenMLServer, tmp_path: Path) -> PageStore:
    return PageStore(tmp_path / "pages", client, server=server.url)


@pytest.mark.parametrize("code", [372, 482, 500, 512, 542, 674])
def test_empty_listings_of_every_kind(
    client: OpenMLClient, server: OpenMLServer, code: int
) -> None:
    server.faults.append(Fault(pattern="list", kind="refuse", code=code))
    assert client.get("anything/list") is None


@pytest.mark.parametrize("listing", ["data", "task", "flow", "setup", "evaluation"])
def test_an_empty_server_has_empty_listings(
    client: OpenMLClient, server: OpenMLServer, listing: str
) -> None:
    server.world = World()
    assert client.get(f"{listing}/list/limit/10/offset/0") is None


@pytest.mark.parametrize("code", [100, 112, 236, 273, 363, 370, 480, 671])
def test_refusals_name_their_code(client: OpenMLClient, server: OpenMLServer, code: int) -> None:
    server.faults.append(Fault(pattern="data/100", kind="refuse", code=code))
    with pytest.raises(ServerRefusedError) as caught:
        client.get("data/100")
    assert caught.value.code == code


@pytest.mark.parametrize(
    ("path", "code"),
    [
        ("evaluation/list/function/kappa", 543),
        ("evaluation/list/function/kappa/per_fold/true/limit/10", 548),
        ("evaluation/list/limit/many", 541),
        ("setup/list", 673),
        ("task/list/colour/red", 480),
        ("setup/list/colour/red", 671),
        ("data/list/colour/red", 370),
    ],
)
def test_limits(client: OpenMLClient, server: OpenMLServer, path: str, code: int) -> None:
    one = server.world.evaluations[0]
    for run in range(10_001):
        server.world.add(replace(one, run=run, function="kappa"))
    server.world.add(*(Setup(id=10**6 + number, flow=5890) for number in range(1_001)))
    with pytest.raises(ServerRefusedError) as caught:
        client.get(path)
    assert caught.value.code == code


def test_a_page_of_a_gateway_is_survived(client: OpenMLClient, server: OpenMLServer) -> None:
    server.faults.append(Fault(pattern="study", kind="html_502"))
    assert client.get("study/99") is not None


def test_an_overloaded_server_and_a_private_dataset_have_mends_of_their_own(
    client: OpenMLClient, server: OpenMLServer
) -> None:
    server.faults.append(Fault(pattern="data/101", kind="overloaded", times=ALWAYS))
    with pytest.raises(ServerRefusedError, match="Database overloaded: try again later"):
        client.get("data/101")
    server.world.add(replace(server.world.datasets[100], visibility="private"))
    with pytest.raises(ServerRefusedError, match="No access granted: give the key"):
        fetch_table(DATASET, client)
    with pytest.raises(ServerRefusedError, match="give the key") as caught:
        client.dataset_file(100)
    assert caught.value.code == 112


@pytest.mark.parametrize("code", [271, 272, 273, 274])
def test_a_dataset_whose_features_are_not_ready_is_read_by_its_file(
    client: OpenMLClient, server: OpenMLServer, code: int
) -> None:
    server.faults.append(Fault(pattern="data/features", kind="refuse", code=code))
    found = fetch_table(DATASET, client)
    assert (len(found.table.frame), found.target, found.task) == (120, "class", None)


@pytest.mark.parametrize("code", [361, 362, 363, 364])
def test_qualities_that_are_not_ready_do_not_stop_a_harvest(
    store: PageStore, server: OpenMLServer, code: int
) -> None:
    server.faults.append(Fault(pattern="qualities/101", kind="refuse", code=code))
    tables = harvest(KNN, store).tables
    assert set(tables["qualities"]["dataset_id"]) == {100, 102, 103}
    assert list(tables["datasets"]["dataset_id"]) == [100, 101, 102, 103]


def test_tasks_of_deactivated_datasets_stay_in_a_suite(
    store: PageStore, server: OpenMLServer
) -> None:
    server.world.add(replace(server.world.datasets[101], status="deactivated"))
    assert "<oml:task_id>201" not in (store.get("task/list/type/1/limit/10/offset/0") or "")
    tables = harvest(KNN, store).tables
    assert list(tables["tasks"]["task_id"]) == [200, 201, 202, 203]
    assert list(tables["datasets"]["status"]) == ["active", "deactivated", "active", "active"]


def test_a_target_with_a_quote(
    client: OpenMLClient, store: PageStore, server: OpenMLServer
) -> None:
    target = 'what "they" say\\think'
    server.world.add(Task(id=200, dataset=100, target=target, hidden_inputs=True))
    assert "they" not in (store.get("task/list/type/1/limit/10/offset/0") or "")
    assert harvest(KNN, store).tables["tasks"]["target"].iloc[0] == target
    assert fetch_table(Reference.parse("openml:task/200"), client).target == target


def test_a_study_of_runs_is_no_suite(store: PageStore, server: OpenMLServer) -> None:
    server.world.add(Suite(id=123, name="Runs", tasks=(), datasets=(), main_entity_type="run"))
    with pytest.raises(OpenMLError, match="study 123 of OpenML is no suite of tasks: name one"):
        harvest(replace(KNN, suite="123"), store)


def test_setups_without_parameters_and_setups_that_are_not_listed(
    store: PageStore, server: OpenMLServer
) -> None:
    server.world.add(Setup(id=1, flow=5890), Setup(id=2, flow=5890))
    parametric, plain = "area_under_roc_curve", "predictive_accuracy"
    server.world.evaluations = [
        Evaluation(run=run, task=200, setup=setup, function=function, value=0.7)
        for run, setup, function in ((1, 1, parametric), (1, 1, plain), (2, 2, plain))
    ]
    found = harvested_runs(harvest(KNN, store))
    (run,) = found.runs.to_dict("records")
    assert '"k": 7' in run["hyperparameters"]  # the learner's default
    assert found.unreadable == {("kknn", "its setup is not listed"): 1}


def test_slow_filters_are_not_used(store: PageStore, server: OpenMLServer) -> None:
    harvest(replace(KNN, flows=("mlr.classif.kknn", "6969")), store)
    listings = [path for path in server.requests if path.startswith("evaluation")]
    assert listings
    assert all("/flow/" in path and "/task/" in path for path in listings)
    assert not any(word in path for path in server.requests for word in ("tag", "number_", ".."))


class TestFiles:
    """Payloads that arrive instead of a dataset."""

    @pytest.mark.parametrize("kind", ["forbidden", "html_404", "html_502", "drop", "slow"])
    @pytest.mark.parametrize("first", [True, False], ids=["head", "get"])
    def test_arff_where_the_bucket_fails(
        self, server: OpenMLServer, tmp_path: Path, kind: str, first: bool
    ) -> None:
        """Its library looks whether there is a file, then fetches it."""
        if not first:
            server.faults.append(Fault(pattern=r"\.pq", kind="nothing"))
        server.faults.append(Fault(pattern=r"\.pq", kind=kind, times=ALWAYS, seconds=1.0))
        settings = ConnectionSettings(tries=2, timeout=0.3)
        client = OpenMLClient(server.url, cache=tmp_path / "cache", settings=settings)
        assert client.dataset_file(100).suffix == ".arff"

    @pytest.mark.parametrize("kind", ["truncated", "wrong_bytes"])
    def test_arff_where_the_parquet_file_is_torn(
        self, client: OpenMLClient, server: OpenMLServer, kind: str
    ) -> None:
        server.faults.append(Fault(pattern=r"\.pq", kind=kind, times=ALWAYS))
        assert client.dataset_file(100).suffix == ".arff"
        server.faults.clear()
        assert len(fetch_table(DATASET, client).table.frame) == 120

    def test_a_sparse_dataset(self, client: OpenMLClient, server: OpenMLServer) -> None:
        rows = "".join(f"{{{i % 3} 2.5, 3 {'no' if i % 2 else 'yes'}}}\n" for i in range(30))
        arff = (
            "@RELATION s\n@ATTRIBUTE a NUMERIC\n@ATTRIBUTE b NUMERIC\n@ATTRIBUTE c NUMERIC\n"
            f"@ATTRIBUTE class {{no,yes}}\n@DATA\n{rows}"
        )
        dataset = replace(
            server.world.datasets[100],
            format="Sparse_ARFF",
            arff=arff.encode(),
            features=(Feature(name="class", data_type="nominal", values=("no", "yes")),),
            row_id=None,
        )
        server.world.add(dataset)
        frame = fetch_table(DATASET, client).table.frame
        assert frame[["a", "b", "c"]].sum().tolist() == [25.0, 25.0, 25.0]
        assert frame["class"].value_counts().to_dict() == {"yes": 15, "no": 15}

    def test_an_arff_that_is_not_utf8(self, client: OpenMLClient, server: OpenMLServer) -> None:
        dataset = server.world.datasets[100]
        arff = dataset.arff.replace(b"red", "r\xf6d".encode("latin-1"))
        server.world.add(replace(dataset, arff=arff, parquet=None))
        with pytest.raises(OpenMLError, match="check sum"):
            client.dataset_file(100)

    def test_processes_with_one_cache_download_one_after_the_other(
        self, client: OpenMLClient, server: OpenMLServer, tmp_path: Path
    ) -> None:
        """A lock is held by an open file, so that a thread stands for a process here."""
        files: list[Path] = []
        thread = threading.Thread(target=lambda: files.append(client.dataset_file(100)))
        (tmp_path / "cache").mkdir()
        lock = ProcessLock.hold(tmp_path / "cache")
        assert lock.effective
        thread.start()
        thread.join(0.3)
        assert not server.requests
        lock.release()
        thread.join(60)
        assert len(files) == 1
        assert ProcessLock.try_hold(tmp_path / "cache") is not None


class TestTraps:
    """The functions of the package stumble here; metatune does not use them."""

    @pytest.fixture(autouse=True)
    def package(self, server: OpenMLServer, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Any:
        monkeypatch.setattr(openml.config, "server", server.url)
        monkeypatch.setattr(openml.config, "_root_cache_directory", tmp_path / "package")
        monkeypatch.setattr(openml.config, "connection_n_retries", 1)

    def test_the_package_understands_the_server(self, server: OpenMLServer) -> None:
        """The server of these tests speaks the protocol: the package's own functions say so."""
        assert openml.study.get_suite("made-up-suite").tasks == [200, 201, 202, 203]
        assert list(listed(openml.tasks.list_tasks)["did"]) == [100, 101, 102, 103]
        assert list(listed(openml.datasets.list_datasets)["did"]) == [100, 101, 102, 103]
        assert set(listed(openml.flows.list_flows)["id"]) == set(server.world.flows)
        task: Any = openml.tasks.get_task(200, download_splits=False)
        assert (task.dataset_id, task.target_name) == (100, "class")
        dataset = openml.datasets.get_dataset(
            100, download_data=True, download_qualities=True, download_features_meta_data=True
        )
        assert dataset.qualities is not None
        assert dataset.qualities["NumberOfInstances"] == 120.0
        assert list(pd.DataFrame(dataset.get_data()[0]).columns) == [
            "a",
            "b",
            "c",
            "colour",
            "flag",
            "class",
        ]
        flow = openml.flows.get_flow(7707)
        assert set(flow.components) == {"imputation", "classifier"}
        setup = openml.setups.get_setup(7707000)  # asks for //setup/7707000
        assert setup.flow_id == 7707
        pages = listed(
            openml.evaluations.list_evaluations_setups,
            function="predictive_accuracy",
            flows=[6794],
            tasks=[200],
            size=100,
        )
        assert len(pages) == 10  # of eleven rows: a run that two engines judged is one of them

    def test_paging_ends_early_where_two_engines_judged(
        self, client: OpenMLClient, server: OpenMLServer
    ) -> None:
        world = server.world
        world.evaluations = [
            Evaluation(run=run, task=200, setup=6794000, function="kappa", value=0.5, engine=engine)
            for run in range(10_050)
            for engine in ((1, 2) if run % 100 == 0 else (1,))
        ]
        path = "evaluation/list/function/kappa/flow/6794/task/200"
        listing = read_listing(
            client, path, read_evaluations, lambda row: (row.run_id, row.engine_id)
        )
        assert len(listing.rows) == len(world.evaluations) == 10_151
        assert (listing.n_missing, listing.n_repeated, listing.capped) == (0, 0, False)
        if openml.__version__.startswith("0.15."):
            theirs = openml.evaluations.list_evaluations(
                function="kappa", flows=[6794], size=None, output_format="dataframe"
            )
            assert len(theirs) < 10_000

    def test_a_dataset_without_qualities(self, client: OpenMLClient, server: OpenMLServer) -> None:
        server.world.add(replace(server.world.datasets[100], qualities=None))
        with pytest.raises(openml.exceptions.OpenMLServerException):
            openml.datasets.get_dataset(
                100, download_data=False, download_qualities=True, download_features_meta_data=False
            )
        assert len(fetch_table(DATASET, client).table.frame) == 120

    def test_a_task_with_one_quality(self, store: PageStore, server: OpenMLServer) -> None:
        server.world.add(
            replace(server.world.datasets[101], qualities={"NumberOfInstances": 120.0})
        )
        with pytest.raises(TypeError):
            listed(openml.tasks.list_tasks)
        assert len(harvest(KNN, store).tables["tasks"]) == 4

    def test_an_unknown_uploader(self, store: PageStore, server: OpenMLServer) -> None:
        server.world.users.clear()
        with pytest.raises((KeyError, openml.exceptions.OpenMLServerException)):
            openml.evaluations.list_evaluations(
                function="predictive_accuracy", flows=[5890], size=10, output_format="dataframe"
            )
        assert len(harvest(KNN, store).tables["evaluations"]) == sum(
            server.world.setups[e.setup].flow == 5890 for e in server.world.evaluations
        )


def listed(function: Any, /, **given: Any) -> pd.DataFrame:
    """Call a function that lists, in the words of the version that is installed."""
    if "output_format" in inspect.signature(function).parameters:
        given["output_format"] = "dataframe"
    found = function(**given)
    assert isinstance(found, pd.DataFrame)
    return found
