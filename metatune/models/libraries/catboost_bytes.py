"""CatBoost's bytes: read in full and checked, since prediction follows every index in them."""

import json
import struct
from typing import TYPE_CHECKING, Any

import numpy as np

from metatune.models.libraries.booster import Booster
from metatune.models.libraries.flatbuffer import Vector, read_root
from metatune.models.reading.mismatch import Mismatch

if TYPE_CHECKING:
    from metatune._typing import IntArray

__all__ = ["check_catboost"]

_MAGIC = b"CBM1"
_FORMAT = "FlabuffersModel_v1"
_CTR_PART = "static_provider_v1"
_DEEPEST_TREE = 16
_VALUES_OF_A_BIN = 254
_DEEPEST_NOTE = 100  # CatBoost reads what is nested by calling itself
_NO_BUCKET = 2**64 - 1
_BUCKET = np.dtype([("hash", "<u8"), ("place", "<u4")])
_BIN = [("feature", "<u2"), ("mask", "u1"), ("split", "u1")]
_CTR_WIDTHS = {0: 4, 1: 4, 2: 8, 3: 8, 4: 4, 5: 4}
"""Bytes of one cell of a table of category statistics, for each kind of statistic."""
_MEANS = (2, 3)
_COUNTS = (4, 5)

_POSITION = {"index": "<i4", "flat": "<i4"}
_CTR_BASE = {
    "combination": {
        "categories": Vector("<i4"),
        "floats": Vector([("index", "<i4"), ("border", "<f4")]),
        "levels": Vector([("index", "<i4"), ("value", "<i4")]),
    },
    "kind": "i1",
    "classifier": "<i4",
}
_TREES = {
    "dimension": "<i4",
    "splits": Vector("<i4"),
    "sizes": Vector("<i4"),
    "starts": Vector("<i4"),
    "categories": Vector({**_POSITION, "name": "text", "used": "u1"}),
    "floats": Vector(
        {
            "has_missing": "u1",
            **_POSITION,
            "borders": Vector("<f4"),
            "name": "text",
            "missing": "i1",
        }
    ),
    "one_hot": Vector({"index": "<i4", "values": Vector("<i4"), "texts": Vector("text")}),
    "ctrs": Vector(
        {
            "ctr": {
                "base": _CTR_BASE,
                "border": "<i4",
                "prior": "<f4",
                "prior_of": "<f4",
                "shift": "<f4",
                "scale": "<f4",
            },
            "borders": Vector("<f4"),
        }
    ),
    "leaf_values": Vector("<f8"),
    "leaf_weights": Vector("<f8"),
    "steps": Vector("<u4"),
    "step_leaves": Vector("<u4"),
    "texts": Vector({}),
    "estimated": Vector({}),
    "scale": "<f8",
    "bias": "<f8",
    "biases": Vector("<f8"),
    "bins": Vector(_BIN),
    "embeddings": Vector({}),
}
_CORE = {
    "format": "text",
    "trees": _TREES,
    "info": Vector({"key": "text", "value": "text"}),
    "parts": Vector("text"),
}
_CTR_TABLE = {
    "base": _CTR_BASE,
    "buckets": Vector("u1"),
    "cells": Vector("u1"),
    "denominator": "<i4",
    "n_classes": "<i4",
}


def check_catboost(content: bytes) -> Booster:
    """Check the bytes of a model.

    Raises
    ------
    Mismatch
        If they are not as CatBoost writes them, or their sizes and indexes contradict each other.
    """
    if not content.startswith(_MAGIC):
        raise Mismatch("CatBoost's bytes are damaged")
    core, at = _sized(content, 4)
    model = read_root(core, _CORE)
    if model["format"] != _FORMAT or model["trees"] is None:
        raise Mismatch("CatBoost's bytes have another format")
    for entry in model["info"] or ():
        if entry["key"] is None or entry["value"] is None:
            raise Mismatch("CatBoost's bytes are damaged")
        _check_note(entry["value"])
    trees = model["trees"]
    if any(trees[name] is not None and len(trees[name]) for name in _NEVER):
        raise Mismatch("CatBoost's bytes hold what metatune does not write")
    n_columns = _check_columns(trees)
    _check_trees(trees)
    tables = _ctr_tables(content, at, model["parts"] or [])
    _check_ctrs(trees, tables)
    dimension = trees["dimension"] or 0
    return Booster(n_columns=n_columns, n_classes=dimension if dimension > 1 else 0)


def _check_note(note: str) -> None:
    """Check that a note, most of which are JSON, is not nested too deeply."""
    if note.count("{") + note.count("[") <= _DEEPEST_NOTE:
        return
    try:  # of a key that is there twice, every value counts
        level = [json.loads(note, object_pairs_hook=lambda pairs: [value for _, value in pairs])]
    except (ValueError, RecursionError) as error:
        raise Mismatch("CatBoost's bytes have notes that cannot be read") from error
    for _ in range(_DEEPEST_NOTE):
        level = [inner for outer in level if isinstance(outer, list) for inner in outer]
    if level:
        raise Mismatch("CatBoost's bytes have notes that are nested too deeply")


_NEVER = ("steps", "step_leaves", "texts", "estimated", "embeddings")


def _sized(content: bytes, at: int) -> tuple[bytes, int]:
    """Return a part whose size stands before it, and where it ends."""
    try:
        (size,) = struct.unpack_from("<I", content, at)
    except struct.error as error:
        raise Mismatch("CatBoost's bytes are cut off") from error
    part = content[at + 4 : at + 4 + size]
    if len(part) != size or size >= 2**32 - 1:
        raise Mismatch("CatBoost's bytes are cut off")
    return part, at + 4 + size


def _check_columns(trees: dict[str, Any]) -> int:
    """Check that the columns have one place each; return their number."""
    columns = (trees["floats"] or []), (trees["categories"] or [])
    flat: list[int] = []
    for kind in columns:
        places = [_position(column["index"]) for column in kind]
        if places != list(range(len(kind))):
            raise Mismatch("CatBoost's bytes have columns of other places")
        flat += [_position(column["flat"]) for column in kind]
    if sorted(flat) != list(range(len(flat))):
        raise Mismatch("CatBoost's bytes have columns of other places")
    for column in columns[0]:
        if (column["missing"] or 0) not in (0, 1, 2):
            raise Mismatch("CatBoost's bytes treat missing cells in no known way")
    used = {_position(c["index"]) for c in columns[1] if c["used"] in (None, 1)}
    for column in trees["one_hot"] or []:
        texts = column["texts"] or []
        if _position(column["index"]) not in used or len(texts) not in (
            0,
            _count(column["values"]),
        ):
            raise Mismatch("CatBoost's bytes know levels of another column")
    for column in trees["ctrs"] or []:
        if not set(_categories(column["ctr"])) <= used:
            raise Mismatch("CatBoost's bytes know levels of another column")
    return len(flat)


def _position(value: int | None) -> int:
    return -1 if value is None else value


def _count(vector: Any) -> int:
    return 0 if vector is None else len(vector)


def _categories(ctr: dict[str, Any] | None) -> list[int]:
    """Return the category column that statistics are of: one, and no splits beside it."""
    base = None if ctr is None else ctr["base"]
    combination = None if base is None else base["combination"]
    if combination is None or _count(combination["categories"]) != 1:
        raise Mismatch("CatBoost's bytes have statistics of no column")
    if _count(combination["floats"]) or _count(combination["levels"]):
        raise Mismatch("CatBoost's bytes have statistics of several columns")
    return [int(combination["categories"][0])]


def _kind(base: dict[str, Any]) -> tuple[int, int]:
    """Return the kind of statistics, and of the classes that they are about."""
    return base["kind"] or 0, base["classifier"] or 0


def _check_trees(trees: dict[str, Any]) -> None:
    dimension = trees["dimension"] or 0
    sizes, starts = _integers(trees["sizes"]), _integers(trees["starts"])
    splits = _integers(trees["splits"])
    if not 1 <= dimension <= 10_000:
        raise Mismatch("CatBoost's bytes have no classes")
    if (sizes < 0).any() or (sizes > _DEEPEST_TREE).any() or sizes.sum() != len(splits):
        raise Mismatch("CatBoost's bytes have trees of other sizes")
    if not np.array_equal(starts, np.cumsum(sizes) - sizes):
        raise Mismatch("CatBoost's bytes have trees of other sizes")
    n_leaves = int((1 << sizes).sum())
    if _count(trees["leaf_values"]) != n_leaves * dimension:
        raise Mismatch("CatBoost's bytes have other leaves")
    if _count(trees["leaf_weights"]) not in (0, n_leaves):
        raise Mismatch("CatBoost's bytes have other leaves")
    if _count(trees["biases"]) not in (0, dimension):
        raise Mismatch("CatBoost's bytes have other classes")
    bins = _bins(trees)
    if (splits < 0).any() or (splits >= len(bins)).any():
        raise Mismatch("a tree of CatBoost's bytes has a split that is not there")
    stored = trees["bins"]
    if stored is not None and len(stored) and not np.array_equal(stored, bins[splits]):
        raise Mismatch("CatBoost's bytes have splits that contradict each other")


def _integers(vector: Any) -> "IntArray":
    return np.asarray([] if vector is None else vector, dtype=np.int64)


def _bins(trees: dict[str, Any]) -> Any:
    """Return what CatBoost makes of each border and level: where it is compared, and how."""
    counted = [(_count(c["borders"]), False) for c in trees["floats"] or []]
    counted += [(_count(c["values"]), True) for c in trees["one_hot"] or []]
    counted += [(_count(c["borders"]), False) for c in trees["ctrs"] or []]
    bins = np.zeros(sum(n for n, _ in counted), dtype=_BIN)
    first, at = 0, 0
    for n, is_level in counted:
        own, numbers = bins[at : at + n], np.arange(n)
        own["feature"] = first + numbers // _VALUES_OF_A_BIN
        places = numbers % _VALUES_OF_A_BIN + 1
        own["split"] = 255 if is_level else places
        own["mask"] = ~places & 255 if is_level else 0
        first += -(-n // _VALUES_OF_A_BIN)
        at += n
    if first > 2**16:
        raise Mismatch("CatBoost's bytes have too many splits")
    return bins


def _ctr_tables(content: bytes, at: int, parts: list[str]) -> dict[tuple[int, int, int], Any]:
    """Return the tables of category statistics by column and kind."""
    if parts not in ([], [_CTR_PART]):
        raise Mismatch("CatBoost's bytes have parts that metatune does not write")
    tables: dict[tuple[int, int, int], Any] = {}
    if parts:
        if len(content) < at + 4:
            raise Mismatch("CatBoost's bytes are cut off")
        (n_tables,) = struct.unpack_from("<I", content, at)
        at += 4
        for _ in range(n_tables):
            part, at = _sized(content, at)
            table = read_root(part, _CTR_TABLE)
            (column,) = _categories(table)
            key = (column, *_kind(table["base"]))
            if key in tables:
                raise Mismatch("CatBoost's bytes have two statistics of a kind")
            tables[key] = table
    if at != len(content):
        raise Mismatch("CatBoost's bytes go on after their end")
    return tables


def _check_ctrs(trees: dict[str, Any], tables: dict[tuple[int, int, int], Any]) -> None:
    for (_, kind, _), table in tables.items():
        _check_table(table, kind)
    for feature in trees["ctrs"] or []:
        ctr = feature["ctr"]
        kind, classifier = _kind(ctr["base"])
        table = tables.get((_categories(ctr)[0], kind, classifier))
        if table is None:
            raise Mismatch("CatBoost's bytes lack statistics of a column")
        n_classes, border = table["n_classes"] or 0, ctr["border"] or 0
        if kind == 0 and not (0 <= border < max(1, n_classes - 1)):
            raise Mismatch("CatBoost's bytes have statistics of other classes")
        if kind == 1 and not (0 <= border < n_classes):
            raise Mismatch("CatBoost's bytes have statistics of other classes")


def _check_table(table: dict[str, Any], kind: int) -> None:
    """Check the places of levels: a search ends at a free bucket, and finds a cell."""
    if table["buckets"] is None or table["cells"] is None or kind not in _CTR_WIDTHS:
        raise Mismatch("CatBoost's bytes have statistics of no kind")
    n_bytes = len(table["buckets"])
    n_buckets = n_bytes // _BUCKET.itemsize
    if n_bytes % _BUCKET.itemsize or n_buckets < 1 or n_buckets & (n_buckets - 1):
        raise Mismatch("CatBoost's bytes have statistics of other sizes")
    buckets = np.frombuffer(table["buckets"].tobytes(), _BUCKET)
    taken = buckets["hash"] != _NO_BUCKET
    if taken.all():
        raise Mismatch("CatBoost's bytes have statistics without end")
    width = _CTR_WIDTHS[kind]
    if kind not in (*_MEANS, *_COUNTS):
        n_classes = table["n_classes"] or 0
        if not 1 <= n_classes <= 10_000:
            raise Mismatch("CatBoost's bytes have statistics of no classes")
        width *= max(2, n_classes)
    places = buckets["place"][taken].astype(np.int64)
    if ((places + 1) * width > len(table["cells"])).any():
        raise Mismatch("CatBoost's bytes have statistics that are not there")
