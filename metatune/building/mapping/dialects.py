"""Dialects of run histories, converted to scikit-learn's names before the rules apply."""

from dataclasses import replace

from metatune.building.mapping.run import ForeignValueError, PublishedRun

__all__ = ["POWER", "STANDARDIZED", "TARGET_STANDARDIZED", "in_common_words"]

STANDARDIZED = "standardized"
"""Key for a learner's inputs of variance 1."""

TARGET_STANDARDIZED = "target_standardized"
"""Key for a regression learner's target of variance 1."""

POWER = "max_features_power"
"""Key for the number of columns a split may choose from, as a power of the number of columns."""

_STANDARDIZED_SOURCES = frozenset({"oboe", "openml_sklearn_bot", "pmlb_regression_2018"})

_SELECTIONS = ("select", "extra_trees_preproc", "liblinear_svc_preprocessor")
"""auto-sklearn's feature preprocessing that only drops columns."""

_NUMERIC = "data_preprocessor:feature_type:numerical_transformer"
_PIPELINE_STEPS = {
    "balancing:strategy": "balancing",
    "imputation:strategy": "imputer_strategy",
    f"{_NUMERIC}:imputation:strategy": "imputer_strategy",
    "rescaling:__choice__": "rescaling",
    f"{_NUMERIC}:rescaling:__choice__": "rescaling",
    "preprocessor:__choice__": "preprocessor",
    "feature_preprocessor:__choice__": "preprocessor",
}
"""auto-sklearn's names of pipeline steps, in both of its versions."""


def in_common_words(run: PublishedRun) -> PublishedRun:
    """Return the run with scikit-learn's names of hyperparameters.

    Raises
    ------
    ForeignValueError
        If the pipeline did something to the columns that no recipe of metatune does.
    """
    given = run.hyperparameters
    if any(name.startswith(("model:", "balancing:")) for name in given):
        return _from_autosklearn(run)
    if run.source in _STANDARDIZED_SOURCES:
        return replace(run, hyperparameters={**given, STANDARDIZED: True})
    return run


def _from_autosklearn(run: PublishedRun) -> PublishedRun:
    given = run.hyperparameters
    plain = {
        name.removeprefix("model:"): v for name, v in given.items() if name.startswith("model")
    }
    steps = {step: given[name] for name, step in _PIPELINE_STEPS.items() if name in given}
    preprocessor = str(steps.get("preprocessor", "no_preprocessing"))
    selected = preprocessor.startswith(_SELECTIONS)
    if preprocessor != "no_preprocessing" and not selected:
        raise ForeignValueError(f"feature preprocessing {preprocessor}")
    plain |= {name: steps[name] for name in ("imputer_strategy", "rescaling") if name in steps}
    if "balancing" in steps:
        plain["class_weight"] = "balanced" if steps["balancing"] == "weighting" else None
    plain[STANDARDIZED] = steps.get("rescaling") == "standardize"
    plain[TARGET_STANDARDIZED] = True
    # Both versions give max_features a meaning of their own: the newer one a power of the number
    # of columns, the older one a multiple of its logarithm, of columns that are not known here.
    share = plain.pop("max_features", None)
    if share is not None and run.source == "autosklearn_2021_best":
        plain[POWER] = float(share)
    return replace(run, hyperparameters=plain, n_columns=None if selected else run.n_columns)
