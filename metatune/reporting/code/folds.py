"""Code that deals the rows of a run to its folds."""

from typing import TYPE_CHECKING

import numpy as np

from metatune.data.splits.folds import make_folds
from metatune.errors import ExportError
from metatune.reporting.code.members import SavedParts

if TYPE_CHECKING:
    from metatune.evaluation.rungs import FoldPlan
    from metatune.evaluation.trial_data import TrialData

__all__ = ["folds_source"]

_NEXT_DEAL = 7_919  # between the seeds of two repeats
_MOST_EXCHANGED = 20  # rows


def folds_source(saved: SavedParts, data: "TrialData", plan: "FoldPlan") -> str:
    """Return the code of the function that says which rows the models of folds learn from.

    Parameters
    ----------
    saved : SavedParts
    data : TrialData
    plan : FoldPlan
        How the rows were dealt.

    Raises
    ------
    ExportError
        If they were dealt in a way that is not expressed.
    """
    used = sorted({part.fold for part in saved.everything if part.fold is not None})
    repeats = sorted({fold // plan.n_splits for fold in used})
    if plan.max_train_rows is not None:
        raise ExportError("models of folds that were fitted on a part of their rows have no script")
    exchanged = _exchanged(used, data, plan)
    deal = "deal_rows" if data.task.n_classes else "deal_values"
    lines = [
        "def folds_of_rows(y):",
        '    """Return the rows that the model of each fold learns from."""',
    ]
    if repeats == [0]:
        lines.append(f"    fold = {deal}(y, {plan.n_splits}, seed={data.seed})")
    else:
        seeds = ", ".join(
            str(data.seed + _NEXT_DEAL * repeat) for repeat in range(max(repeats) + 1)
        )
        lines.append(f"    deals = [{deal}(y, {plan.n_splits}, seed) for seed in ({seeds})]")
    for (repeat, row), fold in exchanged.items():
        dealt = "fold" if repeats == [0] else f"deals[{repeat}]"
        lines.append(f"    {dealt}[{row}] = {fold}  # so that fold 0 holds every class")
    if repeats == [0]:
        lines.append(f"    return [fold != k for k in range({plan.n_splits})]")
    else:
        lines.append(f"    return [fold != k for fold in deals for k in range({plan.n_splits})]")
    return "\n".join(lines)


def _exchanged(used: list[int], data: "TrialData", plan: "FoldPlan") -> dict[tuple[int, int], int]:
    """Return the rows that are in another fold than they were dealt to, by repeat."""
    changed: dict[tuple[int, int], int] = {}
    for repeat in {fold // plan.n_splits for fold in used}:
        seed = data.seed + _NEXT_DEAL * repeat
        dealt = make_folds(data.task.y, data.task.kind, plan.n_splits, seed)
        for k, fold in enumerate(dealt):
            place = repeat * plan.n_splits + k
            if place >= len(data.folds):
                continue
            found = np.setdiff1d(data.folds[place].valid, fold.valid)
            changed |= {(repeat, int(row)): k for row in found}
            if len(data.folds) == 1:  # where its other rows went does not matter
                lost = np.setdiff1d(fold.valid, data.folds[place].valid)
                changed |= {(repeat, int(row)): k + 1 for row in lost}
    if len(changed) > _MOST_EXCHANGED:
        raise ExportError("folds are dealt in a way that no script repeats")
    return changed
