"""Code of the learner of a pipeline: a model of scikit-learn or a library, made safe."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np

from metatune.algorithms.learners.process import EXACT_ROWS, MAX_ARD_COLUMNS
from metatune.errors import ExportError
from metatune.reporting.code.library import PLAIN_LEARNERS
from metatune.reporting.code.writing import Call, Raw, call

if TYPE_CHECKING:
    from metatune._typing import AnyArray

__all__ = ["ITERATIONS", "LearnerCode", "iterations_of", "learner_code"]

ITERATIONS = "iterations"
"""Name of the parameter of functions that make learners with different numbers of iterations."""

_TARGETS = {"standard": "StandardTarget", "log": "LogTarget", "quantile": "QuantileTarget"}
_GROWING = {
    "LightGBM": "lightgbm",
    "XGBoost": "xgboost",
    "CatBoost": "catboost",
    "Network": "neural_network",
}
_ORDER = {"rbf": None, "matern32": 1.5, "matern52": 2.5}


@dataclass(frozen=True, slots=True, kw_only=True)
class LearnerCode:
    """Code of a learner.

    Attributes
    ----------
    call : Call
    name : str
        Name of its family.
    """

    call: Call
    name: str


def learner_code(model: Any, y: "AnyArray") -> LearnerCode:
    """Return the code of the last step of a fitted pipeline.

    Parameters
    ----------
    model : SafeClassifier, SafeRegressor, ConstantClassifier or ConstantRegressor
        Fitted.
    y : ndarray of shape (n_rows,)
        Codes of labels, or values, of its training rows.

    Raises
    ------
    ExportError
        If there is no code for such a learner.
    """
    kind = type(model).__name__
    if kind == "ConstantClassifier":
        return LearnerCode(call=call("DummyClassifier", strategy="prior"), name="constant")
    if kind == "ConstantRegressor":
        return LearnerCode(call=call("DummyRegressor", strategy=model.statistic), name="constant")
    if kind not in ("SafeClassifier", "SafeRegressor") or not hasattr(model, "estimator_"):
        raise ExportError(f"a model of the kind {kind} that learned nothing has no script")
    learner = model.estimator_
    if kind == "SafeClassifier":
        codes = np.searchsorted(model.classes_, y)
        made = _learner(learner, codes)
        named = {} if model.smoothing == 1.0 else {"rows": model.smoothing}
        safe = call("SmoothedClassifier", made.call, **named)
    else:
        made = _learner(learner, y)
        safe = call("BoundedRegressor", made.call, call(_TARGETS[model.target]))
    return LearnerCode(call=safe, name=made.name)


def iterations_of(model: Any) -> int | None:
    """Return the iterations of a fitted model that may differ between folds; None if none do."""
    learner: Any = getattr(model, "estimator_", None)
    if getattr(learner, "stages", ()):  # they say how many
        return None
    if type(learner).__name__.startswith("LightGBM"):
        # Rounds that found no split left no tree.
        trees = learner.n_trees
        return int(min(learner.n_iterations_, trees))
    iterations = getattr(learner, "n_iterations_", None)
    return None if iterations is None else int(iterations)


def _learner(learner: Any, y: "AnyArray") -> LearnerCode:
    kind = type(learner).__name__
    if getattr(learner, "stages", ()):
        return _by_stages(learner, y)
    make = _MAKERS.get(kind)
    if make is not None:
        return make(learner, y)
    if kind in PLAIN_LEARNERS:
        return _as_it_is(learner)
    raise ExportError(f"the learner {kind} has no script")


def _by_stages(learner: Any, y: "AnyArray") -> LearnerCode:
    """Return the code of a learner whose hyperparameters change while training goes on."""
    kind = type(learner).__name__
    name = next((name for title, name in _GROWING.items() if kind.startswith(title)), "")
    if not name:
        raise ExportError(f"the learner {kind} has no script where its hyperparameters change")
    first = _settings(learner, y, {})
    stages = []
    for stage in learner.stages:
        changes = {key: value for key, value in stage.items() if key != "iterations"}
        own = _settings(learner, y, changes)
        differs = {key: value for key, value in own.items() if value != first.get(key)}
        stages.append((stage["iterations"], differs))
    named: dict[str, Any] = {}
    if name == "neural_network":
        named["seed"] = learner.seed
    elif learner.categorical:
        named["categories"] = list(learner.categorical)
    if getattr(learner, "balanced", False):
        named["balanced"] = True
    made = call(f"{kind}ByStages", stages=stages, params=first, **named)
    return LearnerCode(call=made, name=name)


def _settings(learner: Any, y: "AnyArray", changes: dict[str, Any]) -> dict[str, Any]:
    """Return the parameters of a stage as the library takes them."""
    if not hasattr(learner, "settings"):  # a network
        rows = max(1, min(learner.params["batch_size"], len(y)))
        return {**learner.params, **changes, "batch_size": rows}
    if type(learner).__name__.startswith("LightGBM"):
        return dict(learner.settings(y, changes))
    return dict(learner.settings(changes))


def _lightgbm(learner: Any, y: "AnyArray") -> LearnerCode:
    settings = dict(learner.settings(y))
    for name in ("objective", "metric", "num_class", "seed", "num_threads", "verbosity"):
        settings.pop(name, None)
    name = "LGBMClassifier" if learner.classification else "LGBMRegressor"
    made = call(
        f"lightgbm.{name}",
        n_estimators=Raw(text=ITERATIONS),
        **settings,
        **({"class_weight": "balanced"} if learner.balanced else {}),
        random_state=learner.seed,
        n_jobs=1,
        verbosity=-1,
    )
    named = {"categories": list(learner.categorical)} if learner.categorical else {}
    if _draws(settings):
        made = call("WithRounds", made, **named)
    elif named:
        made = call("WithCategories", made, **named)
    return LearnerCode(call=made, name="lightgbm")


def _draws(settings: dict[str, Any]) -> bool:
    """Return True if rounds draw rows, columns or thresholds: one may find no split, the next do.

    Without draws all later rounds would be idle as well.
    """
    return (
        bool(settings.get("extra_trees"))
        or settings.get("colsample_bytree", 1.0) < 1.0
        or settings.get("feature_fraction_bynode", 1.0) < 1.0
        or settings.get("subsample", 1.0) < 1.0
    )


def _as_it_is(learner: Any) -> LearnerCode:
    return LearnerCode(call=_plain(learner), name=PLAIN_LEARNERS[type(learner).__name__][1])


def _packed(learner: Any, _y: "AnyArray") -> LearnerCode:
    return _as_it_is(learner.forest)


def _xgboost(learner: Any, _y: "AnyArray") -> LearnerCode:
    name = "XGBoostClassifier" if learner.classification else "XGBoostRegressor"
    name = f"Balanced{name}" if learner.balanced else name
    params = dict(learner.settings())
    named = {}
    if learner.categorical:
        named["categories"] = list(learner.categorical)
    made = call(name, rounds=Raw(text=ITERATIONS), params=params, **named)
    return LearnerCode(call=made, name="xgboost")


def _catboost(learner: Any, y: "AnyArray") -> LearnerCode:
    settings = dict(learner.settings())
    settings.pop("loss_function", None)
    settings.pop("classes_count", None)
    counts = np.bincount(y) if learner.classification else np.zeros(0)
    name = "CatBoostClassifier" if learner.classification else "CatBoostRegressor"
    if learner.balanced:
        settings["class_weights"] = [len(y) / (counts[counts > 0].size * n) for n in counts]
    made = call(name, iterations=Raw(text=ITERATIONS), **settings)
    if learner.categorical:
        made = call("CatBoostCodes", made, categories=list(learner.categorical))
    return LearnerCode(call=made, name="catboost")


def _network(learner: Any, y: "AnyArray") -> LearnerCode:
    params = {
        **learner.params,
        "batch_size": max(1, min(learner.params["batch_size"], len(y))),
    }
    name = "NetworkClassifier" if learner.classification else "NetworkRegressor"
    made = call(name, epochs=Raw(text=ITERATIONS), seed=learner.seed, params=params)
    return LearnerCode(call=made, name="neural_network")


def _neighbours(learner: Any, _y: "AnyArray") -> LearnerCode:
    if learner.row_weights_ is not None:
        raise ExportError("neighbours with sample weights have no script")
    is_classifier = type(learner).__name__ == "NeighboursClassifier"
    made = call(
        "SharesOfNeighbours" if is_classifier else "KNeighborsRegressor",
        n_neighbors=learner.model_.n_neighbors,
        weights=learner.weights,
        p=learner.p,
    )
    return LearnerCode(call=made, name="neighbours")


def _calibrated(learner: Any, y: "AnyArray") -> LearnerCode:
    inner = _learner(learner.estimator_, y)
    counts = np.bincount(y)
    if len(y) < 12 or np.count_nonzero(counts >= 3) < 2:
        raise ExportError("scores calibrated on so few rows have no script")
    made = call("CalibratedScores", inner.call, scores=learner.scores, seed=learner.seed)
    return LearnerCode(call=made, name=inner.name)


def _kernel(learner: Any, _y: "AnyArray") -> LearnerCode:
    inner = _plain(learner.estimator, drop=("gamma",))
    return LearnerCode(call=call("ScaledKernel", inner, width=learner.width), name="svm")


def _discriminant(learner: Any, _y: "AnyArray") -> LearnerCode:
    made = call("Discriminant", pooling=learner.pooling, shrinkage=learner.shrinkage)
    return LearnerCode(call=made, name="discriminant")


def _levels(learner: Any, y: "AnyArray") -> LearnerCode:
    inner = _learner(learner.estimator_, y)
    made = call(
        "LevelColumns",
        inner.call,
        n_codes=learner.n_codes,
        min_rows=learner.encoder_.min_frequency,
    )
    return LearnerCode(call=made, name=inner.name)


def _smoothed_tree(learner: Any, _y: "AnyArray") -> LearnerCode:
    return LearnerCode(call=_plain(learner, name="SmoothedTree"), name="decision_tree")


def _process(learner: Any, y: "AnyArray") -> LearnerCode:
    seen = learner.model_.X_train_ if hasattr(learner.model_, "X_train_") else None
    n_columns = (learner.model_.points_ if seen is None else seen).shape[1]
    lengths: Any = float(np.sqrt(n_columns))
    if learner.ard and 1 < n_columns <= MAX_ARD_COLUMNS:
        lengths = Raw(text=f"np.full({n_columns}, {lengths!r})")
    order = _ORDER[learner.kernel]
    if order is None:
        shape = call("RBF", lengths, (1e-2, 1e4))
    else:
        shape = call("Matern", lengths, (1e-2, 1e4), nu=order)
    parts = [f"ConstantKernel(1.0, (1e-3, 1e3)) * {_text(shape)}"]
    if learner.linear:
        parts.append("ConstantKernel(0.1, (1e-4, 1e2)) * DotProduct(1.0, (1e-3, 1e3))")
    parts.append(f"WhiteKernel({learner.noise!r}, (1e-6, 10.0))")
    name = "GaussianProcess" if len(y) <= EXACT_ROWS else "SparseGaussianProcess"
    kernel = Raw(text=" + ".join(parts))
    return LearnerCode(call=call(name, kernel, seed=learner.seed), name="gaussian_process")


def _text(value: Call) -> str:
    from metatune.reporting.code.writing import render

    return render(value, 0, -10_000)


_MAKERS: dict[str, Callable[[Any, "AnyArray"], LearnerCode]] = {
    "LightGBMClassifier": _lightgbm,
    "LightGBMRegressor": _lightgbm,
    "XGBoostClassifier": _xgboost,
    "XGBoostRegressor": _xgboost,
    "CatBoostClassifier": _catboost,
    "CatBoostRegressor": _catboost,
    "NetworkClassifier": _network,
    "NetworkRegressor": _network,
    "NeighboursClassifier": _neighbours,
    "NeighboursRegressor": _neighbours,
    "CalibratedScores": _calibrated,
    "ScaledKernel": _kernel,
    "RegularizedDiscriminant": _discriminant,
    "OneHotLearner": _levels,
    "SmoothedTreeClassifier": _smoothed_tree,
    "BoundedProcess": _process,
    "PackedForestClassifier": _packed,
    "PackedForestRegressor": _packed,
}


def _plain(learner: Any, *, name: str = "", drop: tuple[str, ...] = ()) -> Call:
    """Return a call of a class of scikit-learn, with the parameters that are not its defaults."""
    usual = type(learner)().get_params(deep=False)
    given = learner.get_params(deep=False)
    changed = {
        key: value for key, value in given.items() if key not in drop and usual[key] != value
    }
    return call(name or type(learner).__name__, **changed)
