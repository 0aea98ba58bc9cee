"""Words for what a run does, which a beginner understands: rungs, trials and scores."""

from collections.abc import Sequence

from metatune.data.wording import counted
from metatune.evaluation.rungs import Rung
from metatune.evaluation.trial import TrialResult
from metatune.notation.numbers import number, settings

__all__ = ["extent", "ladder", "short_extent", "trial_words", "trials_done"]

_SHARES = {3: "a third", 9: "a ninth", 27: "a 27th"}


def extent(rung: Rung, rungs: Sequence[Rung]) -> str:
    """Say how much of the table a rung looks at: ``on a third of the rows``.

    Parameters
    ----------
    rung : Rung
        The rung.
    rungs : sequence of Rung
        All of the run, from the cheapest to the top.
    """
    if rung.row_share < 1.0:
        parts = round(1.0 / rung.row_share)
        return f"on {_SHARES.get(parts, f'1/{parts}')} of the rows"
    top = rungs[-1].n_folds if rungs else rung.n_folds
    if top == 1:
        return "on all rows"
    return f"on all rows, {'one split' if rung.n_folds == 1 else f'{rung.n_folds} splits'}"


def short_extent(row_share: float, n_folds: int) -> str:
    """Say the same in a column: ``1/3``, ``all``, ``all x5``."""
    rows = "all" if row_share == 1.0 else f"1/{round(1 / row_share)}"
    return rows if n_folds == 1 else f"{rows} x{n_folds}"


def ladder(rungs: Sequence[Rung]) -> str:
    """Say how trials climb from rung to rung; empty where there is a single one."""
    if len(rungs) < 2:
        return ""
    places = [extent(rung, rungs) for rung in rungs]
    return f"models are first tried {places[0]}; the better ones {', then '.join(places[1:])}"


def trial_words(
    result: TrialResult,
    rungs: Sequence[Rung],
    metric: str,
    before: TrialResult | None,
    *,
    leads: bool,
    in_full: bool = False,
) -> str:
    """Say what a trial has brought.

    Parameters
    ----------
    result : TrialResult
        Its result.
    rungs : sequence of Rung
        Rungs of the run.
    metric : str
        Name of the metric.
    before : TrialResult or None
        The result that led before this one.
    leads : bool
        Whether this one leads now.
    in_full : bool
        Name the hyperparameters as well.
    """
    configuration = result.trial.configuration
    what = configuration.algorithm
    if in_full and configuration.params:
        what = f"{what}({settings(configuration.params)})"
    if not result.ok:
        return f"{what}: {result.status}" + (f", {result.error}" if result.error else "")
    said = f"{what}: {metric} {number(result.score)} {extent(result.trial.rung, rungs)}"
    return said + (_remark(result, before) if leads else "")


def _remark(result: TrialResult, before: TrialResult | None) -> str:
    """Say in which sense a result is the best: scores compare at the same rung only."""
    if before is None:
        return " - the first model"
    here, there = result.trial.rung.index, before.trial.rung.index
    if here == there:
        return " - best so far"
    if here > there:
        return " - the first on so much data"
    return " - well ahead of the others there"


def trials_done(n_trials: int, n_failed: int) -> str:
    """Count trials, and those of them that failed."""
    return counted(n_trials, "trial") + (f", {n_failed} failed" if n_failed else "")
