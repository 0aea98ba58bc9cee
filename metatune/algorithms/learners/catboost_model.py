"""CatBoost with early stopping, native categories and a state that is plain bytes."""

from typing import TYPE_CHECKING, Any

import catboost
import numpy as np
import pandas as pd
from sklearn.base import ClassifierMixin, RegressorMixin

from metatune.algorithms.categories import MISSING_CODE
from metatune.algorithms.learners.boosting import BoostedTrees
from metatune.algorithms.learners.stopping import TrainingRows, Watch

if TYPE_CHECKING:
    from collections.abc import Mapping

    from metatune._typing import AnyArray


__all__ = ["CatBoostClassifier", "CatBoostRegressor"]

MAX_ROUNDS = 800
_FEW_ROUNDS = 60
_PATIENCE = 40
_HISTORY = "training"  # note of a model that holds the losses of all its rounds
_WORK = 1e9  # (rows + 8000) x columns x classes x rounds that take about 10 s on one core


class _CatBoostModel(BoostedTrees):
    """Base of the classifier and the regressor."""

    max_splits = 2

    def _max_iterations(self, X: "AnyArray", y: "AnyArray") -> int:  # noqa: ARG002
        cost = self._n_trees_a_round() * X.shape[1] * (len(X) + 8000)
        return int(np.clip(_WORK / cost, 40, MAX_ROUNDS))

    def _few_iterations(self) -> int:
        return _FEW_ROUNDS

    def _patience(self) -> int:
        return _PATIENCE

    def _grow(self, rows: TrainingRows, most: int, watch: Watch | None = None) -> None:
        booster = catboost.CatBoost({**self.settings(), "iterations": most})
        watched: dict[str, Any] = {}
        if watch is not None:
            pools = [self._known(part) for part in watch.parts]
            watched = {"eval_set": pools, "callbacks": [_Told(watch, squared=not self.n_classes_)]}
        booster.fit(self._known(rows), **watched)
        self._store_booster(booster)

    def _grow_by_stages(self, rows: TrainingRows) -> None:
        pool, booster = self._known(rows), None
        for rounds, changes, seed in self._stages():
            settings = {**self.settings(changes), "random_seed": seed, "iterations": rounds}
            before, booster = booster, catboost.CatBoost(settings)
            booster.fit(pool, init_model=before)
        if booster is not None:
            self._store_booster(booster)

    def settings(self, changes: "Mapping[str, Any] | None" = None) -> dict[str, Any]:
        """Return CatBoost's parameters for a fit, or a stage of it, without the iterations."""
        return {
            **self.params,
            **(changes or {}),
            **self._objective(),
            "random_seed": self.seed,
            "thread_count": 1,
            "logging_level": "Silent",
            "allow_writing_files": False,
            "allow_const_label": True,
            # Ordered boosting and combined categories cost many times more on a single core.
            "boosting_type": "Plain",
            "max_ctr_complexity": 1,
            "one_hot_max_size": 10,
            "border_count": 128,
            "use_best_model": False,
            # By itself CatBoost makes this depend on the number of iterations.
            "leaf_estimation_iterations": 10 if self.n_classes_ == 2 else 1,
        }

    def _trim(self) -> None:
        if self._last_tree():
            self._booster.shrink(ntree_end=self._last_tree())
            self._store_booster(self._booster)

    def _store_booster(self, booster: Any) -> None:
        """Store a model without the losses of all its rounds, which nothing reads again."""
        notes = booster.get_metadata()
        if _HISTORY in notes.keys():  # noqa: SIM118  # it is no mapping
            del notes[_HISTORY]
        self._store(bytes(booster._serialize_model()))

    def _last_tree(self) -> int:
        """Return the last tree of predictions, or 0 for all: CatBoost has none without a split."""
        booster = self._booster
        more = self.n_iterations_ < booster.tree_count_
        return self.n_iterations_ if more and booster.get_tree_leaf_counts().max() > 1 else 0

    def _known(self, rows: TrainingRows) -> Any:
        return self._pool(rows.X, label=rows.y, weight=self._weights(rows))

    def _pool(self, X: "AnyArray", **known: Any) -> Any:
        table = pd.DataFrame(X, columns=range(X.shape[1]))
        for column in self.categorical:
            codes = np.nan_to_num(X[:, column], nan=MISSING_CODE).astype(np.int64)
            table[column] = codes
        cat_features = list(self.categorical)
        return catboost.Pool(table, cat_features=cat_features, thread_count=1, **known)

    def _objective(self) -> dict[str, Any]:
        if not self.classification:
            return {"loss_function": "RMSE"}
        if self.n_classes_ == 2:
            return {"loss_function": "Logloss"}
        return {"loss_function": "MultiClass", "classes_count": self.n_classes_}

    def _predicted(self, X: "AnyArray", **options: Any) -> Any:
        pool, end = self._pool(X), self._last_tree()
        return self._booster.predict(pool, ntree_end=end, thread_count=1, **options)

    def _read_model(self) -> Any:
        booster = catboost.CatBoost()
        try:
            booster.load_model(blob=self.model_)
        except catboost.CatBoostError as error:
            raise ValueError(f"CatBoost cannot read its trees: {error}") from error
        return booster


class _Told:
    """CatBoost callback that passes its losses to a watch, and stops when the watch does."""

    def __init__(self, watch: Watch, *, squared: bool) -> None:
        self._watch = watch
        self._power = 2 if squared else 1  # CatBoost takes the root of a mean of squares

    def after_iteration(self, info: Any) -> bool:
        """Return True to go on; called by CatBoost."""
        names = sorted(name for name in info.metrics if name.startswith("validation"))
        losses = [next(iter(info.metrics[name].values()))[-1] for name in names]
        return not self._watch.add([loss**self._power for loss in losses])


class CatBoostClassifier(ClassifierMixin, _CatBoostModel):  # type: ignore[misc]
    """Boosted symmetric trees for labels 0..n_classes-1."""

    classification = True

    def predict_proba(self, X: "AnyArray") -> "AnyArray":
        """Return probabilities of shape (n_rows, n_classes)."""
        proba = self._predicted(X, prediction_type="Probability")
        return np.asarray(proba, dtype=np.float64)


class CatBoostRegressor(RegressorMixin, _CatBoostModel):  # type: ignore[misc]
    """Boosted symmetric trees for numbers."""

    classification = False

    def predict(self, X: "AnyArray") -> "AnyArray":
        """Return values of shape (n_rows,)."""
        return np.asarray(self._predicted(X), dtype=np.float64)
