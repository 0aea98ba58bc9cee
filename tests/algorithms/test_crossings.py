"""Crossings: what they are, which are chosen, and that they stay few."""

import warnings
from dataclasses import replace
from typing import Any

import numpy as np
import pytest
from model_files import saved_and_read

from metatune.algorithms.crossings import relevance
from metatune.algorithms.crossings.arithmetic import OPERATIONS, candidate_terms, term_values
from metatune.algorithms.crossings.choosing import MOST_TERMS, choose_terms
from metatune.algorithms.crossings.relevance import explained_share, find_relevance
from metatune.algorithms.crossings.step import CrossingPreprocessor
from metatune.algorithms.numeric import LARGEST
from metatune.algorithms.preprocessing import NativePreprocessor, TablePreprocessor
from metatune.data.row_metadata import PLAIN, RowMetadata

NAN = float("nan")


def step(n_levels: tuple[int, ...], **changes: Any) -> CrossingPreprocessor:
    return CrossingPreprocessor(
        NativePreprocessor(n_levels), n_levels, **{"classification": False, **changes}
    )


def table(operation: str, n_rows: int = 800, n_columns: int = 5) -> tuple[np.ndarray, np.ndarray]:
    """A target that is an operation on columns 1 and 3."""
    rng = np.random.default_rng(0)
    X = rng.uniform(0.5, 3.0, size=(n_rows, n_columns))
    term = np.array([[1, 3, OPERATIONS.index(operation)]])
    return X, term_values(X, term)[:, 0] + 0.01 * rng.normal(size=n_rows)


class TestTerms:
    def test_every_operation_on_every_pair(self) -> None:
        terms = candidate_terms([4, 1, 2])
        assert {tuple(term) for term in terms} == {
            (*pair, code) for pair in ((4, 1), (4, 2), (1, 2)) for code in range(len(OPERATIONS))
        }
        assert candidate_terms([4]).shape == (0, 3)

    def test_values(self) -> None:
        X = np.array([[6.0, 3.0]])
        found = term_values(X, candidate_terms([0, 1]))
        assert dict(zip(OPERATIONS, found[0], strict=True)) == {
            "sum": 9.0,
            "difference": 3.0,
            "product": 18.0,
            "ratio": 2.0,
            "inverse_ratio": 0.5,
        }

    def test_missing_where_a_number_is_missing_or_divides_by_zero(self) -> None:
        X = np.array([[NAN, 1.0], [2.0, 0.0], [0.0, 0.0]])
        found = term_values(X, candidate_terms([0, 1]))
        ratio, inverse = OPERATIONS.index("ratio"), OPERATIONS.index("inverse_ratio")
        assert np.isnan(found[0]).all()
        assert np.isnan(found[1, ratio])
        assert found[1, inverse] == 0.0
        assert np.isnan(found[2, [ratio, inverse]]).all()

    def test_stay_in_range(self) -> None:
        X = np.array([[1e300, -1e300], [np.inf, 1e-300], [-np.inf, 5e-324]])
        with warnings.catch_warnings():
            warnings.simplefilter("error")
            found = term_values(X, candidate_terms([0, 1]))
        assert np.abs(found).max() <= LARGEST


class TestExplainedShare:
    def test_all_and_nothing(self) -> None:
        rng = np.random.default_rng(0)
        target = rng.normal(size=2000)
        values = np.column_stack([np.exp(target), rng.normal(size=2000), np.ones(2000)])
        shares = explained_share(values, target[:, None], None)
        assert shares[0] > 0.9
        assert shares[1] < 0.03
        assert shares[2] < 0.03

    def test_of_many_columns_as_of_each(self) -> None:
        values = np.random.default_rng(0).normal(size=(100, 600))
        left = values[:, [7, 590]] + 1.0
        together = explained_share(values, left, None)
        alone = [explained_share(values[:, [i]], left, None)[0] for i in range(600)]
        np.testing.assert_allclose(together, alone)
        assert set(np.argsort(-together)[:2]) == {7, 590}

    def test_rows_count_by_their_weight(self) -> None:
        rng = np.random.default_rng(0)
        values = rng.normal(size=(2000, 2))
        first = np.arange(2000) < 1000
        left = np.where(first, np.sign(values[:, 0]), np.sign(values[:, 1]))[:, None]
        shares = explained_share(values, left, np.where(first, 1.9, 0.1))
        assert shares[0] > 3 * shares[1]

    def test_nothing_is_left(self) -> None:
        assert explained_share(np.ones((50, 2)), np.zeros((50, 1)), None).tolist() == [0.0, 0.0]


class TestChoice:
    @pytest.mark.parametrize("operation", ["difference", "product", "ratio", "inverse_ratio"])
    def test_the_true_term_is_first(self, operation: str) -> None:
        X, y = table(operation)
        fitted = step((0,) * 5).fit(X, y)
        assert fitted.terms_[0].tolist() == [1, 3, OPERATIONS.index(operation)]

    @pytest.mark.parametrize("n_classes", [2, 3, 30])
    def test_of_classes(self, n_classes: int) -> None:
        X, y = table("difference", n_rows=1500)
        edges = np.quantile(y, np.linspace(0, 1, n_classes + 1)[1:-1])
        fitted = step((0,) * 5, classification=True).fit(X, np.digitize(y, edges))
        assert fitted.terms_[0].tolist() == [1, 3, OPERATIONS.index("difference")]

    def test_chance_alone_gives_next_to_nothing(self) -> None:
        X, y = table("difference", n_columns=8)
        shuffled = [np.random.default_rng(seed).permutation(y) for seed in range(5)]
        assert sum(len(step((0,) * 8).fit(X, other).terms_) for other in shuffled) <= 10

    def test_none_ranks_the_rows_as_another_does(self) -> None:
        X, y = table("ratio")
        X[:, 2], X[:, 4] = 2.0 * X[:, 1], -X[:, 3]
        y = y + X[:, 0] * X[:, 1]
        fitted = step((0,) * 5).fit(X, y)
        values = term_values(X, fitted.terms_)
        ranks = values.argsort(axis=0).argsort(axis=0)
        alike = np.abs(np.corrcoef(ranks.T)) - np.eye(len(fitted.terms_))
        assert len(fitted.terms_) > 1
        assert alike.max() < 0.985

    def test_categories_are_not_numbers(self) -> None:
        X, y = table("product")
        X[:, 0] = np.arange(len(X)) % 4
        y = y + X[:, 0]
        fitted = step((4, 0, 0, 0, 0)).fit(X, y)
        assert 0 not in fitted.terms_[:, :2]
        assert len(fitted.terms_) > 0

    def test_weights_decide_whose_term_it_is(self) -> None:
        X, _ = table("product", n_rows=1600)
        first = np.arange(1600) < 800
        y = np.where(first, X[:, 1] - X[:, 3], X[:, 0] - X[:, 2])
        for heavy, expected in ((first, {1, 3}), (~first, {0, 2})):
            row_metadata = RowMetadata(weights=np.where(heavy, 1.98, 0.02))
            fitted = step((0,) * 5).fit(X, y, row_metadata)
            assert set(fitted.terms_[0, :2]) == expected

    def test_models_do_not_see_the_groups_that_they_judge(self) -> None:
        """Without them, a column that tells groups apart would explain each group's level."""
        rng = np.random.default_rng(0)
        groups = np.repeat(np.arange(60), 20)
        X = np.column_stack([groups * 1.0, rng.normal(size=1200)])
        y = rng.normal(size=60)[groups] + 0.1 * rng.normal(size=1200)

        def left(row_metadata: RowMetadata) -> float:
            found = find_relevance(
                X, y, np.zeros(2, int), classification=False, seed=0, row_metadata=row_metadata
            )
            return float(found.residuals.var())

        assert left(RowMetadata(groups=groups)) > 1.3 * left(PLAIN)


class TestStep:
    def test_new_columns_stand_behind_the_others(self) -> None:
        X, y = table("difference")
        fitted = step((0,) * 5).fit(X, y)
        encoded = fitted.transform(X)
        np.testing.assert_array_equal(encoded[:, :5], X)
        np.testing.assert_allclose(encoded[:, 5], X[:, 1] - X[:, 3])

    def test_scaled_and_filled_like_the_table(self) -> None:
        X, y = table("difference")
        X[::9, 1] = NAN
        y = np.where(np.isnan(y), 0.0, y)
        base = TablePreprocessor((0,) * 5, classification=False)
        crossed = CrossingPreprocessor(
            base, (0,) * 5, scaling="standard", imputation="median", classification=False
        ).fit_transform(X, y)
        assert crossed.shape[1] > 5
        assert np.isfinite(crossed).all()
        np.testing.assert_allclose(np.median(crossed, axis=0), 0.0, atol=0.5)

    def test_wide_and_long_tables_stay_bounded(self, monkeypatch: pytest.MonkeyPatch) -> None:
        rng = np.random.default_rng(0)
        X = rng.normal(size=(5000, 1500))
        y = X[:, 700] - X[:, 1400] + X[:, 3] * X[:, 700]
        seen: list[tuple[int, ...]] = []
        boosted = relevance.small_boosted_model

        def spy(X: np.ndarray, *rest: Any) -> object:
            seen.append(X.shape)
            return boosted(X, *rest)

        monkeypatch.setattr(relevance, "small_boosted_model", spy)
        fitted = step((0,) * 1500).fit(X, y)
        assert max(rows for rows, _ in seen) <= 3000
        assert max(columns for _, columns in seen) <= 100
        assert 0 < len(fitted.terms_) <= MOST_TERMS
        assert fitted.terms_[0].tolist()[:2] in ([700, 1400], [1400, 700])
        assert fitted.transform(X[:3]).shape[1] <= 1500 + MOST_TERMS

    @pytest.mark.parametrize(
        ("X", "y"),
        [
            (np.ones((1, 3)), np.ones(1)),
            (np.arange(90.0)[:, None], np.arange(90.0)),
            (np.ones((90, 3)), np.arange(90.0)),
            (np.full((90, 3), NAN), np.arange(90.0)),
            (np.random.default_rng(0).normal(size=(90, 3)), np.ones(90)),
            (np.random.default_rng(0).normal(size=(39, 3)), np.arange(39.0)),
        ],
        ids=["one row", "one column", "constant", "empty", "one target value", "few rows"],
    )
    def test_nothing_to_cross(self, X: np.ndarray, y: np.ndarray) -> None:
        with warnings.catch_warnings():
            warnings.simplefilter("error")
            fitted = step((0,) * X.shape[1]).fit(X, y)
        assert fitted.terms_.shape == (0, 3)
        np.testing.assert_array_equal(fitted.transform(X), X)

    def test_absurd_targets_do_not_hide_the_others(self) -> None:
        X, y = table("difference")
        y[7] = 1e306
        with warnings.catch_warnings():
            warnings.simplefilter("error")
            assert len(step((0,) * 5).fit(X, y).terms_) <= MOST_TERMS

    def test_the_same_whenever_it_is_fitted(self) -> None:
        X, y = table("ratio", n_rows=4000)
        first, again = (step((0,) * 5, seed=3).fit(X, y).terms_ for _ in range(2))
        np.testing.assert_array_equal(first, again)

    def test_saved_and_loaded(self) -> None:
        X, y = table("ratio")
        fitted = step((0,) * 5).fit(X, y)
        loaded = saved_and_read(fitted)
        np.testing.assert_array_equal(loaded.transform(X), fitted.transform(X))


def test_choice_looks_at_leading_columns_only() -> None:
    X, y = table("product", n_columns=30)
    found = find_relevance(
        X, y, np.zeros(30, int), classification=False, seed=0, row_metadata=PLAIN
    )
    gains = np.where(np.arange(30) == 1, 0.0, found.gains)
    terms = choose_terms(X, np.arange(30), replace(found, gains=gains))
    assert 1 not in terms[:, :2]
