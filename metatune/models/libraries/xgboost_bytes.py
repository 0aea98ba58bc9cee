"""XGBoost's bytes (UBJSON): read in full and checked.

Prediction follows every index in them without a look at the bounds.
"""

import struct
from typing import TYPE_CHECKING, Any

import numpy as np

from metatune.models.libraries.booster import Booster
from metatune.models.reading.mismatch import Mismatch

if TYPE_CHECKING:
    from metatune._typing import AnyArray

__all__ = ["check_xgboost"]

_DEEPEST = 12
_MOST_SET_BYTES = 2**28  # that XGBoost takes for sets of levels, a bit for each up to the highest
_NUMBERS = {
    b"i": struct.Struct(">b"),
    b"U": struct.Struct(">B"),
    b"I": struct.Struct(">h"),
    b"l": struct.Struct(">i"),
    b"L": struct.Struct(">q"),
    b"d": struct.Struct(">f"),
    b"D": struct.Struct(">d"),
}
_DTYPES = {b"U": "u1", b"l": ">i4", b"L": ">i8", b"d": ">f4"}
_NO_PARENT = 2**31 - 1
_OBJECTIVES = {
    "reg:squarederror": {"reg_loss_param": {"scale_pos_weight": "1"}},
    "binary:logistic": {"reg_loss_param": {"scale_pos_weight": "1"}},
}
_NODES = {
    "base_weights": "f4",
    "default_left": "u1",
    "left_children": "i4",
    "loss_changes": "f4",
    "parents": "i4",
    "right_children": "i4",
    "split_conditions": "f4",
    "split_indices": "i4",
    "split_type": "u1",
    "sum_hessian": "f4",
}
_CATEGORIES = {
    "categories": "i4",
    "categories_nodes": "i4",
    "categories_segments": "i8",
    "categories_sizes": "i8",
}


def check_xgboost(content: bytes) -> Booster:
    """Check the bytes of a model.

    Raises
    ------
    Mismatch
        If they are not as XGBoost writes them, or their sizes and indexes contradict each other.
    """
    try:
        model = _Reader(content).whole()
    except (struct.error, KeyError, ValueError) as error:
        raise Mismatch("XGBoost's bytes are damaged") from error
    try:
        return _checked(model)
    except (AttributeError, KeyError, TypeError, ValueError) as error:
        what = error.what if isinstance(error, Mismatch) else "XGBoost's bytes are damaged"
        raise Mismatch(what) from error


def _checked(model: dict[str, Any]) -> Booster:
    _same(set(model), {"learner", "version"}, "parts")
    learner = model["learner"]
    _same(
        set(learner),
        {
            "attributes",
            "feature_names",
            "feature_types",
            "gradient_booster",
            "learner_model_param",
            "objective",
        },
        "parts of the learner",
    )
    _same((learner["attributes"], learner["feature_names"]), ({}, []), "attributes")
    sizes = learner["learner_model_param"]
    n_columns, n_classes = _whole(sizes["num_feature"]), _whole(sizes["num_class"])
    _same((sizes["num_target"], set(sizes) - _SIZES), ("1", set()), "targets")
    types = learner["feature_types"]
    if len(types) != n_columns or not all(kind in ("q", "c") for kind in types):
        raise Mismatch("XGBoost's bytes tell of other columns")
    found = _check_objective(learner["objective"], n_classes)
    _check_base(sizes["base_score"], max(1, n_classes))
    _check_booster(learner["gradient_booster"], n_columns, max(1, n_classes))
    return Booster(n_columns=n_columns, n_classes=found)


_SIZES = {"base_score", "boost_from_average", "num_class", "num_feature", "num_target"}


def _same(found: Any, expected: Any, what: str) -> None:
    if found != expected:
        raise Mismatch(f"XGBoost's bytes have other {what}")


def _whole(text: Any, most: int = 10**7) -> int:
    if not isinstance(text, str) or not (text.isascii() and text.isdecimal()) or len(text) > 8:
        raise Mismatch("a size of XGBoost's bytes is no number")
    if int(text) > most:
        raise Mismatch("a size of XGBoost's bytes is too large")
    return int(text)


def _check_objective(objective: Any, n_classes: int) -> int:
    """Return the number of classes, 0 for numbers."""
    name = objective["name"]
    if name == "multi:softprob":
        expected = {"name": name, "softmax_multiclass_param": {"num_class": str(n_classes)}}
        _same(objective, expected, "classes")
        if n_classes < 3:
            raise Mismatch("XGBoost's bytes have other classes")
        return n_classes
    if name not in _OBJECTIVES or n_classes:
        raise Mismatch("XGBoost's bytes have another objective")
    _same(objective, {"name": name, **_OBJECTIVES[name]}, "objectives")
    return 2 if name == "binary:logistic" else 0


def _check_base(text: Any, n_outputs: int) -> None:
    parts = text.removeprefix("[").removesuffix("]").split(",")
    if len(parts) not in (1, n_outputs):
        raise Mismatch("XGBoost's bytes begin with other scores")
    for part in parts:
        float(part)


def _check_booster(booster: Any, n_columns: int, n_outputs: int) -> None:
    _same((set(booster), booster["name"]), ({"model", "name"}, "gbtree"), "boosters")
    model = booster["model"]
    expected = {"gbtree_model_param", "iteration_indptr", "tree_info", "trees"}
    _same(set(model) - {"cats"}, expected, "parts of the booster")
    for part in model.get("cats", {}).values():
        _same(len(part), 0, "names of categories")
    trees, sizes = model["trees"], model["gbtree_model_param"]
    _same(_whole(sizes["num_trees"]), len(trees), "numbers of trees")
    _same(sizes["num_parallel_tree"], "1", "numbers of trees")
    rounds = list(range(0, len(trees) + 1, n_outputs))
    _same([int(end) for end in model["iteration_indptr"]], rounds, "rounds")
    groups = [i % n_outputs for i in range(len(trees))]
    _same([int(group) for group in model["tree_info"]], groups, "classes of trees")
    room = _MOST_SET_BYTES
    for number, tree in enumerate(trees):
        try:
            _check_tree(tree, number, n_columns)
            room -= len(tree["categories_nodes"]) * (int(tree["categories"].max(initial=0)) // 8)
        except (KeyError, TypeError, ValueError) as error:
            what = error.what if isinstance(error, Mismatch) else "it is damaged"
            raise Mismatch(f"tree {number} of XGBoost's bytes: {what}") from error
        if room < 0:
            raise Mismatch("the sets of levels of XGBoost's bytes take too much room")


def _check_tree(tree: Any, number: int, n_columns: int) -> None:
    if set(tree) != {*_NODES, *_CATEGORIES, "id", "tree_param"} or tree["id"] != number:
        raise Mismatch("it has other parts")
    sizes = tree["tree_param"]
    n_nodes = _whole(sizes["num_nodes"], 2**31)
    if sizes["num_feature"] != str(n_columns) or sizes["size_leaf_vector"] not in ("0", "1"):
        raise Mismatch("it has other columns")
    if n_nodes < 1 or sizes["num_deleted"] != "0":
        raise Mismatch("it has nodes that are no more")
    _check_parts(tree, n_nodes)
    _check_children(tree, n_nodes)
    columns = tree["split_indices"]
    if (columns < 0).any() or (columns[tree["left_children"] != -1] >= n_columns).any():
        raise Mismatch("it splits a column that is not there")
    if (tree["split_type"] > 1).any() or (tree["default_left"] > 1).any():
        raise Mismatch("a split is of no kind")
    _check_categories(tree)


def _check_parts(tree: Any, n_nodes: int) -> None:
    for name, kind in (*_NODES.items(), *_CATEGORIES.items()):
        part = tree[name]
        if not isinstance(part, np.ndarray) or part.dtype.str[1:] != kind:
            raise Mismatch(f"{name} are of another type")
        if name in _NODES and len(part) != n_nodes:
            raise Mismatch(f"{name} are not one for each node")


def _check_children(tree: Any, n_nodes: int) -> None:
    """Check that every node but the first hangs on exactly one earlier node."""
    left, right, parents = tree["left_children"], tree["right_children"], tree["parents"]
    inner = np.flatnonzero(left != -1)
    if not np.array_equal(inner, np.flatnonzero(right != -1)):
        raise Mismatch("a node has one child")
    children, above = np.concatenate([left[inner], right[inner]]), np.concatenate([inner, inner])
    if (children <= above).any() or (children >= n_nodes).any():
        raise Mismatch("a child is none that comes after its node")
    if len(children) != n_nodes - 1 or (parents[children] != above).any():
        raise Mismatch("its nodes are no tree")
    if parents[0] != _NO_PARENT and parents[0] != -1:
        raise Mismatch("its first node has a parent")


def _check_categories(tree: Any) -> None:
    """Check the sets of levels: one after another, for the splits on categories in order."""
    nodes, starts = tree["categories_nodes"], tree["categories_segments"]
    sizes, levels = tree["categories_sizes"], tree["categories"]
    inner = tree["left_children"] != -1
    expected = np.flatnonzero((tree["split_type"] == 1) & inner)
    if not np.array_equal(nodes, expected) or (tree["split_type"][~inner] != 0).any():
        raise Mismatch("its sets of levels are not those of its splits")
    if len(starts) != len(nodes) or len(sizes) != len(nodes):
        raise Mismatch("its sets of levels have other sizes")
    if (sizes < 0).any() or (sizes > len(levels)).any() or sizes.sum() != len(levels):
        raise Mismatch("its sets of levels have other sizes")
    if not np.array_equal(starts, np.cumsum(sizes) - sizes):
        raise Mismatch("its sets of levels have other sizes")
    if (levels < 0).any() or (levels >= 2**24).any():
        raise Mismatch("a level is none that XGBoost knows")


class _Reader:
    """Reader of UBJSON, as far as XGBoost writes it."""

    def __init__(self, content: bytes) -> None:
        self._content = content
        self._at = 0

    def whole(self) -> Any:
        """Return the one value that the bytes hold."""
        value = self._value(self._mark(), 0)
        if self._at != len(self._content) or not isinstance(value, dict):
            raise Mismatch("XGBoost's bytes go on after their end")
        return value

    def _mark(self) -> bytes:
        self._at += 1
        return self._content[self._at - 1 : self._at]

    def _value(self, mark: bytes, depth: int) -> Any:
        if depth > _DEEPEST:
            raise Mismatch("XGBoost's bytes are nested too deeply")
        if mark in _NUMBERS:
            return self._number(mark)
        if mark == b"S":
            return self._text()
        if mark == b"{":
            return self._mapping(depth)
        if mark == b"[":
            return self._sequence(depth)
        raise Mismatch("XGBoost's bytes hold a value of no kind")

    def _number(self, mark: bytes) -> Any:
        form = _NUMBERS[mark]
        (value,) = form.unpack_from(self._content, self._at)
        self._at += form.size
        return value

    def _size(self) -> int:
        if self._mark() != b"L":
            raise Mismatch("XGBoost's bytes have a size of no kind")
        size = int(self._number(b"L"))
        if not 0 <= size <= len(self._content) - self._at:
            raise Mismatch("XGBoost's bytes are cut off")
        return size

    def _text(self) -> str:
        size = self._size()
        self._at += size
        return self._content[self._at - size : self._at].decode("ascii")

    def _mapping(self, depth: int) -> dict[str, Any]:
        values: dict[str, Any] = {}
        while self._content[self._at : self._at + 1] != b"}":
            name = self._text()
            if name in values:
                raise Mismatch("XGBoost's bytes name something twice")
            values[name] = self._value(self._mark(), depth + 1)
        self._at += 1
        return values

    def _sequence(self, depth: int) -> "list[Any] | AnyArray":
        mark = self._mark()
        if mark == b"$":
            dtype = np.dtype(_DTYPES[self._mark()])
            if self._mark() != b"#":
                raise Mismatch("XGBoost's bytes have a list without size")
            size = self._size()
            values = np.frombuffer(self._content, dtype, size, self._at)
            self._at += size * dtype.itemsize
            return values
        if mark != b"#":
            raise Mismatch("XGBoost's bytes have a list without size")
        size = self._size()
        return [self._value(self._mark(), depth + 1) for _ in range(size)]
