"""XGBoost with early stopping, native categories and a state that is plain bytes."""

from typing import TYPE_CHECKING, Any

import numpy as np
import xgboost
from sklearn.base import ClassifierMixin, RegressorMixin

from metatune.algorithms.learners.stopping import EarlyStoppingModel, balanced_weights

if TYPE_CHECKING:
    from numpy.typing import NDArray

    FloatArray = NDArray[Any]

__all__ = ["XGBoostClassifier", "XGBoostRegressor"]

_MAX_ROUNDS = 2000
_FEW_ROUNDS = 40
_WORK = 2.5e9  # cells x classes x rounds that take about a minute on one core


class _XGBoostModel(EarlyStoppingModel):
    """What the classifier and the regressor share.

    Parameters
    ----------
    params : dict
        XGBoost's training parameters, without objective, seed and threads.
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
        return int(min(useful, max(50.0, _WORK / cost)))

    def _few_iterations(self) -> int:
        return max(1, min(200, round(_FEW_ROUNDS * 0.1 / float(self.params["learning_rate"]))))

    def _train(
        self,
        X: "FloatArray",
        y: "FloatArray",
        iterations: int,
        held_out: "tuple[FloatArray, FloatArray] | None",
    ) -> int:
        watched: dict[str, Any] = {}
        if held_out is not None:
            rate = float(self.params["learning_rate"])
            watched = {
                "evals": [(self._matrix(*held_out), "held_out")],
                "early_stopping_rounds": int(np.clip(round(4.0 / rate), 30, 100)),
            }
        booster = xgboost.train(
            {**self.params, **self._objective(), "seed": self.seed, "nthread": 1, "verbosity": 0},
            self._matrix(X, y),
            num_boost_round=iterations,
            verbose_eval=False,
            **watched,
        )
        best = booster.best_iteration + 1 if held_out is not None else iterations
        self.model_ = bytes(booster[:best].save_raw("ubj"))
        self.__dict__.pop("_booster", None)
        return int(best)

    def _matrix(self, X: "FloatArray", y: "FloatArray | None" = None) -> Any:
        types = ["c" if i in set(self.categorical) else "q" for i in range(X.shape[1])]
        weight = balanced_weights(y) if self.balanced and y is not None else None
        return xgboost.DMatrix(
            X, label=y, weight=weight, feature_types=types, enable_categorical=True, nthread=1
        )

    def _objective(self) -> dict[str, Any]:
        if not self.classification:
            return {"objective": "reg:squarederror"}
        if self.n_classes_ == 2:
            return {"objective": "binary:logistic", "eval_metric": "logloss"}
        return {
            "objective": "multi:softprob",
            "eval_metric": "mlogloss",
            "num_class": self.n_classes_,
        }

    def _raw(self, X: "FloatArray") -> "FloatArray":
        # The booster is made on demand and never saved: its bytes say everything.
        if "_booster" not in self.__dict__:
            self._booster = xgboost.Booster({"nthread": 1})
            self._booster.load_model(bytearray(self.model_))
        return np.asarray(self._booster.predict(self._matrix(X)), dtype=np.float64)

    def __getstate__(self) -> dict[str, Any]:
        state = dict(super().__getstate__())
        state.pop("_booster", None)
        return state


class XGBoostClassifier(ClassifierMixin, _XGBoostModel):  # type: ignore[misc]
    """Boosted trees for labels 0..n_classes-1."""

    classification = True

    def predict_proba(self, X: "FloatArray") -> "FloatArray":
        """Return probabilities of shape (n_rows, n_classes)."""
        raw = self._raw(X)
        return np.column_stack([1.0 - raw, raw]) if raw.ndim == 1 else raw


class XGBoostRegressor(RegressorMixin, _XGBoostModel):  # type: ignore[misc]
    """Boosted trees for numbers."""

    classification = False

    def predict(self, X: "FloatArray") -> "FloatArray":
        """Return values of shape (n_rows,)."""
        return self._raw(X)
