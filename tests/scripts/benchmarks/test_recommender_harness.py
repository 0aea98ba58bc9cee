"""The harness shows a strategy what it has paid for, and nothing else."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from benchmarks.recommenders.harness import run_session, run_strategy
from benchmarks.recommenders.matrix import Matrix
from benchmarks.recommenders.results import Results, load_results, save_results
from benchmarks.recommenders.simple import GreedyPortfolio, RandomOrder
from benchmarks.recommenders.strategy import OrderSession, Strategy


@dataclass
class Spy:
    """Tries columns in order and writes down all it is given."""

    trained_on: list[Any] = field(default_factory=list)
    starts: list[Any] = field(default_factory=list)
    told: list[Any] = field(default_factory=list)
    repeats: int = 1

    def fit(self, train: Matrix) -> "Spy":
        self.trained_on.append(train.datasets)
        self.n = train.loss.shape[1]
        return self

    def start(self, features: np.ndarray, seconds_budget: float | None) -> "Spy":
        self.starts.append((features, seconds_budget))
        self.order = iter(range(self.n))
        return self

    def next(self) -> int:
        return next(self.order)

    def tell(self, column: int, loss: float, seconds: float) -> None:
        self.told.append((column, loss, seconds))


def run(
    strategy: Strategy,
    matrix: Matrix,
    results: Results | None = None,
    folds: Sequence[int] = (0, 1, 2, 3),
    checkpoint: Callable[[Results], None] = lambda results: None,
) -> Results:
    results = results or Results.empty(matrix)
    run_strategy(strategy, matrix, results, np.array(folds), checkpoint)
    return results


def test_the_unseen_dataset_is_not_learned_from(matrix: Matrix) -> None:
    spy = Spy()
    run(spy, matrix, folds=[2])
    unseen = {name for name, fold in zip(matrix.datasets, matrix.folds, strict=True) if fold == 2}
    assert set(spy.trained_on[0]) == set(matrix.datasets) - unseen
    assert len(spy.starts) == 2 * len(unseen)


def test_both_curves_are_searched_for(matrix: Matrix) -> None:
    spy = Spy()
    run(spy, matrix, folds=[0])
    budgets = [budget for _, budget in spy.starts]
    rows = np.flatnonzero(matrix.folds == 0)
    assert budgets[::2] == [None] * len(rows)
    assert budgets[1::2] == pytest.approx(30 * np.median(matrix.seconds[rows], axis=1))


def test_outcomes_are_those_of_the_proposals(matrix: Matrix) -> None:
    spy = Spy()
    tried = run_session(spy.fit(matrix).start(matrix.features[7], None), *cells(matrix, 7))
    assert tried.tolist() == list(range(64))
    assert spy.told == [(c, matrix.loss[7, c], matrix.seconds[7, c]) for c in range(64)]


def test_a_time_budget_ends_the_search(matrix: Matrix) -> None:
    loss, seconds = cells(matrix, 0)
    tried = run_session(OrderSession(range(79, -1, -1)), loss, seconds, 5.5)
    assert seconds[tried[:-1]].sum() < 5.5 <= seconds[tried].sum()


@pytest.mark.parametrize("order", [[3, 4, 3], [0, 80], [-1]])
def test_a_wrong_proposal_is_refused(matrix: Matrix, order: list[int]) -> None:
    with pytest.raises(ValueError, match="used up or unknown"):
        run_session(OrderSession(order), *cells(matrix, 0))


def test_a_run_that_was_broken_off_goes_on(matrix: Matrix, tmp_path: Path) -> None:
    path = tmp_path / "made_up" / "greedy.npz"
    run(GreedyPortfolio(), matrix, folds=[0, 1], checkpoint=lambda found: save_results(path, found))
    resumed = load_results(path, matrix)
    assert resumed.done.tolist() == (matrix.folds < 2).tolist()
    assert np.isnan(resumed.evaluations[~resumed.done]).all()
    spy = Spy()
    run(spy, matrix, resumed)
    assert len(spy.trained_on) == 2
    whole = run(GreedyPortfolio(), matrix)
    early = matrix.folds < 2
    assert resumed.evaluations[early] == pytest.approx(whole.evaluations[early])
    assert resumed.tried[early].tolist() == whole.tried[early].tolist()


def test_results_of_another_matrix_are_not_taken(matrix: Matrix, tmp_path: Path) -> None:
    path = tmp_path / "greedy.npz"
    save_results(path, run(GreedyPortfolio(), matrix))
    fewer = matrix.select(matrix.folds > 0)
    assert not load_results(path, fewer).done.any()
    assert load_results(path, matrix).done.all()


def test_a_damaged_file_counts_as_none(matrix: Matrix, tmp_path: Path) -> None:
    path = tmp_path / "greedy.npz"
    path.write_bytes(b"PK\x03\x04 not really")
    assert not load_results(path, matrix).done.any()


def test_what_is_drawn_is_averaged(matrix: Matrix) -> None:
    one = run(RandomOrder(repeats=1), matrix).evaluations[:, 0]
    many = run(RandomOrder(repeats=200), matrix).evaluations[:, 0]
    expected = np.clip(
        (matrix.loss - matrix.loss.min(1, keepdims=True))
        / (np.median(matrix.loss, 1) - matrix.loss.min(1))[:, None],
        0,
        3,
    ).mean(axis=1)
    assert np.abs(many - expected).mean() < 0.1
    assert np.abs(many - expected).mean() < 0.3 * np.abs(one - expected).mean()


def cells(matrix: Matrix, row: int) -> tuple[np.ndarray, np.ndarray]:
    return matrix.loss[row], matrix.seconds[row]
