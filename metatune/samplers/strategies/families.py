"""Families for methods that know only one: those with better results are continued more often."""

from collections.abc import Collection, Sequence
from typing import TYPE_CHECKING

import numpy as np

from metatune.samplers.strategies.seen import Seen

if TYPE_CHECKING:
    from metatune._typing import FloatArray

__all__ = ["draw_family", "family_chances"]


def family_chances(seen: Sequence[Seen], families: Sequence[str]) -> "FloatArray":
    """Return the probabilities of families to be next.

    They fall with the square of the rank by the best result; all untried ones come behind the last.

    Parameters
    ----------
    seen : sequence of Seen
        Results so far.
    families : sequence of str
        Names of the families.

    Returns
    -------
    ndarray of shape (n_families,)
    """
    ranked = sorted(seen, key=lambda one: one.loss)
    order = list(dict.fromkeys(one.configuration.algorithm for one in ranked))
    ranks = [order.index(name) if name in order else len(order) for name in families]
    chances = 1.0 / (1.0 + np.array(ranks, dtype=np.float64)) ** 2
    return np.asarray(chances / chances.sum())


def draw_family(seen: Sequence[Seen], families: Collection[str], rng: np.random.Generator) -> str:
    """Draw the family that is next."""
    names = sorted(families)
    return names[int(rng.choice(len(names), p=family_chances(seen, names)))]
