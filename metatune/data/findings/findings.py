"""Findings about a task: everything that makes its results misleading, told once."""

import warnings

from metatune.data.findings.duplicates import find_duplicates
from metatune.data.findings.finding import Finding, FindingKind
from metatune.data.findings.leaks import find_leaks
from metatune.data.findings.target import find_constant_target, find_unfit_metric
from metatune.data.task.dependence import dependence_notes
from metatune.data.task.roles import RoleColumns
from metatune.data.task.task import Task
from metatune.errors import DataWarning, LeakWarning

__all__ = ["find_all", "warn_of"]


def find_all(task: Task) -> tuple[Finding, ...]:
    """Find what makes the results of a run on a task misleading.

    Parameters
    ----------
    task : Task

    Returns
    -------
    tuple of Finding
        Leaks first. Groups and times that shuffled folds are too easy for are among them unless
        the task's notes tell of them already.
    """
    return (
        *find_leaks(task),
        *_dependence(task),
        *find_duplicates(task),
        *find_constant_target(task),
        *find_unfit_metric(task),
    )


def _dependence(task: Task) -> list[Finding]:
    """Return findings on groups and times, where neither is given."""
    known = task.row_metadata
    if known.splits is not None:
        return []
    roles = RoleColumns(
        group="given" if known.groups is not None else None,
        time="given" if known.times is not None else None,
    )
    notes = dependence_notes(task.X, task.columns, task.y, task.kind, roles)
    return [
        Finding(kind=FindingKind.DEPENDENCE, text=f"{note} (in Python: groups=, times=)")
        for note in notes
        if note not in task.notes
    ]


def warn_of(findings: tuple[Finding, ...], *, stacklevel: int) -> None:
    """Warn of findings, for a user of Python who sees no other output.

    Parameters
    ----------
    findings : tuple of Finding
    stacklevel : int
        Frame that the warnings are about: 1 for the caller, 2 for whoever called it.
    """
    for finding in findings:
        kind = LeakWarning if finding.kind is FindingKind.LEAK else DataWarning
        warnings.warn(finding.text, kind, stacklevel=stacklevel + 1)
