"""Model files from strangers: whatever metatune does not write is refused, in one line."""

import json
import re
import struct
import warnings
import zipfile
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
from model_files import EditedFile, leaf, mapping, named, plain_object, sequence, walk

from benchmarks.hostile.families import TARGET, make_models, make_rows
from metatune.errors import BundleError
from metatune.kinds import TaskKind
from metatune.models import model_file
from metatune.models.libraries import catboost_bytes
from metatune.models.libraries.catboost_bytes import check_catboost
from metatune.models.libraries.flatbuffer import read_root
from metatune.models.libraries.lightgbm_text import END_OF_TREES, check_lightgbm
from metatune.models.libraries.xgboost_bytes import check_xgboost
from metatune.models.reading.mismatch import Mismatch

Edit = Callable[[EditedFile], None]

FAMILIES = ("decision_tree", "extra_trees", "svm", "knn", "lightgbm", "linear", "ensemble", "mlp")


@pytest.fixture(scope="module")
def valid(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Path]:
    """Model files of some families for three classes."""
    folder = tmp_path_factory.mktemp("valid")
    models = make_models(folder, (TaskKind.MULTICLASS,), FAMILIES)
    return {name.partition("-")[0]: path for name, (_, path) in models.items()}


def refused(path: Path) -> str:
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        with pytest.raises(BundleError) as caught:
            model_file.load(path)
    assert str(caught.value).isprintable()
    assert str(path) in str(caught.value)
    return str(caught.value)


@pytest.mark.parametrize("family", FAMILIES)
def test_what_is_written_is_read(family: str, valid: dict[str, Path], tmp_path: Path) -> None:
    rows = make_rows(TaskKind.MULTICLASS, 30, seed=1).drop(columns=TARGET)
    loaded = model_file.load(valid[family])
    again = EditedFile(valid[family]).write(tmp_path / "again.skops")
    np.testing.assert_array_equal(
        loaded.predict_proba(rows), model_file.load(again).predict_proba(rows)
    )
    model_file.save(loaded, again, model_file.model_info(loaded))
    np.testing.assert_array_equal(
        loaded.predict_proba(rows), model_file.load(again).predict_proba(rows)
    )


def set_leaf(kind: str, name: str, value: object) -> Edit:
    def edit(file: EditedFile) -> None:
        file.fitted(kind, name)[name] = leaf(value)

    return edit


def set_node(kind: str, name: str, node: dict) -> Edit:
    def edit(file: EditedFile) -> None:
        file.all(kind)[0][name] = node

    return edit


def set_cells(kind: str, name: str, change: Callable[[np.ndarray], np.ndarray]) -> Edit:
    def edit(file: EditedFile) -> None:
        node = file.fitted(kind, name)[name]
        file.put(node, change(file.array(node).copy()))

    return edit


def changed(place: object, value: object) -> Callable[[np.ndarray], np.ndarray]:
    def change(array: np.ndarray) -> np.ndarray:
        array[place] = value
        return array

    return change


def nodes_of_tree(field: str, place: int, value: int) -> Edit:
    def edit(file: EditedFile) -> None:
        tree = next(n for n in walk(file.schema) if n["__class__"] == "Tree")
        node = tree["content"]["content"]["nodes"]
        array = file.array(node).copy()
        array[field][place] = value
        file.put(node, array)

    return edit


def text_of_trees(pattern: str, new: str) -> Edit:
    def edit(file: EditedFile) -> None:
        state = file.fitted("LightGBMClassifier", "model_")
        text = json.loads(state["model_"]["content"])
        replaced = re.sub(pattern, new, text, count=1)
        assert replaced != text
        state["model_"] = leaf(replaced)

    return edit


def text_of_columns(old: str, new: str) -> Edit:
    def edit(file: EditedFile) -> None:
        state = file.all("TableEncoder")[0]
        text = json.loads(state["columns"]["content"])
        assert old in text
        state["columns"] = leaf(text.replace(old, new, 1))

    return edit


def more_attributes(kind: str, **nodes: dict) -> Edit:
    def edit(file: EditedFile) -> None:
        state = next(n for n in walk(file.schema) if n["__class__"] == kind)["content"]
        for name, node in nodes.items():
            state["content"][name] = node
            state["key_types"]["content"].append(named("builtins", "str"))

    return edit


def without(kind: str, name: str) -> Edit:
    def edit(file: EditedFile) -> None:
        state = next(n for n in walk(file.schema) if n["__class__"] == kind)["content"]
        del state["content"][name]
        state["key_types"]["content"].pop()

    return edit


def second_layer(**values: list) -> Edit:
    def edit(file: EditedFile) -> None:
        for name, new in values.items():
            file.all("SecondLayer")[0][name] = sequence(*(leaf(value) for value in new))

    return edit


def cut_values(file: EditedFile) -> None:
    tree = next(n for n in walk(file.schema) if n["__class__"] == "Tree")
    node = tree["content"]["content"]["values"]
    file.put(node, file.array(node)[:-1])


PACKED = "PackedForestClassifier"


def packed(name: str, place: int, value: int) -> Edit:
    return set_cells(PACKED, name, changed(place, value))


def packed_cut(name: str) -> Edit:
    return set_cells(PACKED, name, lambda array: array[:-1])


def changed_mapping(file: EditedFile, column: int) -> tuple[dict, np.ndarray]:
    places = file.fitted("OneHotEncoder", "_default_to_infrequent_mappings")
    nodes = places["_default_to_infrequent_mappings"]["content"]
    node = next(n for n in nodes if n["__loader__"] == "NdArrayNode")
    array = file.array(node).copy()
    array[0] = column
    return node, array


CALL = named("os", "system", "FunctionNode")
FOREIGN = plain_object(
    "sklearn.preprocessing._function_transformer", "FunctionTransformer", func=CALL
)
CODE: dict[str, tuple[str, Edit]] = {
    "a method of the file's choice": (
        "svm",
        set_leaf("CalibratedScores", "scores", "fit_transform"),
    ),
    "a method that another class has": (
        "svm",
        set_leaf("CalibratedScores", "scores", "predict_log_proba"),
    ),
    "a cache that is unpickled": ("linear", set_leaf("Pipeline", "memory", "/tmp")),
    "a cache of a member": ("ensemble", lambda f: f.all("Pipeline")[1].update(memory=leaf("x"))),
    "a function": ("linear", set_node("LabelDecoder", "model", CALL)),
    "a type": ("linear", set_node("LabelDecoder", "model", named("os", "system"))),
    "a method": ("linear", set_node("LabelDecoder", "model", named("os", "system", "MethodNode"))),
    "a partial": (
        "linear",
        set_node("LabelDecoder", "labels", named("functools", "partial", "PartialNode")),
    ),
    "an estimator of another grammar": ("linear", set_node("LabelDecoder", "model", FOREIGN)),
    "a constructor": (
        "linear",
        set_node("LabelDecoder", "labels", named("builtins", "exec", "ConstructorFromReduceNode")),
    ),
    "an operator": (
        "linear",
        set_node("Pipeline", "steps", named("operator", "methodcaller", "OperatorFuncNode")),
    ),
    "a parallel run": ("linear", set_leaf("LogisticRegression", "n_jobs", 50)),
    "an attribute more": ("linear", more_attributes("LabelDecoder", predict=leaf("x"))),
    "a method hidden": ("linear", more_attributes("Pipeline", predict=CALL)),
    "an attribute less": ("linear", without("LabelDecoder", "labels")),
    "a dictionary of dates": ("linear", set_node("TableEncoder", "levels_", mapping(few=CALL))),
    "another kernel": ("svm", set_leaf("SVC", "kernel", "precomputed")),
    "another metric": ("knn", set_leaf("KNeighborsClassifier", "effective_metric_", "pyfunc")),
    "parameters of a metric": (
        "knn",
        set_node("KNeighborsClassifier", "effective_metric_params_", mapping(func=CALL)),
    ),
    "an activation": (
        "mlp",
        lambda f: f.all("NetworkClassifier")[0]["params"]["content"].update(
            activation=leaf("eval")
        ),
    ),
}
SIZES: dict[str, tuple[str, Edit]] = {
    "a node that is its own child": ("decision_tree", nodes_of_tree("left_child", 0, 0)),
    "a child that is not there": ("decision_tree", nodes_of_tree("right_child", 0, 10**6)),
    "a negative child": ("decision_tree", nodes_of_tree("right_child", 0, -7)),
    "two parents": ("decision_tree", nodes_of_tree("right_child", 0, 1)),
    "a column that is not there": ("decision_tree", nodes_of_tree("feature", 0, 10**6)),
    "a negative column": ("decision_tree", nodes_of_tree("feature", 0, -2)),
    "a leaf with one child": ("decision_tree", nodes_of_tree("left_child", -1, 1)),
    "values of fewer nodes": ("decision_tree", cut_values),
    "a packed tree without an end": ("extra_trees", packed("features_", -1, 0)),
    "a packed tree that is a leaf": ("extra_trees", packed("features_", 0, -1)),
    "a packed column that is not there": ("extra_trees", packed("features_", 0, 10**4)),
    "a packed column below the first": ("extra_trees", packed("features_", 0, -2)),
    "a packed leaf without a value": ("extra_trees", packed("places_", 0, 2**15 - 1)),
    "fewer packed thresholds": ("extra_trees", packed_cut("thresholds_")),
    "fewer packed directions": ("extra_trees", packed_cut("missing_left_")),
    "fewer packed places": ("extra_trees", packed_cut("places_")),
    "other packed classes": ("extra_trees", set_leaf(PACKED, "n_classes_", 2)),
    "fewer packed values": ("extra_trees", lambda f: f.all(PACKED)[0].update(places_=leaf(None))),
    "other columns than its tree": (
        "decision_tree",
        set_leaf("SmoothedTreeClassifier", "n_features_in_", 3),
    ),
    "more support vectors than there are": (
        "svm",
        set_cells("SVC", "_n_support", changed(0, 10**6)),
    ),
    "negative support": ("svm", set_cells("SVC", "_n_support", lambda a: a * 0 - 1)),
    "narrow support vectors": (
        "svm",
        set_cells("SVC", "support_vectors_", lambda a: a[:, :1].copy()),
    ),
    "fewer coefficients": ("svm", set_cells("SVC", "_dual_coef_", lambda a: a[:, :1].copy())),
    "fewer intercepts": ("svm", set_cells("SVC", "_intercept_", lambda a: a[:1])),
    "classes that no row can have": (
        "knn",
        set_cells("KNeighborsClassifier", "_y", changed(0, 999)),
    ),
    "more neighbours than rows": ("knn", set_leaf("KNeighborsClassifier", "n_neighbors", 10**6)),
    "rows that are not numbers": (
        "knn",
        set_cells("KNeighborsClassifier", "_fit_X", changed(0, np.nan)),
    ),
    "a level in no column": (
        "linear",
        lambda f: f.put(*changed_mapping(f, 10**6)),
    ),
    "a level in a negative column": ("linear", lambda f: f.put(*changed_mapping(f, -5))),
    "as wide as no encoder": (
        "linear",
        lambda f: f.fitted("OneHotEncoder", "_n_features_outs").update(
            _n_features_outs=sequence(*(leaf(10**6) for _ in range(2)))
        ),
    ),
    "trees of a round": (
        "lightgbm",
        text_of_trees("num_tree_per_iteration=3", "num_tree_per_iteration=100000"),
    ),
    "no trees of a round": (
        "lightgbm",
        text_of_trees("num_tree_per_iteration=3", "num_tree_per_iteration=0"),
    ),
    "another objective": ("lightgbm", text_of_trees("num_class:3", "num_class:100000")),
    "a number of classes": ("lightgbm", text_of_trees("num_class=3", "num_class=2")),
    "sizes beyond the text": ("lightgbm", text_of_trees(r"tree_sizes=\d+", "tree_sizes=999999999")),
    "more leaves than values": ("lightgbm", text_of_trees(r"num_leaves=\d+", "num_leaves=9")),
    "many leaves": ("lightgbm", text_of_trees(r"num_leaves=\d+", "num_leaves=2000000000")),
    "a split of far columns": (
        "lightgbm",
        text_of_trees(r"max_feature_idx=\d+", "max_feature_idx=3"),
    ),
    "a loop": ("lightgbm", text_of_trees(r"left_child=-?\d", "left_child=0")),
    "a linear tree": ("lightgbm", text_of_trees("is_linear=0", "is_linear=1")),
    "sets of categories": ("lightgbm", text_of_trees("num_cat=0", "num_cat=1")),
    "no end": ("lightgbm", text_of_trees("end of trees", "end of text.")),
    "a line twice": ("lightgbm", text_of_trees(r"num_cat=0\n", "num_cat=0\nnum_cat=0\n")),
    "other digits": ("lightgbm", text_of_trees(r"num_leaves=\d", "num_leaves=\u0663")),
    "an empty text": ("lightgbm", set_leaf("LightGBMClassifier", "model_", "")),
    "layers of other widths": (
        "mlp",
        lambda f: f.put(
            f.all("NetworkClassifier")[1]["coefs_"]["content"][0], np.zeros((2, 3), np.float32)
        ),
    ),
}
CONTENT: dict[str, tuple[str, Edit]] = {
    "no information": ("linear", set_node("Pipeline", "metatune_info", leaf(None))),
    "empty information": ("linear", set_node("Pipeline", "metatune_info", mapping())),
    "another task": (
        "linear",
        set_node("Pipeline", "metatune_info", mapping(task=leaf("clustering"))),
    ),
    "columns that are numbers": ("linear", set_leaf("TableEncoder", "columns", "[1]")),
    "columns that are no text": ("linear", set_node("TableEncoder", "columns", sequence())),
    "columns that are nested": ("linear", set_leaf("TableEncoder", "columns", "[" * 10**5)),
    "no levels": ("linear", set_node("TableEncoder", "levels_", mapping())),
    "an unknown kind of column": ("linear", text_of_columns('"category"', '"evil"')),
    "two columns of a name": ("linear", text_of_columns('"number"', '"other"')),
    "a name that is no text": ("linear", text_of_columns('"few"', '"\\ud800"')),
    "fewer labels than classes": ("linear", set_cells("LabelDecoder", "labels", lambda a: a[:1])),
    "labels that are a list": ("linear", set_leaf("LabelDecoder", "labels", ["a", "b", "c"])),
    "labels that are no characters": (
        "linear",
        set_cells("LabelDecoder", "labels", lambda a: (a.view(np.uint32) | 2**31).view(a.dtype)),
    ),
    "seeds that are infinite": ("linear", set_leaf("TableEncoder", "random_state", float("inf"))),
    "an enormous number": ("linear", set_leaf("TableEncoder", "random_state", 10**400)),
    "weights of no members": ("ensemble", set_node("EnsembleClassifier", "weights", sequence())),
    "a second layer of other members": ("ensemble", second_layer(members=[0, 1, 2, 0])),
    "a second layer that skips a member": ("ensemble", second_layer(members=[0, 1, 3])),
    "a second layer of no members": ("ensemble", second_layer(members=[-1, -1, -1])),
    "a second layer of members below the first": ("ensemble", second_layer(members=[0, 1, -2])),
    "a second layer without shares": ("ensemble", second_layer(shares=[1.0])),
    "a second layer without weights": ("ensemble", second_layer(weights=[])),
    "a second layer that sees more": ("ensemble", second_layer(blind=[True])),
    "an enormous second layer": ("ensemble", second_layer(members=[0, 1, 10**9])),
    "no members": (
        "ensemble",
        lambda f: f.all("EnsembleClassifier")[0].update(members=sequence(), weights=sequence()),
    ),
    "steps in another order": (
        "linear",
        lambda f: f.all("Pipeline")[0]["steps"]["content"].reverse(),
    ),
    "a step less": ("linear", lambda f: f.all("Pipeline")[0]["steps"]["content"].pop(0)),
    "an encoder of other columns": (
        "linear",
        set_cells("TablePreprocessor", "numeric_", changed(0, 99)),
    ),
}


@pytest.mark.parametrize("name", [*CODE, *SIZES, *CONTENT])
def test_changed_content_is_refused_before_anything_is_built(
    name: str, valid: dict[str, Path], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    family, edit = {**CODE, **SIZES, **CONTENT}[name]
    file = EditedFile(valid[family])
    edit(file)

    def build(_: object) -> None:
        raise AssertionError("something was built")

    monkeypatch.setattr("metatune.models.reading.reader.build", build)
    refused(file.write(tmp_path / "model.skops"))


def deep(file: EditedFile) -> None:
    node = file.all("Pipeline")[0]["steps"]
    for _ in range(300):
        node = node["content"][0] = sequence(leaf(1))


def same_member_twice(path: Path) -> None:
    with zipfile.ZipFile(path, "a") as archive, warnings.catch_warnings():
        warnings.simplefilter("ignore")
        archive.writestr("schema.json", "{}")


def patched(path: Path, at_local: int, at_central: int, value: bytes) -> None:
    content = bytearray(path.read_bytes())
    for sign, at in ((b"PK\x03\x04", at_local), (b"PK\x01\x02", at_central)):
        place = 0
        while (place := content.find(sign, place)) >= 0:
            content[place + at : place + at + len(value)] = value
            place += 4
    path.write_bytes(bytes(content))


ARCHIVES: dict[str, Callable[[Path], None]] = {
    "compressed": lambda p: EditedFile(p).write(p, zipfile.ZIP_DEFLATED) and None,
    "encrypted": lambda p: patched(p, 6, 8, b"\x01"),
    "of an unknown compression": lambda p: patched(p, 8, 10, struct.pack("<H", 99)),
    "larger than it is": lambda p: patched(p, 22, 24, struct.pack("<I", 2**31)),
    "cut": lambda p: p.write_bytes(p.read_bytes()[:-300]) and None,
    "empty": lambda p: p.write_bytes(b"") and None,
    "of two schemas": same_member_twice,
}


@pytest.mark.parametrize("name", ARCHIVES)
def test_archives_that_are_none_of_metatune(
    name: str, valid: dict[str, Path], tmp_path: Path
) -> None:
    path = EditedFile(valid["linear"]).write(tmp_path / "model.skops")
    ARCHIVES[name](path)
    refused(path)


def with_schema(text: str) -> Edit:
    def edit(file: EditedFile) -> None:
        file.members["schema.json"] = text.encode()

    return edit


@pytest.mark.parametrize(
    "text",
    [
        "",
        "[]",
        "null",
        "{}",
        "{",
        "\x00",
        '{"a":' * 100_000 + "1" + "}" * 100_000,
        '{"protocol": 1e999}',
    ],
    ids=["nothing", "list", "null", "empty", "open", "zero", "deep", "infinite"],
)
def test_schemas_that_are_none(text: str, valid: dict[str, Path], tmp_path: Path) -> None:
    path = tmp_path / "model.skops"
    with zipfile.ZipFile(path, "w") as archive:
        archive.writestr("schema.json", text)
    refused(path)


def test_members_that_nothing_refers_to_or_that_are_missing(
    valid: dict[str, Path], tmp_path: Path
) -> None:
    file = EditedFile(valid["linear"])
    file.members["code.pkl"] = b"cos\nsystem\n(S'id'\ntR."
    assert "code.pkl" in refused(file.write(tmp_path / "more.skops"))
    file = EditedFile(valid["linear"])
    file.members.popitem()
    refused(file.write(tmp_path / "less.skops"))


@pytest.mark.parametrize(
    "header",
    [
        "{'descr': '<f8', 'fortran_order': False, 'shape': (10000000000000,), }",
        "{'descr': '|O', 'fortran_order': False, 'shape': (1,), }",
        "{'descr': __import__('os').system('id'), 'fortran_order': False, 'shape': (1,), }",
        "{'descr': [('a', '|O')], 'fortran_order': False, 'shape': (1,), }",
        "{'descr': '<f8', 'fortran_order': False, 'shape': (-1,), }",
        "(" * 5_000,
    ],
    ids=["73 TiB", "objects", "call", "objects inside", "negative", "deep"],
)
def test_arrays_whose_header_lies(header: str, valid: dict[str, Path], tmp_path: Path) -> None:
    file = EditedFile(valid["linear"])
    name = next(name for name in file.members if name.endswith(".npy"))
    text = header.encode() + b"\n"
    file.members[name] = b"\x93NUMPY\x01\x00" + struct.pack("<H", len(text)) + text + b"\x00" * 8
    refused(file.write(tmp_path / "model.skops"))


def test_more_memory_than_there_is(valid: dict[str, Path], monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(model_file, "available_memory", lambda: 100_000)
    assert "memory" in refused(valid["linear"])


def test_another_version_is_one_line(valid: dict[str, Path], tmp_path: Path) -> None:
    def of_version(*more: Edit) -> Path:
        file = EditedFile(valid["linear"])
        for node in walk(file.schema):
            content = node.get("content")
            if isinstance(content, dict) and "_sklearn_version" in content:
                content["_sklearn_version"] = leaf("1.8.0")
        for edit in more:
            edit(file)
        return file.write(tmp_path / "model.skops")

    with warnings.catch_warnings(record=True) as caught:
        warnings.simplefilter("always")
        model_file.load(of_version())
    assert [each.category for each in caught] == [model_file.ModelVersionWarning]
    assert "1.8.0" in str(caught[0].message)
    assert "1.8.0" in refused(of_version(more_attributes("LogisticRegression", old=leaf(1))))


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
    wrong += [content[:at] + b"\xff\xff\xff\x7f" + content[at + 4 :] for at in (8, 12, 28)]
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
