"""Decision tree with smoothed leaf probabilities."""

from typing import TYPE_CHECKING

import numpy as np
from sklearn.tree import DecisionTreeClassifier

if TYPE_CHECKING:
    from metatune._typing import AnyArray


__all__ = ["SmoothedTreeClassifier"]

_PRIOR_ROWS = 2.0


class SmoothedTreeClassifier(DecisionTreeClassifier):  # type: ignore[misc]
    """CART with m-estimates of the leaf probabilities (Zadrozny and Elkan, 2001).

    A leaf of n rows is mixed with the class shares of all rows as if it held two rows more.
    """

    def predict_proba(self, X: "AnyArray", check_input: bool = True) -> "AnyArray":
        """Return probabilities of shape (n_rows, n_classes)."""
        shares = np.asarray(super().predict_proba(X, check_input=check_input))
        leaves = self.apply(X, check_input=check_input)
        n_rows = self.tree_.n_node_samples[leaves][:, None]
        prior = self.tree_.value[0]
        return np.asarray((shares * n_rows + _PRIOR_ROWS * prior) / (n_rows + _PRIOR_ROWS))
