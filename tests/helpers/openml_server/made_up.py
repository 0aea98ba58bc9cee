"""Worlds to serve: small datasets that can be learned, flows of two bots, their runs."""

import io
import json
from collections.abc import Sequence

import numpy as np
import pandas as pd

from openml_server.world import (
    Component,
    Dataset,
    Evaluation,
    Feature,
    Flow,
    FlowParameter,
    Setup,
    SetupParameter,
    Suite,
    Task,
    World,
)

__all__ = ["FLOWS", "MLR_FLOWS", "SKLEARN_FLOWS", "make_dataset", "make_world"]

_FOREST = "sklearn.ensemble.forest.RandomForestClassifier"
_IMPUTER = "sklearn.preprocessing.imputation.Imputer"
_SVC = "sklearn.svm.classes.SVC"


def _flow(number: int, name: str, *components: Component, **parameters: str) -> Flow:
    listed = tuple(FlowParameter(name=k, default=v) for k, v in parameters.items())
    return Flow(id=number, name=name, parameters=listed, components=components)


def _mlr(number: int, learner: str, version: int, *names: str) -> Flow:
    return Flow(
        id=number,
        name=f"mlr.classif.{learner}",
        version=version,
        parameters=tuple(FlowParameter(name=name, data_type="numeric") for name in names),
    )


MLR_FLOWS = (
    _mlr(6794, "ranger", 13, "num.trees", "mtry", "min.node.size", "replace", "sample.fraction"),
    _mlr(5527, "svm", 6, "kernel", "cost", "gamma", "degree"),
    _mlr(6766, "glmnet", 11, "alpha", "lambda"),
    _mlr(5636, "rpart", 29, "cp", "maxdepth", "minsplit", "minbucket"),
    _mlr(5890, "kknn", 8, "k"),
    _mlr(6767, "xgboost", 9, "booster", "nrounds", "eta", "max_depth", "subsample", "lambda"),
)
SKLEARN_FLOWS = (
    _flow(7000, _IMPUTER, strategy='"mean"'),
    _flow(
        7001,
        _FOREST,
        bootstrap="true",
        criterion='"gini"',
        max_features='"auto"',
        min_samples_leaf="1",
        min_samples_split="2",
        n_estimators="10",
        max_depth="null",
    ),
    _flow(
        6969,
        f"sklearn.pipeline.Pipeline(imputation={_IMPUTER},classifier={_FOREST})",
        Component(identifier="imputation", flow=7000),
        Component(identifier="classifier", flow=7001),
    ),
    _flow(7002, _SVC, C="1.0", gamma='"auto"', kernel='"rbf"'),
    _flow(
        7707,
        f"sklearn.pipeline.Pipeline(imputation={_IMPUTER},classifier={_SVC})",
        Component(identifier="imputation", flow=7000),
        Component(identifier="classifier", flow=7002),
    ),
)
FLOWS = (*MLR_FLOWS, *SKLEARN_FLOWS)


def make_dataset(number: int, *, n_rows: int = 120, n_classes: int = 2, seed: int = 0) -> Dataset:
    """Make a dataset of numbers, a nominal column, missing cells, an identifier and a class.

    With `n_classes` 0 the target is a number.
    """
    rng = np.random.default_rng([seed, number])
    x = rng.normal(size=(n_rows, 3))
    colour = rng.choice(["red", "green", "blue"], n_rows)
    signal = x[:, 0] + 0.5 * (colour == "red") + 0.3 * rng.normal(size=n_rows)
    frame = pd.DataFrame(x.round(4), columns=["a", "b", "c"])
    frame.loc[::17, "b"] = np.nan
    frame["colour"] = colour
    frame["flag"] = np.where(x[:, 2] > 0, "TRUE", "FALSE")
    frame["id"] = np.arange(n_rows)
    if n_classes:
        edges = np.quantile(signal, np.linspace(0, 1, n_classes + 1)[1:-1])
        frame["class"] = [f"class {i}" for i in np.digitize(signal, edges)]
    else:
        frame["class"] = signal.round(5)
    name = f"made-up-{number}"
    levels = {
        column: tuple(sorted(frame[column].unique()))
        for column in ("colour", "flag", *(["class"] if n_classes else []))
    }
    features = tuple(
        Feature(
            name=column,
            data_type="nominal" if column in levels else "numeric",
            values=levels.get(column, ()),
            n_missing=int(frame[column].isna().sum()),
        )
        for column in frame.columns
    )
    return Dataset(
        id=number,
        name=name,
        arff=_arff(name, frame, levels),
        parquet=_parquet(frame),
        features=features,
        row_id="id",
        qualities={
            "NumberOfInstances": float(n_rows),
            "NumberOfFeatures": float(frame.shape[1] - 1),
            "NumberOfClasses": float(n_classes),
            "NumberOfSymbolicFeatures": float(len(levels)),
            "MinorityClassPercentage": None,
        },
    )


def _arff(name: str, frame: pd.DataFrame, levels: dict[str, tuple[str, ...]]) -> bytes:
    lines = [f"@RELATION {name}", ""]
    for column in frame.columns:
        listed = ",".join(f"'{level}'" for level in levels.get(column, ()))
        lines.append(f"@ATTRIBUTE {column} {'{' + listed + '}' if listed else 'NUMERIC'}")
    lines += ["", "@DATA"]
    for row in frame.itertuples(index=False):
        lines.append(",".join(_cell(value) for value in row))
    return ("\n".join(lines) + "\n").encode()


def _cell(value: object) -> str:
    if isinstance(value, float) and np.isnan(value):
        return "?"
    return f"'{value}'" if isinstance(value, str) else str(value)


def _parquet(frame: pd.DataFrame) -> bytes:
    buffer = io.BytesIO()
    stored = frame.assign(flag=frame["flag"] == "TRUE")  # as the public server's files have it
    stored.to_parquet(buffer, index=False)
    return buffer.getvalue()


def make_world(
    n_tasks: int = 4,
    n_runs: int = 10,
    *,
    measures: Sequence[str] = ("area_under_roc_curve", "predictive_accuracy"),
    two_engines: bool = True,
    seed: int = 0,
) -> World:
    """Make a suite of tasks with runs of each bot's flow, `n_runs` of each on each task."""
    world = World()
    world.add(*FLOWS)
    rng = np.random.default_rng(seed)
    for i in range(n_tasks):
        dataset = make_dataset(100 + i, n_classes=2 + i % 2)
        world.add(dataset, Task(id=200 + i, dataset=dataset.id, target="class"))
    world.add(
        Suite(
            id=99,
            alias="made-up-suite",
            name="Made-up suite",
            tasks=tuple(world.tasks),
            datasets=tuple(world.datasets),
        )
    )
    run = 1
    for flow in (*MLR_FLOWS, *(world.flows[i] for i in (6969, 7707))):
        setups = [_setup(1000 * flow.id + k, flow, rng) for k in range(n_runs)]
        world.add(*setups)
        for task in world.tasks:
            for setup in setups:
                quality = float(rng.uniform(0.5, 1.0))
                for measure in measures:
                    for engine in (1, 2) if two_engines and run % 7 == 0 else (1,):
                        world.add(
                            Evaluation(
                                run=run,
                                task=task,
                                setup=setup.id,
                                function=measure,
                                value=None if run % 97 == 0 else round(quality, 6),
                                uploader=1,
                                engine=engine,
                            )
                        )
                run += 1
    return world


def _setup(number: int, flow: Flow, rng: np.random.Generator) -> Setup:
    """Draw hyperparameters as the bots do; some stay at their defaults and are absent."""
    if flow.name.startswith("mlr"):
        drawn = _DRAWN[flow.name.rpartition(".")[2]](rng)
        given = {name: text for name, text in drawn.items() if rng.random() < 0.8}
        return Setup(
            id=number,
            flow=flow.id,
            parameters=tuple(
                SetupParameter(flow=flow.id, name=n, value=v) for n, v in given.items()
            ),
        )
    learner = flow.components[1].flow
    values = _DRAWN["forest" if learner == 7001 else "svc"](rng)
    return Setup(
        id=number,
        flow=flow.id,
        parameters=(
            SetupParameter(flow=7000, name="strategy", value='"median"'),
            *(SetupParameter(flow=learner, name=n, value=v) for n, v in values.items()),
        ),
    )


def _power(rng: np.random.Generator, low: float, high: float) -> str:
    return f"{2.0 ** rng.uniform(low, high):.15g}"


_DRAWN = {
    "ranger": lambda rng: {
        "num.trees": str(rng.integers(1, 2000)),
        "mtry": str(rng.integers(1, 5)),
        "min.node.size": str(rng.integers(1, 20)),
        "replace": "TRUE",
        "sample.fraction": "1",
    },
    "svm": lambda rng: {
        "kernel": str(rng.choice(["linear", "polynomial", "radial"])),
        "cost": _power(rng, -6, 9),
        "gamma": _power(rng, -8, 1),
    },
    "glmnet": lambda rng: {"alpha": f"{rng.random():.6f}", "lambda": _power(rng, -10, 0)},
    "rpart": lambda rng: {
        "cp": f"{rng.uniform(0, 0.09):.5f}",
        "maxdepth": str(rng.integers(1, 31)),
        "minbucket": str(rng.integers(1, 61)),
    },
    "kknn": lambda rng: {"k": str(rng.integers(1, 31))},
    "xgboost": lambda rng: {
        "booster": str(rng.choice(["gbtree", "gblinear"])),
        "nrounds": str(rng.integers(1, 5000)),
        "eta": _power(rng, -7, -2),
        "max_depth": str(rng.integers(1, 9)),
        "subsample": f"{rng.uniform(0.5, 1):.4f}",
        "lambda": _power(rng, -10, 3),
    },
    "forest": lambda rng: {
        "bootstrap": json.dumps(bool(rng.random() < 0.5)),
        "criterion": json.dumps(str(rng.choice(["gini", "entropy"]))),
        "max_features": json.dumps(round(float(rng.uniform(0.1, 0.9)), 4)),
        "min_samples_leaf": str(rng.integers(1, 21)),
        "min_samples_split": str(rng.integers(2, 21)),
        "n_estimators": "100",
    },
    "svc": lambda rng: {
        "C": _power(rng, -5, 9),
        "gamma": _power(rng, -8, 1),
        "kernel": json.dumps(str(rng.choice(["rbf", "poly", "sigmoid"]))),
    },
}
