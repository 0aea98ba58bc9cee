"""Setups of OpenML as published runs: learner and hyperparameters, defaults filled in.

Two dialects are spoken. Flows of mlr (R) hold bare text and leave out what equals the learner's
default, so that absence means the default of the R package, given here. Flows of scikit-learn hold
JSON, older ones Python literals; what is absent has the flow's default.

Sources: openml.org's run history; Kühn, Probst, Thomas, Bischl 2018, "Automatic exploration of
machine learning experiments on OpenML" (the bot of mlr, its transformations and its extraction);
the manuals of ranger, e1071, glmnet, kknn, rpart and xgboost for the defaults.
"""

import ast
import json
import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any

from metatune.building.mapping.dialects import STANDARDIZED
from metatune.building.mapping.run import PublishedRun, UnmappedRun

__all__ = ["Setup", "learner_of", "read_setup", "wire_value"]

_MLR = re.compile(r"mlr\.(?P<pool>classif|regr)\.(?P<learner>[A-Za-z0-9_]+?)(?:\.preproc)?")
_POOLS = {"classif": "classification", "regr": "regression"}

_ABSENT: dict[str, dict[str, Any]] = {
    "ranger": {
        "num.trees": 500,
        "mtry": None,
        "min.node.size": 1,
        "replace": True,
        "sample.fraction": 1.0,
        "respect.unordered.factors": False,
        "splitrule": "gini",
    },
    "svm": {"kernel": "radial", "cost": 1.0, "gamma": "auto"},
    "glmnet": {"alpha": 1.0, "lambda": None},
    "kknn": {"k": 7},
    "rpart": {"cp": 0.01, "maxdepth": 30, "minsplit": 20, "minbucket": 7},
    "xgboost": {
        "booster": "gbtree",
        "nrounds": 1,
        "eta": 0.3,
        "subsample": 1.0,
        "max_depth": 6,
        "min_child_weight": 1.0,
        "colsample_bytree": 1.0,
        "lambda": 1.0,
        "alpha": 0.0,
    },
}
"""Learners of mlr that metatune has a counterpart of, with the defaults of absent values."""

_IGNORED = frozenset(
    {
        "nthread",
        "num.threads",
        "verbose",
        "xval",
        "openml.seed",
        "openml.kind",
        "openml.normal.kind",
        "s",
    }
)
"""Parameters of mlr that do not change the model."""

_HARMLESS_STEPS = frozenset(
    {
        "ColumnTransformer",
        "ConditionalImputer",
        "FeatureUnion",
        "Imputer",
        "OneHotEncoder",
        "OrdinalEncoder",
        "Pipeline",
        "SimpleImputer",
        "StandardScaler",
        "VarianceThreshold",
    }
)
"""Steps of pipelines that metatune's recipes contain as well."""


class _UnreadableError(ValueError):
    """Value cut off by the server."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Setup:
    """Setup of OpenML.

    Attributes
    ----------
    flow_name : str
        Name of the flow, with or without its version in parentheses.
    parameters : Mapping of str to str
        Explicit values as text, by "<name of the component's flow>:<parameter>".
    defaults : Mapping of str to str
        Defaults of the flow and its components, with the same keys.
    """

    flow_name: str
    parameters: Mapping[str, str]
    defaults: Mapping[str, str]


def learner_of(flow_name: str) -> str:
    """Return the learner of a flow: mlr's name of it, or the class of scikit-learn.

    Of a pipeline, the last step; of an ensemble of another learner, the ensemble.
    """
    name = re.sub(r"\(\d+\)$", "", flow_name)
    match = _MLR.fullmatch(name)
    return match["learner"] if match else _class_of(_last_step(name))


def read_setup(
    setup: Setup,
    *,
    source: str = "openml",
    n_rows: float | None = None,
    n_columns: int | None = None,
) -> PublishedRun | UnmappedRun:
    """Read a setup of mlr or scikit-learn.

    Parameters
    ----------
    setup : Setup
    source : str
        Name of the history.
    n_rows : float, optional
        Rows that were trained on.
    n_columns : int, optional
        Columns that the learner saw.

    Returns
    -------
    PublishedRun or UnmappedRun
        With the reason, where a value was cut off or a step of the pipeline is none of metatune's.
    """
    name = re.sub(r"\(\d+\)$", "", setup.flow_name)
    learner = learner_of(name)
    match = _MLR.fullmatch(name)
    try:
        given = _from_mlr(setup, learner) if match else _from_sklearn(setup, name)
    except _UnreadableError as reason:
        return UnmappedRun(source=source, algorithm=learner, reason=str(reason))
    pool = _POOLS[match["pool"]] if match else _pool_of(learner)
    return PublishedRun(
        source=source,
        algorithm=learner,
        hyperparameters=given,
        pool=pool,
        n_rows=n_rows,
        n_columns=n_columns,
    )


def wire_value(text: str, *, language: str) -> Any:
    """Convert a value of OpenML's text form to a plain one.

    Parameters
    ----------
    text : str
        Bare for R; JSON for Python, and a Python literal or bare text in old flows.
    language : {"r", "python"}

    Returns
    -------
    object
        None for R's NA and NULL.
    """
    if language == "r":
        return _from_r(text)
    try:
        value = json.loads(text)
    except ValueError:
        try:
            return ast.literal_eval(text)
        except (ValueError, SyntaxError, MemoryError, RecursionError):
            if text[:1] in "[{":
                raise _UnreadableError("a value was cut off") from None
            return text
    if isinstance(value, dict) and "oml-python:serialized_object" in value:
        return value.get("value")
    return value


def _from_r(text: str) -> Any:
    words = {"TRUE": True, "T": True, "FALSE": False, "F": False, "NA": None, "NULL": None}
    if text in words:
        return words[text]
    try:
        number = float(text)
    except ValueError:
        return text
    return int(number) if number.is_integer() and re.fullmatch(r"-?\d+L?", text) else number


def _from_mlr(setup: Setup, learner: str) -> dict[str, Any]:
    given = dict(_ABSENT.get(learner, {}))
    for key, text in setup.parameters.items():
        name = key.rpartition(":")[2]
        if name not in _IGNORED:
            given[name] = wire_value(text, language="r")
    # e1071 scales its inputs by itself; glmnet and kknn do as well.
    given[STANDARDIZED] = learner in ("svm", "glmnet", "kknn")
    return given


def _from_sklearn(setup: Setup, flow_name: str) -> dict[str, Any]:
    steps = list(_components(flow_name))
    learner = _last_step(flow_name)
    for step in steps:
        if step != learner and step not in _components(learner):
            kind = _class_of(step)
            if kind not in _HARMLESS_STEPS:
                raise _UnreadableError(f"pipeline step {kind}")
    texts = {**setup.defaults, **setup.parameters}
    given: dict[str, Any] = {}
    for key, text in texts.items():
        component, _, name = key.rpartition(":")
        kind = _class_of(component)
        if component == learner and text != "":
            given[name] = wire_value(text, language="python")
        elif kind in ("Imputer", "SimpleImputer") and name == "strategy" and text != "":
            given["imputer_strategy"] = wire_value(text, language="python")
    given[STANDARDIZED] = any(_class_of(step) == "StandardScaler" for step in steps)
    return given


def _last_step(name: str) -> str:
    """Return the name of the last step of a pipeline, of a pipeline in it, and so on."""
    while _class_of(name) in ("Pipeline", "TransformedTargetRegressor"):
        arguments = list(_arguments(name))
        if not arguments:
            break
        name = arguments[-1]
    return name


def _components(name: str) -> Iterable[str]:
    """Return the names of all flows in a flow's name, itself included."""
    yield name
    for argument in _arguments(name):
        yield from _components(argument)


def _arguments(name: str) -> Iterable[str]:
    """Split the text inside the outer parentheses at the commas outside of inner ones.

    ``sklearn.pipeline.Pipeline(a=X,b=Y(c=Z))`` has the arguments X and Y(c=Z).
    """
    start = name.find("(")
    if start < 0:
        return
    depth, part = 0, ""
    for letter in name[start + 1 : -1] + ",":
        depth += {"(": 1, ")": -1}.get(letter, 0)
        if letter == "," and depth == 0:
            yield re.sub(r"^[A-Za-z_]\w*=", "", part)
            part = ""
        else:
            part += letter


def _class_of(name: str) -> str:
    """Return the class in a flow's name: the last word before any parenthesis."""
    return name.partition("(")[0].rpartition(".")[2]


def _pool_of(learner: str) -> str:
    numbers = learner.endswith(("Regressor", "SVR", "Ridge", "Lasso"))
    return "regression" if numbers else "classification"
