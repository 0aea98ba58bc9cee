"""Core-seconds of a run by what they were spent on, from its record and its journal."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from metatune.evaluation.trial import TrialResult

__all__ = ["CoreSeconds", "core_seconds", "share_table"]

_AROUND = ("starting", "reading", "encoding", "preparing", "finishing", "estimating")


@dataclass(frozen=True, slots=True, kw_only=True)
class CoreSeconds:
    """Core-seconds by what they were spent on.

    Attributes
    ----------
    available : float
        Wall clock of the process times its jobs.
    parts : dict
        By name; adds up to what is available. Steps before and after the search count for all
        cores, though one may work in them.
    choosing, noting : float
        Seconds of the planning process within the search: at most so long a worker waited for it
        each time. They are no parts.
    """

    available: float
    parts: dict[str, float]
    choosing: float
    noting: float

    @property
    def productive(self) -> float:
        """Share of the available core-seconds inside fits and predictions of trials.

        Those of trials that were cut off by the end of the search, or stopped, are among them.
        """
        names = ("fits and predictions", "trials cut off at the end", "trials that were lost")
        return sum(self.parts[name] for name in names) / self.available

    @property
    def fitting(self) -> float:
        """The same with the fits of the final model on all rows."""
        return self.productive + self.parts["final fits on all rows"] / self.available


def core_seconds(
    timings: Mapping[str, float], results: "Iterable[TrialResult]", *, jobs: int, seconds: float
) -> CoreSeconds:
    """Add up where the core-seconds of a run went.

    Parameters
    ----------
    timings : Mapping of str to float
        Of the run's record.
    results : iterable of TrialResult
        Of its journal.
    jobs : int
        Its workers.
    seconds : float
        Its wall clock, from the start of the process to the end.
    """
    within = {"fits": 0.0, "rest": 0.0, "lost": 0.0}
    for result in results:
        spent = result.fit_seconds + result.predict_seconds - result.saved_seconds
        if spent <= 0.0 and not result.ok:
            within["lost"] += result.seconds
            continue
        spent = min(max(spent, 0.0), result.seconds)
        within["fits"] += spent
        within["rest"] += result.seconds - spent
    errand, cut_off = timings.get("errand", 0.0), timings.get("cut off", 0.0)
    searching = jobs * timings.get("searching", 0.0)
    around = {name: jobs * timings.get(name, 0.0) for name in _AROUND}
    known = sum(around.values()) + searching
    refitting = timings.get("refitting", 0.0)
    around["finishing"] -= refitting
    parts = {
        "fits and predictions": within["fits"],
        "trials cut off at the end": cut_off,
        "trials that were lost": within["lost"],
        "in trials, beside fits: loading, scoring, keeping": within["rest"],
        "asking past datasets": errand,
        "workers without a trial: choosing, handing over": searching
        - sum(within.values())
        - errand
        - cut_off,
        "final fits on all rows": refitting,
        **around,
        "elsewhere: imports, records, the end": jobs * seconds - known,
    }
    return CoreSeconds(
        available=jobs * seconds,
        parts=parts,
        choosing=timings.get("choosing", 0.0),
        noting=timings.get("noting", 0.0),
    )


def share_table(found: Mapping[str, CoreSeconds]) -> str:
    """Write a table: a column for each run, a row for each part, in core-seconds and shares."""
    names: dict[str, Any] = {}
    for one in found.values():
        names |= dict.fromkeys(one.parts)
    lines = ["| | " + " | ".join(found) + " |", "|---|" + "---|" * len(found)]
    for name in names:
        cells = [f"{c.parts[name]:.1f} ({c.parts[name] / c.available:.1%})" for c in found.values()]
        lines.append(f"| {name} | " + " | ".join(cells) + " |")
    rows = {
        "**share inside fits and predictions of trials**": [
            f"**{c.productive:.1%}**" for c in found.values()
        ],
        "with the final fits": [f"{c.fitting:.1%}" for c in found.values()],
        "available core-seconds": [f"{c.available:.1f}" for c in found.values()],
        "wall clock of choosing / of noting": [
            f"{c.choosing:.2f} / {c.noting:.2f}" for c in found.values()
        ],
    }
    lines += [f"| {name} | " + " | ".join(cells) + " |" for name, cells in rows.items()]
    return "\n".join(lines)
