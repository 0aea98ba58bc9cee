"""Another version of the package `openml`: announced changes, played on the installed one.

Its configuration is an object instead of a module, the cache folder of a server has another name,
and the functions that list take other arguments. What metatune uses has to be what all versions
share.
"""

import sys
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import openml
import pandas as pd
import pytest
from openml_server.server import Fault, OpenMLServer

from metatune.building.harvest import TABLES, HarvestPlan, harvest
from metatune.building.openml_tables import download_tables
from metatune.errors import OpenMLError
from metatune.openml.client import OpenMLClient, ServerRefusedError, default_cache
from metatune.openml.dataset import fetch_table
from metatune.openml.pages import PageStore
from metatune.openml.reference import Reference

PLAN = HarvestPlan(suite="99", flows=("mlr.classif.kknn", "6969"), max_rows=None)
LISTS = (
    "datasets.list_datasets",
    "tasks.list_tasks",
    "flows.list_flows",
    "study.list_suites",
    "evaluations.list_evaluations",
    "evaluations.list_evaluations_setups",
    "setups.list_setups",
)


@dataclass
class Values:
    """Settings of the package; nothing else can be set."""

    server: str = "https://www.openml.org/api/v1/xml/"
    apikey: str | None = None
    connection_n_retries: int = 5
    retry_policy: str = "human"
    show_progress: bool = False
    avoid_duplicate_runs: bool = False


@dataclass
class ConfigObject:
    """A configuration that keeps its values apart and knows no others."""

    root: Path
    values: Values = field(default_factory=Values)
    OPENML_CACHE_DIR_ENV_VAR: str = "OPENML_CACHE_DIR"
    OPENML_SKIP_PARQUET_ENV_VAR: str = "OPENML_SKIP_PARQUET"

    def __getattr__(self, name: str) -> Any:
        return getattr(self.__dict__["values"], name)

    def __setattr__(self, name: str, value: Any) -> None:
        if hasattr(Values, name):
            setattr(self.values, name, value)
        elif name in ("root", "values", *ConfigObject.__annotations__):
            object.__setattr__(self, name, value)
        else:
            raise AttributeError(f"there is no setting {name}")

    @property
    def _root_cache_directory(self) -> Path:
        return self.root

    def set_root_cache_directory(self, root: str | Path) -> None:
        self.root = Path(root)

    def set_retry_policy(self, policy: str, n_retries: int | None = None) -> None:
        self.values.retry_policy = policy
        self.values.connection_n_retries = n_retries or 5

    def get_cache_directory(self) -> str:
        host = self.values.server.split("/")[2].replace(":", "_")
        return str(self.root.joinpath(*reversed(host.split("."))))


@pytest.fixture(autouse=True)
def changed(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> ConfigObject:
    """Make the changes in every module of the package."""
    config = ConfigObject(root=tmp_path / "own")
    plain = openml.config
    for name, module in tuple(sys.modules.items()):
        if name.split(".")[0] == "openml" and getattr(module, "config", None) is plain:
            monkeypatch.setattr(module, "config", config)

    def refuse(*_: Any, **__: Any) -> None:
        raise TypeError("an unexpected keyword argument 'output_format'")

    for name in LISTS:
        monkeypatch.setattr(f"openml.{name}", refuse)
    return config


def test_everything_works(
    changed: ConfigObject, client: OpenMLClient, server: OpenMLServer, tmp_path: Path
) -> None:
    assert vars(openml)["config"] is changed
    store = PageStore(tmp_path / "pages", client, server=server.url)
    found = harvest(PLAN, store)
    assert all(len(found.tables[name]) for name in TABLES if name != "holes")
    assert download_tables(found, store, client, tmp_path / "data") == {}
    host = server.host.removeprefix("http://").replace(":", "_").split(".")[-1]
    file = client.dataset_file(100)
    assert file == tmp_path / "cache" / host / "0" / "0" / "127" / "datasets/100/dataset_100.pq"
    assert len(pd.read_parquet(file)) == 120
    server.faults.append(Fault(pattern=r"\.pq", kind="forbidden", times=float("inf")))
    (tmp_path / "cache").rename(tmp_path / "away")
    assert fetch_table(Reference.parse("openml:task/200"), client).table.source.format == "arff"


def test_the_configuration_is_left_as_it_was(
    changed: ConfigObject, client: OpenMLClient, server: OpenMLServer, tmp_path: Path
) -> None:
    client.get("study/99")
    server.faults.append(Fault(pattern="study", kind="drop", times=float("inf")))
    with pytest.raises(OpenMLError, match="cannot be reached"):
        client.get("study/99")
    with pytest.raises(ServerRefusedError):
        client.get("data/999")
    assert changed == ConfigObject(root=tmp_path / "own")
    assert default_cache() == tmp_path / "own"
