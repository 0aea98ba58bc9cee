"""Mutations of a valid model file: of its values, types, structure and bytes."""

import copy
import io
import json
import re
import zipfile
from collections.abc import Callable, Iterator
from typing import Any

import numpy as np

__all__ = ["mutant"]

Generator = np.random.Generator
Node = dict[str, Any]

_LEAVES: tuple[Any, ...] = (
    *(None, True, False, 0, 1, -1, 2, 3, 7, 100, 65_536, 2**31 - 1, -(2**31), 2**31, 2**62, 2**63),
    *(10**30, 0.5, -1.0, 1e308, float("inf"), float("nan"), "", "x", "\ud800", "\u0000", [], {}),
    *(
        [1, 2],
        {"a": 1},
        "fit",
        "fit_transform",
        "__class__",
        "os.system",
        "precomputed",
        "callable",
    ),
    *("/tmp", "../..", "sigmoid", "poly", "linear", "ball_tree", "cosine", "haversine", "a" * 5000),
)
_TYPES = (
    ("os", "system"),
    ("builtins", "eval"),
    ("builtins", "exec"),
    ("builtins", "dict"),
    ("builtins", "list"),
    ("builtins", "tuple"),
    ("builtins", "str"),
    ("builtins", "bytes"),
    ("subprocess", "Popen"),
    ("functools", "partial"),
    ("operator", "methodcaller"),
    ("numpy", "ndarray"),
    ("numpy", "float64"),
    ("numpy", "memmap"),
    ("sklearn.pipeline", "Pipeline"),
    ("sklearn.tree._tree", "Tree"),
    ("sklearn.svm._classes", "SVC"),
    ("sklearn.svm._classes", "SVR"),
    ("sklearn.neighbors._ball_tree", "BallTree"),
    ("sklearn.preprocessing._function_transformer", "FunctionTransformer"),
    ("sklearn.compose._column_transformer", "ColumnTransformer"),
    ("sklearn.feature_extraction.text", "CountVectorizer"),
    ("metatune.algorithms.learners.calibration", "CalibratedScores"),
    ("metatune.algorithms.learners.lightgbm_model", "LightGBMClassifier"),
    ("metatune.models.pipeline", "ConstantClassifier"),
)
_LOADERS = (
    *("ObjectNode", "DictNode", "ListNode", "TupleNode", "SetNode", "JsonNode", "TypeNode"),
    *("FunctionNode", "MethodNode", "PartialNode", "ConstructorFromReduceNode", "CachedNode"),
    *("OperatorFuncNode", "NdArrayNode", "MaskedArrayNode", "BytesNode", "BytearrayNode"),
    *("SparseMatrixNode", "RandomStateNode", "RandomGeneratorNode", "TreeNode", "LossNode"),
    *("SliceNode", "DTypeNode", "DefaultDictNode"),
)
_DTYPES = ("<f8", "<f4", "<i8", "<i4", "|u1", "|b1", "<U3", ">i8", "<c16")
_EXTREMES = (
    -1,
    -2,
    -1_000,
    0,
    1,
    2,
    5,
    127,
    255,
    1_000,
    65_536,
    10**6,
    2**31 - 1,
    -(2**31),
    2**62,
    -(2**62),
)
_TOKEN = re.compile(rb"-?\d[-+.\de]*")
_TREE = re.compile(rb"^Tree=\d+$", re.MULTILINE)
_TREE_SIZES = re.compile(rb"^tree_sizes=.*$", re.MULTILINE)
_NUMBERS = re.compile(rb"^[^\n]*=[^\n]*\d[^\n]*$", re.MULTILINE)
_MOST_BYTES = 6


class _File:
    """Content of a model file, to be changed and written again."""

    def __init__(self, content: bytes) -> None:
        with zipfile.ZipFile(io.BytesIO(content)) as archive:
            self.members = {name: archive.read(name) for name in archive.namelist()}
        self.schema: Node = json.loads(self.members.pop("schema.json"))

    def content(self) -> bytes:
        """Return the file as bytes."""
        stream = io.BytesIO()
        with zipfile.ZipFile(stream, "w") as archive:
            for name, member in self.members.items():
                archive.writestr(name, member)
            archive.writestr("schema.json", json.dumps(self.schema))
        return stream.getvalue()

    def nodes(self, *loaders: str) -> list[Node]:
        """Return the nodes that have one of some loaders; all without."""
        return [node for node in _walk(self.schema) if not loaders or node["__loader__"] in loaders]


def _walk(value: Any) -> Iterator[Node]:
    if isinstance(value, dict):
        if isinstance(value.get("__loader__"), str):
            yield value
        for part in value.values():
            yield from _walk(part)
    elif isinstance(value, list):
        for part in value:
            yield from _walk(part)


def mutant(content: bytes, rng: Generator) -> tuple[str, bytes]:
    """Return a mutant of a model file, with the kind of its mutations.

    Parameters
    ----------
    content : bytes
        A valid file.
    rng : numpy.random.Generator
        Source of the choices.
    """
    if rng.random() < 0.1:
        return "bytes", _changed_bytes(content, rng)
    file = _File(content)
    kind = list(_MUTATIONS)[rng.integers(len(_MUTATIONS))]
    for _ in range(int(rng.integers(1, 4))):
        _MUTATIONS[kind](file, rng)
    return kind, file.content()


def _one(values: Any, rng: Generator) -> Any:
    return values[int(rng.integers(len(values)))]


def _change_leaf(file: _File, rng: Generator) -> None:
    leaf = _one(file.nodes("JsonNode"), rng)
    leaf["content"] = json.dumps(_one(_LEAVES, rng))


def _nudge_leaf(file: _File, rng: Generator) -> None:
    """Change a number a little, so that it keeps its type and often its range."""
    leaves = [n for n in file.nodes("JsonNode") if re.fullmatch(r"-?\d+(\.\d+)?", n["content"])]
    leaf = _one(leaves, rng)
    value = json.loads(leaf["content"])
    leaf["content"] = json.dumps(_one((value + 1, value - 1, value * 2, -value, value * 1000), rng))


def _change_type(file: _File, rng: Generator) -> None:
    node = _one(file.nodes(), rng)
    node["__module__"], node["__class__"] = _one(_TYPES, rng)
    if rng.random() < 0.5:
        node["__loader__"] = _one(_LOADERS, rng)


def _change_loader(file: _File, rng: Generator) -> None:
    _one(file.nodes(), rng)["__loader__"] = _one(_LOADERS, rng)


def _drop(file: _File, rng: Generator) -> None:
    node = _one(file.nodes("DictNode"), rng)
    if node["content"]:
        name = _one(list(node["content"]), rng)
        del node["content"][name]
        if rng.random() < 0.7:  # so that the keys' types still fit
            node["key_types"]["content"].pop()


def _add(file: _File, rng: Generator) -> None:
    node, other = _one(file.nodes("DictNode"), rng), _one(file.nodes(), rng)
    names = ("memory", "predict", "__class__", "__dict__", "_repr_html_", "scores", "n_jobs", "x")
    node["content"][_one(names, rng)] = copy.deepcopy(other)
    if node["key_types"]["content"]:
        node["key_types"]["content"].append(copy.deepcopy(node["key_types"]["content"][0]))


def _replace(file: _File, rng: Generator) -> None:
    """Put a copy of one node in the place of another."""
    nodes = file.nodes()
    node, other = _one(nodes, rng), copy.deepcopy(_one(nodes, rng))
    node.clear()
    node.update(other)


def _swap(file: _File, rng: Generator) -> None:
    """Exchange two nodes with the same loader: each is possible, but elsewhere."""
    loader = _one(("NdArrayNode", "ObjectNode", "ListNode", "TupleNode", "TreeNode"), rng)
    nodes = file.nodes(loader)
    if len(nodes) < 2:
        return
    one, other = _one(nodes, rng), _one(nodes, rng)
    first, second = copy.deepcopy(one), copy.deepcopy(other)
    one.clear()
    one.update(second)
    if rng.random() < 0.5 and other is not one:
        other.clear()
        other.update(first)


def _lengthen(file: _File, rng: Generator) -> None:
    nodes = [node for node in file.nodes("ListNode", "TupleNode") if node["content"]]
    node = _one(nodes, rng)
    place = int(rng.integers(len(node["content"])))
    if rng.random() < 0.5:
        del node["content"][place]
    else:
        node["content"].insert(place, copy.deepcopy(_one(node["content"], rng)))


def _deepen(file: _File, rng: Generator) -> None:
    node = _one(file.nodes(), rng)
    for _ in range(int(rng.integers(1, 60))):
        inner = copy.copy(node)
        node.clear()
        node.update({**inner, "__loader__": "ListNode", "content": [inner]})
        node = inner


def _change_cells(file: _File, rng: Generator) -> None:
    """Change some cells of an array to what may lie outside their range."""
    name, array = _some_array(file, rng)
    if not array.size or array.dtype.kind not in "iufbV":
        return
    for _ in range(int(rng.integers(1, 5))):
        cells = _column(array, rng)
        with np.errstate(all="ignore"):
            cells[int(rng.integers(len(cells)))] = np.array(_one(_EXTREMES, rng)).astype(
                cells.dtype
            )
    _store(file, name, array)


def _change_indices(file: _File, rng: Generator) -> None:
    """Change some whole numbers of an array to places just outside, or back to where they stand.

    Compiled code walks along such numbers: nodes of trees, places in lists, codes of levels. One of
    the first is changed as often as any, since every row passes there.
    """
    name, array = _some_array(file, rng, "iuV")
    if array is None or not array.size:
        return
    for _ in range(int(rng.integers(1, 4))):
        cells = _column(array, rng, "iu")
        size = len(cells)
        place = int(rng.integers(min(size, 3) if rng.random() < 0.5 else size))
        high = int(cells.max())
        near = (place, size, size - 1, size + 1, high + 1, 10 * high + 10, 0, -1, -2, -size, 2**30)
        with np.errstate(all="ignore"):
            cells[place] = np.array(_one(near, rng)).astype(cells.dtype)
    _store(file, name, array)


def _column(array: Any, rng: Generator, kinds: str = "iufb") -> Any:
    """Return a view of an array's cells, or of those of one of its fields."""
    flat = array.reshape(-1)
    fields = [n for n in array.dtype.names or () if array.dtype[n].kind in kinds]
    return flat[_one(fields, rng)] if fields else flat


def _change_shape(file: _File, rng: Generator) -> None:
    name, array = _some_array(file, rng)
    if rng.random() < 0.4 and not array.dtype.names and array.dtype.kind != "U":
        with np.errstate(all="ignore"):
            _store(file, name, array.astype(_one(_DTYPES, rng)))
        return
    if not array.ndim:
        _store(file, name, array[None])
        return
    changed = (array.ravel(), array[:-1], np.concatenate([array, array]), array[None], array.T)
    _store(file, name, _one([array[:0], *changed], rng))


def _change_header(file: _File, rng: Generator) -> None:
    names = [name for name in file.members if name.endswith(".npy")]
    name = _one(names, rng)
    old, new = _one(
        (
            (b"'<f8'", b"'|O8'"),
            (b"'<i8'", b"'<f8'"),
            (b"'<f8'", b"'<i8'"),
            (b"False", b"True "),
            (b"(", b"(9"),
            (b",)", b"9,)"),
            (b"shape", b"shapE"),
            (b"NUMPY", b"NUMPI"),
        ),
        rng,
    )
    file.members[name] = file.members[name].replace(old, new, 1)


def _some_array(file: _File, rng: Generator, kinds: str = "") -> tuple[str, Any]:
    """Return one of the arrays, of some kinds of numbers; None if there is none.

    Large ones, which compiled code walks through, are chosen more often, but not always: small ones
    hold sizes.
    """
    arrays = {
        name: np.load(io.BytesIO(member), allow_pickle=False)
        for name, member in file.members.items()
        if name.endswith(".npy")
    }
    names = [name for name, array in arrays.items() if not kinds or array.dtype.kind in kinds]
    if not names:
        return "", None
    sizes = np.sqrt([arrays[name].nbytes + 1.0 for name in names])
    chances = 0.5 / len(names) + 0.5 * sizes / sizes.sum()
    name = str(rng.choice(names, p=chances))
    return name, arrays[name]


def _store(file: _File, name: str, array: Any) -> None:
    stream = io.BytesIO()
    np.save(stream, array, allow_pickle=False)
    file.members[name] = stream.getvalue()


def _change_library(file: _File, rng: Generator) -> None:
    """Change a number in a model of another library, or some of its bytes."""
    names = [name for name in file.members if name.endswith(".bin")]
    texts = [n for n in file.nodes("JsonNode") if len(n["content"]) > 1_000]
    if names and (not texts or rng.random() < 0.5):
        name = _one(names, rng)
        file.members[name] = _changed_bytes(file.members[name], rng)
    elif texts:
        node = _one(texts, rng)
        changed = _changed_text(json.loads(node["content"]).encode(), rng)
        if rng.random() < 0.7:
            changed = _with_sizes(changed)
        node["content"] = json.dumps(changed.decode("latin-1"))
    else:
        _change_cells(file, rng)


def _changed_text(text: bytes, rng: Generator) -> bytes:
    if rng.random() < 0.15:
        lines = text.split(b"\n")
        place = int(rng.integers(len(lines)))
        lines[place : place + 1] = _one(([], [lines[place]] * 2, [b"Tree=0"], [b""]), rng)
        whole: bytes = b"\n".join(lines)
        return whole
    # A line first: most numbers are values of leaves, and few are the sizes and places to believe.
    start, end = _one([m.span() for m in _NUMBERS.finditer(text)] or [(0, len(text))], rng)
    tokens = list(_TOKEN.finditer(text, start, end))
    if not tokens:
        return text
    token = _one(tokens, rng)
    new = _one((*(str(n).encode() for n in _EXTREMES), b"", b"nan", b"1 2", b"x"), rng)
    changed: bytes = text[: token.start()] + new + text[token.end() :]
    return changed


def _with_sizes(text: bytes) -> bytes:
    """Write the sizes of LightGBM's trees anew: where they are wrong, nothing else is looked at."""
    starts = [match.start() for match in _TREE.finditer(text)]
    if not starts:
        return text
    ends = [*starts[1:], max(text.find(b"end of trees"), starts[-1])]
    sizes = b" ".join(str(end - start).encode() for start, end in zip(starts, ends, strict=True))
    return _TREE_SIZES.sub(b"tree_sizes=" + sizes, text)


def _changed_bytes(content: bytes, rng: Generator) -> bytes:
    changed = bytearray(content)
    choice = rng.random()
    if choice < 0.15:
        return bytes(changed[: int(rng.integers(len(changed) + 1))])
    if choice < 0.25:
        place, size = int(rng.integers(len(changed) + 1)), int(rng.integers(1, 64))
        changed[place:place] = rng.bytes(size)
        return bytes(changed)
    if choice < 0.35 and len(changed) > 64:
        place = int(rng.integers(len(changed) - 64))
        del changed[place : place + int(rng.integers(1, 64))]
        return bytes(changed)
    for _ in range(int(rng.integers(1, _MOST_BYTES))):
        if changed:
            changed[int(rng.integers(len(changed)))] = _one((0, 1, 127, 128, 254, 255), rng)
    return bytes(changed)


_MUTATIONS: dict[str, Callable[[_File, Generator], None]] = {
    "leaf": _change_leaf,
    "number": _nudge_leaf,
    "type": _change_type,
    "loader": _change_loader,
    "attribute gone": _drop,
    "attribute more": _add,
    "node replaced": _replace,
    "nodes swapped": _swap,
    "list": _lengthen,
    "depth": _deepen,
    "cells": _change_cells,
    "more cells": _change_cells,
    "indices": _change_indices,
    "more indices": _change_indices,
    "shape": _change_shape,
    "header": _change_header,
    "library": _change_library,
    "more library": _change_library,
    "still more library": _change_library,
}
