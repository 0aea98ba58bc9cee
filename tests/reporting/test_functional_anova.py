"""Functional analysis of variance against functions whose importances are known in closed form."""

import numpy as np
import pytest

from metatune.reporting.functional_anova import Axis, Decomposition, decompose_variance

UNIFORM = Axis()


def divide(
    function: str, n: int = 300, n_inputs: int = 3, axes: list[Axis] | None = None
) -> Decomposition:
    """Divide the variance of a function of x1, x2, x3, seen at random places."""
    rng = np.random.default_rng(3)
    X = rng.random((n, n_inputs))
    for place, axis in enumerate(axes or []):
        if axis.atoms:
            X[:, place] = rng.choice(axis.atoms, n)
    y = eval(function, {"np": np}, {f"x{i + 1}": X[:, i] for i in range(n_inputs)})
    used = axes or [UNIFORM] * n_inputs
    return decompose_variance(X, y, used, pairs=None, n_pairs=n_inputs, n_trees=32)


def singles(found: Decomposition) -> list[float]:
    return [float(share) for share in found.single.mean(axis=0)]


def test_inputs_of_a_sum_have_the_shares_of_their_variances_and_no_interaction() -> None:
    found = divide("2 * x1 + x2")  # variances 4/12 and 1/12
    assert singles(found) == pytest.approx([0.8, 0.2, 0.0], abs=0.03)
    assert max(float(pair.mean()) for pair in found.pairs.values()) < 0.03


def test_a_product_of_two_inputs_has_three_sevenths_for_each_and_one_for_both() -> None:
    # Var(xy) = 1/9 - 1/16 = 7/144; the marginal x/2 has a variance of 1/48 = 3/144.
    found = divide("x1 * x2")
    assert singles(found) == pytest.approx([3 / 7, 3 / 7, 0.0], abs=0.04)
    assert found.pairs[0, 1].mean() == pytest.approx(1 / 7, abs=0.04)


def test_a_pure_interaction_belongs_to_neither_input_alone() -> None:
    found = divide("(x1 - 0.5) * (x2 - 0.5)", n=800)
    assert max(singles(found)) < 0.1
    assert found.pairs[0, 1].mean() > 0.7


def test_an_input_without_effect_explains_nothing() -> None:
    found = divide("np.sin(6 * x1)")
    assert singles(found)[1:] == pytest.approx([0.0, 0.0], abs=0.01)


def test_options_are_alike_probable_wherever_they_lie() -> None:
    # Only one of four options differs: a variance of 3/16, beside 1/12 of x2.
    options = Axis(atoms=(0.0, 1 / 3, 2 / 3, 1.0))
    found = divide("(x1 == 1.0) + x2", axes=[options, UNIFORM, UNIFORM])
    assert singles(found)[0] == pytest.approx((3 / 16) / (3 / 16 + 1 / 12), abs=0.03)


def test_an_input_that_is_held_explains_nothing_and_others_are_seen_there() -> None:
    # At x3 = 1 only x1 counts, elsewhere only x2.
    axes = [UNIFORM, UNIFORM, Axis(atoms=(0.0, 1.0))]
    rng = np.random.default_rng(0)
    X = np.column_stack([rng.random((400, 2)), rng.integers(2, size=400)])
    y = np.where(X[:, 2] == 1.0, X[:, 0], 5.0 * X[:, 1])
    everywhere = decompose_variance(X, y, axes, n_trees=16)
    held = decompose_variance(X, y, [*axes[:2], Axis(atoms=(1.0,))], n_trees=16)
    assert singles(held) == pytest.approx([1.0, 0.0, 0.0], abs=0.03)
    assert singles(everywhere)[0] < 0.2


def test_a_single_tree_that_is_the_function_is_divided_exactly() -> None:
    grid = np.array([[a, b] for a in (0.25, 0.75) for b in (0.25, 0.75)])
    y = np.array([0.0, 1.0, 2.0, 7.0])  # mean 2.5, marginals .5 and 4.5, 1 and 4
    X, y = np.repeat(grid, 20, axis=0), np.repeat(y, 20)
    found = decompose_variance(X, y, [UNIFORM] * 2, pairs=[(0, 1)], n_trees=4)
    whole = np.var([0.0, 1.0, 2.0, 7.0])
    assert found.variance == pytest.approx(np.full(4, whole))
    assert found.mean == pytest.approx(np.full(4, 2.5))
    assert singles(found) == pytest.approx([4.0 / whole, 2.25 / whole])
    assert found.pairs[0, 1].mean() == pytest.approx((whole - 6.25) / whole)


def test_shares_of_a_tree_add_up_to_one_where_two_inputs_are_all() -> None:
    found = divide("x1 * x2 + x2", n_inputs=2)
    whole = found.single.sum(axis=1) + found.pairs[0, 1]
    assert whole == pytest.approx(np.ones(len(whole)))


def test_a_constant_function_has_no_shares() -> None:
    assert np.isnan(divide("0.0 * x1 + 3.0").single).all()


def test_noise_is_explained_by_nothing() -> None:
    rng = np.random.default_rng(2)
    found = decompose_variance(rng.random((80, 3)), rng.normal(size=80), [UNIFORM] * 3)
    assert found.explained < 0.1
    assert divide("2 * x1 + x2").explained > 0.9


def test_main_effects_agree_with_those_of_optuna() -> None:
    optuna = pytest.importorskip("optuna")
    from optuna.distributions import FloatDistribution
    from optuna.importance import FanovaImportanceEvaluator

    rng = np.random.default_rng(5)
    X = rng.random((200, 3))
    y = 3.0 * X[:, 0] + 2.0 * X[:, 1] ** 2
    names = ("a", "b", "c")
    optuna.logging.set_verbosity(optuna.logging.WARNING)
    study = optuna.create_study()
    for row, value in zip(X, y, strict=True):
        study.add_trial(
            optuna.create_trial(
                params=dict(zip(names, map(float, row), strict=True)),
                distributions={name: FloatDistribution(0.0, 1.0) for name in names},
                value=float(value),
            )
        )
    theirs = FanovaImportanceEvaluator(seed=0).evaluate(study)
    ours = np.array(singles(decompose_variance(X, y, [UNIFORM] * 3)))
    scaled = ours / ours.sum()  # Optuna's add up to 1
    total = sum(theirs.values())
    assert scaled == pytest.approx([theirs[name] / total for name in names], abs=0.03)
