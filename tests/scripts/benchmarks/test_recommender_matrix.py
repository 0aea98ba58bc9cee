"""Regrets, families and folds."""

from dataclasses import replace

import numpy as np
import pytest

from benchmarks.recommenders.encoding import encode_configurations
from benchmarks.recommenders.matrix import (
    MAX_REGRET,
    Matrix,
    family_of,
    grouped_folds,
    held_out_regrets,
    regrets,
)
from benchmarks.recommenders.tables import noise_floor


def test_regret_is_scaled_by_best_and_median() -> None:
    found = regrets(np.array([[0.1, 0.2, 0.3, 0.9, 0.15]]))
    assert found[0] == pytest.approx([0.0, 1.0, 2.0, MAX_REGRET, 0.5])


def test_regret_without_a_result_is_the_largest() -> None:
    found = regrets(np.array([[1.0, 2.0, 3.0, np.nan, np.inf]]))
    assert found[0] == pytest.approx([0.0, 1.0, 2.0, MAX_REGRET, MAX_REGRET])


def test_regret_ignores_scale_and_offset() -> None:
    loss = np.random.default_rng(0).uniform(size=(3, 20))
    assert regrets(1000 * loss - 7) == pytest.approx(regrets(loss))


def test_what_is_held_out_judges_what_is_seen() -> None:
    seen = np.array([[0.1, 0.2, 0.3, 0.4, np.nan]])
    held_out = np.array([[0.35, 0.2, 0.25, 9.0, 0.1]])
    found = held_out_regrets(seen, held_out)
    # the unit is the 0.15 from the best to the median that are seen; the median is 0.3
    assert found[0] == pytest.approx([4 / 3, 1 / 3, 2 / 3, MAX_REGRET, MAX_REGRET])


def test_the_noise_floor_is_what_the_best_seen_is_worth(matrix: Matrix) -> None:
    judged = replace(matrix, held_out=matrix.loss[:, ::-1])
    everything = np.ones(len(matrix.datasets), dtype=bool)
    assert noise_floor(replace(matrix, held_out=matrix.loss), everything) == pytest.approx(0.0)
    best = matrix.loss.argmin(axis=1)
    expected = judged.regret[np.arange(len(best)), best].mean()
    assert noise_floor(judged, everything) == pytest.approx(expected)
    assert noise_floor(judged, everything) > 0.5


def test_usable_datasets_have_results_that_differ(matrix: Matrix) -> None:
    loss = matrix.loss.copy()
    loss[3] = 0.5
    loss[4] = np.nan
    loss[5, 1:] = np.nan
    kept = replace(matrix, loss=loss).usable()
    assert set(matrix.datasets) - set(kept.datasets) == {"d3", "d4", "d5"}
    assert kept.loss.shape == (45, 80)
    assert len(kept.folds) == len(kept.features) == len(kept.seconds) == len(kept.families) == 45


def test_digest_notices_a_change(matrix: Matrix) -> None:
    loss = matrix.loss.copy()
    loss[0, 0] += 1e-9
    assert replace(matrix, loss=loss).digest != matrix.digest
    assert replace(matrix, loss=matrix.loss.copy()).digest == matrix.digest


@pytest.mark.parametrize(
    ("name", "family"),
    [
        ("fri_c0_1000_5", "fri"),
        ("fri_c4_1000_100", "fri"),
        ("mfeat-zernike", "mfeat"),
        ("OVA_Breast", "ova"),
        ("kdd_ipums_la_97-small", "ipums"),
        ("ipums_la_98-small", "ipums"),
        ("2dplanes", "dplanes"),
        ("car", "car"),
        ("1120", "1120"),
    ],
)
def test_family_is_the_stem_of_a_name(name: str, family: str) -> None:
    assert family_of(name) == family


def test_folds_keep_families_together_and_are_even() -> None:
    families = [f"f{i % 13}" for i in range(100)]
    folds = grouped_folds(families, 5)
    assert {len(set(folds[np.array(families) == name])) for name in families} == {1}
    sizes = np.bincount(folds)
    assert len(sizes) == 5
    assert sizes.max() - sizes.min() <= 8


def test_each_family_may_have_a_fold_of_its_own() -> None:
    folds = grouped_folds(["a", "b", "a", "c"], 0)
    assert folds[0] == folds[2]
    assert sorted(set(folds)) == [0, 1, 2]


def test_configurations_become_numbers_between_0_and_1() -> None:
    encoded = encode_configurations(
        ["svm", "svm", "knn"],
        [{"C": 0.01, "kernel": "rbf"}, {"C": 1.0, "kernel": "poly"}, {"k": 3}],
    )
    # knn, svm, C on a logarithmic scale, k, kernels
    assert encoded[:, :2].tolist() == [[0, 1], [0, 1], [1, 0]]
    assert encoded[:2, 2].tolist() == [0.0, 1.0]
    assert np.isnan(encoded[:, 2:4]).tolist() == [[False, True], [False, True], [True, False]]
    assert encoded[:, 4:].tolist() == [[0, 1], [1, 0], [0, 0]]
    assert np.nanmin(encoded) == 0
    assert np.nanmax(encoded) == 1


def test_a_logarithmic_scale_spreads_large_ranges() -> None:
    encoded = encode_configurations(["a"] * 3, [{"C": 0.01}, {"C": 1.0}, {"C": 100.0}])
    assert encoded[:, 0] == pytest.approx([0.0, 0.5, 1.0])
