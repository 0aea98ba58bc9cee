"""Adjustment of an ensemble's probabilities: calibration, and decision of labels."""

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

if TYPE_CHECKING:
    from metatune._typing import AnyArray, FloatArray


__all__ = ["NO_ADJUSTMENT", "Adjustment"]

_FLOOR = 1e-12


@dataclass(frozen=True, slots=True, kw_only=True)
class Adjustment:
    """Calibration and decision applied to the mean of the members' probabilities.

    Attributes
    ----------
    temperature : float
        Divisor of the logarithms of probabilities; above 1 it draws them together.
    shifts : tuple of float
        Shift of the logarithm of each class's probability; empty for none.
    decision : tuple of float
        Factor of each class's probability before the largest decides the label; empty for none.
        The probabilities themselves stay as they are.
    """

    temperature: float = 1.0
    shifts: tuple[float, ...] = ()
    decision: tuple[float, ...] = ()

    @property
    def calibrates(self) -> bool:
        """True if it changes probabilities."""
        return self.temperature != 1.0 or bool(self.shifts)

    def probabilities(self, mean: "FloatArray") -> "FloatArray":
        """Return corrected probabilities of shape (n_rows, n_classes); rows sum to 1."""
        mean = np.asarray(mean, dtype=np.float64)
        if self.calibrates:
            logits = np.log(np.maximum(mean, _FLOOR)) / self.temperature
            if self.shifts:
                logits = logits + np.asarray(self.shifts)
            mean = np.exp(logits - logits.max(axis=1, keepdims=True))
        return np.asarray(mean / mean.sum(axis=1, keepdims=True))

    def decide(self, probabilities: "FloatArray") -> "AnyArray":
        """Return the code of each row's label, (n_rows,)."""
        if self.decision:
            probabilities = probabilities * np.asarray(self.decision)
        return np.asarray(probabilities.argmax(axis=1))


NO_ADJUSTMENT = Adjustment()
