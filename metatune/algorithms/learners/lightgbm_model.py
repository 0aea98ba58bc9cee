"""LightGBM with early stopping, native categories and a state that is plain text."""

from typing import TYPE_CHECKING, Any

import lightgbm
import numpy as np
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


__all__ = ["LightGBMClassifier", "LightGBMRegressor"]

_RARE = 10  # training rows of one of two classes, if they are no twentieth of all
_RARE_LAMBDA = 1.0
_IDLE_ROUNDS = 5
_WORK = 4e9  # cells x classes x rounds that take about a minute on one core


class _LightGBMModel(BoostedTrees):
    """Base of the classifier and the regressor."""

    def _max_iterations(self, X: "AnyArray", y: "AnyArray") -> int:  # noqa: ARG002
        cost = self._n_trees_a_round() * (X.size + 30_000)
        return affordable_rounds(_WORK, cost, 100.0, self.params["learning_rate"])

    def _few_iterations(self) -> int:
        return few_rounds(self.params["learning_rate"])

    def _patience(self) -> int:
        return patience(self.params["learning_rate"])

    def _grow(self, rows: TrainingRows, most: int, watch: Watch | None = None) -> None:
        params = self.settings(rows.y)
        data = self._dataset(rows, params)
        booster = lightgbm.Booster(params, data)
        for part in watch.parts if watch else ():
            weights = self._weights(part)
            booster.add_valid(data.create_valid(part.X, part.y, weight=weights), "watched")
        _add_trees(booster, most, watch)
        self._store(booster.model_to_string(num_iteration=most))

    def _grow_by_stages(self, rows: TrainingRows) -> None:
        booster = None
        for rounds, changes, seed in self._stages():
            params = {**self.settings(rows.y, changes), "seed": seed}
            data = self._dataset(rows, params)
            booster = lightgbm.train(params, data, rounds, init_model=booster)
        if booster is not None:
            self._store(booster.model_to_string())

    def _trim(self) -> None:
        self._store(self._booster.model_to_string(num_iteration=self.n_iterations_))

    def _dataset(self, rows: TrainingRows, params: dict[str, Any]) -> Any:
        return lightgbm.Dataset(
            rows.X,
            rows.y,
            weight=self._weights(rows),
            categorical_feature=list(self.categorical),
            params=params,
            free_raw_data=not self.stages,  # to go on, it has to predict them
        )

    @property
    def n_trees(self) -> int:
        """Rounds of the fitted model that found a split."""
        return int(self.model_.count("\nTree=") // self._n_trees_a_round())

    def settings(self, y: "AnyArray", changes: "Mapping[str, Any] | None" = None) -> dict[str, Any]:
        """Return LightGBM's parameters for a fit, or a stage of it, on labels or target values."""
        n_rows = len(y)
        params = {
            **self.params,
            **(changes or {}),
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
        # The single rows of a class that hardly occurs have so little curvature around them that
        # their leaves' values explode, and the ranking of all others with them.
        if self.n_classes_ == 2 and np.bincount(y, minlength=2).min() < min(_RARE, n_rows // 20):
            params["reg_lambda"] = max(params["reg_lambda"], _RARE_LAMBDA)
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

    def _read_model(self) -> Any:
        try:
            return lightgbm.Booster(model_str=self.model_)
        except lightgbm.basic.LightGBMError as error:
            raise ValueError(f"LightGBM cannot read its trees: {error}") from error

    def _raw(self, X: "AnyArray") -> "AnyArray":
        raw = self._booster.predict(X, num_iteration=self.n_iterations_, num_threads=1)
        return np.asarray(raw, dtype=np.float64)


def _add_trees(booster: Any, most: int, watch: Watch | None = None) -> None:
    """Boost up to a number of rounds; a round that finds no split adds none.

    Rows and columns that are drawn anew may allow a split after such a round, but not for ever.
    """
    idle = 0
    while booster.current_iteration() < most and idle < _IDLE_ROUNDS:
        n_before = booster.current_iteration()
        booster.update()
        if booster.current_iteration() == n_before:
            idle += 1
            continue
        idle = 0
        if watch is not None and watch.add([loss for _, _, loss, _ in booster.eval_valid()]):
            return


class LightGBMClassifier(ClassifierMixin, _LightGBMModel):  # type: ignore[misc]
    """Boosted trees for labels 0..n_classes-1."""

    classification = True

    def predict_proba(self, X: "AnyArray") -> "AnyArray":
        """Return probabilities of shape (n_rows, n_classes)."""
        raw = self._raw(X)
        return np.column_stack([1.0 - raw, raw]) if raw.ndim == 1 else raw


class LightGBMRegressor(RegressorMixin, _LightGBMModel):  # type: ignore[misc]
    """Boosted trees for numbers."""

    classification = False

    def predict(self, X: "AnyArray") -> "AnyArray":
        """Return values of shape (n_rows,)."""
        return self._raw(X)
