"""A server on loopback for each test, and a client that does not wait."""

from collections.abc import Iterator
from pathlib import Path

import pytest
from openml_server.made_up import make_world
from openml_server.server import OpenMLServer

pytest.importorskip("openml")

from metatune.openml.client import ConnectionSettings, OpenMLClient

QUICK = ConnectionSettings(policy="human", tries=2, timeout=5.0)


@pytest.fixture(autouse=True)
def no_waiting(monkeypatch: pytest.MonkeyPatch) -> None:
    """Let no proxy stand between, and tries follow each other at once."""
    monkeypatch.setenv("NO_PROXY", "127.0.0.1")
    monkeypatch.setattr("openml._api_calls._human_delay", lambda n: 0.0)


@pytest.fixture
def server() -> Iterator[OpenMLServer]:
    with OpenMLServer(world=make_world()) as running:
        yield running


@pytest.fixture
def client(server: OpenMLServer, tmp_path: Path) -> OpenMLClient:
    return OpenMLClient(server.url, cache=tmp_path / "cache", settings=QUICK)
