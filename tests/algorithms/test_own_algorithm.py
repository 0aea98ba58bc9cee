"""Families of users: registered, built, searched here and in workers, saved and opened again."""

import os
import subprocess
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pandas as pd
import pytest
from own_learners import Centroids, Median
from sklearn.dummy import DummyClassifier
from sklearn.ensemble import HistGradientBoostingClassifier, HistGradientBoostingRegressor
from sklearn.linear_model import SGDClassifier
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler

import metatune
from metatune.algorithms.own_algorithm import OwnAlgorithm, register_algorithm
from metatune.algorithms.registry import (
    ENTRY_POINTS,
    get_algorithm,
    own_families,
    register,
)
from metatune.algorithms.space_file import read_space, space_text
from metatune.errors import BundleError, OptionError
from metatune.kinds import TaskKind
from metatune.space import Choice, Float, Int

if TYPE_CHECKING:
    from dask_cluster import Cluster

SPACE = {"power": Float(0.5, 3.0)}


def test_an_estimator_is_registered_with_its_space() -> None:
    algorithm = register_algorithm(
        "boosting",
        [HistGradientBoostingClassifier(), HistGradientBoostingRegressor()],
        {"learning_rate": Float(0.01, 0.3, log=True), "max_leaf_nodes": (Int(4, 64), 16)},
    )
    assert get_algorithm("boosting") is algorithm
    assert algorithm.kinds == frozenset(TaskKind)
    space = algorithm.space(TaskKind.BINARY)
    assert space.defaults["learning_rate"] == 0.1  # the estimator's own
    assert space.defaults["max_leaf_nodes"] == 16
    assert {"scaling", "imputation", "encoding", "class_weight"} <= set(space.domains)
    assert "target" in algorithm.space(TaskKind.REGRESSION).domains


def test_domains_are_lists_and_tables_as_well() -> None:
    algorithm = OwnAlgorithm(
        "sgd",
        SGDClassifier(),
        {
            "penalty": ["l2", "l1"],
            "alpha": {"low": 1e-6, "high": 0.1, "log": True, "default": 1e-3},
            "max_iter": {"low": 5, "high": 50},
        },
    )
    space = algorithm.space(TaskKind.BINARY)
    assert space.domains["penalty"] == Choice(("l2", "l1"))
    assert space.domains["alpha"] == Float(1e-6, 0.1, log=True)
    assert space.domains["max_iter"] == Int(5, 50)
    assert space.defaults["alpha"] == 1e-3
    assert space.defaults["max_iter"] == 50  # nearest to the estimator's 1000


def test_parameters_of_parts_can_be_searched() -> None:
    inner = make_pipeline(StandardScaler(), SGDClassifier(loss="log_loss"))
    algorithm = OwnAlgorithm("inner", inner, {"sgdclassifier__alpha": Float(1e-6, 0.1, log=True)})
    assert "sgdclassifier__alpha" in algorithm.space(TaskKind.BINARY).domains


def test_a_space_file_narrows_a_family_of_ones_own(tmp_path: Path) -> None:
    algorithm = register_algorithm("centroids", Centroids(), SPACE)
    path = tmp_path / "space.toml"
    path.write_text(space_text({"centroids": algorithm}, tuple(TaskKind)))
    assert (read_space(path) or {})["centroids"]["power"]["low"] == 0.5
    path.write_text("[centroids]\npower = 9.0\n")
    with pytest.raises(OptionError, match=r"centroids\.power = 9\.0 is not allowed"):
        read_space(path)


BAD: dict[str, tuple[Any, ...]] = {
    "a class": ("mine", Centroids, SPACE, "is a class: give Centroids()"),
    "no estimator": ("mine", object(), SPACE, "no estimator"),
    "a transformer": ("mine", StandardScaler(), {}, "neither a classifier nor a regressor"),
    "no such parameter": ("mine", Centroids(), {"pow": [1.0]}, "'pow' is no parameter"),
    "no domain": ("mine", Centroids(), {"power": 3.0}, "is no domain"),
    "no scalar": ("mine", Centroids(), {"power": [(1, 2)]}, "have to be texts"),
    "nothing to choose": ("mine", Centroids(), {"power": []}, "there are none"),
    "default outside": ("mine", Centroids(), {"power": (Float(0.5, 3.0), 9.0)}, "is outside"),
    "low above high": ("mine", Centroids(), {"power": Float(3.0, 1.0)}, "above high"),
    "half a table": ("mine", Centroids(), {"power": {"low": 1.0}}, "low or high is missing"),
    "name of metatune": ("svm", Centroids(), SPACE, "is a family of metatune"),
    "no name": ("my learner", Centroids(), SPACE, "no name for a family"),
    "of the recipe": (
        "mine",
        DummyClassifier(),
        {"strategy": ["prior"], "random_state": [1], "constant": [0]} | {"scaling": ["x"]},
        "'scaling' is no parameter",
    ),
}


@pytest.mark.parametrize("name", BAD)
def test_what_cannot_be_a_family_is_refused(name: str) -> None:
    family, estimator, space, words = BAD[name]
    with pytest.raises(OptionError) as caught:
        register_algorithm(family, estimator, space)
    assert words in str(caught.value)


def test_entry_points_of_installed_packages_are_found(tmp_path: Path) -> None:
    """By every process; one that cannot be used is told, and does no harm."""
    (tmp_path / "theirs.py").write_text(
        "from own_learners import Median\n"
        "from metatune.algorithms.own_algorithm import OwnAlgorithm\n"
        "MEDIAN = OwnAlgorithm('median', Median(), {'share': [0.25, 0.5]})\n"
    )
    package = tmp_path / "theirs-1.0.dist-info"
    package.mkdir()
    (package / "METADATA").write_text("Metadata-Version: 2.1\nName: theirs\nVersion: 1.0\n")
    (package / "entry_points.txt").write_text(
        f"[{ENTRY_POINTS}]\nmedian = theirs:MEDIAN\nbroken = theirs:NOTHING\n"
    )
    code = (
        "import warnings\n"
        "with warnings.catch_warnings(record=True) as said:\n"
        "    warnings.simplefilter('always')\n"
        "    from metatune.algorithms.registry import select_algorithms\n"
        "    print('median' in select_algorithms(), [str(w.message) for w in said])\n"
    )
    path = os.pathsep.join([str(tmp_path), str(Path(__file__).parents[1] / "helpers"), *sys.path])
    done = subprocess.run(
        [sys.executable, "-c", code],
        capture_output=True,
        text=True,
        env={**os.environ, "PYTHONPATH": path},
        check=False,
        timeout=120,
    )
    assert done.returncode == 0, done.stderr
    assert done.stdout.startswith("True")
    assert "'broken' of theirs:NOTHING cannot be used" in done.stdout


def test_a_subclass_is_registered_as_it_is() -> None:
    family = OwnAlgorithm("median", Median(), {"share": Float(0.1, 0.9)})
    assert register_algorithm(family) is family
    register(family)  # again: it is the same
    assert own_families()["median"] is family


@pytest.fixture(scope="module")
def quick(metadata_dir: Path) -> dict[str, Any]:
    return {
        "budget": "10m",
        "max_trials": 6,
        "include": ["centroids", "decision_tree"],
        "metadata": metadata_dir,
        "random_state": 3,
        "ensemble": False,
    }


def test_workers_of_a_run_know_it(shop: pd.DataFrame, quick: dict[str, Any]) -> None:
    register_algorithm("centroids", Centroids(), SPACE)
    X, y = shop.drop(columns="bought"), shop["bought"]
    model = metatune.MetaTuneClassifier(n_jobs=2, **quick).fit(X, y)
    tried = model.leaderboard_[model.leaderboard_["algorithm"] == "centroids"]
    assert len(tried) > 0
    assert set(tried["status"]) == {"ok"}
    assert "default" in set(tried["origin"])


def test_a_class_of_the_script_travels_too(shop: pd.DataFrame, quick: dict[str, Any]) -> None:
    here = type("Here", (Centroids,), {"__module__": "__main__"})
    register_algorithm("centroids", here(), SPACE)
    X, y = shop.drop(columns="bought"), shop["bought"]
    model = metatune.MetaTuneClassifier(n_jobs=1, **quick).fit(X, y)
    tried = model.leaderboard_[model.leaderboard_["algorithm"] == "centroids"]
    assert set(tried["status"]) == {"ok"}


@pytest.mark.filterwarnings("ignore::ResourceWarning")
def test_workers_of_a_cluster_know_it(
    shop: pd.DataFrame, quick: dict[str, Any], dask_cluster: "Cluster"
) -> None:
    distributed = pytest.importorskip("distributed")
    register_algorithm("centroids", Centroids(), SPACE)
    X, y = shop.drop(columns="bought"), shop["bought"]
    with distributed.Client(dask_cluster.address, set_as_default=False) as client:
        there = metatune.MetaTuneClassifier(executor=client, **quick).fit(X, y)
    here = metatune.MetaTuneClassifier(n_jobs=1, **quick).fit(X, y)
    for one, other in zip(there.trials_, here.trials_, strict=True):
        assert one.trial.configuration == other.trial.configuration
        assert one.score == other.score
    assert any(r.trial.configuration.algorithm == "centroids" and r.ok for r in there.trials_)


def test_its_model_is_opened_for_who_names_its_types(
    shop: pd.DataFrame, quick: dict[str, Any], tmp_path: Path
) -> None:
    register_algorithm("centroids", Centroids(), SPACE)
    X, y = shop.drop(columns="bought"), shop["bought"]
    alone = {**quick, "include": ["centroids"]}
    model = metatune.MetaTuneClassifier(n_jobs=1, run_dir=tmp_path / "run", **alone).fit(X, y)
    path = tmp_path / "run" / "model.skops"
    with pytest.raises(BundleError, match="'centroids', which is not of metatune"):
        metatune.load(path)
    with pytest.raises(BundleError, match=r"add own_learners\.Centroids to trusted"):
        metatune.load(path, trusted=[])
    with pytest.raises(BundleError, match=r"add own_learners\.Centroids to trusted"):
        metatune.load(path, trusted=[Median])
    for trusted in ([Centroids], ["own_learners.Centroids"]):
        loaded = metatune.load(path, trusted=trusted)
        assert (loaded.predict_proba(X) == model.predict_proba(X)).all()
    assert b"pickle" not in path.read_bytes()
