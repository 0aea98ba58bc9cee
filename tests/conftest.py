"""A made-up meta-dataset, a made-up table, and a way to call the command line."""

import logging
import os
import signal
import sys
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
import pandas as pd
import pytest
from click.testing import CliRunner, Result

from metatune import budget
from metatune.algorithms.registry import forget, own_families
from metatune.files.locks import ProcessLock
from metatune.metadataset.store import save_metadata
from metatune.metrics import DEFAULT_METRIC
from metatune.recommender.models import save_models

HELPERS = str(Path(__file__).parent / "helpers")
if HELPERS not in sys.path:
    sys.path.insert(0, HELPERS)

from copied_process import copied_commands  # noqa: E402
from made_up_past import make_metadata  # noqa: E402

if TYPE_CHECKING:
    from dask_cluster import Cluster


def make_shop(n_rows: int = 190, seed: int = 0) -> pd.DataFrame:
    """Make a table with numbers, a category, missing cells, and a target that can be learned.

    It has fewer rows than a second layer needs, which only tests that are about it wait for.
    """
    rng = np.random.default_rng(seed)
    frame = pd.DataFrame(
        {
            "age": rng.integers(18, 80, n_rows),
            "income": rng.normal(50, 10, n_rows).round(2),
            "city": rng.choice(["Rome", "Oslo", "Bonn"], n_rows),
        }
    )
    frame.loc[::17, "income"] = np.nan
    wish = frame["age"] / 60 + (frame["city"] == "Oslo") + rng.normal(0, 0.3, n_rows)
    frame["bought"] = np.where(wish > 1.2, "yes", "no")
    frame["spent"] = (wish * 100).round(1)
    return frame


def pytest_sessionstart() -> None:
    """Let commands be interrupted where the tests run in the background of a shell."""
    if signal.getsignal(signal.SIGINT) is signal.SIG_IGN:
        signal.signal(signal.SIGINT, signal.default_int_handler)


@pytest.hookimpl(tryfirst=True)
def pytest_runtest_setup() -> None:
    """Let commands that are called in this process count their budget from the test they serve.

    They count from the start of the process, which here is that of all tests. Fixtures of a
    module, which are made for the first test that asks, call commands too.
    """
    if hasattr(time, "CLOCK_BOOTTIME"):
        ticks = int(time.clock_gettime(time.CLOCK_BOOTTIME) * os.sysconf("SC_CLK_TCK")) - 1
        budget.start_ticks = lambda: ticks


@pytest.fixture(autouse=True)
def _learners_stay_in_their_test() -> Iterator[None]:
    """Forget the learners that a test has registered: a process runs many tests."""
    before = set(own_families())
    yield
    for name in set(own_families()) - before:
        forget(name)


@pytest.fixture(scope="session")
def metadata_dir(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A made-up meta-dataset with its models, made once for all processes of the tests."""
    base = tmp_path_factory.getbasetemp()
    shared = base.parent if "PYTEST_XDIST_WORKER" in os.environ else base
    (shared / "past.lock").touch()
    lock = ProcessLock.hold(shared / "past.lock")
    if not (shared / "past").is_dir():
        folder = tmp_path_factory.mktemp("metadata")
        save_metadata(make_metadata(), folder)
        save_models(folder, set(DEFAULT_METRIC.values()))  # for others a model is fitted when asked
        folder.rename(shared / "past")
    lock.release()
    return shared / "past"


@pytest.fixture(scope="session")
def shop() -> pd.DataFrame:
    return make_shop().drop(columns="spent")


@pytest.fixture(scope="session")
def shop_file(shop: pd.DataFrame, tmp_path_factory: pytest.TempPathFactory) -> Path:
    path = tmp_path_factory.mktemp("data") / "shop.csv"
    shop.to_csv(path, index=False)
    return path


@pytest.fixture(scope="session")
def programs(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Path]:
    """Folder of programs ``metatune`` and ``python`` that do not import for every command anew."""
    with copied_commands(tmp_path_factory.mktemp("programs")) as path:
        yield path


@pytest.fixture(scope="module")
def dask_cluster(tmp_path_factory: pytest.TempPathFactory) -> Iterator["Cluster"]:
    """Start a Dask scheduler and two workers with one thread each.

    They end with their file: an idle cluster goes on taking seven percent of a core.
    """
    pytest.importorskip("distributed")
    from dask_cluster import Cluster

    logging.getLogger("distributed").setLevel(logging.CRITICAL)
    with Cluster(tmp_path_factory.mktemp("cluster")) as cluster:
        cluster.start_worker()
        cluster.start_worker()
        cluster.wait_for_workers(2)
        yield cluster


@pytest.fixture(scope="session")
def call() -> Callable[..., Result]:
    """Call the command line in this process."""
    from metatune.cli.app import cli

    def invoke(*arguments: str | Path, stdin: str | None = None) -> Result:
        result = CliRunner().invoke(cli, [str(a) for a in arguments], input=stdin)
        if result.exception is not None and not isinstance(result.exception, SystemExit):
            raise result.exception
        return result

    return invoke
