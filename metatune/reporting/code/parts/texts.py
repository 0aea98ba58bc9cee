"""Parts that make numbers of texts."""

from typing import Any, Self

import numpy as np
from scipy.sparse import csr_matrix, hstack
from sklearn.base import BaseEstimator, TransformerMixin
from sklearn.decomposition import TruncatedSVD
from sklearn.feature_extraction.text import HashingVectorizer, TfidfVectorizer
from sklearn.linear_model import Ridge
from sklearn.preprocessing import normalize

from metatune.data.columns.scripts import spaced
from metatune.reporting.code.parts.cells import to_texts
from metatune.reporting.code.parts.folds import deal_rows

__all__ = [
    "NgramCounter",
    "TextLengths",
    "TextModel",
    "TextTopics",
    "UnspacedTopics",
    "deal_texts",
    "text_columns",
    "text_targets",
    "texts_of",
]

SEED = 0
TEXTS = ["text"]


class TextTopics(TransformerMixin, BaseEstimator):  # type: ignore[misc]
    """Length of a text, its number of words, and latent topics of its words."""

    def __init__(self, n_topics: Any, seed: Any) -> None:
        self.n_topics = n_topics
        self.seed = seed

    def fit(self, texts: Any) -> Self:
        step = max(1, -(-len(texts) // 5000))  # of at most 5,000 texts, evenly spaced
        sample = [text for text in texts.fillna("").iloc[::step] if text]
        self.words_ = TfidfVectorizer(
            ngram_range=(1, 2),
            sublinear_tf=True,
            strip_accents="unicode",
            token_pattern=r"(?u)\b\w+\b",
            max_features=10_000,
            min_df=2 if len(sample) > 50 else 1,
        )
        counts = self.words_.fit_transform(self.words_of(sample))
        with np.errstate(divide="ignore", invalid="ignore"):  # texts alike: no variance
            self.topics_ = TruncatedSVD(self.n_topics, random_state=self.seed).fit(counts)
        return self

    def transform(self, texts: Any) -> Any:
        known = texts.fillna("")
        topics = (
            self.words_.transform(self.words_of(known))
            @ self.topics_.components_.astype(np.float32).T
        )
        columns = np.column_stack([known.str.len(), known.str.count(" ") + 1, topics])
        columns[texts.isna()] = np.nan
        return columns

    def words_of(self, texts: Any) -> Any:
        return texts


class UnspacedTopics(TextTopics):
    """Topics of texts that are written without blanks: each character counts as a word."""

    def words_of(self, texts: Any) -> Any:
        return [spaced(text) for text in texts]


class TextLengths(TransformerMixin, BaseEstimator):  # type: ignore[misc]
    """Length of a text and its number of words."""

    def fit(self, texts: Any) -> Self:  # noqa: ARG002  # nothing is learned
        return self

    def transform(self, texts: Any) -> Any:
        columns = np.column_stack([texts.str.len(), texts.str.count(" ") + 1])
        return columns.astype(np.float64)


class NgramCounter(BaseEstimator):  # type: ignore[misc]
    """Weighted counts of the words, pairs of words and runs of characters of texts, hashed.

    N-grams count that occur in two texts or more; at most so many of them that all columns
    together have 131,072.
    """

    def __init__(self, word_length: Any, piece_length: Any) -> None:
        self.word_length = word_length
        self.piece_length = piece_length

    def fit_transform(self, texts: Any) -> Any:
        counted = self._counts(texts)
        most = 2**17 // len(counted)
        self.known_ = []
        for counts in counted:
            n_texts = np.bincount(counts.indices, minlength=2**18)
            places = np.flatnonzero(n_texts >= 2)
            if len(places) > most:
                places = np.sort(places[np.argsort(-n_texts[places], kind="stable")[:most]])
            idf = np.log((1 + counts.shape[0]) / (1 + n_texts[places])) + 1
            self.known_.append((places, idf.astype(np.float32)))
        return self._weighted(counted)

    def transform(self, texts: Any) -> Any:
        return self._weighted(self._counts(texts))

    def _counts(self, texts: Any) -> Any:
        options = {
            "n_features": 2**18,
            "alternate_sign": False,
            "norm": None,
            "strip_accents": "unicode",
            "token_pattern": r"(?u)\b\w+\b",
            "dtype": np.float32,
        }
        words = HashingVectorizer(analyzer="word", ngram_range=(1, 2), **options)
        pieces = HashingVectorizer(analyzer="char_wb", ngram_range=(2, 5), **options)
        counted = []
        for cells in texts:
            counted.append(words.transform([text[: self.word_length] for text in cells]))
            if self.piece_length:
                counted.append(pieces.transform([text[: self.piece_length] for text in cells]))
        return counted

    def _weighted(self, counted: Any) -> Any:
        blocks = []
        for counts, (places, idf) in zip(counted, self.known_, strict=True):
            at = np.searchsorted(places, counts.indices)
            known = np.append(places, -1)[at] == counts.indices
            data = (1 + np.log(counts.data[known])) * idf[at[known]]
            ends = np.concatenate([[0], np.cumsum(known)])[counts.indptr]
            shape = counts.shape[0], len(places)
            blocks.append(normalize(csr_matrix((data, at[known], ends), shape=shape), copy=False))
        return hstack(blocks, format="csr", dtype=np.float32)


def texts_of(table: Any) -> Any:
    """Return the cells of each text column, empty where they are missing."""
    return [to_texts(table[name]).fillna("").tolist() for name in TEXTS]


def text_targets(y: Any) -> Any:
    """Return what texts are to predict."""
    return y[:, None].astype(np.float32)


def deal_texts(y: Any) -> Any:
    """Deal rows to four folds."""
    return deal_rows(y, 4, SEED)


class TextModel(BaseEstimator):  # type: ignore[misc]
    """Ridge regression of the target on the n-grams of texts.

    Training rows get predictions of models of other rows.
    """

    def fit_transform(self, counts: Any, targets: Any, y: Any) -> Any:
        fold = deal_texts(y)
        self.base_ = np.average(targets, axis=0).astype(np.float32)
        targets = targets - self.base_
        first = fold == 0

        def loss(strength: Any) -> Any:
            weights = self._ridge(counts[~first], targets[~first], strength)
            return mean_square(targets[first] - counts[first] @ weights)

        strength = min((1.0, 3.0, 10.0), key=loss)
        said = np.zeros_like(targets)
        for k in np.unique(fold):
            inside, outside = fold == k, fold != k
            weights = self._ridge(counts[outside], targets[outside], strength)
            said[inside] = counts[inside] @ weights
        self.weights_ = self._ridge(counts, targets, strength)
        if mean_square(targets - said) >= mean_square(targets):
            said[:], self.weights_[:] = 0.0, 0.0  # on rows held out the texts do not help
        return said + self.base_

    def transform(self, counts: Any) -> Any:
        return np.asarray(counts @ self.weights_ + self.base_, dtype=np.float32)

    def _ridge(self, counts: Any, targets: Any, strength: Any) -> Any:
        ridge = Ridge(strength, fit_intercept=False, solver="sparse_cg", tol=1e-2, max_iter=100)
        ridge.fit(counts, targets)
        return np.asarray(ridge.coef_, dtype=np.float32).reshape(targets.shape[1], -1).T


def mean_square(errors: Any) -> Any:
    """Return the mean over rows of the sum of squared errors."""
    return (errors**2).sum(axis=1, dtype=np.float64).mean()


def text_columns(name: Any, encoder: Any, texts: Any) -> Any:
    """Return the columns that an encoder makes of texts."""
    matrix = encoder.transform(texts)
    names = ["length", "words", *(f"topic {i}" for i in range(matrix.shape[1] - 2))]
    return {f"{name}: {part}": matrix[:, i] for i, part in enumerate(names)}
