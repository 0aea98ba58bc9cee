"""Text columns as a few numbers: latent semantic analysis of words.

Deerwester et al. 1990, "Indexing by latent semantic analysis". The weighting and the decomposition
are scikit-learn's; this module only bounds their cost and handles missing cells.
"""

from typing import TYPE_CHECKING, Any, Self

import numpy as np
from sklearn.base import BaseEstimator, TransformerMixin

from metatune.data.columns.scripts import count_words, spaced

if TYPE_CHECKING:
    import pandas as pd
    from sklearn.feature_extraction.text import TfidfVectorizer

    from metatune._typing import FloatArray

__all__ = ["TextEncoder", "text_seconds"]

_FIT_ROWS = 5_000
_UNSPACED = 1.5  # times as many words as blanks tell
_MAX_WORDS = 10_000
_SECONDS_PER_CHARACTER = 4.5e-7  # splitting into words and counting them, on one core


class TextEncoder(TransformerMixin, BaseEstimator):  # type: ignore[misc]
    """Encode one text column as latent components, plus its length and number of words.

    Parameters
    ----------
    n_components : int
        Latent components at most; fewer where the vocabulary is small. 0 leaves the words alone.
    random_state : int
        Seed of the randomised decomposition.

    Attributes
    ----------
    names_ : list of str
        Names of the columns of the output.
    unspaced_ : bool
        Whether most texts have no blanks between words, so that each character counts as one.
    vocabulary_ : str
        Words and pairs of words, one in a line; empty if there are none.
    idf_ : ndarray of shape (n_words,)
        Their inverse document frequencies.
    components_ : ndarray of shape (n_components, n_words), float32
        The latent components.
    """

    def __init__(self, n_components: int = 30, random_state: int = 0) -> None:
        self.n_components = n_components
        self.random_state = random_state

    def fit(self, X: "pd.Series[Any]", y: Any = None) -> Self:  # noqa: ARG002
        """Learn vocabulary and components from at most 5,000 evenly spaced cells."""
        from sklearn.decomposition import TruncatedSVD

        sample = _sample(X) if self.n_components else []
        vectorizer = _vectorizer(max_features=_MAX_WORDS, min_df=2 if len(sample) > 50 else 1)
        self.unspaced_ = sum(map(count_words, sample)) > _UNSPACED * sum(
            len(text.split()) for text in sample
        )
        self.vocabulary_ = ""
        try:
            weights = vectorizer.fit_transform(self._words(sample))
        except ValueError:  # no word at all is left: only length and number of words remain
            weights = np.empty((0, 0))
        n_components = min(self.n_components, min(weights.shape) - 1)
        if n_components >= 1:
            with np.errstate(divide="ignore", invalid="ignore"):  # texts alike: no variance
                svd = TruncatedSVD(n_components, random_state=self.random_state).fit(weights)
            # A model file with a node for each word would take seconds to write.
            self.vocabulary_ = "\n".join(vectorizer.get_feature_names_out())
            self.idf_ = vectorizer.idf_
            self.components_ = svd.components_.astype(np.float32)
        latent = n_components if self.vocabulary_ else 0
        self.names_ = ["length", "words", *(f"topic {i}" for i in range(latent))]
        return self

    def transform(self, X: "pd.Series[Any]") -> "FloatArray":
        """Return an array of shape (n_rows, len(names_)); NaN where the cell is missing."""
        texts = _texts(X)
        out = np.empty((len(texts), len(self.names_)))
        out[:, 0] = [len(text) for text in texts]
        out[:, 1] = [text.count(" ") + 1 for text in texts]
        if self.vocabulary_:
            vectorizer = _vectorizer(vocabulary=self.vocabulary_.split("\n"))
            vectorizer.idf_ = self.idf_
            out[:, 2:] = vectorizer.transform(self._words(texts)) @ self.components_.T
        out[np.asarray(X.isna(), dtype=bool)] = np.nan
        return out

    def _words(self, texts: list[str]) -> list[str]:
        return [spaced(text) for text in texts] if self.unspaced_ else texts


def text_seconds(column: "pd.Series[Any]") -> float:
    """Predict the seconds of fitting and transforming a column, from the lengths of its cells.

    Prediction instead of measurement, so that what is done depends on the data alone.
    """
    lengths = [len(text) for text in _sample(column)]
    n_cells = len(column) * len(lengths) / max(1, min(len(column), _FIT_ROWS))
    mean = float(np.mean(lengths)) if lengths else 0.0
    return _SECONDS_PER_CHARACTER * mean * (len(lengths) + n_cells)


def _sample(column: "pd.Series[Any]") -> list[str]:
    step = max(1, -(-len(column) // _FIT_ROWS))
    return [text for text in _texts(column.iloc[::step]) if text]


def _vectorizer(**options: Any) -> "TfidfVectorizer":
    from sklearn.feature_extraction.text import TfidfVectorizer

    return TfidfVectorizer(
        ngram_range=(1, 2),
        sublinear_tf=True,
        strip_accents="unicode",
        token_pattern=r"(?u)\b\w+\b",
        dtype=np.float64,
        **options,
    )


def _texts(column: "pd.Series[Any]") -> list[str]:
    return column.astype("str").where(column.notna(), "").tolist()
