"""Edits of model files: what a stranger may change in a valid one, and its refusal."""

import json
import re
import warnings
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from model_files import EditedFile, leaf, named, walk

from metatune.errors import BundleError
from metatune.models import model_file

Edit = Callable[[EditedFile], None]


def refused(path: Path) -> str:
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        with pytest.raises(BundleError) as caught:
            model_file.load(path)
    assert str(caught.value).isprintable()
    assert str(path) in str(caught.value)
    return str(caught.value)


def forbid_building(monkeypatch: pytest.MonkeyPatch) -> None:
    """Fail where the content of a file is made into objects."""

    def build(_: object) -> None:
        raise AssertionError("something was built")

    monkeypatch.setattr("metatune.models.reading.reader.build", build)


def set_leaf(kind: str, name: str, value: object) -> Edit:
    def edit(file: EditedFile) -> None:
        file.fitted(kind, name)[name] = leaf(value)

    return edit


def set_node(kind: str, name: str, node: dict[str, Any]) -> Edit:
    def edit(file: EditedFile) -> None:
        file.all(kind)[0][name] = node

    return edit


def set_cells(kind: str, name: str, change: Callable[[np.ndarray], np.ndarray]) -> Edit:
    def edit(file: EditedFile) -> None:
        node = file.fitted(kind, name)[name]
        file.put(node, change(file.array(node).copy()))

    return edit


def changed(place: Any, value: Any) -> Callable[[np.ndarray], np.ndarray]:
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


def more_attributes(kind: str, **nodes: dict[str, Any]) -> Edit:
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
