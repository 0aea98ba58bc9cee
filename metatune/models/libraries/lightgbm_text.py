"""LightGBM's text: checked in full, since its reader believes every size and index in it."""

import re
from collections.abc import Iterable
from typing import TYPE_CHECKING

import numpy as np

from metatune.models.libraries.booster import Booster
from metatune.models.reading.mismatch import Mismatch

if TYPE_CHECKING:
    from metatune._typing import IntArray

__all__ = ["END_OF_TREES", "check_lightgbm"]

END_OF_TREES = "end of trees\n"
"""End of what a prediction needs. The parameters of the training follow, which nothing checks."""

_NUMBER = r"\d{1,10}"
_NUMBERS = r"([\d ]*)"
_SIGNED = r"([-\d ]*)"
_REALS = r"([-+.\deinfa ]*)"  # what is no number in these ends LightGBM's reading, and no more
_TORN = re.compile(r"\d-|-(?!\d)")

_HEADER = re.compile(
    r"tree\nversion=v4\nnum_class=(\d{1,5})\nnum_tree_per_iteration=(\d{1,5})\nlabel_index=0\n"
    r"max_feature_idx=(\d{1,7})\n"
    r"objective=(regression|binary sigmoid:1|multiclass num_class:(\d{1,5}))\n"
    r"feature_names=(Column_\d{1,7}(?: Column_\d{1,7})*)\n"
    r"feature_infos=([-+.:e\dinfaone\[\]]+(?: [-+.:e\dinfaone\[\]]+)*)\n"
    rf"tree_sizes={_NUMBERS}\n\n",
    re.ASCII,
)
_PARTS = (
    ("num_leaves", f"({_NUMBER})"),
    ("num_cat", f"({_NUMBER})"),
    ("split_feature", _NUMBERS),
    ("split_gain", _REALS),
    ("threshold", _REALS),
    ("decision_type", _NUMBERS),
    ("left_child", _SIGNED),
    ("right_child", _SIGNED),
    ("leaf_value", _REALS),
    ("leaf_weight", _REALS),
    ("leaf_count", _NUMBERS),
    ("internal_value", _REALS),
    ("internal_weight", _REALS),
    ("internal_count", _NUMBERS),
)
_OF_A_LEAF = ("leaf_value", "leaf_weight", "leaf_count")
_TREE = re.compile(
    rf"Tree=({_NUMBER})\n"
    + "".join(f"{name}={pattern}\n" for name, pattern in _PARTS)
    + rf"(?:cat_boundaries={_NUMBERS}\ncat_threshold={_NUMBERS}\n)?"
    rf"is_linear=0\nshrinkage=[-+.\deinfa]{{1,40}}\n\n\n",
    re.ASCII,
)
_SETS = ("cat_boundaries", "cat_threshold")
_NAMES = ("number", *(name for name, _ in _PARTS), *_SETS)


def check_lightgbm(text: str) -> Booster:
    """Check the text of a model, up to the end of its trees.

    Raises
    ------
    Mismatch
        If it is not as LightGBM writes it, or its sizes and indexes contradict each other.
    """
    header = _HEADER.match(text) if text.isascii() else None
    if header is None:
        raise Mismatch("the head of LightGBM's text is damaged")
    n_classes, n_a_round, most = (int(header[i]) for i in (1, 2, 3))
    n_columns = most + 1
    expected = int(header[5]) if header[5] else 1
    if n_classes != expected or n_a_round != expected or (header[5] and expected < 3):
        raise Mismatch("LightGBM's text has several numbers of classes")
    if header[6].split(" ") != [f"Column_{i}" for i in range(n_columns)]:
        raise Mismatch("LightGBM's text names other columns")
    if header[7].count(" ") + 1 != n_columns:
        raise Mismatch("LightGBM's text tells of other columns")
    sizes = _numbers([header[8]]).tolist()
    if len(sizes) % n_a_round:
        raise Mismatch("LightGBM's text has a round that is not complete")
    _check_trees(text, header.end(), sizes, n_columns)
    kind = header[4].partition(" ")[0]
    return Booster(
        n_columns=n_columns, n_classes={"regression": 0, "binary": 2}.get(kind, expected)
    )


def _check_trees(text: str, start: int, sizes: list[int], n_columns: int) -> None:
    trees: list[tuple[str, ...]] = []
    for number, size in enumerate(sizes):
        found = _TREE.match(text, start)
        if found is None or found.end() - start != size or int(found[1]) != number:
            raise Mismatch(f"tree {number} of LightGBM's text is damaged")
        trees.append(found.groups(""))
        start += size
    if not text.startswith(END_OF_TREES, start):
        raise Mismatch("LightGBM's text does not end after its trees")
    if not sizes:
        return
    columns = dict(zip(_NAMES, zip(*trees, strict=True), strict=True))
    n_leaves = _numbers(columns["num_leaves"])
    if (n_leaves < 1).any():
        raise Mismatch("a tree of LightGBM's text has no leaf")
    n_splits = n_leaves - 1
    for name, _ in _PARTS[2:]:
        counts = np.array([part.count(" ") + 1 if part else 0 for part in columns[name]])
        expected = n_leaves if name in _OF_A_LEAF else n_splits
        if name == "leaf_weight":  # a tree without splits has none, and its reader asks for none
            expected = np.where((n_splits == 0) & (counts == 0), 0, expected)
        if not np.array_equal(counts, expected):
            raise Mismatch(f"{name} of LightGBM's text has another size")
    if (_numbers(columns["split_feature"]) >= n_columns).any():
        raise Mismatch("a tree of LightGBM's text splits a column that is not there")
    _check_children(columns, n_splits)
    _check_categories(columns, n_splits)


def _numbers(parts: Iterable[str]) -> "IntArray":
    """Return the whole numbers of several lists, one after another."""
    text = " ".join(part for part in parts if part)
    if not text:
        return np.empty(0, dtype=np.int64)
    if "-" in text and _TORN.search(text):
        raise Mismatch("a list of LightGBM's text is torn")
    numbers = np.fromstring(text, dtype=np.int64, sep=" ")
    if len(numbers) != text.count(" ") + 1:
        raise Mismatch("a list of LightGBM's text is torn")
    return numbers


def _check_children(columns: dict[str, tuple[str, ...]], n_splits: "IntArray") -> None:
    """Check that every split and leaf but the first split hangs on exactly one earlier split."""
    left, right = _numbers(columns["left_child"]), _numbers(columns["right_child"])
    tree = np.repeat(np.arange(len(n_splits)), n_splits)
    own = np.arange(len(tree)) - np.repeat(np.cumsum(n_splits) - n_splits, n_splits)
    children, parents = np.concatenate([left, right]), np.concatenate([own, own])
    trees = np.concatenate([tree, tree])
    inner = children >= 0
    if (children[inner] <= parents[inner]).any() or (children >= n_splits[trees]).any():
        raise Mismatch("a child in LightGBM's text is none that comes after it")
    if (~children > n_splits[trees]).any():
        raise Mismatch("a leaf in LightGBM's text is not there")
    first = np.cumsum(2 * n_splits + 1) - (2 * n_splits + 1)
    places = first[trees] + np.where(inner, children, n_splits[trees] + ~children)
    if len(places) and np.bincount(places).max() > 1:
        raise Mismatch("two splits of LightGBM's text share a child")


def _check_categories(columns: dict[str, tuple[str, ...]], n_splits: "IntArray") -> None:
    """Check the sets of levels that splits on categories look into."""
    kinds = _numbers(columns["decision_type"])
    if (kinds > 15).any() or ((kinds >> 2) == 3).any():
        raise Mismatch("a split of LightGBM's text is of no kind")
    ends = np.cumsum(n_splits)
    n_sets = _numbers(columns["num_cat"])
    looking = np.add.reduceat(np.append(kinds & 1, 0), ends - n_splits) * (n_splits > 0)
    stated = [bool(ends or words) for ends, words in zip(*(columns[n] for n in _SETS), strict=True)]
    for tree in np.flatnonzero((n_sets > 0) | (looking > 0) | stated):
        own = kinds[ends[tree] - n_splits[tree] : ends[tree]]
        parts = {name: columns[name][tree] for name in ("threshold", *_SETS)}
        _check_sets(parts, int(n_sets[tree]), np.flatnonzero(own & 1))


def _check_sets(parts: dict[str, str], n_sets: int, splits: "IntArray") -> None:
    """Check the sets of one tree, which some of its splits look into."""
    bounds = _numbers([parts["cat_boundaries"]])
    words = _numbers([parts["cat_threshold"]])
    if len(bounds) != n_sets + 1 or bounds[0] != 0 or bounds[-1] != len(words):
        raise Mismatch("the sets of levels of LightGBM's text have other sizes")
    if (np.diff(bounds) < 0).any() or (words >= 2**32).any():
        raise Mismatch("the sets of levels of LightGBM's text have other sizes")
    looked_into = [parts["threshold"].split(" ")[split] for split in splits]
    if not all(word.isdecimal() and len(word) < 10 and int(word) < n_sets for word in looked_into):
        raise Mismatch("a split of LightGBM's text has no set of levels")
