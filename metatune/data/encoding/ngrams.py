"""Texts as sparse, weighted counts of their words and of pieces of words.

Words tell what a text is about; runs of two to five characters also know names, codes and misspelt
words. Both are hashed (Weinberger et al. 2009, "Feature hashing for large scale multitask
learning"), so that nothing has to be kept of a word but where it fell.
"""

from typing import TYPE_CHECKING, Any

import numpy as np
from sklearn.base import BaseEstimator, TransformerMixin

if TYPE_CHECKING:
    from collections.abc import Iterable

    from scipy.sparse import csr_matrix

    from metatune._typing import Float32Array, Int32Array

__all__ = ["N_HASHED", "NgramCounter"]

N_HASHED = 2**18
"""Number of places that the n-grams of one kind of a column are hashed to."""

_MAX_KEPT = 2**17  # places over all columns and kinds: those with the most texts of each
_LEAST_TEXTS = 2  # that an n-gram occurs in to be kept


class NgramCounter(TransformerMixin, BaseEstimator):  # type: ignore[misc]
    """Count the n-grams of text columns, each column and kind of n-gram apart.

    Counts are dampened by their logarithm and weighted by inverse document frequency; what a cell
    gives of one kind has the length 1.

    Parameters
    ----------
    word_length : int
        Characters of a cell that are read for words and pairs of words, at most.
    piece_length : int
        The same for runs of characters; 0 leaves them out.

    Attributes
    ----------
    places_ : list of ndarray, int32
        For each column and kind the places that occur in several texts, ascending.
    idf_ : list of ndarray, float32
        Their inverse document frequencies.
    n_features_ : int
        Places over all columns and kinds.
    """

    def __init__(self, word_length: int = 2_000, piece_length: int = 300) -> None:
        self.word_length = word_length
        self.piece_length = piece_length

    def fit(self, X: list[list[str]], y: Any = None) -> "NgramCounter":  # noqa: ARG002
        """Learn which n-grams occur; see `fit_transform`."""
        self.fit_transform(X)
        return self

    def fit_transform(self, X: list[list[str]], y: Any = None) -> "csr_matrix":  # noqa: ARG002
        """Learn which n-grams occur in at least two texts, and count them.

        Parameters
        ----------
        X : list of list of str
            The cells of each column, empty where missing.
        y : ignored

        Returns
        -------
        csr_matrix of shape (n_rows, n_features_), float32
        """
        self.places_: list[Int32Array] = []
        self.idf_: list[Float32Array] = []
        blocks = []
        share = _MAX_KEPT // max(1, len(X) * (2 if self.piece_length else 1))
        for counts in self._counted(X):
            n_texts = np.bincount(counts.indices, minlength=N_HASHED)
            kept = np.flatnonzero(n_texts >= _LEAST_TEXTS)
            if len(kept) > share:
                kept = np.sort(kept[np.argsort(-n_texts[kept], kind="stable")[:share]])
            idf = np.log((1 + counts.shape[0]) / (1 + n_texts[kept])) + 1
            self.places_.append(kept.astype(np.int32))
            self.idf_.append(idf.astype(np.float32))
            blocks.append(_weighted(counts, self.places_[-1], self.idf_[-1]))
        self.n_features_ = sum(map(len, self.places_))
        return _side_by_side(blocks)

    def transform(self, X: list[list[str]]) -> "csr_matrix":
        """Count the known n-grams of new cells."""
        parts = zip(self._counted(X), self.places_, self.idf_, strict=True)
        return _side_by_side([_weighted(*part) for part in parts])

    def _counted(self, X: list[list[str]]) -> "Iterable[csr_matrix]":
        words = _hasher(analyzer="word", ngram_range=(1, 2))
        pieces = _hasher(analyzer="char_wb", ngram_range=(2, 5))
        for texts in X:
            yield words.transform([text[: self.word_length] for text in texts])
            if self.piece_length:
                yield pieces.transform([text[: self.piece_length] for text in texts])


def _hasher(**options: Any) -> Any:
    from sklearn.feature_extraction.text import HashingVectorizer

    return HashingVectorizer(
        n_features=N_HASHED,
        alternate_sign=False,
        norm=None,
        strip_accents="unicode",
        token_pattern=r"(?u)\b\w+\b",
        dtype=np.float32,
        **options,
    )


def _weighted(counts: "csr_matrix", places: "Int32Array", idf: "Float32Array") -> "csr_matrix":
    from scipy.sparse import csr_matrix
    from sklearn.preprocessing import normalize

    shape = counts.shape[0], len(places)
    if not len(places):
        return csr_matrix(shape, dtype=np.float32)
    # Looking each n-gram up is many times as fast as picking columns, above all of a single row.
    at = np.searchsorted(places, counts.indices)
    known = np.append(places, -1)[at] == counts.indices
    data = (1 + np.log(counts.data[known])) * idf[at[known]]
    ends = np.concatenate([[0], np.cumsum(known)])[counts.indptr]
    return normalize(csr_matrix((data, at[known], ends), shape=shape), copy=False)


def _side_by_side(blocks: "list[csr_matrix]") -> "csr_matrix":
    from scipy.sparse import hstack

    return hstack(blocks, format="csr", dtype=np.float32)
