"""View of a run: everything that its directory says, as one value."""

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

from metatune.evaluation.trial import TrialResult
from metatune.metrics import Metric
from metatune.search.history import History
from metatune.search.objectives import read_objectives
from metatune.storage.directory import RunDirectory
from metatune.storage.findings import Findings, read_arrays, read_findings
from metatune.storage.journal import read_past
from metatune.storage.record import RunRecord, TaskRecord

if TYPE_CHECKING:
    from metatune._typing import AnyArray

__all__ = ["RunView", "comparing_metric", "read_history", "read_view"]


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class RunView:
    """View of a run.

    Attributes
    ----------
    record : RunRecord
        What ``run.json`` says.
    results : tuple of TrialResult
        Finished trials, in the order of the journal.
    ended : tuple of (float or None)
        Seconds of the budget that were used when each of them ended.
    findings : Findings
        Empty where the run has none.
    arrays : Mapping of str to ndarray
        See `metatune.storage.findings.write_findings`.
    directory : str
        Where the run lies.
    """

    record: RunRecord
    results: tuple[TrialResult, ...]
    ended: tuple[float | None, ...]
    findings: Findings
    arrays: "Mapping[str, AnyArray]"
    directory: str

    @property
    def history(self) -> History:
        """Trials as the search saw them."""
        return read_history(self.record, self.results)


def comparing_metric(task: TaskRecord) -> Metric:
    """Return the metric of a run as far as it compares scores: nothing is scored anew."""
    return Metric(
        name=task.metric,
        greater_is_better=task.greater_is_better,
        function=lambda _y, _p, _w: math.nan,
    )


def read_history(record: RunRecord, results: Sequence[TrialResult]) -> History:
    """Return the history of a recorded run, with its objectives."""
    constant = None if record.outcome is None else record.outcome.constant_score
    return History(
        comparing_metric(record.task),
        results,
        objectives=read_objectives(record.options.objectives, record.options.prefer),
        constant=math.nan if constant is None else constant,
    )


def read_view(directory: RunDirectory) -> RunView:
    """Read a run directory.

    Raises
    ------
    BundleError
        If something in it is damaged.
    """
    past = read_past(directory.journal)
    return RunView(
        record=directory.read_record(),
        results=past.results,
        ended=past.ended,
        findings=read_findings(directory.path) or Findings(),
        arrays=read_arrays(directory.path),
        directory=str(directory.path),
    )
