"""Attribution of one prediction to the columns, by sampling of Shapley values.

A row's prediction differs from the mean prediction of background rows. The columns of a background
row are replaced by those of the explained row one after the other, in random orders; what each
replacement changes, averaged over orders and background rows, is the column's share (Strumbelj and
Kononenko 2014, "Explaining prediction models and individual predictions with feature
contributions"). Every order is walked backwards as well, which lowers the variance (Mitchell et al.
2022, "Sampling permutations for Shapley value estimation"). The shares add up to the difference.
"""

import warnings
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from metatune.reporting.blocks import Block

if TYPE_CHECKING:
    from metatune._typing import FloatArray, IndexArray

__all__ = ["Contribution", "RowExplanation", "explain_row"]

_LEAST_PAIRS, _MOST_PAIRS = 8, 100  # of orders, forwards and backwards
_MOST_ROWS = 40_000  # that are predicted, by default
_MOST_CELLS = 4_000_000  # at once
_MOST_BLOCKS = 200  # that are told apart; the others count together


@dataclass(frozen=True, slots=True, kw_only=True)
class Contribution:
    """Share of a column in a prediction.

    Attributes
    ----------
    columns : tuple of str
        Its name; several where texts are read together.
    value : str
        Its value in the row; empty where it cannot be told in a few words.
    share : float
        Change of the prediction that is due to it.
    error : float
        Standard error of that, from the sampling.
    """

    columns: tuple[str, ...]
    value: str
    share: float
    error: float


@dataclass(frozen=True, slots=True, kw_only=True)
class RowExplanation:
    """Explanation of a single prediction.

    Attributes
    ----------
    output : str
        Class whose probability is explained; "prediction" for regression.
    prediction : float
        Of the row.
    baseline : float
        Mean prediction of the background rows that were drawn.
    contributions : tuple of Contribution
        The largest first; their shares add up to the prediction less the baseline.
    n_background : int
        Background rows.
    """

    output: str
    prediction: float
    baseline: float
    contributions: tuple[Contribution, ...]
    n_background: int


def explain_row(
    predict: "Callable[[FloatArray], FloatArray]",
    row: "FloatArray",
    background: "FloatArray",
    blocks: Sequence[Block],
    *,
    output: str,
    seed: int = 0,
) -> RowExplanation:
    """Attribute the prediction of a row to the columns of its table.

    Parameters
    ----------
    predict : callable
        Predicts encoded matrices: one number for each row.
    row : ndarray of shape (n_matrix_columns,)
        Encoded.
    background : ndarray of shape (n_background, n_matrix_columns)
        Encoded rows that it is compared with; at least one.
    blocks : sequence of Block
        Columns of the table in the matrix, the most important ones first: of very many, the last
        ones are taken together.
    output : str
        Name of what is predicted.
    seed : int
        Seed of the orders.
    """
    rng = np.random.default_rng(seed)
    blocks = _told_apart(blocks)
    n_blocks = len(blocks)
    n_pairs = int(np.clip(_MOST_ROWS // (2 * (n_blocks + 1)), _LEAST_PAIRS, _MOST_PAIRS))
    chosen = np.resize(rng.permutation(len(background)), n_pairs)
    orders = [way for _ in range(n_pairs) for way in _both_ways(rng.permutation(n_blocks))]
    walks = [(background[chosen[place // 2]], order) for place, order in enumerate(orders)]
    with warnings.catch_warnings(), np.errstate(all="ignore"):
        warnings.simplefilter("ignore")
        values = _predict_all(predict, row, walks, blocks)
    shares = np.zeros((len(walks), n_blocks))
    for place, order in enumerate(orders):
        shares[place, order] = np.diff(values[place])
    of_pairs = shares.reshape(n_pairs, 2, n_blocks).mean(axis=1)
    errors = of_pairs.std(axis=0, ddof=1) / np.sqrt(n_pairs)
    found = [
        Contribution(
            columns=block.names,
            value=block.label(row),
            share=float(share),
            error=float(error),
        )
        for block, share, error in zip(blocks, of_pairs.mean(axis=0), errors, strict=True)
    ]
    return RowExplanation(
        output=output,
        prediction=float(values[0, -1]),
        baseline=float(values[:, 0].mean()),
        contributions=tuple(sorted(found, key=lambda one: -abs(one.share))),
        n_background=len(background),
    )


def _both_ways(order: "IndexArray") -> "tuple[IndexArray, IndexArray]":
    return order, order[::-1]


def _told_apart(blocks: Sequence[Block]) -> Sequence[Block]:
    """Take the last of very many blocks together."""
    if len(blocks) <= _MOST_BLOCKS:
        return blocks
    rest = blocks[_MOST_BLOCKS - 1 :]
    positions = tuple(position for block in rest for position in block.positions)
    names = (f"{len(rest)} other columns",)
    return [*blocks[: _MOST_BLOCKS - 1], Block(names=names, kind="text", positions=positions)]


def _walk(
    row: "FloatArray", start: "FloatArray", blocks: Sequence[Block], order: "IndexArray"
) -> "FloatArray":
    """Return the rows from a background row to the explained one, (n_blocks + 1, n_columns)."""
    steps = np.tile(start, (len(blocks) + 1, 1))
    for place, number in enumerate(order, start=1):
        columns = list(blocks[number].positions)
        steps[place:, columns] = row[columns]
    return steps


def _predict_all(
    predict: "Callable[[FloatArray], FloatArray]",
    row: "FloatArray",
    walks: "list[tuple[FloatArray, IndexArray]]",
    blocks: Sequence[Block],
) -> "FloatArray":
    """Predict all rows of all walks, many at once, (n_walks, n_steps)."""
    at_once = max(1, _MOST_CELLS // ((len(blocks) + 1) * len(row)))
    parts = []
    for first in range(0, len(walks), at_once):
        part = walks[first : first + at_once]
        parts.append(predict(np.concatenate([_walk(row, b, blocks, o) for b, o in part])))
    return np.asarray(np.concatenate(parts)).reshape(len(walks), -1)
