"""How much of a run is left to a command: all of it, the rest, or more than was planned."""

import hashlib
from collections.abc import Mapping
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from metatune.budget import Budget, parse_duration
from metatune.cli.data import is_openml
from metatune.cli.wording import command
from metatune.errors import OptionError
from metatune.storage.directory import RunDirectory
from metatune.storage.resume import Earlier, check_same_options, find_earlier

if TYPE_CHECKING:
    from metatune.cli.fit_options import FitOptions

__all__ = ["Course", "Extension", "file_hash", "plan_course"]

_CHUNK = 2**20
_FREE = frozenset(
    (
        *("data", "output", "overwrite", "resume", "budget", "max_trials", "jobs", "memory_limit"),
        *("as_json", "quiet", "verbose", "openml_server", "scheduler", "report", "single"),
        *("ensemble", "max_latency", "max_size"),
    )
)
"""Options that may differ when a run goes on: they do not decide what a trial's result is."""

_DEFAULT_MORE = 600.0  # seconds, where only more trials are asked for


@dataclass(frozen=True, slots=True, kw_only=True)
class Extension:
    """How much longer a run shall go on than was planned.

    Attributes
    ----------
    seconds : float or None
        More seconds, counted from the start of this command.
    trials : int or None
        More trials than are finished.
    """

    seconds: float | None = None
    trials: int | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Course:
    """What the whole run may use, and what of it is used.

    Attributes
    ----------
    budget : Budget
        Of the whole run.
    plan_seconds : float
        The budget with which the run began.
    earlier : Earlier or None
        What earlier processes have left; None for a new run.
    """

    budget: Budget
    plan_seconds: float
    earlier: Earlier | None = None

    @property
    def used(self) -> float:
        """Seconds that earlier processes have used."""
        return 0.0 if self.earlier is None else self.earlier.used


def plan_course(
    options: "FitOptions", run_dir: RunDirectory, extension: Extension | None = None
) -> Course:
    """Say how much is left to this command.

    Parameters
    ----------
    options : FitOptions
        What the user typed, or what the record of the run to be extended says.
    run_dir : RunDirectory
        Perhaps with a run in it.
    extension : Extension, optional
        How much longer than planned.

    Raises
    ------
    OptionError
        If the run in the directory was started with other options, or from another file.
    BundleError
        If its journal is damaged.
    """
    budget = Budget.parse(options.budget, options.max_trials)
    earlier = find_earlier(run_dir) if options.resume else None
    if earlier is None:
        return Course(budget=budget, plan_seconds=budget.seconds)
    _check_same(earlier, options, run_dir)
    plan_seconds = earlier.plan_seconds(budget.seconds)
    budget = Budget(
        seconds=earlier.budget_seconds(budget.seconds),
        max_trials=earlier.max_trials(budget.max_trials),
    )
    if extension is not None:
        budget = _extended(budget, earlier, extension)
    return Course(budget=budget, plan_seconds=plan_seconds, earlier=earlier)


def file_hash(data: str) -> str | None:
    """Return the SHA-256 of a file; None for standard input and OpenML."""
    if data == "-" or is_openml(data):
        return None
    digest = hashlib.sha256()
    with Path(data).expanduser().open("rb") as file:
        while chunk := file.read(_CHUNK):
            digest.update(chunk)
    return digest.hexdigest()


def _extended(budget: Budget, earlier: Earlier, extension: Extension) -> Budget:
    """Add to a budget what a run shall have more."""
    n_finished = len(earlier.past.results)
    seconds, max_trials = budget.seconds, budget.max_trials
    if extension.seconds is not None:
        seconds = earlier.used + extension.seconds
        if max_trials is not None and n_finished >= max_trials:
            max_trials = None  # they are done: time alone decides from now on
    if extension.trials is not None:
        max_trials = n_finished + extension.trials
        if extension.seconds is None:
            seconds = max(seconds, earlier.used + _DEFAULT_MORE)
    return Budget(seconds=seconds, max_trials=max_trials)


def _check_same(earlier: Earlier, options: "FitOptions", run_dir: RunDirectory) -> None:
    where = str(run_dir.path)
    bound = {name: value for name, value in asdict(options).items() if name not in _FREE}
    check_same_options(earlier, bound, where=where, spell=_spelled)
    recorded = earlier.record or {}
    before = recorded.get("options", {})
    if "budget" in before and parse_duration(before["budget"]) != parse_duration(options.budget):
        raise OptionError(_more("--budget", before["budget"], where))
    if "max_trials" in before and before["max_trials"] != options.max_trials:
        raise OptionError(_more("--max-trials", before["max_trials"], where))
    known = _data(recorded).get("fingerprint")
    if known is not None and file_hash(options.data) not in (None, known):
        raise OptionError(
            f"{options.data} has changed since the run in {where} was started: give the file as "
            "it was, or start a new run with --overwrite or another --output"
        )


def _data(record: Mapping[str, Any]) -> Mapping[str, Any]:
    data = record.get("data")
    return data if isinstance(data, Mapping) else {}


def _spelled(name: str) -> str:
    return "--" + name.replace("_", "-")


def _more(option: str, value: Any, where: str) -> str:
    was = "not given" if value is None else value
    return (
        f"{option} was {was} when the run in {where} was started: repeat what it was, or give it "
        f"more with {command('continue', where, '--budget', '+10m')}"
    )
