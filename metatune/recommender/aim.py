"""Aim of a search for an ensemble: what further members have to improve."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from metatune.recommender.belief import combination_share
from metatune.space import Configuration

if TYPE_CHECKING:
    from metatune._typing import BoolArray, FloatArray

__all__ = ["EnsembleAim"]

_LEAST_SHARE = 0.1
"""Share in an ensemble from which on a configuration is worth a look on all folds at once."""


@dataclass(frozen=True, slots=True, kw_only=True)
class EnsembleAim:
    """Ensemble that further members are to improve.

    Attributes
    ----------
    value : float
        Loss of the ensemble so far, on the scale of `metatune.recommender.losses`.
    power : float
        Exponent by which the ratio of two losses becomes that of squared errors.
    shared : Mapping of str to float
        Mean product of the errors of a family and of the ensemble, in units of the ensemble's
        squared error.
    usual : float
        The same of a family that has no member.
    """

    value: float
    power: float
    shared: "Mapping[str, float]"
    usual: float

    def shared_with(self, configurations: Sequence[Configuration]) -> "FloatArray":
        """Return what configurations share with the ensemble, (n_configurations,)."""
        families = [c.algorithm for c in configurations]
        return np.array([self.shared.get(name, self.usual) for name in families], dtype=float)

    def takes(self, configurations: Sequence[Configuration], values: "FloatArray") -> "BoolArray":
        """Return which configurations would be the first members of their families.

        Parameters
        ----------
        configurations : sequence of Configuration
            Configurations to judge.
        values : ndarray of shape (n_configurations,)
            Their expected losses.
        """
        error = np.exp(self.power * (values - self.value))
        shares = combination_share(error, self.shared_with(configurations))
        is_new = np.array([c.algorithm not in self.shared for c in configurations], dtype=bool)
        return np.asarray(is_new & (shares >= _LEAST_SHARE))
