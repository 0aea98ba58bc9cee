"""Kept answers and whole listings."""

import json
from pathlib import Path

import pytest
from openml_server.server import Fault, OpenMLServer

from metatune.errors import OpenMLError
from metatune.openml.client import OpenMLClient, ServerRefusedError
from metatune.openml.listings import read_listing
from metatune.openml.pages import MANIFEST, PageStore
from metatune.openml.payloads import EvaluationRow, read_evaluations

PAIR = "evaluation/list/function/predictive_accuracy/flow/6794/task/200"


def key(row: EvaluationRow) -> tuple[int, int]:
    return row.run_id, row.engine_id


@pytest.fixture
def store(client: OpenMLClient, server: OpenMLServer, tmp_path: Path) -> PageStore:
    return PageStore(tmp_path / "pages", client, server=server.url)


def test_what_was_asked_is_not_asked_again(
    store: PageStore, server: OpenMLServer, tmp_path: Path
) -> None:
    text = store.get("study/99")
    offline = PageStore(tmp_path / "pages", None, server=server.url)
    assert offline.get("study/99") == text
    assert server.requests.count("study/99") == 1
    entry = json.loads((tmp_path / "pages" / MANIFEST).read_text().splitlines()[0])
    assert {"server", "path", "file", "time", "rows", "sha256"} <= entry.keys()
    with pytest.raises(OpenMLError, match="does not hold study/14"):
        offline.get("study/14")


def test_empty_listings_and_refusals_are_kept_too(
    store: PageStore, server: OpenMLServer, tmp_path: Path
) -> None:
    empty = "evaluation/list/function/kappa/limit/10/offset/0"
    assert store.get(empty) is None
    with pytest.raises(ServerRefusedError):
        store.get("data/qualities/999")
    offline = PageStore(tmp_path / "pages", None, server=server.url)
    assert offline.get(empty) is None
    with pytest.raises(ServerRefusedError) as caught:
        offline.get("data/qualities/999")
    assert caught.value.code == 361


def test_an_overloaded_server_is_asked_again(store: PageStore, server: OpenMLServer) -> None:
    server.faults.append(Fault(pattern="study/99", kind="overloaded", times=2))
    with pytest.raises(ServerRefusedError):
        store.get("study/99")
    assert store.get("study/99") is not None


def test_a_torn_manifest_and_a_damaged_file_cost_a_request(
    client: OpenMLClient, store: PageStore, server: OpenMLServer, tmp_path: Path
) -> None:
    text = store.get("study/99")
    folder = tmp_path / "pages"
    next(folder.glob("*.xml.gz")).write_bytes(b"damaged")
    with (folder / MANIFEST).open("ab") as file:
        file.write(b'{"server": "http')
    again = PageStore(folder, client, server=server.url)
    assert again.get("study/99") == text
    assert server.requests.count("study/99") == 2
    assert PageStore(folder, None, server=server.url).get("study/99") == text


def test_answers_of_two_servers_are_not_mixed(store: PageStore, tmp_path: Path) -> None:
    store.get("study/99")
    with pytest.raises(OpenMLError, match="holds answers of"):
        PageStore(tmp_path / "pages", None, server="http://elsewhere/api/v1/xml")


@pytest.mark.parametrize("page_rows", [1, 3, 10, 11, 10_000])
def test_all_rows_whatever_the_page(store: PageStore, page_rows: int) -> None:
    listing = read_listing(store, PAIR, read_evaluations, key, page_rows=page_rows)
    assert len(listing.rows) == len(set(map(key, listing.rows))) == 11  # one of ten by two engines
    assert (listing.n_missing, listing.n_repeated, listing.capped) == (0, 0, False)


def test_rows_that_change_places_between_pages_are_all_found(
    store: PageStore, server: OpenMLServer
) -> None:
    server.shuffle = True
    ordered = read_listing(store, PAIR, read_evaluations, key, page_rows=10_000)
    shuffled = read_listing(store, PAIR, read_evaluations, key, page_rows=6)
    assert shuffled.n_repeated > 0
    assert set(map(key, shuffled.rows)) == set(map(key, ordered.rows))
    assert shuffled.n_missing == 0


def test_a_cap_ends_a_listing(store: PageStore, server: OpenMLServer) -> None:
    listing = read_listing(store, PAIR, read_evaluations, key, page_rows=10_000, max_rows=4)
    assert len(listing.rows) == 4
    assert listing.capped
    assert server.requests.count(f"{PAIR}/limit/4/offset/0") == 1


def test_a_value_of_nought_is_a_value_and_none_is_none() -> None:
    text = (
        '<oml:evaluations xmlns:oml="http://openml.org/openml">'
        + "".join(
            "<oml:evaluation><oml:run_id>1</oml:run_id><oml:evaluation_engine_id>1"
            "</oml:evaluation_engine_id><oml:task_id>1</oml:task_id><oml:data_id>1</oml:data_id>"
            "<oml:setup_id>1</oml:setup_id><oml:flow_id>1</oml:flow_id>"
            f"<oml:function>kappa</oml:function>{value}</oml:evaluation>"
            for value in ("<oml:value>0</oml:value>", "")
        )
        + "</oml:evaluations>"
    )
    assert [row.value for row in read_evaluations(text)] == [0.0, None]
