"""Forms of model files from strangers: values, types and structure that metatune does not write."""

from pathlib import Path
from typing import Any

import numpy as np
import pytest
from model_edits import (
    Edit,
    changed,
    forbid_building,
    more_attributes,
    nodes_of_tree,
    refused,
    set_cells,
    set_leaf,
    set_node,
    text_of_columns,
    without,
)
from model_files import EditedFile, leaf, mapping, named, plain_object, sequence, walk

from benchmarks.hostile.families import TARGET, make_rows
from metatune.kinds import TaskKind
from metatune.models import model_file

FAMILIES = ("decision_tree", "extra_trees", "svm", "knn", "lightgbm", "linear", "ensemble", "mlp")


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


def second_layer(**values: list[Any]) -> Edit:
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


def changed_mapping(file: EditedFile, column: int) -> tuple[dict[str, Any], np.ndarray]:
    places = file.fitted("OneHotEncoder", "_default_to_infrequent_mappings")
    nodes = places["_default_to_infrequent_mappings"]["content"]
    node = next(n for n in nodes if n["__loader__"] == "NdArrayNode")
    array = file.array(node).copy()
    array[0] = column
    return node, array


def deep(file: EditedFile) -> None:
    node = file.all("Pipeline")[0]["steps"]
    for _ in range(300):
        node["content"][0] = sequence(leaf(1))
        node = node["content"][0]


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
    "a million numbers in a cell": (
        "linear",
        text_of_columns('"n_numbers":2', '"n_numbers":1000000'),
    ),
    "a number that no cell holds": (
        "linear",
        set_node("TableEncoder", "numbers_", mapping(box=sequence(leaf(7)))),
    ),
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
    "steps within steps": ("linear", deep),
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
    forbid_building(monkeypatch)
    refused(file.write(tmp_path / "model.skops"))
