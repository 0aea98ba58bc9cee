"""The order of the pool on made-up evidence."""

from itertools import islice

import numpy as np
import pytest

from metatune.algorithms.registry import FAMILIES, is_optional
from metatune.building import ordering
from metatune.building.ordering import Evidence, collect_evidence, greedy_steps, order_pool
from metatune.kinds import TaskKind
from metatune.metadataset.pool import draw_pool
from metatune.metadataset.recipes import STAGES, Recipe
from metatune.metadataset.store import load_metadata
from metatune.space import Configuration


def configurations(*names: str) -> tuple[Configuration, ...]:
    """Return a configuration of each family named, no two alike."""
    rng = np.random.default_rng(0)
    return tuple(FAMILIES[name].space(TaskKind.BINARY).sample(rng) for name in names)


def evidence(
    names: list[str], regret: list[list[float]], seconds: float | list[float] = 1.0
) -> Evidence:
    table = np.array(regret)
    return Evidence(
        candidates=configurations(*names),
        regret=table,
        weights=np.full(len(table), 1 / len(table)),
        seconds=np.broadcast_to(seconds, table.shape[1]),
    )


def steps(
    found: Evidence, n: int, before: tuple[Configuration, ...] = (), most: int = 99
) -> list[int]:
    places = [c.key for c in found.candidates]
    return [places.index(c.key) for c in islice(greedy_steps(found, before, most), n)]


def test_what_adds_most_comes_first() -> None:
    """The second choice is good where the first one is not, though the third is better on average
    than it."""
    found = evidence(["svm", "svm", "svm"], [[0.0, 0.6, 0.1], [0.4, 0.0, 0.3], [0.0, 0.6, 0.1]])
    assert steps(found, 3) == [0, 1, 2]


def test_another_family_is_worth_more_than_the_same_again() -> None:
    found = evidence(["svm", "svm", "knn"], [[0.0, 0.01, 0.05], [0.0, 0.01, 0.05]])
    assert steps(found, 2) == [0, 2]


def test_what_is_there_before_is_not_chosen_again_and_counts() -> None:
    found = evidence(["svm", "svm", "knn"], [[0.0, 0.3, 0.1], [0.0, 0.0, 0.1]])
    assert steps(found, 3, before=found.candidates[:1]) == [2, 1]


def test_the_dear_has_to_win_by_more() -> None:
    regret = [[0.1, 0.09], [0.1, 0.09]]
    assert steps(evidence(["svm", "svm"], regret), 1) == [1]
    assert steps(evidence(["svm", "svm"], regret, [1.0, 60.0]), 1) == [0]


def test_a_family_has_no_more_than_its_share() -> None:
    found = evidence(["svm", "svm", "svm", "knn"], [[0.2, 0.1, 0.0, 0.6]])
    assert steps(found, 4, most=1) == [2, 3]
    assert steps(found, 4) == [2, 3, 0, 1]


def test_recipes_of_a_stage_come_before_what_is_chosen_for_it(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(ordering, "STAGES", (12, 14))
    names = ["svm", "knn", "svm", "knn"]
    found = evidence(names, [[0.0, 0.1, 0.2, 0.3]])
    early = Recipe(algorithm="lightgbm", changes={"num_leaves": 8}, stage=12)
    late = Recipe(algorithm="lightgbm", changes={"num_leaves": 9}, stage=14)
    extra = Recipe(algorithm="catboost", stage=12)
    order = order_pool(TaskKind.BINARY, found, (late, extra, early))
    n_defaults = sum(
        TaskKind.BINARY in a.kinds and not is_optional(a.name) for a in FAMILIES.values()
    )
    assert n_defaults == 10
    picked = [r.configuration(TaskKind.BINARY) for r in (extra, early)]
    assert order[10:12] == picked
    assert order[12] == found.candidates[0]  # with it twelve are there that every user has
    assert order[13] == late.configuration(TaskKind.BINARY)
    assert len(order) == 15


def test_spare_ones_fill_the_end(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(ordering, "STAGES", (13,))
    found = evidence(["svm"], [[0.0]])
    spare = configurations("svm", "mlp", "knn", "linear")
    order = order_pool(TaskKind.BINARY, found, (), spare)
    assert order[10:] == [found.candidates[0], *spare[1:3]]


def test_evidence_of_the_shipped_meta_dataset() -> None:
    found = collect_evidence(load_metadata(), TaskKind.REGRESSION)
    assert found.regret.shape == (len(found.weights), len(found.candidates))
    assert found.regret.min() == 0.0
    assert found.regret.max() <= 0.7
    assert found.weights.sum() == pytest.approx(1.0)
    cost = {c.algorithm: s for c, s in zip(found.candidates, found.seconds, strict=True)}
    assert 0.01 < cost["linear"] < cost["gaussian_process"] < 200


def test_the_first_stage_serves_tables_that_it_was_not_chosen_for() -> None:
    """Chosen on half of the families, forty serve the others better than those in the middle."""
    kind = TaskKind.BINARY
    found = collect_evidence(load_metadata(), kind)
    half = np.arange(len(found.weights)) % 2 == 0
    known = Evidence(
        candidates=found.candidates,
        regret=found.regret[half],
        weights=found.weights[half] / found.weights[half].sum(),
        seconds=found.seconds,
    )
    order = [c for c in greedy_steps(known, (), 10) if c in draw_pool(kind)]
    keys = [c.key for c in found.candidates]

    def regret(part: list[Configuration]) -> float:
        columns = [keys.index(c.key) for c in part]
        return float(found.regret[~half][:, columns].min(axis=1).mean())

    assert regret(order[: STAGES[0]]) < regret(order[-STAGES[0] :])
