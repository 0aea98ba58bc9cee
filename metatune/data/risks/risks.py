"""Risks in a task: everything that makes its results misleading, told once."""

import warnings

from metatune.data.risks.duplicates import find_duplicates
from metatune.data.risks.leaks import find_leaks
from metatune.data.risks.risk import Risk, RiskKind
from metatune.data.risks.target import (
    find_constant_target,
    find_spellings,
    find_unfit_metric,
)
from metatune.data.task.dependence import dependence_notes
from metatune.data.task.roles import RoleColumns
from metatune.data.task.task import Task
from metatune.errors import DataWarning, LeakWarning

__all__ = ["find_risks", "warn_of"]


def find_risks(task: Task) -> tuple[Risk, ...]:
    """Find what makes the results of a run on a task misleading.

    Parameters
    ----------
    task : Task

    Returns
    -------
    tuple of Risk
        Leaks first. Groups and times that shuffled folds are too easy for are among them unless
        the task's notes tell of them already.
    """
    return (
        *find_leaks(task),
        *_dependence(task),
        *find_duplicates(task),
        *find_constant_target(task),
        *find_spellings(task),
        *find_unfit_metric(task),
    )


def _dependence(task: Task) -> list[Risk]:
    """Return risks on groups and times, where neither is given."""
    known = task.row_metadata
    if known.splits is not None:
        return []
    roles = RoleColumns(
        group="given" if known.groups is not None else None,
        time="given" if known.times is not None else None,
    )
    notes = dependence_notes(task.X, task.columns, task.y, task.kind, roles)
    return [
        Risk(kind=RiskKind.DEPENDENCE, text=f"{note} (in Python: groups=, times=)")
        for note in notes
        if note not in task.notes
    ]


def warn_of(risks: tuple[Risk, ...], *, stacklevel: int) -> None:
    """Warn of risks, for a user of Python who sees no other output.

    Parameters
    ----------
    risks : tuple of Risk
    stacklevel : int
        Frame that the warnings are about: 1 for the caller, 2 for whoever called it.
    """
    for risk in risks:
        kind = LeakWarning if risk.kind is RiskKind.LEAK else DataWarning
        warnings.warn(risk.text, kind, stacklevel=stacklevel + 1)
