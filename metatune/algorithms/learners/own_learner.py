"""Learners of users: any estimator of theirs, in a form that model files can hold.

A model file holds what metatune knows, and nothing else. What is inside a user's learner it cannot
know, so that is kept as a file of skops within the file, which is opened only for somebody who
names the types to be trusted in it.
"""

import pickle
from collections.abc import Iterable
from typing import TYPE_CHECKING, Any

import numpy as np
from sklearn.base import BaseEstimator, ClassifierMixin, RegressorMixin, clone

from metatune.algorithms.learners.weighted_fit import fit_learner
from metatune.data.row_metadata import PLAIN, RowMetadata
from metatune.files.by_value import pickle_by_value

if TYPE_CHECKING:
    from metatune._typing import AnyArray

__all__ = ["PACKED", "OwnClassifier", "OwnRegressor", "defining", "unpacked"]

PACKED = "packed"
"""Attribute of a file that holds the user's estimators, as skops writes them."""

_HELD = ("estimator", "estimator_")


class _OwnLearner(BaseEstimator):  # type: ignore[misc]
    """Base of the classifier and the regressor.

    Parameters
    ----------
    estimator : estimator
        Of the user.
    name : str
        Name of its family.
    """

    def __init__(self, estimator: Any, name: str = "") -> None:
        self.estimator = estimator
        self.name = name

    def _fit(self, X: "AnyArray", y: "AnyArray", row_metadata: RowMetadata) -> None:
        self.estimator_ = fit_learner(clone(self.estimator), X, y, row_metadata)

    def __reduce__(self) -> Any:
        """Pickle it: within a run learners travel with their classes."""
        rest, held = self._parts()
        return _unpickled, (type(self), rest, pickle_by_value(held, *defining(held.values())))

    def __getstate__(self) -> dict[str, Any]:
        """Return the state for a model file, where the user's estimators are packed."""
        import skops.io

        rest, held = self._parts()
        return {**rest, PACKED: skops.io.dumps(held)}

    def _parts(self) -> tuple[dict[str, Any], dict[str, Any]]:
        """Return the attributes that are plain, and the user's estimators."""
        rest = dict(self.__dict__)
        return rest, {name: rest.pop(name) for name in _HELD if name in rest}


class OwnClassifier(ClassifierMixin, _OwnLearner):  # type: ignore[misc]
    """Classifier of a user; it has `predict_proba`."""

    def fit(
        self, X: "AnyArray", y: "AnyArray", row_metadata: RowMetadata = PLAIN
    ) -> "OwnClassifier":
        """Fit on labels 0..n_classes-1."""
        self._fit(X, y, row_metadata)
        self.n_classes_ = int(np.max(y)) + 1
        return self

    def predict_proba(self, X: "AnyArray") -> "AnyArray":
        """Return probabilities of shape (n_rows, n_classes)."""
        return np.asarray(self.estimator_.predict_proba(X), dtype=np.float64)


class OwnRegressor(RegressorMixin, _OwnLearner):  # type: ignore[misc]
    """Regressor of a user."""

    def fit(
        self, X: "AnyArray", y: "AnyArray", row_metadata: RowMetadata = PLAIN
    ) -> "OwnRegressor":
        """Fit on target values."""
        self._fit(X, y, row_metadata)
        return self

    def predict(self, X: "AnyArray") -> "AnyArray":
        """Return values of shape (n_rows,)."""
        return np.asarray(self.estimator_.predict(X), dtype=np.float64)


def unpacked(kind: str, values: dict[str, Any], held: dict[str, Any]) -> Any:
    """Return a learner of a model file, given its other attributes and what was packed.

    Parameters
    ----------
    kind : str
        Name of its class.
    values, held : dict
        Attributes, and the user's estimators by the names of theirs.
    """
    classes = {c.__name__: c for c in (OwnClassifier, OwnRegressor)}
    state = {name: value for name, value in values.items() if name != PACKED}
    state |= {name: held[name] for name in _HELD if name in held}
    return _restored(classes[kind], state)


def defining(estimators: Iterable[Any]) -> tuple[str, ...]:
    """Return the names of the modules that define estimators and what they are made of."""
    parts = [
        part
        for estimator in estimators
        for part in (estimator, *getattr(estimator, "get_params", dict)().values())
    ]
    return tuple(dict.fromkeys(str(type(part).__module__) for part in parts))


def _unpickled(kind: type, rest: dict[str, Any], held: bytes) -> Any:
    return _restored(kind, {**rest, **pickle.loads(held)})  # of this very run


def _restored(kind: type, state: dict[str, Any]) -> Any:
    made: Any = object.__new__(kind)
    made.__dict__.update(state)
    return made
