"""Trees and forests of scikit-learn.

Compiled code follows the children of a node and takes its column without a look at the bounds, so
every tree is checked in full: each node but the first is the child of exactly one earlier node. The
nodes of packed forests are in an order that leaves no choice of children.
"""

from typing import TYPE_CHECKING, Any

import numpy as np

from metatune.execution.cores import available_memory
from metatune.models.forms.scikit_learn import estimator, maybe
from metatune.models.reading.form import (
    FLAG,
    NOTHING,
    NUMBER,
    TEXT,
    Array,
    Form,
    Listed,
    Mapped,
    OneOf,
    Scalar,
    Together,
    choice,
    integer,
)
from metatune.models.reading.mismatch import Mismatch
from metatune.models.reading.record import Declared, record
from metatune.models.reading.state import State

if TYPE_CHECKING:
    from metatune._typing import AnyArray
    from metatune.models.reading.archive import Archive

__all__ = ["CLASSIFIERS", "REGRESSORS"]

_MOST_FEATURES = 10**9
_BYTES_OF_A_NODE = 64  # besides its values
_CODES = Array(("<i8", "<f8"), 1)


class _TreeForm(Form):
    """Form of the arrays of one tree."""

    _args = Together((integer(1, _MOST_FEATURES), Array(("<i8",), 1), choice(1)))

    def takes(self, node: dict[str, Any]) -> bool:
        return (
            node.get("__loader__") == "TreeNode"
            and node.get("__class__") == "Tree"
            and node.get("__module__") == "sklearn.tree._tree"
        )

    def read(self, node: Any, archive: "Archive") -> State:
        if not isinstance(node, dict) or not self.takes(node):
            raise Mismatch("it is not a tree")
        reduced = node.get("__reduce__")
        args = self._args.read(reduced.get("args") if isinstance(reduced, dict) else None, archive)
        content = Mapped(
            needed={
                "max_depth": integer(0),
                "node_count": integer(1),
                "nodes": _Nodes(),
                "values": Array(("<f8",), 3),
            }
        )
        values = content.read(node.get("content"), archive)
        _check_nodes(values["nodes"], args[0])
        n_nodes, n_classes = len(values["nodes"]), args[1]
        if n_classes.shape != (1,) or n_classes[0] < 1 or values["node_count"] != n_nodes:
            raise Mismatch("its sizes contradict each other")
        if values["values"].shape != (n_nodes, 1, n_classes[0]) or values["max_depth"] >= n_nodes:
            raise Mismatch("its values are not those of its nodes")
        named = {"n_features": args[0], "n_classes": n_classes, "n_outputs": args[2]}
        return State("Tree", {**values, **named}, _make_tree)


class _Nodes(Form):
    """Form of the nodes of a tree, as the installed version of scikit-learn has them."""

    def takes(self, node: dict[str, Any]) -> bool:
        return Array((), 1).takes(node)

    def read(self, node: Any, archive: "Archive") -> Any:
        from sklearn.tree._tree import NODE_DTYPE

        if not isinstance(node, dict) or not self.takes(node):
            raise Mismatch("it is not an array")
        nodes = archive.array(node.get("file"))
        if nodes.ndim != 1 or not len(nodes) or nodes.dtype != NODE_DTYPE:
            raise Mismatch("its nodes are not those of the installed scikit-learn")
        return nodes


def _check_nodes(nodes: "AnyArray", n_features: int) -> None:
    left, right, n_nodes = nodes["left_child"], nodes["right_child"], len(nodes)
    inner = np.flatnonzero(left != -1)
    if not np.array_equal(inner, np.flatnonzero(right != -1)):
        raise Mismatch("a node has one child")
    children = np.concatenate([left[inner], right[inner]])
    if (children <= np.concatenate([inner, inner])).any() or (children >= n_nodes).any():
        raise Mismatch("a node's child is none that comes after it")
    if len(children) != n_nodes - 1 or len(np.unique(children)) != n_nodes - 1:
        raise Mismatch("its nodes are no tree")
    features = nodes["feature"][inner]
    if (features < 0).any() or (features >= n_features).any():
        raise Mismatch("a node splits a column that is not there")
    if (nodes["missing_go_to_left"] > 1).any():
        raise Mismatch("a node sends missing cells nowhere")


def _make_tree(values: dict[str, Any]) -> Any:
    from sklearn.tree._tree import Tree

    tree = Tree(values["n_features"], values["n_classes"], values["n_outputs"])
    state = ("max_depth", "node_count", "nodes", "values")
    tree.__setstate__({name: values[name] for name in state})
    return tree


_COUNTS = integer(1)
_GROWTH = {
    "ccp_alpha": NUMBER,
    "class_weight": choice(None, "balanced"),
    "criterion": choice("gini", "entropy", "squared_error"),
    "max_depth": maybe(_COUNTS),
    "max_features": OneOf(choice(None, "sqrt"), NUMBER),
    "max_leaf_nodes": maybe(_COUNTS),
    "min_impurity_decrease": NUMBER,
    "min_samples_leaf": _COUNTS,
    "min_samples_split": _COUNTS,
    "min_weight_fraction_leaf": NUMBER,
    "monotonic_cst": NOTHING,
    "random_state": maybe(integer(0)),
}
_TREE_PARAMS = {"splitter": choice("best", "random")}
_GROWN = {
    "max_features_": _COUNTS,
    "n_features_in_": _COUNTS,
    "n_outputs_": choice(1),
    "tree_": _TreeForm(),
}
_GROWN_CLASSES = {**_GROWN, "classes_": _CODES, "n_classes_": Scalar("int64")}


def _check_regression_tree(state: State) -> None:
    if state["tree_"]["n_features"] != state["n_features_in_"]:
        raise Mismatch("its tree has other columns")
    if state["tree_"]["n_classes"][0] != 1:
        raise Mismatch("its tree has classes")


def _check_class_tree(state: State) -> None:
    if state["tree_"]["n_features"] != state["n_features_in_"]:
        raise Mismatch("its tree has other columns")
    n_classes = int(state["tree_"]["n_classes"][0])
    if n_classes != state["n_classes_"] or n_classes != len(state["classes_"]):
        raise Mismatch("its tree has other classes")


def _of_forest(tree: Any) -> dict[str, Form]:
    return {
        "bootstrap": FLAG,
        "estimator": tree.template,
        "estimator_params": Listed(TEXT, "tuple"),
        "max_samples": maybe(_COUNTS),
        "n_estimators": _COUNTS,
        "n_jobs": choice(None, 1),
        "oob_score": choice(False),
        "verbose": choice(0),
        "warm_start": choice(False),
    }


_PACKED = {
    "features_": Array(("<i2", "<i4"), 1),
    "missing_left_": Array(("|u1",), 1),
    "n_features_in_": _COUNTS,
    "places_": OneOf(NOTHING, Array(("<u2", "<i4"), 1)),
    "thresholds_": Array(("<f4",), 1),
    "values_": Array(("<f4",), 2),
}


def _check_packed(state: State) -> None:
    """Check that the nodes are whole trees, and what they refer to is there."""
    from metatune.algorithms.learners.packed_forest import LEAF, tree_ends

    features = state["features_"]
    if len(features) * (_BYTES_OF_A_NODE + 8 * state["values_"].shape[1]) > available_memory():
        raise Mismatch("its trees need more memory than there is")
    ends = tree_ends(features)
    if not len(ends) or ends[-1] != len(features) - 1:
        raise Mismatch("its nodes are no trees")
    if (features < LEAF).any() or (features >= state["n_features_in_"]).any():
        raise Mismatch("a node splits a column that is not there")
    n_leaves = int((features == LEAF).sum())
    n_splits = len(features) - n_leaves
    if state["thresholds_"].shape != (n_splits,):
        raise Mismatch("its thresholds are not those of its nodes")
    if state["missing_left_"].shape != (-(-n_splits // 8),):
        raise Mismatch("its nodes send missing cells nowhere")
    values, places = state["values_"], state["places_"]
    if places is None:
        if len(values) != n_leaves:
            raise Mismatch("its values are not those of its leaves")
    elif places.shape != (n_leaves,) or (places < 0).any() or (places >= len(values)).any():
        raise Mismatch("a leaf has a value that is not there")
    if values.shape[1] != state.values.get("n_classes_", 1):
        raise Mismatch("its leaves have other classes")


_SMOOTHED = record(
    "metatune.algorithms.learners.smoothed_tree.SmoothedTreeClassifier",
    {**_GROWTH, **_TREE_PARAMS},
    _GROWN_CLASSES,
    check=_check_class_tree,
)
_CLASS_TREES = [
    estimator(
        f"sklearn.tree._classes.{name}",
        {**_GROWTH, **_TREE_PARAMS},
        _GROWN_CLASSES,
        check=_check_class_tree,
    )
    for name in ("DecisionTreeClassifier", "ExtraTreeClassifier")
]
_REGRESSION_TREES = [
    estimator(
        f"sklearn.tree._classes.{name}",
        {**_GROWTH, **_TREE_PARAMS},
        _GROWN,
        check=_check_regression_tree,
    )
    for name in ("DecisionTreeRegressor", "ExtraTreeRegressor")
]
_CLASS_FORESTS, _REGRESSION_FORESTS = (
    [
        estimator(f"sklearn.ensemble._forest.{name}{kind}", {**_GROWTH, **_of_forest(tree)})
        for name, tree in zip(("RandomForest", "ExtraTrees"), trees, strict=True)
    ]
    for kind, trees in (("Classifier", _CLASS_TREES), ("Regressor", _REGRESSION_TREES))
)


def _packed(kind: str, forests: "list[Declared]", **attributes: Form) -> Declared:
    return record(
        f"metatune.algorithms.learners.packed_forest.PackedForest{kind}",
        {"forest": OneOf(*(forest.template for forest in forests))},
        {**_PACKED, **attributes},
        check=_check_packed,
    )


CLASSIFIERS = (_SMOOTHED, _packed("Classifier", _CLASS_FORESTS, n_classes_=_COUNTS))
REGRESSORS = (_REGRESSION_TREES[0], _packed("Regressor", _REGRESSION_FORESTS))
"""Trees and forests that are learners by themselves."""
