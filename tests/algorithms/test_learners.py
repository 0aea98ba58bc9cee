import numpy as np
import pytest
from sklearn.dummy import DummyClassifier
from sklearn.linear_model import LinearRegression, LogisticRegression
from sklearn.metrics import log_loss, roc_auc_score
from sklearn.naive_bayes import GaussianNB

from metatune.algorithms.forests import ForestSize, forest_size
from metatune.algorithms.learners.calibration import CalibratedScores
from metatune.algorithms.learners.gaussian import RegularizedDiscriminant
from metatune.algorithms.learners.lightgbm_model import LightGBMClassifier
from metatune.algorithms.learners.neighbours import NeighboursClassifier
from metatune.algorithms.learners.network import NetworkClassifier
from metatune.algorithms.learners.safe import SafeClassifier, SafeRegressor
from metatune.algorithms.learners.smoothed_tree import SmoothedTreeClassifier
from metatune.algorithms.learners.stopping import balanced_weights, held_out_rows
from metatune.algorithms.learners.targets import TargetTransform
from metatune.data.encoding.shape import Shape


class TestSafeRegressor:
    def test_extrapolation_is_bounded(self) -> None:
        X, y = np.arange(11.0)[:, None], np.arange(11.0)
        model = SafeRegressor(LinearRegression()).fit(X, y)
        np.testing.assert_allclose(
            model.predict(np.array([[-1e9], [5.0], [1e9]])), [-1.5, 5.0, 11.5]
        )

    def test_prediction_that_is_no_number_becomes_the_mean(self) -> None:
        X, y = np.arange(11.0)[:, None], np.arange(11.0)
        model = SafeRegressor(LinearRegression()).fit(X, y)
        model.estimator_.coef_[:] = np.nan
        np.testing.assert_allclose(model.predict(np.array([[3.0]])), [5.0])


class TestSafeClassifier:
    def test_mixes_with_the_uniform_distribution(self) -> None:
        y = np.array([0] * 9 + [1])
        model = SafeClassifier(DummyClassifier(strategy="most_frequent"), smoothing=2.0)
        proba = model.fit(np.zeros((10, 1)), y).predict_proba(np.zeros((1, 1)))
        np.testing.assert_allclose(proba, [[11 / 12, 1 / 12]])

    def test_one_class_needs_no_learner(self) -> None:
        model = SafeClassifier(LogisticRegression()).fit(np.zeros((3, 1)), np.array(["a"] * 3))
        assert list(model.predict(np.zeros((2, 1)))) == ["a", "a"]


class TestTargetTransform:
    @pytest.mark.parametrize("method", ["standard", "log", "quantile"])
    @pytest.mark.parametrize("scale", [1e-9, 1.0, 1e300])
    def test_goes_back_where_it_came_from(self, method: str, scale: float) -> None:
        y = np.exp(np.random.default_rng(0).normal(size=300)) * scale
        transform = TargetTransform(method).fit(y)
        values = transform.transform(y)
        assert values.mean() == pytest.approx(0.0, abs=1e-9)
        assert values.std() == pytest.approx(1.0)
        np.testing.assert_allclose(transform.inverse(values), y, rtol=1e-6)

    def test_quantiles_of_a_very_long_tail(self) -> None:
        y = np.exp(8 * np.random.default_rng(0).normal(size=500))
        transform = TargetTransform("quantile").fit(y)
        values = transform.transform(y)
        assert len(np.unique(values)) > 480
        atol = 1e-6 * float(np.median(y))
        np.testing.assert_allclose(transform.inverse(values), y, rtol=1e-6, atol=atol)

    def test_log_tames_a_long_tail(self) -> None:
        y = np.exp(2 * np.random.default_rng(0).normal(size=2000))
        assert np.abs(TargetTransform("standard").fit(y).transform(y)).max() > 8
        assert np.abs(TargetTransform("log").fit(y).transform(y)).max() < 6


class TestHeldOutRows:
    def test_too_few_rows(self) -> None:
        assert held_out_rows(np.zeros(30, dtype=np.int64), True, 0) == []

    def test_small_tables_hold_out_several_times(self) -> None:
        y = np.arange(140) % 2
        splits = held_out_rows(y, True, 0)
        assert len(splits) == 7
        valid = np.concatenate([held_out for _, held_out in splits])
        assert np.array_equal(np.sort(valid), np.arange(140))
        for train, held_out in splits:
            assert len(np.intersect1d(train, held_out)) == 0
            assert len(train) + len(held_out) == 140

    def test_large_tables_hold_out_once(self) -> None:
        splits = held_out_rows(np.random.default_rng(0).normal(size=7000), False, 0)
        assert [len(held_out) for _, held_out in splits] == [1000]

    def test_rare_classes_are_kept_for_training(self) -> None:
        y = np.array([0] * 50 + [1] * 50 + [2] * 3)
        for train, _ in held_out_rows(y, True, 0):
            assert (y[train] == 2).sum() == 3


def test_balanced_weights() -> None:
    y = np.array([0, 0, 0, 1])
    weights = balanced_weights(y)
    assert weights.mean() == pytest.approx(1.0)
    assert weights[y == 0].sum() == pytest.approx(weights[y == 1].sum())


class TestCalibratedScores:
    def test_cures_over_confidence(self) -> None:
        rng = np.random.default_rng(0)
        y = rng.integers(0, 3, 600)
        X = np.repeat((y + 1.5 * rng.normal(size=600))[:, None], 20, axis=1)
        plain = GaussianNB().fit(X[:400], y[:400]).predict_proba(X[400:])
        model = CalibratedScores(GaussianNB(), "predict_joint_log_proba").fit(X[:400], y[:400])
        losses = [
            -np.log(proba[np.arange(200), y[400:]]).mean()
            for proba in (plain, model.predict_proba(X[400:]))
        ]
        assert losses[1] < 1.0 < losses[0]

    def test_keeps_the_order_of_two_classes(self) -> None:
        rng = np.random.default_rng(1)
        X, y = rng.normal(size=(30, 5)), rng.integers(0, 2, 30)
        model = CalibratedScores(LogisticRegression()).fit(X, y)
        order = np.argsort(model.estimator_.decision_function(X))
        assert (np.diff(model.predict_proba(X)[order, 1]) > 0).all()


class TestRegularizedDiscriminant:
    def test_quadratic_border(self) -> None:
        rng = np.random.default_rng(0)
        y = rng.integers(0, 2, 1000)
        X = rng.normal(size=(1000, 3)) * np.where(y, 3.0, 1.0)[:, None]
        quadratic = RegularizedDiscriminant().fit(X, y).predict_proba(X).argmax(axis=1)
        linear = RegularizedDiscriminant(pooling=1.0).fit(X, y).predict_proba(X).argmax(axis=1)
        assert (quadratic == y).mean() > 0.85
        assert (linear == y).mean() < 0.65

    def test_class_of_one_row_borrows_the_pooled_covariance(self) -> None:
        rng = np.random.default_rng(0)
        X = np.vstack([rng.normal(size=(30, 2)), [[9.0, 9.0]]])
        y = np.array([0] * 15 + [1] * 15 + [2])
        model = RegularizedDiscriminant().fit(X, y)
        assert model.predict_proba(np.array([[8.8, 9.1]])).argmax() == 2


def test_tree_leaves_are_not_certain() -> None:
    X, y = np.arange(10.0)[:, None], np.array([0] * 5 + [1] * 5)
    proba = SmoothedTreeClassifier().fit(X, y).predict_proba(X)
    np.testing.assert_allclose(proba[0], [(5 + 1) / 7, 1 / 7])


def test_neighbours_vote_with_the_class_shares() -> None:
    X, y = np.arange(4.0)[:, None], np.array([0, 0, 1, 1])
    proba = NeighboursClassifier(n_neighbors=1).fit(X, y).predict_proba(X[:1])
    np.testing.assert_allclose(proba, [[0.75, 0.25]])


def test_network_keeps_its_best_weights() -> None:
    rng = np.random.default_rng(0)
    X = rng.normal(size=(1200, 10)).astype(np.float32)
    y = (X[:, 0] + rng.normal(size=1200) > 0).astype(np.int64)
    params = {
        "hidden_layer_sizes": (64,),
        "activation": "relu",
        "alpha": 1e-6,
        "learning_rate_init": 0.02,
        "batch_size": 32,
    }
    stopped = NetworkClassifier(params).fit(X[:600], y[:600])
    long = NetworkClassifier(params, iterations=100).fit(X[:600], y[:600])
    assert stopped.n_iterations_ < 30
    losses = [log_loss(y[600:], model.predict_proba(X[600:])) for model in (stopped, long)]
    assert losses[0] < 0.7 * losses[1]


@pytest.mark.parametrize("n_rows", [20, 2_000, 50_000, 1_000_000])
def test_forests_do_bounded_work(n_rows: int) -> None:
    size = forest_size(Shape(n_rows=n_rows, n_columns=50, n_classes=2), 50.0)
    assert 30 <= size.trees <= 200
    assert 2 <= size.rows <= n_rows
    assert size.trees * size.rows * np.log2(size.rows) * 52 * 1.25 < 2.1e8
    assert (size.rows == n_rows) == (n_rows <= 2_000)


@pytest.mark.parametrize(
    ("fidelity", "trees"), [(1.0, 200), (0.5, 100), (1 / 3, 67), (1 / 9, 60), (1 / 27, 60)]
)
def test_forests_on_a_share_of_the_rows_have_fewer_trees(fidelity: float, trees: int) -> None:
    shape = Shape(n_rows=300, n_columns=10, n_classes=2)
    assert forest_size(shape, 5.0, fidelity) == ForestSize(trees=trees, rows=300)
    large = Shape(n_rows=1_000_000, n_columns=50, n_classes=2)
    assert forest_size(large, 50.0, fidelity) == forest_size(large, 50.0)


def few_positives(n_positives: int, seed: int) -> tuple[np.ndarray, np.ndarray]:
    """Rows of which those with the highest values of a noisy score are positive."""
    rng = np.random.default_rng(seed)
    X = rng.normal(size=(3_000, 8))
    score = 1.5 * X[:, 0] + X[:, 1] + rng.gumbel(size=len(X))
    y = np.zeros(len(X), dtype=np.int64)
    y[np.argsort(-score)[:n_positives]] = 1
    return X, y


LIGHTGBM = {"learning_rate": 0.1, "min_child_samples": 20, "reg_lambda": 1e-8}


def test_a_handful_of_positives_does_not_break_the_ranking() -> None:
    scores = []
    for seed in range(4):
        X, y = few_positives(4, seed)
        model = SafeClassifier(LightGBMClassifier(params=LIGHTGBM)).fit(X, y)
        X_new, y_new = few_positives(60, 100 + seed)
        scores.append(roc_auc_score(y_new, model.predict_proba(X_new)[:, 1]))
    assert np.mean(scores) > 0.65


@pytest.mark.parametrize(
    ("n_rows", "n_positives", "guarded"),
    [(3_000, 4, True), (3_000, 9, True), (3_000, 10, False), (100, 9, False), (24, 4, False)],
)
def test_the_recipe_changes_for_rare_classes_only(
    n_rows: int, n_positives: int, guarded: bool
) -> None:
    model = LightGBMClassifier(params=LIGHTGBM)
    model.n_classes_ = 2
    y = np.arange(n_rows) < n_positives
    found = model.settings(y.astype(np.int64))["reg_lambda"]
    assert found == (1.0 if guarded else 1e-8)
