"""The rebuild command as a user calls it: killed, continued, and its end."""

import importlib.util
import json
import os
import re
import shutil
import signal
import subprocess
import sys
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from types import ModuleType

import pandas as pd
import pytest
from click.testing import CliRunner, Result
from openml_server.made_up import make_world
from openml_server.server import OpenMLServer
from openml_server.world import World

from metatune.building.harvest import TABLES, Harvest
from metatune.kinds import TaskKind
from metatune.metadataset.pool import draw_pool
from metatune.space import Configuration

SCRIPTS = Path(__file__).resolve().parents[2] / "scripts"
QUICK = ("linear", "knn", "decision_tree")


@pytest.fixture
def script(monkeypatch: pytest.MonkeyPatch) -> ModuleType:
    monkeypatch.syspath_prepend(str(SCRIPTS))
    spec = importlib.util.spec_from_file_location(
        "rebuild_from_openml", SCRIPTS / "rebuild_from_openml.py"
    )
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    monkeypatch.setitem(sys.modules, "rebuild_from_openml", module)
    spec.loader.exec_module(module)
    return module


def run(script: ModuleType, *words: object) -> str:
    result = CliRunner().invoke(script.main, [str(w) for w in words], catch_exceptions=False)
    assert result.exit_code == 0, result.output
    return result.output


def place(server: OpenMLServer, work: Path) -> list[object]:
    return ["--work", work, "--server", server.url, "--pause", "0"]


def test_a_killed_harvest_of_a_large_suite_ends_like_an_undisturbed_one(
    script: ModuleType, tmp_path: Path
) -> None:
    world = make_world(n_tasks=12, n_runs=60)
    assert len(world.evaluations) >= 10_000
    with OpenMLServer(world=world) as server:
        run(script, "harvest", *place(server, tmp_path / "whole"), "--max-rows", "0")
        n_whole = len(server.requests)
        pieces = tmp_path / "pieces"
        for n_answers in (n_whole // 4, n_whole // 3):
            killed_after(server, n_answers, place(server, pieces))
            assert not (pieces / "harvest").exists()
        del server.requests[:]
        output = run(script, "harvest", *place(server, pieces), "--max-rows", "0")
        # Every answer that was kept before is one request less; each kill may cost one.
        assert len(server.requests) <= n_whole - sum(n_whole // k for k in (4, 3)) + 4
    assert "evaluations" in output
    whole, again = (Harvest.load(tmp_path / name / "harvest") for name in ("whole", "pieces"))
    assert len(whole.tables["evaluations"]) == len(world.evaluations)
    assert whole.tables["flows"]["flow_id"].nunique() == 8
    for name in TABLES:
        pd.testing.assert_frame_equal(whole.tables[name], again.tables[name])
        files = [tmp_path / n / "harvest" / f"{name}.parquet" for n in ("whole", "pieces")]
        assert files[0].read_bytes() == files[1].read_bytes()


def killed_after(server: OpenMLServer, n_answers: int, options: list[object]) -> None:
    """Start a harvest and kill it, hard, when the server has been asked so many times."""
    words = [SCRIPTS / "rebuild_from_openml.py", "harvest", *options, "--max-rows", "0"]
    del server.requests[:]
    process = subprocess.Popen(
        [sys.executable, *map(str, words)],
        stdout=subprocess.DEVNULL,
        stderr=subprocess.PIPE,
        text=True,
        env={**os.environ, "NO_PROXY": "127.0.0.1"},
        start_new_session=True,
    )

    def kill(_path: str) -> None:
        if len(server.requests) >= n_answers:
            os.killpg(process.pid, signal.SIGKILL)

    server.on_request = kill
    try:
        _, errors = process.communicate(timeout=120)
        assert process.returncode == -signal.SIGKILL, errors
    finally:
        server.on_request = None


def test_a_server_is_listed(script: ModuleType, server: OpenMLServer, tmp_path: Path) -> None:
    output = run(script, "list", *place(server, tmp_path), "--dry-run")
    assert "suite     99  Made-up suite" in output
    assert "mlr.classif.ranger (13)" in output
    counts = [line for line in output.splitlines() if line.startswith("flow")]
    assert len(counts) == 8
    assert all("evaluations on   4 tasks" in line for line in counts)
    assert [line.split()[2] for line in counts][-2:] == ["RandomForestClassifier", "SVC"]
    assert sum(path.startswith("study/list") for path in server.requests) == 1


def test_offline_nothing_is_asked(script: ModuleType, server: OpenMLServer, tmp_path: Path) -> None:
    run(script, "harvest", *place(server, tmp_path), "--flows", "mlr.classif.kknn")
    run(script, "download", *place(server, tmp_path))
    shutil.rmtree(tmp_path / "data")
    n_asked = len(server.requests)
    output = run(script, "download", *place(server, tmp_path), "--offline")
    assert "passed over" not in output  # the files are in the cache
    shutil.rmtree(tmp_path / "data")
    shutil.rmtree(tmp_path / "cache")
    output = run(script, "download", *place(server, tmp_path), "--offline")
    assert output.count("is not asked offline") == 4
    assert len(server.requests) == n_asked


def test_qualities_are_compared(script: ModuleType, server: OpenMLServer, tmp_path: Path) -> None:
    run(script, "harvest", *place(server, tmp_path))
    assert run(script, "download", *place(server, tmp_path)).count("openml_") == 4
    lines = run(script, "qualities", *place(server, tmp_path)).splitlines()
    agreement = {line.split()[0]: line.split()[2] for line in lines[1:]}
    assert agreement["NumberOfInstances"] == "100%"
    assert agreement["NumberOfClasses"] == "100%"
    assert agreement["NumberOfFeatures"] == "100%"  # without the target


def test_everything_from_a_server_to_a_fit_with_what_was_learned(
    script: ModuleType, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, call: Callable[..., Result]
) -> None:
    """With a pool of three quick configurations for each kind; the whole one takes minutes."""
    monkeypatch.setattr("build_metadata.draw_pool", quick_pool)
    monkeypatch.setattr("openml.config._root_cache_directory", tmp_path / "cache")
    world = world_of_families(8)
    with OpenMLServer(world=world) as server:
        options = [*place(server, tmp_path / "work"), "--jobs", "1", "--max-rows-of-tables", "120"]
        output = run(script, "all", *options, "--out", tmp_path / "metadata")
        again = run(script, "all", *options, "--out", tmp_path / "metadata", "--offline")
        fitted = call(
            *("fit", "openml:100", "--openml-server", server.url, "--jobs", "1", "-o"),
            *(tmp_path / "run", "--metadata", tmp_path / "metadata", "--budget", "2h"),
            *("--max-trials", "6", "--seed", "1", "--include", ",".join(QUICK), "--no-report"),
        )
    assert re.search(r"NumberOfInstances +8 +100%", output)
    assert "metadata: verified" in output
    assert "metadata: verified" in again
    verified = call("metadata", "verify", "--metadata", tmp_path / "metadata")
    assert verified.exit_code == 0, verified.output
    assert (tmp_path / "metadata" / "priors.json").is_file()
    datasets = pd.read_parquet(tmp_path / "metadata" / "datasets.parquet")
    assert len(datasets) == 8
    assert fitted.exit_code == 0, fitted.stderr
    advice = json.loads((tmp_path / "run" / "run.json").read_text())["advice"]
    # the table itself is among the past ones, and must not tell what is best on it
    (itself,) = advice["excluded"]
    assert itself.startswith("openml_100_")
    assert advice["n_past_datasets"] == 7
    similar = {neighbour["dataset"] for neighbour in advice["most_similar"]}
    assert similar
    assert similar <= set(datasets["dataset"]) - {itself}


def quick_pool(kind: TaskKind, first: int | None = None) -> list[Configuration]:
    pool = draw_pool(kind, first)
    return [next(c for c in pool if c.algorithm == family) for family in QUICK]


def world_of_families(n_tasks: int) -> World:
    """Make a world whose tables have names that tell them apart."""
    world = make_world(n_tasks=n_tasks, n_runs=12)
    for place, dataset in enumerate(tuple(world.datasets.values())):
        world.add(replace(dataset, name=f"made-up-{'abcdefghijkl'[place]}"))
    return world
