import numpy as np
import pytest
from sklearn.pipeline import make_pipeline

from metatune.algorithms.categories import CategoryEncoder, canonical_codes
from metatune.algorithms.numeric import NumericEncoder, RangeClipper
from metatune.algorithms.preprocessing import NativePreprocessor, TablePreprocessor
from metatune.algorithms.target_encoding import TargetMeanEncoder

NAN = np.nan


def column(*values: float) -> np.ndarray:
    return np.array(values, dtype=np.float64)[:, None]


class TestNumericEncoder:
    def test_standard_scaling_ignores_missing_cells(self) -> None:
        encoder = NumericEncoder(imputation="mean").fit(column(1, 3, NAN))
        np.testing.assert_allclose(encoder.transform(column(1, 3, NAN)), column(-1, 1, 0))

    def test_median_and_indicator(self) -> None:
        X = np.array([[1.0, 5.0], [2.0, 6.0], [9.0, 7.0], [NAN, 8.0]])
        found = NumericEncoder("none", "indicator").fit(X).transform(X)
        np.testing.assert_array_equal(found[:, 0], [1, 2, 9, 2])
        np.testing.assert_array_equal(found[:, 2], [0, 0, 0, 1])
        assert found.shape == (4, 3)

    def test_constant_and_empty_columns_are_dropped(self) -> None:
        X = np.array([[1.0, NAN, 3.0], [1.0, NAN, 4.0]])
        assert NumericEncoder().fit(X).transform(X).shape == (2, 1)

    def test_native_missing_cells_keep_what_missingness_tells(self) -> None:
        X = np.array([[1.0, NAN], [NAN, NAN], [1.0, NAN]])
        found = NumericEncoder("none", "none").fit(X).transform(X)
        np.testing.assert_array_equal(found, X[:, :1])

    def test_robust_scaling_squashes_outliers(self) -> None:
        X = column(*range(100), 1e9)
        found = NumericEncoder("robust").fit(X).transform(X)
        assert np.abs(found).max() <= 3.0
        assert np.ptp(found[:100]) > 1.0
        assert (np.diff(found[:, 0]) > 0).all()

    @pytest.mark.parametrize("scaling", ["standard", "robust", "quantile"])
    def test_new_rows_far_outside_stay_finite(self, scaling: str) -> None:
        X = 1e-140 * np.random.default_rng(0).normal(size=(50, 1))
        found = NumericEncoder(scaling).fit(X).transform(column(1e308, -1e308, NAN))
        assert (np.abs(found) <= 1e6).all()
        assert found[1, 0] < found[2, 0] < found[0, 0]

    @pytest.mark.parametrize("scaling", ["standard", "robust", "quantile"])
    def test_a_wrong_entry_of_a_new_row_stays_near_the_training_rows(self, scaling: str) -> None:
        years = column(*range(2007, 2018))
        encoder = NumericEncoder(scaling).fit(years)
        known, found = encoder.transform(years), encoder.transform(column(0, 99_999))
        slack = 0.2 * np.ptp(known)
        assert known.min() - slack <= found[0, 0] <= known.min()
        assert known.max() <= found[1, 0] <= known.max() + slack

    def test_a_model_saved_without_ranges_still_encodes(self) -> None:
        encoder = NumericEncoder().fit(column(1, 2, 3))
        encoder.scalers_ = encoder.scalers_[:1]
        np.testing.assert_allclose(encoder.transform(column(1, 2, 3)).mean(), 0, atol=1e-12)

    def test_quantile_scaling_makes_a_skewed_column_normal(self) -> None:
        X = np.exp(3 * np.random.default_rng(0).normal(size=(2000, 1)))
        found = NumericEncoder("quantile").fit(X).transform(X)
        inner = found[np.abs(found) < 3]
        assert abs(np.mean(inner**3)) < 0.1
        assert found.std() == pytest.approx(1.0)


class TestRangeClipper:
    def test_clips_beyond_the_widened_range_alone(self) -> None:
        clipper = RangeClipper(margin=0.5).fit(column(0, 2, NAN))
        found = clipper.transform(column(-9, -0.5, 1, 2.5, 9, NAN))
        np.testing.assert_array_equal(found[:, 0], [-1, -0.5, 1, 2.5, 3, NAN])


class TestCategoryEncoder:
    def test_codes_outside_their_levels_are_missing(self) -> None:
        codes = canonical_codes(column(0, 2, 3, -4, NAN), (3,))
        np.testing.assert_array_equal(codes[:, 0], [0, 2, -1, -1, -1])

    def test_one_hot_gives_missing_cells_a_column_of_their_own(self) -> None:
        X, y = column(0, 1, NAN, 0), np.array([0, 1, 0, 1])
        encoder = CategoryEncoder((2,)).fit(X, y)
        np.testing.assert_array_equal(
            encoder.transform(column(NAN, 0, 1, 7)),
            [[1, 0, 0], [0, 1, 0], [0, 0, 1], [1, 0, 0]],
        )

    def test_rare_levels_share_a_column_with_unseen_ones(self) -> None:
        X = column(*([0] * 500), *([1] * 500), 2, 3)
        encoder = CategoryEncoder((6,)).fit(X, np.arange(len(X)) % 2)
        new = encoder.transform(column(0, 2, 3, 5))
        assert new.shape == (4, 3)
        np.testing.assert_array_equal(new[1], new[2])
        np.testing.assert_array_equal(new[1], new[3])

    def test_one_hot_stays_narrow(self) -> None:
        rng = np.random.default_rng(0)
        X = np.column_stack(
            [rng.integers(0, 3000, 5000), *(rng.integers(0, 25, 5000) for _ in range(80))]
        ).astype(np.float64)
        found = CategoryEncoder((3000, *(25,) * 80)).fit_transform(X, rng.integers(0, 2, 5000))
        assert found.shape[1] <= 700

    def test_ordinal_keeps_codes(self) -> None:
        X = column(2, 0, NAN)
        found = CategoryEncoder((3,), "ordinal").fit_transform(X, np.array([0, 1, 0]))
        np.testing.assert_array_equal(found, column(2, 0, -1))


class TestTargetMeanEncoder:
    def test_new_rows_get_shrunken_means(self) -> None:
        codes = np.repeat([0, 1], 30)[:, None]
        y = np.repeat([1.0, 3.0], 30)
        encoder = TargetMeanEncoder((3,), classification=False).fit(codes, y)
        found = encoder.transform(np.array([[0], [1], [2], [-1]]))[:, 0] * 3.0
        np.testing.assert_allclose(found, [(30 + 20) / 40, (90 + 20) / 40, 2.0, 2.0])

    def test_no_row_sees_its_own_target(self) -> None:
        codes = np.arange(200)[:, None]
        y = np.random.default_rng(0).integers(0, 2, 200)
        encoded = TargetMeanEncoder((200,)).fit_transform(codes, y)[:, 0]
        assert encoded[y == 1].mean() <= encoded[y == 0].mean()

    def test_width_by_classes(self) -> None:
        codes = np.zeros((60, 2), dtype=np.int64)
        for n_classes, width in ((2, 2), (3, 6), (20, 16)):
            encoded = TargetMeanEncoder((1, 1)).fit_transform(codes, np.arange(60) % n_classes)
            assert encoded.shape == (60, width)


class TestTablePreprocessor:
    def test_numbers_first_then_categories(self) -> None:
        X = np.array([[0.0, 1.0], [1.0, 3.0], [0.0, 5.0], [1.0, 7.0]])
        found = TablePreprocessor((2, 0)).fit_transform(X, np.array([0, 1, 0, 1]))
        np.testing.assert_allclose(found[:, 0].mean(), 0.0, atol=1e-12)
        np.testing.assert_array_equal(found[:, 1:], [[1, 0], [0, 1], [1, 0], [0, 1]])

    def test_never_without_columns(self) -> None:
        X = np.full((5, 2), NAN)
        recipe = TablePreprocessor((0, 4))
        np.testing.assert_array_equal(recipe.fit_transform(X, np.zeros(5)), np.zeros((5, 1)))
        np.testing.assert_array_equal(recipe.transform(X + 1), np.zeros((5, 1)))

    def test_training_rows_are_cross_fitted_in_a_pipeline(self) -> None:
        X = np.repeat(np.arange(40.0), 5)[:, None]
        y = np.random.default_rng(1).normal(size=200)
        recipe = TablePreprocessor((40,), encoding="target", classification=False)
        cross_fitted = make_pipeline(recipe).fit_transform(X, y)
        assert not np.allclose(cross_fitted, recipe.transform(X))

    def test_type_of_output(self) -> None:
        X = np.random.default_rng(0).normal(size=(6, 2))
        found = TablePreprocessor((0, 0), dtype="float32").fit_transform(X, np.zeros(6))
        assert found.dtype == np.float32


def test_native_keeps_positions_and_marks_unknown_codes() -> None:
    X = np.array([[5.0, 0.0], [np.nan, 3.0], [1e300, -1.0]])
    found = NativePreprocessor((0, 3)).fit(X).transform(X)
    np.testing.assert_array_equal(found, [[5.0, 0.0], [np.nan, np.nan], [1e30, np.nan]])
    assert X[1, 1] == 3.0
