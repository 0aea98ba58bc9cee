"""Configurations as numbers: which algorithm, which hyperparameters."""

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any

import numpy as np

if TYPE_CHECKING:
    from numpy.typing import NDArray

    FloatArray = NDArray[np.float64]

__all__ = ["encode_configurations"]

_LOG_FROM = 30.0  # values that span more than this factor are spread on a logarithmic scale


def encode_configurations(
    algorithms: Sequence[str], parameters: Sequence[Mapping[str, Any]]
) -> "FloatArray":
    """Encode configurations for models that learn over them.

    Parameters
    ----------
    algorithms : sequence of str
        Learner of each configuration.
    parameters : sequence of mapping
        Hyperparameters of each configuration. A name means the same in every algorithm.

    Returns
    -------
    ndarray of shape (n_configurations, n_configuration_features)
        Indicators of the algorithms, then for each hyperparameter one column in [0, 1] for its
        numbers (NaN where it has none) and one indicator for each word. Columns that do not vary
        are left out.
    """
    columns = [_indicator(algorithms, name) for name in sorted(set(algorithms))]
    for name in sorted({name for one in parameters for name in one}):
        values = [one.get(name) for one in parameters]
        columns.append(_numbers(values))
        words = sorted({value for value in values if isinstance(value, str)})
        columns += [_indicator(values, word) for word in words]
    varying = [column for column in columns if len(np.unique(column)) > 1]
    return np.column_stack(varying or [np.zeros(len(algorithms))])


def _indicator(values: Sequence[Any], wanted: str) -> "FloatArray":
    return np.array([float(value == wanted) for value in values])


def _numbers(values: Sequence[Any]) -> "FloatArray":
    raw = np.array([float(v) if isinstance(v, bool | int | float) else np.nan for v in values])
    known = raw[np.isfinite(raw)]
    if known.size == 0:
        return raw
    if known.min() > 0 and known.max() / known.min() > _LOG_FROM:
        raw, known = np.log(raw), np.log(known)
    spread = known.max() - known.min()
    return np.asarray((raw - known.min()) / (spread if spread > 0 else 1.0))
