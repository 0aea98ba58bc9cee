"""Domain of a metric: the targets and predictions that it is defined for."""

from dataclasses import dataclass
from typing import TYPE_CHECKING

from metatune.errors import OptionError

if TYPE_CHECKING:
    from metatune._typing import BoolArray, FloatArray


__all__ = ["lowest_prediction"]

_RATIO = ("neg_mean_absolute_percentage_error",)


@dataclass(frozen=True, slots=True, kw_only=True)
class _Domain:
    """Ends of a domain; predictions lie above the edge, targets there as well or on it."""

    edge: float
    includes_edge: bool = False


_DOMAINS = {
    "neg_mean_squared_log_error": _Domain(edge=-1.0),
    "neg_root_mean_squared_log_error": _Domain(edge=-1.0),
    "neg_mean_poisson_deviance": _Domain(edge=0.0, includes_edge=True),
    "neg_mean_gamma_deviance": _Domain(edge=0.0),
}


def lowest_prediction(name: str, y: "FloatArray") -> float | None:
    """Return the least value that a prediction of this target may have; None for any.

    No value of the domain is forbidden, but those at its edge cost without bound: predictions end
    half-way between the edge and the least target above it, or at zero where no target is below.

    Parameters
    ----------
    name : str
        Name of the metric.
    y : ndarray of shape (n_rows,)
        Target.

    Raises
    ------
    OptionError
        If the metric is undefined for some rows of the target.
    """
    import numpy as np

    if name in _RATIO:
        _refuse(name, "divides by the target, which is 0", np.abs(y) < np.finfo(float).eps)
    domain = _DOMAINS.get(name)
    if domain is None:
        return None
    outside = y < domain.edge if domain.includes_edge else y <= domain.edge
    above = "at least" if domain.includes_edge else "above"
    _refuse(name, f"needs a target {above} {domain.edge:g}, which is not so", outside)
    inside = y[y > domain.edge]
    if not len(inside):
        _refuse(name, f"needs a target above {domain.edge:g}, which is not so", ~outside)
    least = float(inside.min())
    return 0.0 if domain.edge < 0.0 <= least else (domain.edge + least) / 2.0


def _refuse(name: str, what: str, rows: "BoolArray") -> None:
    n_rows = int(rows.sum())
    if n_rows:
        where = f"in {n_rows:,} of {len(rows):,} rows"
        raise OptionError(f"metric {name!r} {what} {where}: choose another, like rmse or mae")
