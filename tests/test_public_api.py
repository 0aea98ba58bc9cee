"""Names that `import metatune` offers, and its cost."""

import subprocess
import sys
import time

import numpy as np
import pandas as pd
import pytest

import metatune
from metatune.budget import noted_import, seconds_of_import
from metatune.errors import InputError, OptionError

PUBLIC = [
    "Events",
    "InputError",
    "MetaTuneClassifier",
    "MetaTuneRegressor",
    "MetaTuneSearchCV",
    "MetadataError",
    "MetatuneError",
    "SearchError",
    "__version__",
    "describe",
    "importance",
    "load",
    "predict_interval",
    "predict_set",
    "recommend",
    "register_algorithm",
]


def test_all_is_the_public_api() -> None:
    assert metatune.__all__ == PUBLIC == sorted(PUBLIC)
    assert [name for name in PUBLIC if getattr(metatune, name) is None] == []
    assert set(PUBLIC) <= set(dir(metatune))


def test_public_functions_are_not_hidden_by_modules() -> None:
    import metatune.api
    import metatune.models.model_file

    assert metatune.recommend is metatune.api.recommend
    assert metatune.describe is metatune.api.describe
    assert metatune.load is metatune.models.model_file.load


def test_unknown_names_are_refused() -> None:
    with pytest.raises(AttributeError, match="no attribute 'fit_transform'"):
        metatune.fit_transform  # noqa: B018


def test_import_is_light() -> None:
    code = (
        "import sys; import metatune; metatune.__version__\n"
        "heavy = {'numpy', 'pandas', 'sklearn', 'scipy', 'lightgbm', 'click', 'rich'}\n"
        "print(sorted(heavy & set(sys.modules)))"
    )
    done = subprocess.run(
        [sys.executable, "-c", code], capture_output=True, text=True, check=True, timeout=60
    )
    assert done.stdout.strip() == "[]"


def test_a_fit_at_once_counts_the_import_that_it_waited_for() -> None:
    code = (
        "import metatune; from metatune.budget import seconds_of_import as seconds\n"
        "from metatune import MetaTuneClassifier, MetaTuneRegressor; first = seconds(60.0)\n"
        "print(0.05 < first <= 12.0, seconds(60.0))\n"
    )
    done = subprocess.run(
        [sys.executable, "-c", code], capture_output=True, text=True, check=True, timeout=60
    )
    assert done.stdout.split() == ["True", "0.0"]


def test_an_import_takes_a_share_of_a_budget_and_none_of_a_later_fit() -> None:
    with noted_import():
        time.sleep(0.02)
    assert seconds_of_import(0.05) == pytest.approx(0.01)
    assert seconds_of_import(0.05) == 0.0


def test_imports_that_follow_each_other_count_together() -> None:
    for _ in range(2):
        with noted_import():
            time.sleep(0.02)
    assert seconds_of_import(60.0) >= 0.04


def make_table() -> pd.DataFrame:
    return pd.DataFrame({"a": [1.5, 2.5, None, 4.5] * 10, "b": list("xyzz") * 10, "y": [0, 1] * 20})


def test_describe_takes_a_table_with_its_target_or_beside_it() -> None:
    table = make_table()
    whole = metatune.describe(table, "y")
    apart = metatune.describe(table.drop(columns="y"), y=table["y"])
    assert (whole.target, whole.task, whole.n_rows) == ("y", "binary", 40)
    assert [str(c.kind) for c in whole.columns] == ["number", "category"]
    assert dict(whole.classes or {}) == {"0": 20, "1": 20}
    assert whole.to_dict() | {"meta_features": 0} == apart.to_dict() | {"meta_features": 0}
    assert whole.meta_features.values["NumberOfMissingValues"] == 10


def test_describe_takes_a_file(tmp_path: pytest.TempPathFactory) -> None:
    path = f"{tmp_path}/t.csv"
    make_table().to_csv(path, index=False)
    assert metatune.describe(path).target == "y"
    with pytest.raises(OptionError, match="either a file"):
        metatune.describe(path, y=[1, 2])


def test_target_is_named_once() -> None:
    table = make_table()
    with pytest.raises(OptionError, match="either the name"):
        metatune.describe(table, "y", y=table["y"])
    with pytest.raises(OptionError, match="3 values for 40 rows"):
        metatune.describe(table, y=[1, 2, 3])


def test_messages_spell_options_as_in_python() -> None:
    table = pd.DataFrame({"a": np.arange(60.0), "y": ["no", "yes"] * 30})
    assert metatune.describe(table, "y").notes == ("task binary: 'no', 'yes'; task= overrides",)
    with pytest.raises(InputError, match="leave out task='regression' or choose another column"):
        metatune.describe(table, "y", task="regression")
    numbers = table.assign(y=np.arange(60) % 3)
    assert metatune.describe(numbers, "y", task="regression").task == "regression"
    assert metatune.describe(numbers, "y", task="classification").task == "multiclass"
    seen = np.repeat(np.arange(30), 4)
    alike = {"my patient": seen, "x": np.arange(120) % 7, "y": seen * 7 % 30 + 0.1}
    (_, note) = metatune.describe(pd.DataFrame(alike), "y").notes
    assert "give group='my patient' if new ones are to be predicted" in note
