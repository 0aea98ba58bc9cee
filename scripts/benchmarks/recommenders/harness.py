"""Runs strategies on unseen datasets and never shows them more than they have paid for."""

from collections.abc import Callable
from typing import TYPE_CHECKING

import numpy as np

from benchmarks.recommenders.curves import N_EVALUATIONS, TIMES, after_evaluations, over_time
from benchmarks.recommenders.matrix import Matrix
from benchmarks.recommenders.results import Results
from benchmarks.recommenders.strategy import Fitted, Session, Strategy

if TYPE_CHECKING:
    from numpy.typing import NDArray

    FloatArray = NDArray[np.float64]
    IntArray = NDArray[np.intp]

__all__ = ["run_session", "run_strategy"]


def run_strategy(
    strategy: Strategy,
    matrix: Matrix,
    results: Results,
    folds: "IntArray",
    checkpoint: Callable[[Results], None],
) -> None:
    """Fill in what is missing of a strategy's results.

    Parameters
    ----------
    strategy : Strategy
        Fitted anew for each fold, on the datasets of all other folds.
    matrix : Matrix
        Where it is tried.
    results : Results
        Changed in place.
    folds : ndarray of shape (n,)
        Folds that are wanted.
    checkpoint : callable
        Called after each fold that was computed.
    """
    regret = matrix.regret
    for fold in folds:
        unseen = matrix.folds == fold
        missing = np.flatnonzero(unseen & ~results.done)
        if len(missing) == 0:
            continue
        fitted = strategy.fit(matrix.select(~unseen))
        for row in missing:
            _run_dataset(fitted, strategy.repeats, matrix, int(row), regret[row], results)
        checkpoint(results)


def _run_dataset(
    fitted: Fitted,
    repeats: int,
    matrix: Matrix,
    row: int,
    regret: "FloatArray",
    results: Results,
) -> None:
    features, loss, seconds = matrix.features[row], matrix.loss[row], matrix.seconds[row]
    budget = TIMES[-1] * float(np.median(seconds))
    by_evaluation, by_time = [], []
    for repeat in range(repeats):
        tried = run_session(fitted.start(features, None), loss, seconds)
        by_evaluation.append(after_evaluations(loss, regret, tried))
        if repeat == 0:
            results.tried[row, : len(tried)] = tried
        tried = run_session(fitted.start(features, budget), loss, seconds, budget)
        by_time.append(over_time(loss, regret, seconds, tried))
    results.evaluations[row] = np.mean(by_evaluation, axis=0)
    results.times[row] = np.mean(by_time, axis=0)
    results.done[row] = True


def run_session(
    session: Session,
    loss: "FloatArray",
    seconds: "FloatArray",
    seconds_budget: float | None = None,
) -> "IntArray":
    """Search one dataset.

    Parameters
    ----------
    session : Session
        Learns the loss and the cost of a configuration after it has proposed it.
    loss, seconds : ndarray of shape (n_configurations,)
        Of the dataset; the loss is NaN where a configuration fails.
    seconds_budget : float, optional
        Ends the search; without it, `N_EVALUATIONS` do.

    Returns
    -------
    ndarray of shape (n_tried,)
        Columns in the order in which they were evaluated; the last one of a search with a budget
        may finish after its end.

    Raises
    ------
    ValueError
        If a configuration is proposed twice or does not exist.
    """
    limit = len(loss) if seconds_budget is not None else min(N_EVALUATIONS, len(loss))
    tried: list[int] = []
    seen: set[int] = set()
    spent = 0.0
    while len(tried) < limit and (seconds_budget is None or spent < seconds_budget):
        column = session.next()
        if column in seen or not 0 <= column < len(loss):
            raise ValueError(f"proposal {len(tried) + 1}: column {column} is used up or unknown")
        session.tell(column, float(loss[column]), float(seconds[column]))
        tried.append(column)
        seen.add(column)
        spent += float(seconds[column])
    return np.array(tried, dtype=np.intp)
