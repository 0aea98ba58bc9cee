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
from metatune.algorithms.learners.stopping import TrainingRows, Watch

if TYPE_CHECKING:
    from collections.abc import Mapping

    from metatune._typing import AnyArray


__all__ = ["XGBoostClassifier", "XGBoostRegressor"]

_WORK = 2.5e9  # cells x classes x rounds that take about a minute on one core


class _XGBoostModel(BoostedTrees):
    """Base of the classifier and the regressor."""

    def _max_iterations(self, X: "AnyArray", y: "AnyArray") -> int:  # noqa: ARG002
        cost = self._n_trees_a_round() * (X.size + 30_000)
        return affordable_rounds(_WORK, cost, 50.0, self.params["learning_rate"])

    def _few_iterations(self) -> int:
        return few_rounds(self.params["learning_rate"])

    def _patience(self) -> int:
        return patience(self.params["learning_rate"])

    def _grow(self, rows: TrainingRows, most: int, watch: Watch | None = None) -> None:
        data = self._matrix(rows)
        parts = [
            (self._matrix(part), str(i)) for i, part in enumerate(watch.parts if watch else ())
        ]
        booster = xgboost.Booster(
            self.settings(),
            [data, *(part for part, _ in parts)],
        )
        for i in range(most):
            booster.update(data, i)
            if watch is not None and watch.add(self._losses(booster.eval_set(parts, i))):
                break
        self._store(bytes(booster.save_raw("ubj")))

    def _grow_by_stages(self, rows: TrainingRows) -> None:
        data, booster = self._matrix(rows), None
        for rounds, changes, seed in self._stages():
            params = {**self.settings(changes), "seed": seed}
            booster = xgboost.train(params, data, rounds, xgb_model=booster)
        if booster is not None:
            self._store(bytes(booster.save_raw("ubj")))

    def _trim(self) -> None:
        n_rounds = min(self.n_iterations_, self._booster.num_boosted_rounds())
        self._store(bytes(self._booster[:n_rounds].save_raw("ubj")))

    def _losses(self, message: str) -> list[float]:
        """Read the losses from XGBoost's log: the mean of squares instead of its root."""
        values = [float(word.rpartition(":")[2]) for word in message.split("\t")[1:]]
        return values if self.classification else [value**2 for value in values]

    def _matrix(self, rows: TrainingRows) -> Any:
        return self._data(rows.X, label=rows.y, weight=self._weights(rows))

    def _data(self, X: "AnyArray", **known: Any) -> Any:
        types = ["c" if i in set(self.categorical) else "q" for i in range(X.shape[1])]
        return xgboost.DMatrix(
            X,
            **known,
            feature_types=types,
            enable_categorical=True,
            nthread=1,
        )

    def settings(self, changes: "Mapping[str, Any] | None" = None) -> dict[str, Any]:
        """Return XGBoost's parameters for a fit, or a stage of it."""
        fixed = {"seed": self.seed, "nthread": 1, "verbosity": 0}
        return {**self.params, **(changes or {}), **self._objective(), **fixed}

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

    def _raw(self, X: "AnyArray") -> "AnyArray":
        rounds = (0, self.n_iterations_)
        raw = self._booster.predict(self._data(X), iteration_range=rounds)
        return np.asarray(raw, dtype=np.float64)


class XGBoostClassifier(ClassifierMixin, _XGBoostModel):  # type: ignore[misc]
    """Boosted trees for labels 0..n_classes-1."""

    classification = True

    def predict_proba(self, X: "AnyArray") -> "AnyArray":
        """Return probabilities of shape (n_rows, n_classes)."""
        raw = self._raw(X)
        return np.column_stack([1.0 - raw, raw]) if raw.ndim == 1 else raw


class XGBoostRegressor(RegressorMixin, _XGBoostModel):  # type: ignore[misc]
    """Boosted trees for numbers."""

    classification = False

    def predict(self, X: "AnyArray") -> "AnyArray":
        """Return values of shape (n_rows,)."""
        return self._raw(X)
