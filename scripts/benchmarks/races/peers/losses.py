"""Tables that a system lost to the best of the others."""

from dataclasses import dataclass

import numpy as np

from benchmarks.races.peers.scores import Field, meet

__all__ = ["Loss", "losses_of"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Loss:
    """Table that a system lost by more than a tie.

    Attributes
    ----------
    table : str
        Name.
    best : str
        Best of the other systems.
    gap : float
        Difference of the normalised scores; NaN where the table has none.
    """

    table: str
    best: str
    gap: float


def losses_of(field: Field, of: str) -> list[Loss]:
    """Return the tables of a comparison that a system lost, the largest loss first."""
    if of not in field.systems:
        return []
    others = [name for name in field.systems if name != of]
    ranks, scores = field.ranks[others].T.to_dict(), field.scores.T.to_dict()
    met = {n: meet(field.runs, (of, field.budget), (n, field.budget)).verdicts for n in others}
    found = []
    for table in field.tables:
        best = min(others, key=ranks[table].__getitem__)
        if met[best][table] < 0:
            gap = scores[table][best] - scores[table][of]
            found.append(Loss(table=table, best=best, gap=float(gap)))
    return sorted(found, key=lambda loss: -np.nan_to_num(loss.gap))
