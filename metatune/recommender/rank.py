"""The recommender: from meta-features to a ranked list of configurations."""

from collections.abc import Mapping
from typing import TYPE_CHECKING

import numpy as np

from metatune.algorithms.base import Algorithm, Shape
from metatune.data.fingerprint import Fingerprint
from metatune.kinds import TaskKind
from metatune.metadataset.store import MetaDataset
from metatune.metafeatures import FEATURE_NAMES, MetaFeatures
from metatune.metrics import Metric
from metatune.recommender.cost import CostModel
from metatune.recommender.familiarity import familiarity
from metatune.recommender.past import Past, collect_past
from metatune.recommender.portfolio import greedy_order
from metatune.recommender.proximity import Proximity
from metatune.recommender.recommendation import Neighbour, Recommendation, Recommendations

if TYPE_CHECKING:
    from numpy.typing import NDArray

    FloatArray = NDArray[np.float64]

__all__ = ["recommend_configurations"]

_PATIENCE = 0.05  # share of the budget below which the cost of a trial does not matter
_UNIFORM = 0.1  # weight that all past datasets share, against over-confidence in a few
_N_NEIGHBOURS = 5


def recommend_configurations(  # noqa: PLR0913
    features: MetaFeatures,
    *,
    kind: TaskKind,
    shape: Shape,
    n_folds: int,
    metric: Metric,
    budget_seconds: float,
    metadata: MetaDataset,
    algorithms: Mapping[str, Algorithm],
    fingerprint: Fingerprint | None = None,
    seed: int = 0,
) -> Recommendations:
    """Rank the pool's configurations for a dataset.

    Parameters
    ----------
    features : MetaFeatures
        Of the new dataset.
    kind : TaskKind
        What is predicted.
    shape : Shape
        Training rows of a fold, columns, classes.
    n_folds : int
        Folds of the top rung, for the expected seconds.
    metric : Metric
        What is optimised.
    budget_seconds : float
        Seconds that the search may take; short budgets prefer cheap configurations.
    metadata : MetaDataset
        Past evaluations.
    algorithms : Mapping of str to Algorithm
        The families that may be used: allowed by the user and within their limits.
    fingerprint : Fingerprint, optional
        Of the new dataset; past datasets that hold the same data are left out.
    seed : int
        Seed of the proximity forest.

    Returns
    -------
    Recommendations
    """
    past = collect_past(metadata, kind, metric)
    same = _same_family(past, fingerprint)
    excluded = tuple(past.datasets.loc[same, "dataset"])
    past = past.without(same)
    usable = np.array([c.algorithm in algorithms for c in past.configurations])
    proximity = Proximity.fit(past.features, past.regret, seed)
    own = features.to_array(FEATURE_NAMES)
    near = proximity.weights(own)
    weights = (1 - _UNIFORM) * near + _UNIFORM / len(near)
    seconds = CostModel.fit(past).seconds(shape) * n_folds
    regret = _completed(past.regret, weights)
    positions = np.flatnonzero(usable)
    order = greedy_order(
        regret[:, positions], weights, seconds[positions], _PATIENCE * budget_seconds
    )
    expected = weights @ regret
    ranked = tuple(
        Recommendation(
            rank=rank,
            configuration=past.configurations[column].with_origin("portfolio"),
            expected_regret=float(expected[column]),
            expected_seconds=float(seconds[column]),
        )
        for rank, column in enumerate(positions[order], start=1)
    )
    return Recommendations(
        ranked=ranked,
        neighbours=_neighbours(past, near, usable),
        familiarity=familiarity(past.features, own, proximity.importances),
        n_datasets=len(near),
        excluded=excluded,
    )


def _same_family(past: Past, fingerprint: Fingerprint | None) -> "NDArray[np.bool_]":
    """Find past datasets with this content, and those of their families: all of them would leak."""
    if fingerprint is None:
        return np.zeros(len(past.datasets), dtype=bool)
    known = [Fingerprint.parse(text) for text in past.datasets["fingerprint"]]
    same = np.array([fingerprint.same_data(other) for other in known])
    families = past.datasets.loc[same, "family"]
    return past.datasets["family"].isin(families).to_numpy()


def _completed(regret: "FloatArray", weights: "FloatArray") -> "FloatArray":
    """Fill in what was never evaluated: the weighted mean of the configuration elsewhere."""
    known = np.isfinite(regret)
    filled = np.where(known, regret, 0.0)
    mass = weights @ known
    mean = np.where(mass > 0, (weights @ filled) / np.where(mass > 0, mass, 1.0), 1.0)
    return np.where(known, regret, mean)


def _neighbours(
    past: Past, near: "FloatArray", usable: "NDArray[np.bool_]"
) -> tuple[Neighbour, ...]:
    regret = np.where(np.isfinite(past.regret) & usable, past.regret, np.inf)
    found: list[Neighbour] = []
    for row in np.argsort(-near, kind="stable")[:_N_NEIGHBOURS]:
        dataset = past.datasets.iloc[int(row)]
        found.append(
            Neighbour(
                dataset=str(dataset["dataset"]),
                similarity=float(near[row]),
                n_rows=int(dataset["n_rows"]),
                n_columns=int(dataset["n_columns"]),
                best=past.configurations[int(np.argmin(regret[row]))],
            )
        )
    return tuple(found)
