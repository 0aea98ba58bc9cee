"""Selection of crossings by their relevance to the residuals."""

from typing import TYPE_CHECKING

import numpy as np

from metatune.algorithms.crossings.arithmetic import candidate_terms, term_values
from metatune.algorithms.crossings.relevance import Relevance, explained_share

if TYPE_CHECKING:
    from metatune._typing import FloatArray, IndexArray, IntArray


__all__ = ["MOST_TERMS", "choose_terms"]

MOST_TERMS = 20
"""Maximum number of columns that arithmetic adds."""

_MOST_COLUMNS = 10  # that are paired: 45 pairs
_SHORTLIST = 80
_ALIKE = 0.98  # rank correlation from which a term says nothing new
LEAST = 3.0  # standard deviations of chance by which a term beats both of its columns


def choose_terms(X: "FloatArray", numbers: "IndexArray", relevance: Relevance) -> "IntArray":
    """Choose the terms that explain most of the residuals.

    A term counts by what it explains of the residuals beyond the better of its two columns, and
    is passed over if it ranks the rows as a better one does (cf. Zhang et al., 2023, who judge
    crossings by what they add to the predictions of a boosted model).

    Parameters
    ----------
    X : ndarray of shape (n_rows, n_columns)
        Training rows.
    numbers : ndarray of int
        Columns that hold numbers.
    relevance : Relevance
        Relevance of the columns, with the residuals.

    Returns
    -------
    ndarray of shape (n_terms, 3)
        See `candidate_terms`; the best first.
    """
    terms = candidate_terms(sorted(relevance.leading(numbers, _MOST_COLUMNS)))
    values = term_values(X[relevance.rows], terms)
    shares = explained_share(values, relevance.residuals, relevance.weights)
    excess = shares - relevance.shares[terms[:, :2]].max(axis=1, initial=0.0)
    ranked = np.argsort(-excess, kind="stable")[:_SHORTLIST]
    ranked = ranked[excess[ranked] > LEAST * relevance.chance]
    return np.asarray(terms[ranked[_unlike(values[:, ranked])]])


def _unlike(values: "FloatArray") -> "IndexArray":
    """Return the positions of columns that rank the rows differently from all earlier ones."""
    ranks = np.argsort(np.argsort(values, axis=0, kind="stable"), axis=0, kind="stable")
    centred = ranks - ranks.mean(axis=0)
    scaled = centred / np.maximum(np.sqrt((centred**2).sum(axis=0)), 1e-12)
    kept: list[int] = []
    for place in range(scaled.shape[1]):
        if len(kept) == MOST_TERMS:
            break
        if not kept or np.abs(scaled[:, kept].T @ scaled[:, place]).max() < _ALIKE:
            kept.append(place)
    return np.asarray(kept, dtype=np.intp)
