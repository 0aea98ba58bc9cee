"""Contract with scikit-learn: how the estimators are copied, pickled and described."""

from copy import deepcopy
from typing import Any, ClassVar, Self

from sklearn.base import BaseEstimator, clone

__all__ = ["ScikitLearnEstimator", "TableEstimator"]


class TableEstimator(BaseEstimator):  # type: ignore[misc]
    """Base of estimators that take tables as they are."""

    _shared: ClassVar[tuple[str, ...]] = ()
    """Parameters that have no copies."""

    def __sklearn_clone__(self) -> Self:
        """Copy what was given, as scikit-learn does, but share what has no copy."""
        given = BaseEstimator.get_params(self, deep=False)  # not what a fit has added to it
        shared = {name: given.pop(name) for name in self._shared}
        copies = {name: clone(value, safe=False) for name, value in given.items()}
        copy = type(self)(**copies, **shared)
        for name in ("_metadata_request", "_sklearn_output_config"):
            if hasattr(self, name):
                setattr(copy, name, deepcopy(getattr(self, name)))
        return copy

    def __sklearn_tags__(self) -> Any:
        tags = super().__sklearn_tags__()
        tags.input_tags.allow_nan = True
        tags.input_tags.string = True
        tags.input_tags.categorical = True
        return tags


class ScikitLearnEstimator(TableEstimator):
    """Base of estimators with an executor and listeners, which have no copies."""

    _shared = ("executor", "callbacks")

    def __getstate__(self) -> dict[str, Any]:
        state: dict[str, Any] = super().__getstate__()
        if "pipeline_" in state:  # a fitted one needs neither any more, and they cannot travel
            state = {**state, **dict.fromkeys(self._shared)}
        return state
