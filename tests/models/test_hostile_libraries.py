"""Models of other libraries in files from strangers: their text and bytes are parsed in full."""

import json
import re
import struct
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from model_edits import Edit, forbid_building, refused, set_leaf, text_of_trees
from model_files import EditedFile

from benchmarks.hostile.families import make_models
from metatune.algorithms.base import learner_of
from metatune.algorithms.fitting import fit_model
from metatune.algorithms.learners.stopping import TrainingRows, WatchedRows
from metatune.algorithms.registry import get_algorithm
from metatune.budget import Deadline
from metatune.data.row_metadata import PLAIN
from metatune.kinds import TaskKind
from metatune.models.libraries import catboost_bytes
from metatune.models.libraries.booster import Booster
from metatune.models.libraries.catboost_bytes import check_catboost
from metatune.models.libraries.flatbuffer import read_root
from metatune.models.libraries.lightgbm_text import END_OF_TREES, check_lightgbm
from metatune.models.libraries.xgboost_bytes import check_xgboost
from metatune.models.reading.mismatch import Mismatch
from metatune.testing.tables import easy

TEXTS: dict[str, Edit] = {
    "trees of a round": text_of_trees("num_tree_per_iteration=3", "num_tree_per_iteration=100000"),
    "no trees of a round": text_of_trees("num_tree_per_iteration=3", "num_tree_per_iteration=0"),
    "another objective": text_of_trees("num_class:3", "num_class:100000"),
    "a number of classes": text_of_trees("num_class=3", "num_class=2"),
    "sizes beyond the text": text_of_trees(r"tree_sizes=\d+", "tree_sizes=999999999"),
    "more leaves than values": text_of_trees(r"num_leaves=\d+", "num_leaves=9"),
    "many leaves": text_of_trees(r"num_leaves=\d+", "num_leaves=2000000000"),
    "a split of far columns": text_of_trees(r"max_feature_idx=\d+", "max_feature_idx=3"),
    "a loop": text_of_trees(r"left_child=-?\d", "left_child=0"),
    "a linear tree": text_of_trees("is_linear=0", "is_linear=1"),
    "sets of categories": text_of_trees("num_cat=0", "num_cat=1"),
    "no end": text_of_trees("end of trees", "end of text."),
    "a line twice": text_of_trees(r"num_cat=0\n", "num_cat=0\nnum_cat=0\n"),
    "other digits": text_of_trees(r"num_leaves=\d", "num_leaves=\u0663"),
    "an empty text": set_leaf("LightGBMClassifier", "model_", ""),
}


@pytest.mark.parametrize("name", TEXTS)
def test_changed_text_of_lightgbm_is_refused_before_anything_is_built(
    name: str, valid: dict[str, Path], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    file = EditedFile(valid["lightgbm"])
    TEXTS[name](file)
    forbid_building(monkeypatch)
    refused(file.write(tmp_path / "model.skops"))


@pytest.fixture(scope="module")
def boosters(tmp_path_factory: pytest.TempPathFactory) -> dict[str, bytes]:
    """Trees of other libraries, as these write them."""
    found = {}
    folder = tmp_path_factory.mktemp("boosters")
    for name in ("xgboost", "catboost"):
        pytest.importorskip(name)
        ((_, path),) = make_models(folder, (TaskKind.MULTICLASS,), (name,)).values()
        file = EditedFile(path)
        found[name] = next(content for n, content in file.members.items() if n.endswith(".bin"))
    return found


def test_bytes_of_xgboost(boosters: dict[str, bytes]) -> None:
    content = boosters["xgboost"]
    assert check_xgboost(content).n_classes == 3

    def array(name: str, mark: bytes, place: int, value: bytes) -> bytes:
        """Change a cell of the first array of a name."""
        start = content.index(name.encode() + b"[$" + mark + b"#L") + len(name) + 13
        at = start + place * len(value)
        return content[:at] + value + content[at + len(value) :]

    wrong = [
        array("left_children", b"l", 0, struct.pack(">i", 0)),
        array("left_children", b"l", 0, struct.pack(">i", 10**6)),
        array("right_children", b"l", 0, struct.pack(">i", -9)),
        array("split_indices", b"l", 0, struct.pack(">i", 10**6)),
        array("split_indices", b"l", 0, struct.pack(">i", -1)),
        array("split_type", b"U", 0, b"\x07"),
        content.replace(
            b"num_classSL\x00\x00\x00\x00\x00\x00\x00\x013",
            b"num_classSL\x00\x00\x00\x00\x00\x00\x00\x014",
            1,
        ),
        content.replace(b"\x011", b"\x019", 1),
        content[:-10],
        content + b"}",
        content[:1] * len(content),
        b"",
    ]
    for each in wrong:
        assert each != content
        with pytest.raises(Mismatch):
            check_xgboost(each)


def test_bytes_of_catboost(boosters: dict[str, bytes]) -> None:
    content = boosters["catboost"]
    assert check_catboost(content).n_classes == 3
    wrong = [content[:-10], content + b"x", b"CBM1", content[:4] + b"\xff" * 4 + content[8:], b""]
    wrong += [content[:at] + b"\xff\xff\xff\x7f" + content[at + 4 :] for at in (8, 20, 28)]
    for each in wrong:
        with pytest.raises(Mismatch):
            check_catboost(each)


def test_places_in_catboost(boosters: dict[str, bytes]) -> None:
    content = boosters["catboost"]
    size = int.from_bytes(content[4:8], "little")
    trees = read_root(content[8 : 8 + size], catboost_bytes._CORE)["trees"]
    wrong = [
        _patched(content, trees["splits"].tobytes(), struct.pack("<i", 10**6)),
        _patched(content, trees["splits"].tobytes(), struct.pack("<i", -1)),
        _patched(content, trees["sizes"].tobytes(), struct.pack("<i", 31)),
        _patched(content, trees["sizes"].tobytes(), struct.pack("<i", -1)),
        _patched(content, trees["starts"].tobytes(), struct.pack("<i", 5)),
        _patched(content, trees["bins"].tobytes(), b"\xff\xff"),
    ]
    for each in wrong:
        assert each != content
        with pytest.raises(Mismatch):
            check_catboost(each)


def _patched(content: bytes, part: bytes, new: bytes) -> bytes:
    at = content.index(part)
    return content[:at] + new + content[at + len(new) :]


def test_levels_in_catboost_have_a_cell_and_a_search_for_them_ends() -> None:
    def check(hashes: list[int], places: list[int], n_cells: int) -> None:
        buckets = np.zeros(len(hashes), catboost_bytes._BUCKET)
        buckets["hash"], buckets["place"] = hashes, places
        table = {
            "buckets": np.frombuffer(buckets.tobytes(), np.uint8),
            "cells": np.zeros(n_cells, np.uint8),
            "n_classes": 2,
        }
        catboost_bytes._check_table(table, kind=0)

    free = 2**64 - 1
    check([1, free, 3, free], [0, 0, 1, 0], n_cells=16)
    for hashes, places, n_cells in (
        ([1, 2, 3, 4], [0, 1, 0, 1], 16),  # none is free
        ([1, free, 3, free], [0, 0, 2, 0], 16),
        ([1, free, 3], [0, 0, 1], 16),
        ([], [], 16),
    ):
        with pytest.raises(Mismatch):
            check(hashes, places, n_cells)


def test_numbers_of_lightgbm_are_digits_and_nothing_else(valid: dict[str, Path]) -> None:
    state = EditedFile(valid["lightgbm"]).fitted("LightGBMClassifier", "model_")
    text = json.loads(state["model_"]["content"])
    assert check_lightgbm(text).n_classes == 3
    for old, new in (
        (r"left_child=(-?\d+) ", r"left_child=\1-"),
        (r"left_child=(-?\d+) ", r"left_child=\1  "),
        (r"split_feature=(\d+)", r"split_feature= \1"),
        (r"split_feature=(\d+)", r"split_feature=99999999999999999999"),
        (r"split_feature=(\d+)", r"split_feature=999"),
        (r"decision_type=(\d+)", r"decision_type=12"),
    ):
        replaced = re.sub(old, new, text, count=1)
        size = re.search(r"tree_sizes=(\d+)", text)
        assert size is not None
        longer = int(size[1]) + len(replaced) - len(text)
        replaced = replaced.replace(size[0], f"tree_sizes={longer}", 1)
        with pytest.raises(Mismatch):
            check_lightgbm(replaced)


@pytest.mark.parametrize("objective", ["regression", "binary", "multiclass"])
def test_trees_of_lightgbm_without_a_split_are_read(objective: str) -> None:
    """A round in which nothing is left to learn writes a tree of one leaf, without a weight."""
    import lightgbm

    rng = np.random.default_rng(0)
    X, y = rng.normal(size=(300, 3)), (np.arange(300) > 296).astype(float)
    params = {"objective": objective, "verbose": -1, "lambda_l1": 10.0}
    if objective == "multiclass":
        params["num_class"] = 3
    booster = lightgbm.train(params, lightgbm.Dataset(X, y), 30)
    text = booster.model_to_string()
    assert "num_leaves=1\n" in text
    assert "leaf_weight=\n" in text
    check_lightgbm(text[: text.index(END_OF_TREES) + len(END_OF_TREES)])


@pytest.mark.parametrize(
    ("note", "is_good"),
    [
        ("[" * 100 + "]" * 100, True),
        (json.dumps([[0.5]] * 5_000), True),  # losses of many rounds
        (json.dumps({"text": "[" * 2_000}), True),
        ("[" * 200 + "]" * 200, False),
        ("[" * 10**5 + "]" * 10**5, False),
        ('{"a": ' + "[" * 200 + "]" * 200 + ', "a": 1}', False),  # the first value counts as well
        ("[" * 2_000, False),
        ("not JSON " + "[]" * 2_000, False),
    ],
)
def test_notes_of_catboost_may_be_long_and_not_deep(note: str, *, is_good: bool) -> None:
    if is_good:
        catboost_bytes._check_note(note)
    else:
        with pytest.raises(Mismatch, match="notes"):
            catboost_bytes._check_note(note)


@pytest.mark.parametrize("family", ["lightgbm", "xgboost", "catboost"])
@pytest.mark.parametrize("kind", [TaskKind.MULTICLASS, TaskKind.REGRESSION])
def test_a_long_training_that_was_watched_is_read_again(family: str, kind: TaskKind) -> None:
    """A member of an ensemble may be the model of a fold, whose rows stopped its training."""
    check: dict[str, Callable[[Any], Booster]] = {
        "lightgbm": check_lightgbm,
        "xgboost": check_xgboost,
        "catboost": check_catboost,
    }
    if family != "lightgbm":
        pytest.importorskip(family)
    table, algorithm = easy(kind, n_rows=120), get_algorithm(family)
    space = algorithm.space(kind)
    slow = space.nearest(space.from_values({**space.defaults, "learning_rate": 1e-4}, "test"))
    pipeline = algorithm.build(slow, table.context())
    X = pipeline.steps[0][1].fit_transform(table.X, table.y)
    rows = TrainingRows(X=X, y=table.y)
    halves = np.arange(len(X)) % 2
    watched = WatchedRows(rows=rows, halves=halves, deadline=Deadline.after(20.0))
    fit_model(pipeline.steps[-1][1], X, table.y, PLAIN, watched)
    model = learner_of(pipeline)
    assert model.n_iterations_ > 400
    assert check[family](model.model_).n_columns == X.shape[1]
