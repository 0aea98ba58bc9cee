"""Learners of users in model files: opened for who names their types, and harmless otherwise."""

import subprocess
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import skops.io
from model_files import EditedFile
from own_learners import Centroids
from sklearn.pipeline import Pipeline

from metatune.algorithms.learners.own_learner import PACKED, OwnClassifier
from metatune.algorithms.own_algorithm import OwnAlgorithm
from metatune.kinds import TaskKind
from metatune.models.forms.model import MEMBER
from metatune.models.forms.own import CLASSIFIER
from metatune.models.reading.mismatch import Mismatch, Untrusted
from metatune.models.reading.reader import read
from metatune.space import Float
from metatune.testing.tables import Table, easy

NAMED = ("own_learners.Centroids",)


@pytest.fixture(scope="module")
def table() -> Table:
    return easy(TaskKind.BINARY)


@pytest.fixture(scope="module")
def fitted(table: Table) -> Pipeline:
    algorithm = OwnAlgorithm("centroids", Centroids(), {"power": Float(0.5, 3.0)})
    configuration = algorithm.space(TaskKind.BINARY).default()
    return algorithm.build(configuration, table.context()).fit(table.X, table.y)


@pytest.fixture
def path(fitted: Pipeline, tmp_path: Path) -> Iterator[Path]:
    path = tmp_path / "part.skops"
    skops.io.dump(fitted, path)
    yield path
    path.unlink()


def opened(path: Path, trusted: tuple[str, ...] | None) -> Any:
    return read(path, MEMBER, 10**9, trusted)


def packed_with(path: Path, content: bytes) -> Path:
    """Put other bytes in the place of those that are packed."""
    file = EditedFile(path)
    for attributes in file.all("OwnClassifier"):
        file.members[attributes["packed"]["file"]] = content
    return file.write(path)


def test_named_types_are_opened(path: Path, fitted: Pipeline, table: Table) -> None:
    loaded = opened(path, NAMED)
    np.testing.assert_array_equal(
        loaded.predict_proba(table.X_new), fitted.predict_proba(table.X_new)
    )


def test_a_learner_alone_has_its_form(fitted: Pipeline, tmp_path: Path) -> None:
    learner = fitted.steps[-1][1].estimator_
    assert isinstance(learner, OwnClassifier)
    assert set(learner.__getstate__()) == {"name", "n_classes_", PACKED}
    skops.io.dump(learner, tmp_path / "learner.skops")
    loaded = read(tmp_path / "learner.skops", CLASSIFIER.fitted, 10**9, NAMED)
    assert isinstance(loaded.estimator_.estimator, Centroids)


def test_nothing_is_looked_into_for_who_names_nothing(path: Path) -> None:
    packed_with(path, b"no file of skops")
    with pytest.raises(Untrusted, match="'centroids', which is not of metatune"):
        opened(path, None)


def test_types_that_were_not_named_are_told(path: Path) -> None:
    with pytest.raises(Untrusted, match=r"add own_learners\.Centroids to trusted"):
        opened(path, ("own_learners.Median",))


def test_what_is_packed_is_audited_again(path: Path) -> None:
    """By what it is made of now, not by what the file says of it."""
    packed_with(path, skops.io.dumps({"estimator": subprocess.run}))
    with pytest.raises(Untrusted, match=r"subprocess\.run"):
        opened(path, NAMED)


@pytest.mark.parametrize("content", [b"", b"PK\x03\x04", b"no file of skops" * 100])
def test_damage_is_told(path: Path, content: bytes) -> None:
    packed_with(path, content)
    with pytest.raises(Mismatch, match="no file of skops"):
        opened(path, NAMED)


def test_what_is_packed_has_to_be_attributes(path: Path) -> None:
    packed_with(path, skops.io.dumps([1, 2, 3]))
    with pytest.raises(Mismatch, match="none of a learner's attributes"):
        opened(path, NAMED)


def test_classes_that_are_not_installed_are_told(path: Path) -> None:
    file = EditedFile(path)
    gone = skops.io.dumps({"estimator": Centroids()}).replace(b"own_learners", b"not_learners")
    for attributes in file.all("OwnClassifier"):
        file.members[attributes["packed"]["file"]] = gone
    file.write(path)
    with pytest.raises(Mismatch):
        opened(path, ("not_learners.Centroids",))


def test_other_attributes_do_not_belong_there(path: Path) -> None:
    file = EditedFile(path)
    for attributes in file.all("OwnClassifier"):
        attributes["extra"] = attributes["name"]
    file.write(path)
    with pytest.raises(Mismatch):
        opened(path, NAMED)
