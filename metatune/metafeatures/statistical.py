"""Statistical meta-features: shapes of columns and target, correlations, main axes."""

from collections.abc import Iterator

import numpy as np

from metatune.data.splits.folds import nested_order
from metatune.metafeatures.association import (
    ASSOCIATION_FEATURES,
    between_features,
    main_axes,
    with_target,
)
from metatune.metafeatures.feature import Group, Values
from metatune.metafeatures.sample import Sample, make_axes
from metatune.metafeatures.shape import SHAPE_FEATURES, column_shapes
from metatune.metafeatures.target import TARGET_FEATURES, target_shape

__all__ = ["STATISTICAL"]

_ASSOCIATION_CELLS = 400_000
_ASSOCIATION_ROWS = 5_000
_ASSOCIATION_COLUMNS = 300


def _compute(sample: Sample) -> Iterator[Values]:
    numeric_target = None if sample.kind.is_classification else np.asarray(sample.y, np.float64)
    if numeric_target is not None:
        yield target_shape(numeric_target)
    yield column_shapes(sample.numbers)
    part = _smaller(sample)
    if not len(part.y):
        return
    target = None if numeric_target is None else np.asarray(part.y, np.float64)
    yield between_features(part.numbers)
    yield with_target(part.numbers, target, part.labels)
    yield main_axes(make_axes(part))


def _smaller(sample: Sample) -> Sample:
    """Return a part of the sample on which products of all pairs of columns are cheap."""
    columns = min(sample.X.shape[1], _ASSOCIATION_COLUMNS)
    rows = min(_ASSOCIATION_ROWS, max(500, _ASSOCIATION_CELLS // max(1, columns)))
    if rows < len(sample.y):
        sample = sample.rows(np.sort(nested_order(sample.y, sample.kind, sample.seed)[:rows]))
    return sample.columns(columns)


STATISTICAL = Group(
    name="statistical",
    features=(*SHAPE_FEATURES, *TARGET_FEATURES, *ASSOCIATION_FEATURES),
    compute=_compute,
    max_rows=20_000,
    max_columns=1_000,
    max_cells=2_000_000,
    expected_seconds=lambda rows, columns: 0.01 + 2.5e-7 * rows * columns,
)
