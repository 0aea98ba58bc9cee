"""One fold of the AutoML benchmark: fit, predict and answer, in metatune's own environment.

The benchmark starts this file as a script and sends dataset and configuration to standard input.
"""

import json
import logging
from collections.abc import Sequence
from dataclasses import asdict
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd
from sklearn.metrics import fbeta_score, make_scorer

import metatune
from metatune import MetaTuneClassifier, MetaTuneRegressor
from metatune.budget import Stopwatch
from metatune.execution.launcher import fork_server

if TYPE_CHECKING:
    from numpy.typing import NDArray

__all__ = ["METRICS", "metric_for", "parameters", "run", "run_and_end", "with_all_labels"]

log = logging.getLogger(__name__)

MARGIN_SECONDS = 0.25
"""Part of the time limit that is left alone.

Of 15 fits in 10 s on a busy machine 13 ended at most 0.2 s after their budget, the last 0.6 s.
"""

ARTIFACTS = ("leaderboard", "estimate")
"""Files that are kept unless `_save_artifacts` names others; "model" is the third there is."""

_TWO_CLASSES = {
    "acc": "accuracy",
    "auc": "roc_auc",
    "balacc": "balanced_accuracy",
    "f05": make_scorer(fbeta_score, beta=0.5),
    "f1": "f1",
    "f2": make_scorer(fbeta_score, beta=2.0),
    "logloss": "log_loss",
    "mean_pce": "balanced_accuracy",
    "pr_auc": "average_precision",
}
_MORE_CLASSES = {
    "acc": "accuracy",
    "auc_ovo": "roc_auc_ovo_weighted",
    "auc_ovr": "roc_auc_ovr_weighted",
    "balacc": "balanced_accuracy",
    "f05": make_scorer(fbeta_score, beta=0.5, average="weighted"),
    "f1": "f1_weighted",
    "f2": make_scorer(fbeta_score, beta=2.0, average="weighted"),
    "logloss": "log_loss",
    "mean_pce": "balanced_accuracy",
}
_NUMBERS = {
    "mae": "mae",
    "mse": "rmse",
    "msle": "neg_mean_squared_log_error",
    "r2": "r2",
    "rmse": "rmse",
    "rmsle": "neg_root_mean_squared_log_error",
}
METRICS: dict[str, dict[str, Any]] = {
    "binary": _TWO_CLASSES,
    "multiclass": _MORE_CLASSES,
    "regression": _NUMBERS,
}
"""Metatune's metrics by kind of task and by the benchmark's name; the best model is the same."""


def run(dataset: Any, config: Any) -> dict[str, Any]:
    """Fit metatune on the training rows of a fold and predict its test rows.

    Parameters
    ----------
    dataset : namespace
        As this folder's ``__init__.py`` makes it: `kind`, `target.name`, `target.labels`,
        `train.path`, `test.path`.
    config : namespace
        The benchmark's configuration of the task.

    Returns
    -------
    dict
        As the benchmark's `result` makes it.

    Raises
    ------
    ValueError
        If the task is none of METRICS.
    """
    from frameworks.shared.callee import output_subdir, result

    log.info("metatune %s", metatune.__version__)
    kind = dataset.kind
    X, y = _read(dataset.train.path, dataset.target.name, kind)
    X_test, truth = _read(dataset.test.path, dataset.target.name, kind)
    estimator = MetaTuneRegressor if kind == "regression" else MetaTuneClassifier
    model = estimator(**parameters(config, kind, y))

    watch = Stopwatch()
    model.fit(X[y.notna()], y[y.notna()].to_numpy())
    training_seconds = watch.seconds()

    probabilities = labels = None
    watch = Stopwatch()
    if kind == "regression":
        predictions = model.predict(X_test)
        predict_seconds = watch.seconds()
    else:
        probabilities = model.predict_proba(X_test)
        predict_seconds = watch.seconds()  # labels follow from these, it is the same work again
        predictions = model.predict(X_test)
        known = dataset.target.labels or ()
        named = [str(label) for label in model.classes_]
        probabilities, labels = with_all_labels(probabilities, named, known)

    for name in config.framework_params.get("_save_artifacts", ARTIFACTS):
        _save(model, name, Path(output_subdir(name, config)))
    answer: dict[str, Any] = result(
        output_file=config.output_predictions_file,
        predictions=_plain(predictions),
        truth=_plain(truth),
        probabilities=probabilities,
        probabilities_labels=labels,
        models_count=len(model.trials_),
        training_duration=training_seconds,
        predict_duration=predict_seconds,
    )
    return answer


def run_and_end(dataset: Any, config: Any) -> dict[str, Any]:
    """Do the same, and end the process that workers were forked from.

    It ignores the signals that the benchmark sends to processes that are left, and would be waited
    for five seconds in each fold.
    """
    try:
        return run(dataset, config)
    finally:
        fork_server().close()


def parameters(config: Any, kind: str, y: "pd.Series[Any]") -> dict[str, Any]:
    """Return the parameters of the estimator for the limits of a task.

    The memory is shared evenly by the workers and the process that leads them. Where there are two
    classes, the benchmark takes the later label in alphabetical order for the positive one.

    Parameters
    ----------
    config : namespace
        The benchmark's configuration; its `framework_params` win, but those that begin with ``_``.
    kind : str
        Key of METRICS.
    y : Series of shape (n_rows,)
        Target of the training rows.
    """
    labels = sorted(y.dropna().unique()) if kind == "binary" else []
    found: dict[str, Any] = {
        "budget": max(1.0, config.max_runtime_seconds - MARGIN_SECONDS),
        "metric": metric_for(config.metric, kind),
        "pos_label": labels[1] if len(labels) == 2 else None,
        "n_jobs": config.cores,
        "memory_limit": config.max_mem_size_mb * 2**20 // (config.cores + 1),
        "random_state": config.seed,
    }
    given = {n: value for n, value in config.framework_params.items() if not n.startswith("_")}
    return found | given


def metric_for(name: str, kind: str) -> Any:
    """Return metatune's metric for one of the benchmark; None, its default, where there is none.

    Raises
    ------
    ValueError
        If the kind of task is none of METRICS.
    """
    if kind not in METRICS:
        raise ValueError(f"metatune has no {kind} tasks: only {', '.join(METRICS)}")
    metric = METRICS[kind].get(name)
    if metric is None:
        log.warning("metatune has no counterpart of %s and optimises its default metric", name)
    return metric


def with_all_labels(
    probabilities: "NDArray[np.float64]", labels: Sequence[str], all_labels: Sequence[str]
) -> "tuple[NDArray[np.float64], list[str]]":
    """Return probabilities for all labels, in alphabetical order.

    A label without training rows gets a probability of zero: the benchmark cannot score a fold
    whose truth has a label that the probabilities lack.

    Parameters
    ----------
    probabilities : ndarray of shape (n_rows, n_classes)
    labels : sequence of str
        Of its columns.
    all_labels : sequence of str
        Those that the benchmark knows of.

    Returns
    -------
    tuple of (ndarray of shape (n_rows, n_labels), list of str)
    """
    absent = sorted(set(all_labels) - set(labels))
    whole = np.hstack([probabilities, np.zeros((len(probabilities), len(absent)))])
    names = np.array([*labels, *absent], dtype=str)
    order = np.argsort(names)
    return whole[:, order], [str(name) for name in names[order]]


def _read(path: str, target: str, kind: str) -> "tuple[pd.DataFrame, pd.Series[Any]]":
    """Read features and target; labels as the benchmark compares them, lower case without blanks.

    pandas reads CSV for the benchmark as well, so that labels look the same to both.
    """
    csv = Path(path).suffix == ".csv"
    frame = pd.read_csv(path, low_memory=False) if csv else pd.read_parquet(path)
    y = frame.pop(target)
    if kind == "regression":
        return frame, y.astype(np.float64)
    return frame, y.astype(str).str.strip().str.lower().astype(object).where(y.notna(), None)


def _plain(values: Any) -> "NDArray[Any]":
    """Return numbers or texts as an array without Python objects.

    Objects would be pickled, and the benchmark's numpy is too old to read what ours pickles.
    """
    array = np.asarray(values)
    return array.astype(str) if array.dtype == object else array


def _save(model: Any, name: str, folder: Path) -> None:
    """Write one of the files that are kept of a fit."""
    match name:
        case "leaderboard":
            model.leaderboard_.to_csv(folder / "leaderboard.csv", index=False)
        case "estimate":
            said = {"metric": model.metric_, **asdict(model.estimate_)}
            (folder / "estimate.json").write_text(json.dumps(said, default=str), encoding="utf-8")
        case "model":
            model.save(folder / "model.skops")
        case _:
            log.warning("nothing of the name %s can be kept", name)


if __name__ == "__main__":
    from frameworks.shared.callee import call_run

    call_run(run_and_end)
