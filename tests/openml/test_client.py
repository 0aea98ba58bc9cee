"""The client against a server that speaks the protocol, and misbehaves."""

import errno
import subprocess
import sys
from pathlib import Path
from typing import Any

import openml
import pandas as pd
import pytest
from openml_server.server import Fault, OpenMLServer
from openml_server.world import Dataset

from metatune.errors import InputError, OpenMLError, OptionError
from metatune.openml.client import ConnectionSettings, OpenMLClient, ServerRefusedError
from metatune.openml.payloads import read_evaluations, read_suite

LISTING = "evaluation/list/function/predictive_accuracy/flow/6794/task/200"


def test_a_resource_comes_as_xml(client: OpenMLClient) -> None:
    suite = read_suite(client.get("study/99") or "")
    assert suite.task_ids == (200, 201, 202, 203)
    assert suite.alias == "made-up-suite"
    assert read_suite(client.get("study/made-up-suite") or "") == suite


def test_an_empty_listing_is_none(client: OpenMLClient) -> None:
    assert client.get("evaluation/list/function/kappa/limit/10/offset/0") is None


def test_the_page_after_a_full_last_one_is_empty(client: OpenMLClient) -> None:
    first = client.get(f"{LISTING}/limit/10000/offset/0")
    n_rows = len(read_evaluations(first or ""))
    full = read_evaluations(client.get(f"{LISTING}/limit/{n_rows}/offset/0") or "")
    assert len(full) == n_rows > 0
    assert client.get(f"{LISTING}/limit/{n_rows}/offset/{n_rows}") is None


@pytest.mark.parametrize(
    ("path", "code"),
    [
        ("data/999", 111),
        ("task/999", 151),
        ("flow/999", 181),
        ("setup/999", 281),
        ("study/999", 601),
        ("data/features/999", 271),
        ("data/qualities/999", 361),
        ("nonsense/31", 100),
        ("evaluation/list/function/x/limit/10001/offset/0", 546),
        ("evaluation/list/function/x/offset/3", 545),
        ("evaluation/list/colour/red", 544),
        ("setup/list/limit/1001/offset/0", 676),
    ],
)
def test_error_codes_are_told(client: OpenMLClient, path: str, code: int) -> None:
    with pytest.raises(ServerRefusedError) as caught:
        client.get(path)
    assert caught.value.code == code
    assert "\n" not in str(caught.value)


@pytest.mark.parametrize("kind", ["overloaded", "truncated", "broken_xml", "drop", "html_404"])
def test_a_passing_fault_is_survived(client: OpenMLClient, server: OpenMLServer, kind: str) -> None:
    server.faults.append(Fault(pattern="study/99", kind=kind, times=1))
    assert read_suite(client.get("study/99") or "").id == 99


@pytest.mark.parametrize(
    ("kind", "said"),
    [
        ("overloaded", "overloaded"),
        ("truncated", "cannot be reached"),
        ("broken_xml", "broken XML"),
        ("drop", "cannot be reached"),
        ("html_404", "try again later"),
    ],
)
def test_a_lasting_fault_is_one_line(
    client: OpenMLClient, server: OpenMLServer, kind: str, said: str
) -> None:
    server.faults.append(Fault(pattern="study", kind=kind, times=float("inf")))
    with pytest.raises(OpenMLError, match=said) as caught:
        client.get("study/99")
    assert "\n" not in str(caught.value)


def test_an_error_page_that_is_xml_is_one_line(
    client: OpenMLClient, server: OpenMLServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(
        "openml_server.server.error", lambda code, message: "<html><body>not here</body></html>"
    )
    with pytest.raises(OpenMLError, match="something else than OpenML's XML"):
        client.get("nonsense")


def test_a_server_that_says_nothing_is_given_up(server: OpenMLServer, tmp_path: Path) -> None:
    server.faults.append(Fault(pattern="study", kind="slow", times=float("inf"), seconds=1.0))
    impatient = ConnectionSettings(tries=1, timeout=0.2)
    client = OpenMLClient(server.url, cache=tmp_path, settings=impatient)
    with pytest.raises(OpenMLError, match="cannot be reached"):
        client.get("study/99")


def test_no_connection_is_one_line(tmp_path: Path) -> None:
    nobody = OpenMLClient("http://127.0.0.1:9/api/v1/xml", cache=tmp_path)
    with pytest.raises(InputError, match=r"cannot be reached .*check the connection"):
        nobody.get("data/31")


def test_an_address_is_checked(tmp_path: Path) -> None:
    with pytest.raises(OptionError, match="no address"):
        OpenMLClient("localhost", cache=tmp_path)


def test_the_package_is_left_as_it_was(client: OpenMLClient) -> None:
    before = openml.config.server, openml.config.connection_n_retries
    client.get("study/99")
    assert (openml.config.server, openml.config.connection_n_retries) == before


def test_requests_keep_their_distance(
    server: OpenMLServer, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    waits: list[float] = []
    monkeypatch.setattr("metatune.budget.time.sleep", waits.append)
    polite = OpenMLClient(server.url, cache=tmp_path, settings=ConnectionSettings(pause=1.0))
    polite.get("study/99")
    polite.get("study/99")
    assert waits[0] == 0.0
    assert waits[1] == pytest.approx(1.0, abs=0.5)


def test_the_package_says_nothing(server: OpenMLServer, tmp_path: Path) -> None:
    """It warns of files that are not compressed, and sets up logging for that."""
    server.world.add(_replaced(server, 100, parquet=None))
    code = (
        "import logging, sys; from pathlib import Path\n"
        "from metatune.openml.client import OpenMLClient\n"
        "OpenMLClient(sys.argv[1], cache=Path(sys.argv[2])).dataset_file(100)\n"
        "assert not logging.getLogger().handlers\n"
    )
    command = [sys.executable, "-c", code, server.url, str(tmp_path)]
    done = subprocess.run(command, capture_output=True, text=True, check=False, timeout=120)
    assert (done.returncode, done.stdout, done.stderr) == (0, "", "")


class TestFiles:
    def test_parquet_where_there_is_some(self, client: OpenMLClient) -> None:
        file = client.dataset_file(100)
        assert file.suffix == ".pq"
        assert len(pd.read_parquet(file)) == 120

    def test_arff_where_the_object_is_missing(
        self, client: OpenMLClient, server: OpenMLServer
    ) -> None:
        server.world.add(_replaced(server, 100, parquet=None))
        assert client.dataset_file(100).suffix == ".arff"

    def test_a_wrong_check_sum_is_told(self, client: OpenMLClient, server: OpenMLServer) -> None:
        server.world.add(_replaced(server, 100, parquet=None, md5="0" * 32))
        with pytest.raises(OpenMLError, match="check sum"):
            client.dataset_file(100)

    def test_a_missing_arff_is_told(self, client: OpenMLClient, server: OpenMLServer) -> None:
        server.world.add(_replaced(server, 100, parquet=None))
        server.faults.append(Fault(pattern=r"\.arff", kind="html_404", times=float("inf")))
        with pytest.raises(OpenMLError):
            client.dataset_file(100)

    def test_a_folder_that_cannot_be_used_is_one_line(
        self, server: OpenMLServer, tmp_path: Path
    ) -> None:
        (tmp_path / "file").write_text("")
        client = OpenMLClient(server.url, cache=tmp_path / "file" / "cache")
        with pytest.raises(OpenMLError, match=r"cannot be kept in .*OPENML_CACHE_DIR"):
            client.dataset_file(100)
        assert client.get("study/99") is not None  # needs no folder

    def test_a_full_disk_is_one_line(
        self, client: OpenMLClient, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        def full(*_: object, **__: object) -> None:
            raise OSError(errno.ENOSPC, "No space left on device")

        monkeypatch.setattr("openml._api_calls._download_minio_file", full)
        with pytest.raises(OpenMLError, match=r"No space left on device\): make room"):
            client.dataset_file(100)

    def test_a_private_dataset_is_refused(self, client: OpenMLClient, server: OpenMLServer) -> None:
        server.world.add(_replaced(server, 100, visibility="private"))
        with pytest.raises(OpenMLError):
            client.dataset_file(100)

    def test_the_cache_works_when_the_server_is_down(
        self, client: OpenMLClient, server: OpenMLServer
    ) -> None:
        first = client.dataset_file(101)
        server.faults.append(Fault(pattern=".", kind="drop", times=float("inf")))
        assert client.dataset_file(101) == first


def _replaced(server: OpenMLServer, number: int, **changes: Any) -> Dataset:
    from dataclasses import replace

    return replace(server.world.datasets[number], **changes)
