"""Densities over hyperparameters: warping, reading and writing, their place in a meta-dataset."""

import json
import math
import shutil
from itertools import pairwise
from pathlib import Path

import numpy as np
import pytest

from metatune.algorithms.registry import ALGORITHMS
from metatune.errors import MetadataError
from metatune.kinds import TaskKind
from metatune.metadataset.priors import Density, HyperparameterPriors, footprint
from metatune.metadataset.store import find_metadata, load_metadata, save_priors, verify_metadata
from metatune.space import Choice, Domain, Float, Int

SPACE = ALGORITHMS["svm"].space(TaskKind.BINARY)
RISING = tuple(w / 55 for w in range(1, 11))


def some_priors() -> HyperparameterPriors:
    return HyperparameterPriors(
        densities={
            ("classification", "svm", "C"): Density(
                domain=SPACE.domains["C"], weights=RISING, n_datasets=7, sources=("one", "two")
            ),
            ("classification", "svm", "scaling"): Density(
                domain=SPACE.domains["scaling"], weights=(0.5, 0.0, 0.5)
            ),
        },
        family_wins={"classification": {"one": {"svm": 2.0, "knn": 1.5}}},
    )


def test_warp_is_monotone_and_covers_the_interval() -> None:
    density = some_priors().densities["classification", "svm", "C"]
    units = np.linspace(0.0, 1.0, 501)
    warped = [density.warp(float(unit)) for unit in units]
    assert warped[0] == 0.0
    assert warped[-1] == 1.0
    assert all(b > a for a, b in pairwise(warped))


def test_warped_even_points_are_distributed_like_the_density() -> None:
    density = some_priors().densities["classification", "svm", "C"]
    units = (np.arange(11_000) + 0.5) / 11_000
    counts, _ = np.histogram([density.warp(float(u)) for u in units], bins=10, range=(0, 1))
    assert counts / 11_000 == pytest.approx(RISING, abs=1e-3)


def test_an_even_density_leaves_points_where_they_are() -> None:
    even = Density(domain=Float(0.0, 1.0), weights=(0.1,) * 10)
    for unit in (0.0, 0.123, 0.5, 0.999):
        assert even.warp(unit) == pytest.approx(unit, abs=1e-8)


def test_options_without_probability_are_never_drawn() -> None:
    priors, rng = some_priors(), np.random.default_rng(0)
    drawn = [priors.sample(SPACE, "classification", rng) for _ in range(300)]
    scalings = [c.params["scaling"] for c in drawn]
    assert set(scalings) == {"standard", "quantile"}
    assert 100 < scalings.count("standard") < 200
    for configuration in drawn:
        SPACE.check(configuration)


def test_silent_hyperparameters_and_other_pools_stay_even() -> None:
    units = dict.fromkeys(SPACE.domains, 0.25)
    warped = some_priors().warp(SPACE, "classification", units)
    assert warped["gamma"] == 0.25
    assert warped["C"] == pytest.approx(0.4 + (13.75 - 10) / 5 / 10)  # 1 + 2 + 3 + 4 lie below
    assert some_priors().warp(SPACE, "regression", units) == units


def test_a_density_of_another_domain_is_silent() -> None:
    other = Density(domain=Float(0.1, 10.0, log=True), weights=RISING)
    priors = HyperparameterPriors(densities={("classification", "svm", "C"): other})
    units = dict.fromkeys(SPACE.domains, 0.25)
    assert priors.warp(SPACE, "classification", units) == units
    assert priors.log_density(SPACE, "classification", SPACE.default()) == 0.0


def test_log_density_adds_what_is_known() -> None:
    configuration = SPACE.default()  # C = 1 lies in the bin from 0.4 to 0.5
    expected = math.log(10 * 5 / 55) + math.log(3 * 0.5)
    found = some_priors().log_density(SPACE, "classification", configuration)
    assert found == pytest.approx(expected)


@pytest.mark.parametrize(
    ("domain", "value", "expected"),
    [
        (Float(0.0, 1.0), 0.25, {2: 1.0}),
        (Float(0.01, 100.0, log=True), 100.0, {9: 1.0}),
        (Choice(("a", "b", "c")), "b", {1: 1.0}),
        (Int(1, 3), 1, {0: 0.4, 1: 0.4, 2: 0.2}),
        (Int(1, 3), 2, {2: 0.1, 3: 0.2, 4: 0.2, 5: 0.2, 6: 0.2, 7: 0.1}),
        (Int(5, 5), 5, {0: 1.0}),
    ],
)
def test_footprints_cover_what_is_rounded_to_a_value(
    domain: Domain, value: float | str, expected: dict[str, float]
) -> None:
    shares = footprint(domain, value)
    assert sum(shares) == pytest.approx(1.0)
    assert {i: s for i, s in enumerate(shares) if s > 1e-9} == pytest.approx(expected)


def test_priors_come_back_from_disk(tmp_path: Path) -> None:
    path = tmp_path / "priors.json"
    some_priors().save(path)
    assert HyperparameterPriors.load(path) == some_priors()
    text = path.read_text()
    assert json.loads(text)["pools"]["classification"]["svm"]["C"]["datasets"] == 7
    assert max(map(len, text.splitlines())) < 400  # one line for each hyperparameter


@pytest.mark.parametrize(
    "text",
    [
        "nonsense",
        "[]",
        '{"pools": {}}',
        '{"family_wins": {}, "pools": {"classification": {"svm": {"C": {"type": "float", '
        '"low": 0.1, "high": 1, "log": true, "weights": [1.0], "datasets": 1, "sources": []}}}}}',
    ],
)
def test_other_files_are_refused_in_one_line(tmp_path: Path, text: str) -> None:
    path = tmp_path / "priors.json"
    path.write_text(text)
    with pytest.raises(MetadataError, match="does not hold hyperparameter priors"):
        HyperparameterPriors.load(path)


@pytest.fixture
def copy(tmp_path: Path) -> Path:
    return Path(shutil.copytree(find_metadata(), tmp_path / "metadata"))


def test_the_shipped_priors_fit_the_search_spaces() -> None:
    priors = load_metadata().priors
    kinds = {"classification": TaskKind.BINARY, "regression": TaskKind.REGRESSION}
    assert len(priors.densities) >= 50
    for (pool, algorithm, name), density in priors.densities.items():
        assert priors.find(ALGORITHMS[algorithm].space(kinds[pool]), pool, name) is density
        assert sum(density.weights) == pytest.approx(1.0, abs=1e-3)
        assert density.n_datasets > 0


def test_saved_priors_are_part_of_the_checksums(copy: Path) -> None:
    save_priors(some_priors(), copy)
    assert verify_metadata(copy) == []
    assert load_metadata(copy).priors == some_priors()
    (copy / "priors.json").write_text((copy / "priors.json").read_text() + " ")
    assert verify_metadata(copy) == ["priors.json differs from its checksum in manifest.json"]
    (copy / "priors.json").unlink()
    assert verify_metadata(copy) == ["priors.json is missing"]
    with pytest.raises(MetadataError, match="does not hold hyperparameter priors"):
        load_metadata(copy)


def test_a_meta_dataset_without_priors_is_even(copy: Path) -> None:
    manifest = json.loads((copy / "manifest.json").read_text())
    del manifest["sha256"]["priors.json"]
    (copy / "manifest.json").write_text(json.dumps(manifest))
    (copy / "priors.json").unlink()
    assert verify_metadata(copy) == []
    assert not load_metadata(copy).priors
