"""Model files: parts of models saved and read, and files that are edited."""

import io
import json
import tempfile
import zipfile
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
import skops.io

from metatune.models.forms import processes
from metatune.models.forms.model import MEMBER
from metatune.models.forms.preprocessing import PREPROCESSORS
from metatune.models.reading.form import OneOf
from metatune.models.reading.reader import read

PARTS = OneOf(MEMBER, *PREPROCESSORS, *(each.fitted for each in processes.REGRESSORS))

Node = dict[str, Any]


def saved_and_read(part: Any) -> Any:
    """Save a part of a model, and read it as a model file is read."""
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "part.skops"
        skops.io.dump(part, path)
        return read(path, PARTS, room=10**9)


class EditedFile:
    """Model file whose nodes and members can be changed before it is written anew."""

    def __init__(self, path: Path) -> None:
        with zipfile.ZipFile(path) as archive:
            self.members = {name: archive.read(name) for name in archive.namelist()}
        self.schema: Node = json.loads(self.members.pop("schema.json"))

    def write(self, path: Path, compression: int = zipfile.ZIP_STORED) -> Path:
        with zipfile.ZipFile(path, "w", compression) as archive:
            archive.writestr("schema.json", json.dumps(self.schema))
            for name, content in self.members.items():
                archive.writestr(name, content)
        return path

    def all(self, kind: str) -> list[Node]:
        """Return the attributes of each object of a class."""
        return [n["content"]["content"] for n in walk(self.schema) if n["__class__"] == kind]

    def fitted(self, kind: str, attribute: str) -> Node:
        """Return the attributes of the first object of a class that has a certain one."""
        return next(found for found in self.all(kind) if attribute in found)

    def array(self, node: Node) -> np.ndarray:
        return np.asarray(np.load(io.BytesIO(self.members[node["file"]])))

    def put(self, node: Node, array: np.ndarray) -> None:
        stream = io.BytesIO()
        np.save(stream, array, allow_pickle=False)
        self.members[node["file"]] = stream.getvalue()


def walk(value: Any) -> Iterator[Node]:
    """Yield the nodes of a tree."""
    if isinstance(value, dict):
        if "__loader__" in value:
            yield value
        for part in value.values():
            yield from walk(part)
    elif isinstance(value, list):
        for part in value:
            yield from walk(part)


def leaf(value: Any) -> Node:
    return {
        "__class__": "str",
        "__module__": "builtins",
        "__loader__": "JsonNode",
        "content": json.dumps(value),
    }


def plain_object(module: str, name: str, **attributes: Node) -> Node:
    return {
        "__class__": name,
        "__module__": module,
        "__loader__": "ObjectNode",
        "content": mapping(**attributes),
    }


def mapping(**values: Node) -> Node:
    names = [named("builtins", "str") for _ in values]
    return {
        "__class__": "dict",
        "__module__": "builtins",
        "__loader__": "DictNode",
        "key_types": {**sequence(), "content": names},
        "content": values,
    }


def sequence(*nodes: Node) -> Node:
    return {
        "__class__": "list",
        "__module__": "builtins",
        "__loader__": "ListNode",
        "content": list(nodes),
    }


def named(module: str, name: str, loader: str = "TypeNode") -> Node:
    return {"__class__": name, "__module__": module, "__loader__": loader}
