"""Contract with scikit-learn: how the estimators are copied, pickled and described."""

from copy import deepcopy
from typing import Any, Self

from sklearn.base import BaseEstimator, clone

__all__ = ["ScikitLearnEstimator"]


class ScikitLearnEstimator(BaseEstimator):  # type: ignore[misc]
    """Base of estimators with an executor, which neither copies nor travels."""

    def __sklearn_clone__(self) -> Self:
        """Copy the parameters, as scikit-learn does, but share the executor: it has no copy."""
        given = self.get_params(deep=False)
        executor = given.pop("executor")
        copies = {name: clone(value, safe=False) for name, value in given.items()}
        copy = type(self)(**copies, executor=executor)
        for name in ("_metadata_request", "_sklearn_output_config"):
            if hasattr(self, name):
                setattr(copy, name, deepcopy(getattr(self, name)))
        return copy

    def __getstate__(self) -> dict[str, Any]:
        state: dict[str, Any] = super().__getstate__()
        if "pipeline_" in state:  # a fitted one needs its executor no more, and that cannot travel
            state = {**state, "executor": None}
        return state

    def __sklearn_tags__(self) -> Any:
        tags = super().__sklearn_tags__()
        tags.input_tags.allow_nan = True
        tags.input_tags.string = True
        tags.input_tags.categorical = True
        return tags
