"""The cost model on costs that follow a known law."""

import numpy as np
import pytest
from made_up_past import SECONDS_PER_ROW, make_metadata

from metatune.kinds import TaskKind
from metatune.recommender.cost import CostModel, corrected
from metatune.recommender.past import Past, Times, collect_past


@pytest.fixture(scope="module")
def past() -> Past:
    return collect_past(make_metadata(40), TaskKind.BINARY, "roc_auc")


@pytest.fixture(scope="module")
def model(past: Past) -> CostModel:
    algorithms = tuple(c.algorithm for c in past.configurations)
    return CostModel.fit(past.times, algorithms, len(past.names))


@pytest.mark.parametrize("n_rows", [100, 800, 8_000])
def test_growth_with_the_rows_is_learned(model: CostModel, n_rows: int) -> None:
    alike = np.full(40, 1 / 40)
    seconds = np.exp(model.log_seconds(n_rows, 6, 2, alike))
    law = SECONDS_PER_ROW * n_rows * np.array([1, 4, 9, 16])
    np.testing.assert_allclose(seconds, law, rtol=0.15)


def slow_dataset() -> tuple[Times, float]:
    """Two configurations on four datasets of one size; the second takes e**2 times on the last."""
    dataset, configuration = np.divmod(np.arange(8), 2)
    seconds = np.ones(8)
    seconds[-1] = np.exp(2.0)
    return Times(
        dataset=dataset, configuration=configuration, sizes=np.full((8, 3), 100.0), seconds=seconds
    ), 2.0


def test_what_similar_datasets_took_beyond_the_law_is_added() -> None:
    times, excess = slow_dataset()
    model = CostModel.fit(times, ("a", "b"), 4)
    usual, slow = np.array([1.0, 0, 0, 0]), np.array([0, 0, 0, 1.0])
    difference = model.log_seconds(100, 100, 100, slow) - model.log_seconds(100, 100, 100, usual)
    np.testing.assert_allclose(difference, [0.0, excess], atol=1e-9)
    assert model.residuals.shape == (4, 2)
    # an intercept shrinks a little, towards its family: what it leaves is a residual
    np.testing.assert_allclose(model.residuals[:, 0], model.residuals[0, 0])


def test_members_of_a_family_grow_with_the_rows_in_their_own_way() -> None:
    rows = np.repeat(np.geomspace(100, 100_000, 60), 2)
    configuration = np.tile([0, 1], 60)
    seconds = np.where(configuration == 0, 1e-3 * rows**0.5, 1e-5 * rows**1.5)
    sizes = np.column_stack([rows, np.full((120, 2), 10.0)])
    times = Times(
        dataset=np.arange(120) // 2, configuration=configuration, sizes=sizes, seconds=seconds
    )
    slopes = CostModel.fit(times, ("a", "a"), 60).slopes
    assert slopes[0, 0] == pytest.approx(0.5, abs=0.15)
    assert slopes[1, 0] == pytest.approx(1.5, abs=0.15)


def test_a_family_without_times_costs_what_all_do() -> None:
    times, _ = slow_dataset()
    model = CostModel.fit(times, ("a", "b", "never evaluated"), 4)
    assert model.intercepts[2] == pytest.approx(0.25)
    np.testing.assert_array_equal(model.residuals[:, 2], 0.0)


def test_without_trials_nothing_is_corrected() -> None:
    expected = np.array([0.0, 1.0, 2.0])
    nothing = np.zeros(0, dtype=np.intp)
    np.testing.assert_array_equal(
        corrected(expected, np.array([0, 1, 1]), np.zeros(0), nothing), expected
    )


def test_trials_correct_all_families_and_their_own_by_more() -> None:
    expected, algorithms = np.array([0.0, 1.0, 2.0]), np.array([0, 1, 1])
    once = corrected(expected, algorithms, np.array([2.0]), np.array([1]))
    # half of it is put down to the machine, and half of the rest to the algorithm
    np.testing.assert_allclose(once - expected, [1.0, 1.5, 1.5])
    twice = corrected(expected, algorithms, np.array([3.0, 0.0]), np.array([1, 0]))
    np.testing.assert_allclose(twice - expected, [1.0 - 0.5, 1.0 + 1.0, 1.0 + 1.0])


def test_many_trials_are_believed() -> None:
    measured, at = np.repeat([1.0, 3.0], 200), np.repeat([0, 1], 200)
    shift = corrected(np.zeros(2), np.array([0, 1]), measured, at)
    np.testing.assert_allclose(shift, [1.0, 3.0], atol=0.02)
