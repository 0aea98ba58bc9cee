"""Meta-feature vector: one number per meta-feature, and the seconds spent on each group."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

if TYPE_CHECKING:
    from metatune._typing import FloatArray


__all__ = ["SCHEMA_VERSION", "MetaFeatures"]

SCHEMA_VERSION = 1
"""Version of the definitions, raised if a meta-feature is added, removed or changed.

Models that were fitted to another one are refused, and a build computes meta-features again."""


@dataclass(frozen=True, slots=True, kw_only=True)
class MetaFeatures:
    """Meta-features of one dataset.

    Attributes
    ----------
    values : mapping of str to float
        Every name of `FEATURE_NAMES`, in that order; NaN where the quantity is undefined for the
        dataset or was not computed. Never infinite.
    seconds : mapping of str to float
        Seconds spent on each group that was begun.
    skipped : tuple of str
        Groups that did not fit into the time allowed, wholly or in part. What such a group had
        finished before is kept.
    schema_version : int
        Version of the definitions; values of different versions must not be compared.
    """

    values: Mapping[str, float]
    seconds: Mapping[str, float]
    skipped: tuple[str, ...] = ()
    schema_version: int = SCHEMA_VERSION

    def to_array(self, names: Sequence[str]) -> "FloatArray":
        """Return the values of `names` in that order.

        Parameters
        ----------
        names : sequence of str
            Meta-features wanted; a name that is unknown to this version yields NaN.

        Returns
        -------
        ndarray of shape (n_names,), float64
        """
        return np.array([self.values.get(name, np.nan) for name in names], dtype=np.float64)
