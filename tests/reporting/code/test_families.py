"""Scripts train and predict as the pipelines of every family do."""

from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest

from metatune.algorithms.base import BuildContext
from metatune.algorithms.fitting import fit_pipeline
from metatune.algorithms.registry import ALGORITHMS
from metatune.data.columns.cleaning import plain
from metatune.data.columns.column import ColumnKind
from metatune.data.encoding.encoder import encode_task
from metatune.data.encoding.shape import Shape
from metatune.data.reading.table_reader import read_table
from metatune.data.reading.verbatim import Verbatim
from metatune.data.task.make_task import make_task
from metatune.evaluation.rungs import FoldPlan
from metatune.evaluation.text_columns import add_texts
from metatune.evaluation.trial_data import TrialData
from metatune.kinds import TaskKind
from metatune.models.adjustment import Adjustment
from metatune.reporting.code.export import joined_model, model_script
from metatune.reporting.code.members import SavedPart, SavedParts
from metatune.reporting.code.reading import TableFile
from metatune.reporting.code.table import KnownTable
from metatune.schedule import SCHEDULE

TARGETS = {TaskKind.BINARY: "bought", TaskKind.MULTICLASS: "size", TaskKind.REGRESSION: "spent"}
PLAN = FoldPlan(n_splits=3)
CASES = [
    (name, kind)
    for name, algorithm in ALGORITHMS.items()
    for kind in TaskKind
    if kind in algorithm.kinds
]


def make_table(n_rows: int = 150) -> pd.DataFrame:
    rng = np.random.default_rng(1)
    days = pd.Timestamp("2024-01-01") + pd.to_timedelta(rng.integers(0, 700, n_rows), "D")
    table = pd.DataFrame(
        {
            "age": rng.integers(18, 80, n_rows),
            "income": rng.normal(50, 10, n_rows).round(2),
            "price": [f"${value:,.2f}" for value in rng.uniform(100, 5000, n_rows)],
            "weight": [f"{value:.1f} kg" for value in rng.uniform(1, 9, n_rows)],
            "member": rng.choice(["Yes", "no"], n_rows),
            "city": rng.choice(["Rome", "Oslo", "Bonn", "Nice"], n_rows),
            "street": [f"street {k}" for k in rng.integers(0, 40, n_rows)],
            "day": days.strftime("%d.%m.%Y"),
            "day_of_any_year": days.strftime("%d %b"),
            "box": [f"{a} x {b / 8} cm" for a, b in rng.integers(1, 90, (n_rows, 2))],
        }
    )
    wish = table["age"] / 60 + (table["city"] == "Oslo") + rng.normal(0, 0.3, n_rows)
    table["bought"] = np.where(wish > 1.2, "yes", "no")
    table["size"] = np.where(wish > 1.6, "L", np.where(wish > 1.0, "M", "S"))
    table["spent"] = (wish * 100).round(1)
    minutes, lots = rng.integers(40, 200, n_rows), rng.integers(300, 5000, n_rows)
    table["runtime"] = [f"{k} min" if k % 3 else f"{k // 3} Seasons" for k in minutes]
    table["area"] = [f"{k:,} - {k + 300:,}" if k % 11 == 0 else f"{k:,}" for k in lots]
    table["flight"] = [f"{k // 60}h {k % 60}m" if k % 60 else f"{k // 60}h" for k in lots]
    table["height"] = [f"{k // 12}'{k % 12}\"" for k in minutes]
    table["place"] = [f"{k / 4}{'NS'[k % 2]}" for k in minutes]
    table["cups"] = [f"{k // 4} 1/{k % 4 + 2}" if k % 4 else f"{k // 4}" for k in minutes]
    table["rating"] = [f"{k % 50 / 10}/5" if k % 20 else "NEW" for k in minutes]
    table["visit"] = [f"{day.day}. März {day.year}" for day in days]
    table["created_at"] = days.astype("int64") // 10**6
    for place, name in enumerate(["income", "price", "member", "city", "day"]):
        table.loc[place :: 13 + place, name] = np.nan
    return table


def new_rows(table: pd.DataFrame) -> pd.DataFrame:
    """Return rows with unseen categories, missing cells and other values."""
    rows = table.head(30).copy()
    rows.loc[::3, "city"] = "Graz"
    rows.loc[::4, "income"] = np.nan
    rows.loc[1::4, "age"] = 1000
    rows.loc[::5, ["price", "street", "day", "member"]] = np.nan
    return rows


def known(path: Path, target: str, task: str | None = None) -> KnownTable:
    read = read_table(path, verbatim=Verbatim(has_target=True, target=target))
    made = make_task(read, target=target, task=task)
    encoder, _ = encode_task(made, seed=3)
    names = tuple(map(str, read.frame.columns))
    file = TableFile(path=str(path), source=read.source, names=names)
    return KnownTable(task=made, encoder=encoder, raw_target=plain(read.frame[target]), file=file)


def rows_of(table: KnownTable) -> TrialData:
    _, encoded = encode_task(table.task, seed=3)
    return TrialData.make(encoded, (table.task.metric.name,), seed=3, plan=PLAN)


def fitted(name: str, params: dict[str, Any], data: TrialData, fold: int | None = None) -> Any:
    """Fit a configuration on the rows of a fold, or on all."""
    rows = np.arange(data.task.n_rows) if fold is None else np.sort(data.folds[fold].train)
    context = BuildContext(
        kind=data.task.kind,
        layout=data.task.layout,
        shape=Shape(
            n_rows=len(rows), n_columns=data.task.X.shape[1], n_classes=data.task.n_classes
        ),
        seed=5,
        iterations=12 if fold is None else 9,
    )
    algorithm = ALGORITHMS[name]
    space = algorithm.space(data.task.kind)
    configuration = space.from_values({**space.defaults, **params}, "test")
    if SCHEDULE in params:
        scheduled = {**configuration.params, SCHEDULE: params[SCHEDULE]}
        configuration = replace(configuration, params=scheduled)
    pipeline = algorithm.build(configuration, context)
    return fit_pipeline(pipeline, data.task.X[rows], data.task.y[rows])


def run(text: str, train: Path, new: Path) -> tuple[Any, Any]:
    """Train a script, and return what it predicts for both tables."""
    names: dict[str, Any] = {"__name__": "script"}
    exec(compile(text, "script", "exec"), names)
    trained = names["train"](train)
    answers = [names["predict"](trained, names["read_table"](path)) for path in (train, new)]
    return answers[0], answers[1]


def assert_same(saved: SavedParts, table: KnownTable, data: TrialData, folder: Path) -> str:
    text = model_script(saved, table, data, PLAN, title="Test.")
    frame = pd.read_csv(table.file.path)
    new = folder / "new.csv"
    new_rows(frame).to_csv(new, index=False)
    model = joined_model(saved, table.encoder, table.task)
    rows = table.encoder._table(pd.read_csv(new, dtype={"street": "str"}))
    for answer, X in zip(run(text, Path(table.file.path), new), (table.task.X, rows), strict=True):
        if table.task.n_classes:
            ours, theirs = model.predict_proba(X), answer.iloc[:, 1:].to_numpy()
            assert (model.predict(X) == answer.iloc[:, 0]).all()
        else:
            ours, theirs = model.predict(X), answer.iloc[:, 0].to_numpy()
        np.testing.assert_allclose(theirs, ours, rtol=1e-6, atol=1e-5)  # single precision
    return text


@pytest.fixture(scope="module")
def file(tmp_path_factory: pytest.TempPathFactory) -> Path:
    path = tmp_path_factory.mktemp("table") / "table.csv"
    make_table().to_csv(path, index=False)
    return path


def single(model: Any) -> SavedParts:
    return SavedParts(parts=(SavedPart(model=model, weight=1.0, fold=None, trial=0),))


@pytest.mark.filterwarnings("ignore")
@pytest.mark.parametrize(("name", "kind"), CASES)
def test_script_predicts_as_the_default_of_a_family(
    name: str, kind: TaskKind, file: Path, tmp_path: Path
) -> None:
    table = known(file, TARGETS[kind])
    data = rows_of(table)
    assert_same(single(fitted(name, {}, data)), table, data, tmp_path)


VARIANTS = [
    ("lightgbm", {"encoding": "target", "crossing": "arithmetic"}),
    ("lightgbm", {"encoding": "native", "crossing": "arithmetic"}),
    ("lightgbm", {"encoding": "ordinal", "subsample": 0.7}),
    ("lightgbm", {"extra_trees": True, "colsample_bytree": 0.3, "num_leaves": 4}),
    ("xgboost", {"encoding": "target"}),
    ("catboost", {"encoding": "ordinal"}),
    ("extra_trees", {"encoding": "one_hot", "imputation": "median", "crossing": "arithmetic"}),
    ("linear", {"scaling": "robust", "imputation": "mean", "penalty": "elastic_net"}),
    ("linear", {"scaling": "quantile", "encoding": "target"}),
    ("svm", {"scaling": "quantile"}),
    ("knn", {"weights": "distance", "p": 1}),
    ("mlp", {"scaling": "robust", "layers": 2, "activation": "tanh"}),
    ("decision_tree", {"ccp_alpha": 0.01, "encoding": "target"}),
]


@pytest.mark.filterwarnings("ignore")
@pytest.mark.parametrize("kind", list(TaskKind))
@pytest.mark.parametrize(("name", "params"), VARIANTS, ids=str)
def test_script_predicts_as_other_configurations(
    name: str, params: dict[str, Any], kind: TaskKind, file: Path, tmp_path: Path
) -> None:
    if name not in ALGORITHMS:
        pytest.skip(f"{name} is not installed")
    table = known(file, TARGETS[kind])
    data = rows_of(table)
    assert_same(single(fitted(name, params, data)), table, data, tmp_path)


SCHEDULES = {
    "lightgbm": "8 | 8 learning_rate=0.03 subsample=0.6 | 4 colsample_bytree=0.5 subsample=1.0",
    "xgboost": "8 | 8 learning_rate=0.03 subsample=0.6 | 4",
    "catboost": "8 | 8 learning_rate=0.03",
    "mlp": "4 | 6 alpha=0.5 learning_rate=0.01 | 3",
}


@pytest.mark.filterwarnings("ignore")
@pytest.mark.parametrize("kind", list(TaskKind))
@pytest.mark.parametrize(("name", "schedule"), SCHEDULES.items(), ids=list(SCHEDULES))
def test_script_trains_by_a_schedule(
    name: str, schedule: str, kind: TaskKind, file: Path, tmp_path: Path
) -> None:
    if name not in ALGORITHMS:
        pytest.skip(f"{name} is not installed")
    table = known(file, TARGETS[kind])
    data = rows_of(table)
    weights = {"class_weight": "balanced"} if kind is TaskKind.BINARY and name != "mlp" else {}
    model = fitted(name, {**weights, "schedule": schedule}, data)
    plain = fitted(name, {**weights}, data)
    text = assert_same(single(model), table, data, tmp_path)
    assert "ByStages(" in text
    seen = data.task.X[:50]
    assert not np.allclose(getattr(model, _says(kind))(seen), getattr(plain, _says(kind))(seen))


def _says(kind: TaskKind) -> str:
    return "predict_proba" if kind.is_classification else "predict"


@pytest.mark.filterwarnings("ignore")
@pytest.mark.parametrize("target", ["standard", "log", "quantile"])
def test_script_transforms_the_target(target: str, file: Path, tmp_path: Path) -> None:
    table = known(file, "spent")
    data = rows_of(table)
    model = fitted("linear", {"target": target}, data)
    assert_same(single(model), table, data, tmp_path)


@pytest.mark.filterwarnings("ignore")
@pytest.mark.parametrize("kind", [TaskKind.MULTICLASS, TaskKind.REGRESSION])
def test_script_averages_members_over_folds(kind: TaskKind, file: Path, tmp_path: Path) -> None:
    table = known(file, TARGETS[kind])
    data = rows_of(table)
    forests = [SavedPart(model=fitted("random_forest", {}, data), weight=0.3, fold=None, trial=1)]
    forests += [
        SavedPart(model=fitted("random_forest", {}, data, fold), weight=0.1, fold=fold, trial=1)
        for fold in range(3)
    ]
    boosted = [
        SavedPart(model=fitted("lightgbm", {}, data, fold), weight=0.1, fold=fold, trial=2)
        for fold in range(3)
    ]
    linear = SavedPart(model=fitted("linear", {}, data), weight=0.1, fold=None, trial=3)
    n_classes = data.task.n_classes
    adjustment = Adjustment()
    if n_classes:
        adjustment = Adjustment(
            temperature=1.2,
            shifts=tuple(np.linspace(-0.1, 0.1, n_classes)),
            decision=tuple(np.linspace(0.5, 1.0, n_classes)),
        )
    saved = SavedParts(parts=(*forests, *boosted, linear), adjustment=adjustment)
    text = assert_same(saved, table, data, tmp_path)
    assert text.count("def lightgbm") == 1


@pytest.mark.filterwarnings("ignore")
@pytest.mark.parametrize("kind", [ColumnKind.TEXT, ColumnKind.HIGH_CARDINALITY])
def test_texts_of_folds_are_learned_with_the_targets_of_all_rows(
    kind: ColumnKind, tmp_path: Path
) -> None:
    table = make_table(160)
    rng = np.random.default_rng(2)
    worth = {"red": 0, "blue": 300, "green": 800, "old": -500, "new": 900, "worn": -900, "big": 500}
    drawn = rng.choice(list(worth), (len(table), 6 if kind is ColumnKind.TEXT else 2))
    table["note"] = [
        f"{' '.join(said)} n{i}" if kind is ColumnKind.TEXT else ",".join(said)
        for i, said in enumerate(drawn)
    ]
    table["spent"] += [sum(worth[word] for word in said) for said in drawn]
    path = tmp_path / "table.csv"
    table.drop(columns=["bought", "size"]).to_csv(path, index=False)
    known_table = known(path, "spent")
    assert {c.name: c.kind for c in known_table.task.columns}["note"] is kind
    data = add_texts(rows_of(known_table), known_table.encoder, known_table.task.X)
    assert data.task.layout.n_predicted == 1
    context = BuildContext(
        kind=data.task.kind,
        layout=data.task.layout,
        shape=Shape(n_rows=100, n_columns=data.task.X.shape[1], n_classes=0),
        seed=5,
        iterations=15,
    )
    algorithm = ALGORITHMS["lightgbm"]
    space = algorithm.space(data.task.kind)
    parts = []
    for k, fold in enumerate(data.folds):
        rows = np.sort(fold.train)
        pipeline = algorithm.build(space.from_values({**space.defaults}, "test"), context)
        model = fit_pipeline(pipeline, data.matrix(k, rows), data.task.y[rows])
        parts.append(SavedPart(model=model, weight=1 / 3, fold=k, trial=0))
    assert_same(SavedParts(parts=tuple(parts)), known_table, data, tmp_path)


@pytest.mark.filterwarnings("ignore")
def test_texts_without_blanks_are_split(tmp_path: Path) -> None:
    table, rng = make_table()[["age", "spent"]], np.random.default_rng(4)
    words = ["今天天气", "很好", "明天下雨", "我们去", "公园", "看电影", "吃饭", "在家"]
    table["note"] = ["".join(rng.choice(words, 6)) + str(i) for i in range(len(table))]
    table["remark"] = [
        " ".join(rng.choice(["good", "bad", "new", "old"], 4)) + f" {i}" for i in range(len(table))
    ]
    path = tmp_path / "table.csv"
    table.to_csv(path, index=False)
    known_table = known(path, "spent")
    assert known_table.encoder.texts_["note"].unspaced_
    data = rows_of(known_table)
    model = single(fitted("extra_trees", {}, data))
    text = model_script(model, known_table, data, PLAN, title="Test.")
    assert "UnspacedTopics" in text
    answer, _ = run(text, path, path)
    ours = joined_model(model, known_table.encoder, known_table.task).predict(known_table.task.X)
    np.testing.assert_allclose(answer.iloc[:, 0], ours, rtol=1e-6, atol=1e-5)  # single precision


@pytest.mark.filterwarnings("ignore")
def test_dates_and_spans_of_their_own_type_are_read(tmp_path: Path) -> None:
    table, rng = make_table(), np.random.default_rng(3)
    table = table[["age", "spent"]]
    days = pd.Timestamp("2024-01-01") + pd.to_timedelta(rng.integers(0, 900, len(table)), "D")
    table["own"] = days
    table["zoned"] = days.tz_localize("Europe/Rome") + pd.to_timedelta(7, "h")
    table["plain_date"] = [day.date() for day in days]
    table["digit_date"] = [int(f"{day:%Y%m%d}") for day in days[::-1]]
    table["digit_time"] = [
        int(f"{day:%Y%m%d}{k % 24:02d}{k % 60:02d}07") for k, day in enumerate(days)
    ]
    table["span"] = pd.to_timedelta(rng.integers(0, 10**6, len(table)), "s")
    table.loc[::9, ["own", "zoned", "span", "digit_date"]] = None
    table["spent"] += 100.0 * days.month
    path = tmp_path / "table.parquet"
    table.to_parquet(path)
    known_table = known(path, "spent")
    data = rows_of(known_table)
    model = fitted("extra_trees", {}, data)
    text = model_script(single(model), known_table, data, PLAN, title="Test.")
    (answer, _), ours = (
        run(text, path, path),
        joined_model(single(model), known_table.encoder, known_table.task).predict(
            known_table.task.X
        ),
    )
    np.testing.assert_allclose(answer["spent"], ours, rtol=1e-6, atol=1e-6)
    for part in ("to_instants", "to_days", "pd.Timedelta(seconds=1)"):
        assert part in text
