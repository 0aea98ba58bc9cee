"""Effects of columns on predictions, in words, and the outputs that they are told of."""

from collections.abc import Sequence
from typing import TYPE_CHECKING

import numpy as np

from metatune.storage.findings import Dependence

if TYPE_CHECKING:
    from metatune._typing import AnyArray

__all__ = ["effect_of", "outputs_of"]

_MOST_OUTPUTS = 4  # classes whose probability is told
_CLEAR = 0.9  # of the way up and down together, for a curve to be called rising


def outputs_of(
    classes: Sequence[str], y: "AnyArray", positive: int | None
) -> list[tuple[int, str]]:
    """Return the classes whose probability is told: the positive one, or the most frequent ones.

    Returns
    -------
    list of (int, str)
        Code and label; a single pair (-1, "prediction") for regression.
    """
    if not classes:
        return [(-1, "prediction")]
    if len(classes) == 2:
        code = 1 if positive is None else positive
        return [(code, classes[code])]
    counts = np.bincount(np.asarray(y, dtype=np.intp), minlength=len(classes))
    return [(int(c), classes[c]) for c in np.argsort(-counts, kind="stable")[:_MOST_OUTPUTS]]


def effect_of(dependence: Dependence) -> str:
    """Say in words how predictions follow a column."""
    line = np.asarray(dependence.values[0])
    what = dependence.outputs[0]
    told = "the prediction" if what == "prediction" else f"the probability of {what!r}"
    span = float(line.max() - line.min())
    if span <= 1e-9 * max(1.0, float(np.abs(line).max())):
        return "hardly any by itself"
    if not dependence.positions:
        highest, lowest = (
            dependence.labels[int(line.argmax())],
            dependence.labels[int(line.argmin())],
        )
        return f"{told} is highest for {highest!r}, lowest for {lowest!r}"
    way = float(line[-1] - line[0]) / float(np.abs(np.diff(line)).sum())
    if way >= _CLEAR:
        return f"higher values raise {told}"
    if way <= -_CLEAR:
        return f"higher values lower {told}"
    peak = dependence.labels[int(line.argmax())]
    return f"{told} is highest at about {peak}"
