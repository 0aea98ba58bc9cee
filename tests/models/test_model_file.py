"""Model files and run directories: what they hold, and what is refused."""

import subprocess
import sys
import zipfile
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
import skops.io
from run_records import make_record
from sklearn.linear_model import LinearRegression
from sklearn.pipeline import Pipeline

from metatune.data.encoding.encoder import encode_task
from metatune.data.task.make_task import make_task
from metatune.errors import BundleError, OptionError
from metatune.models import model_file
from metatune.models.pipeline import ConstantRegressor, assemble_pipeline
from metatune.storage.directory import RunDirectory

TABLE = pd.DataFrame({"a": np.arange(12.0), "b": list("xy") * 6, "price": np.arange(12.0)})


INFO = {"target": "price", "task": "regression"}


def make_pipeline() -> Pipeline:
    """Constant model of a table."""
    task = make_task(TABLE, target="price", task="regression")
    encoder, encoded = encode_task(task, 0)
    constant = ConstantRegressor().fit(encoded.X, encoded.y)
    return assemble_pipeline(encoder, constant, None)


def make_foreign_pipeline() -> Pipeline:
    X = np.arange(12.0).reshape(6, 2)
    return Pipeline([("model", LinearRegression())]).fit(X, X[:, 0])


def test_round_trip_with_information(tmp_path: Path) -> None:
    path = tmp_path / "model.skops"
    info = {"target": "price", "task": "regression", "classes": [1, 2], "trial": None}
    model_file.save(make_pipeline(), path, info)
    loaded = model_file.load(path)
    assert model_file.model_info(loaded) == info
    assert loaded.predict(TABLE)[:2] == pytest.approx([5.5, 5.5])
    assert model_file.load(tmp_path).predict(TABLE)[:1] == pytest.approx([5.5])


def write_text(path: Path) -> None:
    path.write_text("not a model")


def write_empty(path: Path) -> None:
    path.write_bytes(b"")


def write_archive(path: Path) -> None:
    with zipfile.ZipFile(path, "w") as archive:
        archive.writestr("schema.json", "{}")


def write_torn(path: Path) -> None:
    model_file.save(make_pipeline(), path)
    path.write_bytes(path.read_bytes()[:-200])


def write_foreign(path: Path) -> None:
    skops.io.dump(make_foreign_pipeline(), path)


@pytest.mark.parametrize(
    "write", [write_text, write_empty, write_archive, write_torn, write_foreign]
)
def test_what_is_no_model_is_refused_in_one_line(
    write: Callable[[Path], object], tmp_path: Path
) -> None:
    path = tmp_path / "model.skops"
    write(path)
    with pytest.raises(BundleError) as caught:
        model_file.load(path)
    assert "\n" not in str(caught.value)
    assert str(path) in str(caught.value)


def test_missing_models_are_told_apart(tmp_path: Path) -> None:
    with pytest.raises(BundleError, match="does not exist"):
        model_file.load(tmp_path / "none.skops")
    with pytest.raises(BundleError, match=r"holds no model\.skops"):
        model_file.load(tmp_path)


def test_a_type_that_has_moved_since_says_another_version(tmp_path: Path) -> None:
    path = tmp_path / "model.skops"
    model_file.save(make_pipeline(), path, INFO)
    with zipfile.ZipFile(path) as archive:
        parts = {name: archive.read(name) for name in archive.namelist()}
    moved = parts["schema.json"].replace(b"metatune.models.pipeline", b"metatune.models.constant")
    with zipfile.ZipFile(path, "w") as archive:
        for name, content in (parts | {"schema.json": moved}).items():
            archive.writestr(name, content)
    with pytest.raises(BundleError, match="by another version of metatune"):
        model_file.load(path)


class Stranger:
    """A type that nobody vouched for."""

    def __init__(self) -> None:
        self.value = 1


def test_untrusted_types_are_not_loaded(tmp_path: Path) -> None:
    pipeline = make_pipeline()
    pipeline.steps.append(("stranger", Stranger()))
    path = tmp_path / "model.skops"
    model_file.save(pipeline, path, INFO)
    with pytest.raises(BundleError, match="is not a model file of metatune"):
        model_file.load(path)


def test_a_failed_save_leaves_the_old_model(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = tmp_path / "model.skops"
    model_file.save(make_pipeline(), path, INFO | {"which": "old"})

    def dump(_: object, file: Path) -> None:
        file.write_bytes(b"half of it")
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(skops.io, "dump", dump)
    with pytest.raises(BundleError, match=r"cannot write .*No space left"):
        model_file.save(make_pipeline(), path, INFO | {"which": "new"})
    assert model_file.model_info(model_file.load(path)) == INFO | {"which": "old"}
    assert [p.name for p in tmp_path.iterdir()] == ["model.skops"]


def test_full_directories_are_refused_and_strangers_never_deleted(tmp_path: Path) -> None:
    path = tmp_path / "run"
    path.mkdir()
    assert RunDirectory.check(path, overwrite=False).path == path
    (path / "run.json").write_text("{}")
    (path / "model.skops.part").write_text("half of it")
    with pytest.raises(OptionError, match="--overwrite"):
        RunDirectory.check(path, overwrite=False)
    RunDirectory.check(path, overwrite=True).make()
    assert list(path.iterdir()) == []
    (path / "thesis.tex").write_text("years of work")
    with pytest.raises(OptionError, match=r"thesis\.tex"):
        RunDirectory.check(path, overwrite=True)
    assert (path / "thesis.tex").exists()


def test_files_and_unwritable_places_are_refused(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    with pytest.raises(OptionError, match="is a file"):
        RunDirectory.check(tmp_path / "file", overwrite=True)
    with pytest.raises(OptionError, match="cannot be written"):  # root may try, and then fails
        RunDirectory.check(Path("/proc/nowhere/run"), overwrite=False).make()


def test_records_and_damage(tmp_path: Path) -> None:
    run_dir = RunDirectory(tmp_path)
    with pytest.raises(BundleError, match="is not a run directory"):
        RunDirectory.open(tmp_path)
    run_dir.write_record(make_record())
    assert RunDirectory.open(tmp_path).read_record() == make_record()
    assert "preis €" in (tmp_path / "run.json").read_text(encoding="utf-8")
    (tmp_path / "run.json").write_text("{")
    with pytest.raises(BundleError, match="the run is damaged"):
        run_dir.read_record()


def test_what_writes_models_is_imported_in_pieces_and_by_no_thread() -> None:
    code = (
        "import sys, threading\n"
        "from metatune.models import model_file\n"
        "n_calls = 1\n"
        "while not model_file.is_writer_ready():\n"
        "    assert threading.active_count() == 1\n"
        "    n_calls += 1\n"
        "assert n_calls > 1\n"
        "assert 'skops.io' in sys.modules\n"
    )
    subprocess.run([sys.executable, "-c", code], check=True)
