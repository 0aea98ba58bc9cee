"""XGBoost with early stopping, native categories and a state that is plain bytes."""

from typing import TYPE_CHECKING, Any

import numpy as np
import xgboost
from sklearn.base import ClassifierMixin, RegressorMixin

from metatune.algorithms.learners.boosting import (
    BoostedTrees,
    affordable_rounds,
    few_rounds,
    patience,
)
from metatune.algorithms.learners.stopping import TrainingRows

if TYPE_CHECKING:
    from numpy.typing import NDArray

    FloatArray = NDArray[Any]

__all__ = ["XGBoostClassifier", "XGBoostRegressor"]

_WORK = 2.5e9  # cells x classes x rounds that take about a minute on one core


class _XGBoostModel(BoostedTrees):
    """What the classifier and the regressor share."""

    def _max_iterations(self, X: "FloatArray", y: "FloatArray") -> int:  # noqa: ARG002
        cost = self._n_trees_a_round() * (X.size + 30_000)
        return affordable_rounds(_WORK, cost, 50.0, self.params["learning_rate"])

    def _few_iterations(self) -> int:
        return few_rounds(self.params["learning_rate"])

    def _train(self, rows: TrainingRows, iterations: int, held_out: TrainingRows | None) -> int:
        watched: dict[str, Any] = {}
        if held_out is not None:
            watched = {
                "evals": [(self._matrix(held_out), "held_out")],
                "early_stopping_rounds": patience(self.params["learning_rate"]),
            }
        booster = xgboost.train(
            {**self.params, **self._objective(), "seed": self.seed, "nthread": 1, "verbosity": 0},
            self._matrix(rows),
            num_boost_round=iterations,
            verbose_eval=False,
            **watched,
        )
        best = booster.best_iteration + 1 if held_out is not None else iterations
        self._store(bytes(booster[:best].save_raw("ubj")))
        return int(best)

    def _matrix(self, rows: TrainingRows) -> Any:
        return self._data(rows.X, label=rows.y, weight=self._weights(rows))

    def _data(self, X: "FloatArray", **known: Any) -> Any:
        types = ["c" if i in set(self.categorical) else "q" for i in range(X.shape[1])]
        return xgboost.DMatrix(
            X,
            **known,
            feature_types=types,
            enable_categorical=True,
            nthread=1,
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

    def _read_model(self) -> Any:
        booster = xgboost.Booster({"nthread": 1})
        booster.load_model(bytearray(self.model_))
        return booster

    def _raw(self, X: "FloatArray") -> "FloatArray":
        return np.asarray(self._booster.predict(self._data(X)), dtype=np.float64)


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
