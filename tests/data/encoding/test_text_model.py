"""The model of texts: what it learns, what it owes to whom, what it keeps."""

import numpy as np
import pytest

from metatune.data.encoding.ngrams import NgramCounter
from metatune.data.encoding.text_model import TextModel, text_targets
from metatune.data.row_metadata import RowMetadata
from metatune.kinds import TaskKind

GOOD = ("love it", "works great", "excellent sound", "very happy")
BAD = ("broken again", "waste of money", "stopped working", "sends noise")


def make_reviews(n_rows: int = 200, seed: int = 0) -> tuple[list[list[str]], np.ndarray]:
    rng = np.random.default_rng(seed)
    y = rng.integers(0, 2, n_rows)
    told = [rng.choice(GOOD if label else BAD) for label in y]
    return [[f"{text} today {rng.integers(9)}" for text in told]], y


def make_noise(n_rows: int, seed: int) -> tuple[list[list[str]], np.ndarray]:
    rng = np.random.default_rng(seed)
    words = np.array([f"word{i}" for i in range(60)])
    texts = [" ".join(rng.choice(words, 4)) for _ in range(n_rows)]
    return [texts], rng.normal(size=n_rows)


def test_counts_have_the_length_one_for_each_column_and_kind() -> None:
    counts = NgramCounter().fit_transform([["red car", "red bus"], ["one", "one"]])
    lengths = np.sqrt(np.asarray(counts.multiply(counts).sum(axis=1)).ravel())
    assert lengths == pytest.approx([2.0, 2.0])


def test_an_empty_cell_and_unknown_words_count_nothing() -> None:
    counter = NgramCounter().fit([["red car", "red bus", ""]])
    assert counter.transform([["", "xyzzy"]]).nnz == 0


def test_no_more_is_read_than_was_allowed() -> None:
    counter = NgramCounter(word_length=3, piece_length=0).fit([["red car", "red bus"]])
    assert counter.n_features_ == 1


def test_columns_are_counted_apart() -> None:
    counter = NgramCounter().fit([["red", "red"], ["blue", "blue"]])
    assert counter.transform([["blue"], ["red"]]).nnz == 0


def test_texts_that_tell_the_class_are_understood() -> None:
    texts, y = make_reviews()
    model = TextModel("binary")
    columns = model.fit_transform(texts, y)
    assert columns.shape == (200, 1)
    new, truth = make_reviews(seed=1)
    assert ((model.transform(new)[:, 0] > 0.5) == truth).mean() > 0.95
    assert ((columns[:, 0] > 0.5) == y).mean() > 0.95


def test_labels_may_be_words() -> None:
    texts, y = make_reviews()
    said = TextModel("binary").fit_transform(texts, np.where(y == 1, "yes", "no"))
    assert np.array_equal(said, TextModel("binary").fit_transform(texts, y))


def test_of_many_classes_the_most_frequent_have_columns() -> None:
    y = np.repeat(np.arange(12), np.arange(1, 13))
    targets = text_targets(y, TaskKind.MULTICLASS)
    assert targets.shape == (78, 8)
    assert targets.sum(axis=0).tolist() == [12, 11, 10, 9, 8, 7, 6, 5]


def test_a_rows_own_target_does_not_enter_its_column() -> None:
    texts, y = make_reviews(60)
    model = TextModel("regression")
    counts, row_metadata = model.count(texts), RowMetadata(groups=np.repeat(np.arange(12), 5))
    targets = text_targets(y.astype(float), TaskKind.REGRESSION)
    before = model.cross_fit(counts, targets, y.astype(float), row_metadata).columns
    targets[:5] += 100.0
    targets[5:10] -= 100.0  # the mean of all, which is the base of every column, stays
    after = model.cross_fit(counts, targets, y.astype(float), row_metadata).columns
    assert not np.allclose(before[10:], after[10:])
    changed = np.abs(after[:10] - before[:10]).max()
    assert changed < np.abs(after[10:] - before[10:]).max()


def test_useless_texts_give_a_constant_column() -> None:
    silent = 0
    for seed in range(5):
        texts, y = make_noise(300, seed)
        silent += np.ptp(TextModel("regression").fit_transform(texts, y)) == 0.0
    assert silent >= 3


def test_weights_of_rows_count() -> None:
    texts = [["red car"] * 40 + ["blue bus"] * 40]
    y = np.tile([0.0, 1.0], 40)
    weights = np.where(np.r_[np.zeros(40), np.ones(40)] == y, 1.9, 0.1)
    model = TextModel("regression")
    counts = model.count(texts)
    said = model.cross_fit(
        counts, text_targets(y, TaskKind.REGRESSION), y, RowMetadata(weights=weights)
    )
    assert said.columns[:40].max() < said.columns[40:].min()


def test_the_same_rows_give_the_same_model() -> None:
    texts, y = make_reviews()
    one, other = TextModel("binary").fit(texts, y), TextModel("binary").fit(texts, y)
    assert np.array_equal(one.weights_, other.weights_)
