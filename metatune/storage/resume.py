"""Going on with a run: what an earlier process left, and whether it is the same run."""

import hashlib
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np

from metatune.budget import Deadline, Stopwatch
from metatune.errors import OptionError
from metatune.evaluation.rungs import Rung
from metatune.evaluation.trial_data import TrialData
from metatune.storage.directory import RunDirectory
from metatune.storage.journal import Past, Stamp, read_past

__all__ = [
    "Earlier",
    "Pulse",
    "check_same_options",
    "check_same_run",
    "find_earlier",
    "identify",
]

_BEAT_SECONDS = 2.0
_BLOCK_ROWS = 100_000
_COMPUTED = ": topic "  # columns whose last digits depend on the machine


@dataclass(frozen=True, slots=True, kw_only=True)
class Earlier:
    """What an earlier process left of a run.

    Attributes
    ----------
    record : dict or None
        Its ``run.json``; None if there is none, or it is torn.
    past : Past
        Its journal.
    """

    record: Mapping[str, Any] | None
    past: Past

    @property
    def used(self) -> float:
        """Seconds of the budget that are used, as far as they were noted."""
        return max(self.past.used, self._seconds("used", 0.0))

    @property
    def finished(self) -> bool:
        """Whether it came to its end."""
        return self.record is not None and self.record.get("status") == "done"

    def budget_seconds(self, otherwise: float) -> float:
        """Return the seconds that the whole run may take."""
        return self._seconds("budget", otherwise)

    def plan_seconds(self, otherwise: float) -> float:
        """Return the budget with which the run began."""
        return self._seconds("plan", otherwise)

    def max_trials(self, otherwise: int | None) -> int | None:
        """Return the trials that the whole run may take."""
        if self.record is None or "max_trials" not in self.record:
            return otherwise
        value = self.record["max_trials"]
        return None if value is None else int(value)

    def _seconds(self, name: str, otherwise: float) -> float:
        value = (self.record or {}).get("seconds", {}).get(name)
        return otherwise if value is None else float(value)


def find_earlier(run_dir: RunDirectory) -> Earlier | None:
    """Find what is left of an earlier process; None if there is nothing.

    Raises
    ------
    BundleError
        If the journal is damaged or of a newer version.
    """
    if not run_dir.holds_run:
        return None
    return Earlier(record=run_dir.find_record(), past=read_past(run_dir.journal))


def check_same_options(
    earlier: Earlier, now: Mapping[str, Any], *, where: str, spell: Callable[[str], str]
) -> None:
    """Refuse to go on with other options than the run was started with.

    Parameters
    ----------
    earlier : Earlier
        Its record holds what was given as ``options``; options that it does not know are new.
    now : Mapping of str to Any
        What is given now: the options that decide about the results.
    where : str
        The directory of the run, for people.
    spell : callable
        Returns an option as users write it.

    Raises
    ------
    OptionError
        If one differs.
    """
    before = (earlier.record or {}).get("options", {})
    for name, value in now.items():
        if name in before and _plain(before[name]) != _plain(value):
            raise OptionError(
                f"{spell(name)} is {_shown(value)} now and was {_shown(before[name])} when the run "
                f"in {where} was started: repeat what it was, or start a new run elsewhere"
            )


def check_same_run(past: Past, run: str, rungs: tuple[Rung, ...], where: str) -> None:
    """Refuse to go on with another table or other rungs than those in a journal.

    Raises
    ------
    OptionError
        If they differ.
    """
    if past.runs and past.runs != {run}:
        raise OptionError(
            f"the run in {where} was made from another table, target, metric or seed: "
            "give it what it was started with, or start a new run elsewhere"
        )
    if any(result.trial.rung not in rungs for result in past.results):
        raise OptionError(
            f"the run in {where} was made by a version of metatune that divided this table "
            "otherwise: go on with that version, or start a new run elsewhere"
        )


def identify(data: TrialData, seed: int) -> str:
    """Identify what the results of a run depend on: rows, target, folds, metrics, seed.

    Returns
    -------
    str
        16 hexadecimal digits.
    """
    task, facts = data.task.observed, data.facts
    kept = [i for i, name in enumerate(task.layout.names) if _COMPUTED not in name]
    digest = hashlib.blake2b(digest_size=8)
    said = (data.task.layout.names, task.layout.n_levels, str(task.kind), data.metrics, seed)
    digest.update(repr((*said, task.X.shape)).encode())
    arrays = [task.y, *(part for fold in data.folds for part in (fold.train, fold.valid))]
    arrays += [v for v in (facts.weights, facts.groups, facts.times) if v is not None]
    for array in arrays:
        digest.update(np.ascontiguousarray(array).data.cast("B"))
    for start in range(0, len(task.X), _BLOCK_ROWS):
        block = task.X[start : start + _BLOCK_ROWS]
        block = block if len(kept) == block.shape[1] else block[:, kept]
        digest.update(np.ascontiguousarray(block).data.cast("B"))
    return digest.hexdigest()


class Pulse:
    """Notes how much of the budget is used, so that it is known whenever the process ends.

    Parameters
    ----------
    run : str
        Identifies the run.
    budget_seconds : float
        What the whole run may use, earlier processes included.
    deadline : Deadline
        When this process has used it up.
    run_dir : RunDirectory
        Where it is noted.
    """

    def __init__(
        self, run: str, budget_seconds: float, deadline: Deadline, run_dir: RunDirectory
    ) -> None:
        self._run = run
        self._budget_seconds = budget_seconds
        self.deadline = deadline
        self._run_dir = run_dir
        self._since_beat = Stopwatch()

    @property
    def used(self) -> float:
        """Seconds of the budget that are used by now."""
        return self._budget_seconds - self.deadline.remaining()

    def stamp(self) -> Stamp:
        """Return what the journal notes beside a result."""
        return Stamp(run=self._run, used=round(self.used, 3))

    def beat(self) -> None:
        """Note the used seconds now and then."""
        if self._since_beat.seconds() > _BEAT_SECONDS:
            self._run_dir.note_used(round(self.used, 3))
            self._since_beat = Stopwatch()


def _plain(value: Any) -> Any:
    """Make what was written to JSON and what is given comparable."""
    if isinstance(value, list | tuple):
        return sorted(str(item) for item in value)
    return None if value in (None, "") else str(value)


def _shown(value: Any) -> str:
    return "not given" if _plain(value) in (None, []) else f"{value!r}"
