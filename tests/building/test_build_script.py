"""Script that builds a meta-dataset: it extends what there is, and loses none of it."""

import importlib.util
import sys
from pathlib import Path
from types import ModuleType
from typing import Any

import pytest
from click.testing import CliRunner
from made_up_catalogue import make_catalogue, pools

from metatune.errors import MetadataError
from metatune.execution.executor import InlineExecutor
from metatune.metadataset.schema import PROTOCOL_VERSION
from metatune.metadataset.store import load_metadata, save_metadata, verify_metadata


@pytest.fixture(name="script")
def _script(monkeypatch: pytest.MonkeyPatch) -> ModuleType:
    path = Path(__file__).parents[2] / "scripts" / "build_metadata.py"
    spec = importlib.util.spec_from_file_location("build_metadata", path)
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    monkeypatch.setitem(sys.modules, "build_metadata", module)
    spec.loader.exec_module(module)
    monkeypatch.setattr(module, "LocalPool", lambda n_workers: InlineExecutor())
    monkeypatch.setattr(module, "draw_pool", lambda kind, first=None: pools()[kind][:first])
    return module


def run_script(script: ModuleType, *arguments: Any) -> str:
    result = CliRunner().invoke(script.main, [str(a) for a in arguments], catch_exceptions=False)
    assert result.exit_code == 0, result.output
    return result.output


def test_the_script_builds_and_then_extends(script: ModuleType, tmp_path: Path) -> None:
    first = make_catalogue(tmp_path / "tables", ["binary"])
    out = tmp_path / "out"
    common = ["--out", out, "--max-rows", 180]
    said = run_script(script, "--catalogue", first, "--work", tmp_path / "w1", *common)
    assert "nothing is taken over" not in said
    assert "1 datasets of 1 families" in said
    assert {path.name for path in (out / "models").iterdir()} == {
        f"classification.{metric}.npz"
        for metric in ("roc_auc", "log_loss", "accuracy", "balanced_accuracy")
    }
    second = make_catalogue(tmp_path / "own", ["binary"], seed=3)
    second.write_text(second.read_text().replace(",t0,f0", ",own,f9"))
    listed = ["--catalogue", second, "--work", tmp_path / "w2", "--list", *common]
    assert "1 tables of 1 families: 1 binary" in run_script(script, *listed)
    assert not (tmp_path / "w2").exists()
    said = run_script(
        script, "--catalogue", second, "--work", tmp_path / "w2", "--no-models", *common
    )
    assert "2 datasets of 2 families" in said
    assert sorted(path.name for path in (tmp_path / "w2").iterdir()) == ["own"]
    assert list((out / "models").iterdir()) == []  # fitted on other tables
    assert verify_metadata(out) == []


def test_the_script_does_not_replace_a_meta_dataset_of_another_protocol_by_a_few_tables(
    script: ModuleType, tmp_path: Path
) -> None:
    out = tmp_path / "out"
    first = make_catalogue(tmp_path / "tables", ["binary"])
    common = ["--no-models", "--max-rows", 180]
    run_script(script, "--catalogue", first, "--work", tmp_path / "w1", "--out", out, *common)
    known = load_metadata(out)
    known.datasets["protocol:version"] = PROTOCOL_VERSION - 1
    save_metadata(known, out)
    second = make_catalogue(tmp_path / "own", ["binary"], seed=3)
    second.write_text(second.read_text().replace(",t0,f0", ",own,f9"))
    own = ["--catalogue", second, "--work", tmp_path / "w2", *common]
    with pytest.raises(MetadataError, match=r"would lose 1 of its datasets, such as t0, .*--fresh"):
        run_script(script, *own, "--out", out)
    with pytest.raises(MetadataError, match="would lose"):
        run_script(script, *own, "--out", out, "--known", tmp_path / "own" / ".." / "out")
    assert not (tmp_path / "w2").exists()
    assert list(load_metadata(out).datasets["dataset"]) == ["t0"]
    assert "1 datasets of 1 families" in run_script(script, *own, "--out", tmp_path / "other")
    run_script(script, "--catalogue", first, "--work", tmp_path / "w3", "--out", out, *common)
    assert set(load_metadata(out).datasets["protocol:version"]) == {PROTOCOL_VERSION}


def test_the_script_does_not_lose_what_it_had_no_time_for(
    script: ModuleType, tmp_path: Path
) -> None:
    out = tmp_path / "out"
    catalogue = make_catalogue(tmp_path / "tables", ["binary", "regression"])
    common = ["--catalogue", catalogue, "--no-models", "--out", out]
    run_script(script, *common, "--work", tmp_path / "w1")
    known = load_metadata(out)
    known.datasets["protocol:version"] = PROTOCOL_VERSION - 1
    save_metadata(known, out)
    more = [*common, "--work", tmp_path / "w2"]
    with pytest.raises(MetadataError, match="would lose 2 of its datasets"):
        run_script(script, *more, "--minutes", 0)
    assert len(load_metadata(out).datasets) == 2
    run_script(script, *more)
    assert len(load_metadata(out).datasets) == 2


def test_the_script_can_start_afresh(script: ModuleType, tmp_path: Path) -> None:
    catalogue = make_catalogue(tmp_path / "tables", ["binary", "regression"])
    common = ["--catalogue", catalogue, "--no-models", "--out", tmp_path / "out"]
    run_script(script, *common, "--work", tmp_path / "w1")
    said = run_script(script, *common, "--work", tmp_path / "w2", "--fresh", "--tables", "t1")
    assert "1 datasets of 1 families" in said
    assert sorted(path.name for path in (tmp_path / "w2").iterdir()) == ["t1"]
    assert "rung 0" in said


def test_what_cannot_be_read_is_replaced(script: ModuleType, tmp_path: Path) -> None:
    out = tmp_path / "out"
    out.mkdir()
    (out / "manifest.json").write_text("{")
    catalogue = make_catalogue(tmp_path / "tables", ["binary"])
    common = ["--catalogue", catalogue, "--no-models", "--out", out]
    assert "nothing is taken over" in run_script(script, *common, "--work", tmp_path / "work")
    assert verify_metadata(out) == []


def test_large_tables_take_part_once_more_and_spare_time(
    script: ModuleType, tmp_path: Path
) -> None:
    catalogue = make_catalogue(tmp_path / "tables", ["binary", "regression"])
    common = ["--catalogue", catalogue, "--no-models", "--out", tmp_path / "out"]
    common += ["--max-rows", 180]
    large = ["--large", 1, "--large-rows", 190]
    said = run_script(script, *common, *large, "--work", tmp_path / "w1")
    assert "t0@190" in said
    said = run_script(script, *common, *large, "--work", tmp_path / "w2")
    assert "rung 0" not in said
    datasets = load_metadata(tmp_path / "out").datasets
    assert list(datasets["dataset"]) == ["t0", "t0@190", "t1"]
    assert list(datasets["family"]) == ["f0", "f0", "f1"]
    assert list(datasets["n_rows"]) == [180, 190, 180]
    assert list(datasets["protocol:keep"]) == [1.0, 0.25, 1.0]


def test_a_known_table_keeps_the_rows_it_has(script: ModuleType, tmp_path: Path) -> None:
    catalogue = make_catalogue(tmp_path / "tables", ["binary", "regression"])
    common = ["--catalogue", catalogue, "--no-models", "--out", tmp_path / "out"]
    run_script(script, *common, "--max-rows", 190, "--tables", "t0", "--work", tmp_path / "w1")
    said = run_script(script, *common, "--max-rows", 180, "--work", tmp_path / "w2")
    assert "t0 " not in said
    datasets = load_metadata(tmp_path / "out").datasets
    rows = dict(zip(datasets["dataset"], datasets["protocol:max_rows"], strict=True))
    assert rows == {"t0": 190, "t1": 180}
