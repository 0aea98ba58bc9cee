"""LightGBM with early stopping, native categories and a state that is plain text."""

from typing import TYPE_CHECKING, Any

import lightgbm
import numpy as np
from sklearn.base import ClassifierMixin, RegressorMixin

from metatune.algorithms.learners.stopping import EarlyStoppingModel, balanced_weights

if TYPE_CHECKING:
    from numpy.typing import NDArray

    FloatArray = NDArray[Any]

__all__ = ["LightGBMClassifier", "LightGBMRegressor"]

_MAX_ROUNDS = 2000
_FEW_ROUNDS = 40
_WORK = 4e9  # cells x classes x rounds that take about a minute on one core


class _LightGBMModel(EarlyStoppingModel):
    """What the classifier and the regressor share.

    Parameters
    ----------
    params : dict
        LightGBM's training parameters, without objective, seed and threads.
    categorical : tuple of int
        Positions of the columns that hold category codes.
    balanced : bool
        Whether every class gets the same total weight.
    iterations : int or None
        Exactly so many boosting rounds on all rows; None stops early.
    seed : int
        Seed of every random choice.
    """

    def __init__(
        self,
        params: dict[str, Any],
        categorical: tuple[int, ...] = (),
        balanced: bool = False,
        iterations: int | None = None,
        seed: int = 0,
    ) -> None:
        self.params = params
        self.categorical = categorical
        self.balanced = balanced
        self.iterations = iterations
        self.seed = seed

    def _max_iterations(self, X: "FloatArray", y: "FloatArray") -> int:  # noqa: ARG002
        trees = self.n_classes_ if self.n_classes_ > 2 else 1
        cost = trees * (X.size + 30_000)
        useful = min(_MAX_ROUNDS, 100.0 / self.params["learning_rate"])
        return int(min(useful, max(100.0, _WORK / cost)))

    def _few_iterations(self) -> int:
        return max(1, min(200, round(_FEW_ROUNDS * 0.1 / float(self.params["learning_rate"]))))

    def _train(
        self,
        X: "FloatArray",
        y: "FloatArray",
        iterations: int,
        held_out: "tuple[FloatArray, FloatArray] | None",
    ) -> int:
        params = self._training_params(len(y))
        data = self._dataset(X, y, params)
        callbacks: list[Any] = []
        valid_sets = []
        if held_out is not None:
            valid_sets = [data.create_valid(*held_out, weight=self._weights(held_out[1]))]
            callbacks = [lightgbm.early_stopping(_patience(params["learning_rate"]), verbose=False)]
        booster = lightgbm.train(
            params, data, num_boost_round=iterations, valid_sets=valid_sets, callbacks=callbacks
        )
        best = booster.best_iteration if held_out is not None else iterations
        self.model_ = booster.model_to_string(num_iteration=best)
        self.__dict__.pop("_booster", None)
        return max(1, int(best))

    def _dataset(self, X: "FloatArray", y: "FloatArray", params: dict[str, Any]) -> Any:
        return lightgbm.Dataset(
            X,
            y,
            weight=self._weights(y),
            categorical_feature=list(self.categorical),
            params=params,
            free_raw_data=True,
        )

    def _weights(self, y: "FloatArray") -> "NDArray[np.float64] | None":
        return balanced_weights(y) if self.balanced else None

    def _training_params(self, n_rows: int) -> dict[str, Any]:
        params = {
            **self.params,
            **self._objective(),
            "seed": self.seed,
            "num_threads": 1,
            "deterministic": True,
            "force_row_wise": True,
            "feature_pre_filter": False,
            "verbosity": -1,
        }
        # A leaf of the usual 20 rows would leave tables of a few dozen rows without any split.
        params["min_child_samples"] = min(params["min_child_samples"], max(2, n_rows // 10))
        if n_rows < 200:
            params["min_data_in_bin"] = 1
        # Categories of a few levels are told apart one by one, and groups of levels may be small
        # where tables are: measured, LightGBM's 4 levels and 100 rows lose on small tables.
        params["max_cat_to_onehot"] = 10
        params["min_data_per_group"] = int(np.clip(n_rows // 50, 2, 100))
        return params

    def _objective(self) -> dict[str, Any]:
        if not self.classification:
            return {"objective": "regression", "metric": "l2"}
        if self.n_classes_ == 2:
            return {"objective": "binary", "metric": "binary_logloss"}
        return {
            "objective": "multiclass",
            "metric": "multi_logloss",
            "num_class": self.n_classes_,
        }

    def _raw(self, X: "FloatArray") -> "FloatArray":
        # The booster is made on demand and never saved: its text says everything.
        if "_booster" not in self.__dict__:
            self._booster = lightgbm.Booster(model_str=self.model_, params={"verbosity": -1})
        return np.asarray(self._booster.predict(X, num_threads=1), dtype=np.float64)

    def __getstate__(self) -> dict[str, Any]:
        state = dict(super().__getstate__())
        state.pop("_booster", None)
        return state


class LightGBMClassifier(ClassifierMixin, _LightGBMModel):  # type: ignore[misc]
    """Boosted trees for labels 0..n_classes-1."""

    classification = True

    def predict_proba(self, X: "FloatArray") -> "FloatArray":
        """Return probabilities of shape (n_rows, n_classes)."""
        raw = self._raw(X)
        return np.column_stack([1.0 - raw, raw]) if raw.ndim == 1 else raw


class LightGBMRegressor(RegressorMixin, _LightGBMModel):  # type: ignore[misc]
    """Boosted trees for numbers."""

    classification = False

    def predict(self, X: "FloatArray") -> "FloatArray":
        """Return values of shape (n_rows,)."""
        return self._raw(X)


def _patience(learning_rate: float) -> int:
    """Slow learners get more rounds to improve."""
    return int(np.clip(round(4.0 / learning_rate), 30, 100))
