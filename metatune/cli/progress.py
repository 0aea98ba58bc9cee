"""Showing a run while it goes on: plain lines, or a live display on a terminal."""

import sys
from types import TracebackType
from typing import TYPE_CHECKING, Self

from metatune.budget import Deadline, Stopwatch, seconds_since_process_start
from metatune.cli.console import Voice, number, seconds
from metatune.cli.wording import announce_recommendations
from metatune.data.wording import counted
from metatune.evaluation.rungs import Rung
from metatune.evaluation.trial import TrialResult
from metatune.files.text import visible
from metatune.metrics import Metric
from metatune.recommender.advice import Advice
from metatune.search.history import History
from metatune.tuning.events import Events

if TYPE_CHECKING:
    from rich.live import Live
    from rich.text import Text

__all__ = ["LiveProgress", "Progress", "make_progress"]

_PAUSE = 15.0  # seconds without news after which a line says that the run goes on


class Progress(Events):
    """Says a line for each new incumbent, and one now and then. Used as a context.

    Parameters
    ----------
    voice : Voice
        Says it.
    metric : Metric
        The run's.
    deadline : Deadline
        When the run ends.
    every_trial : bool
        Say a line for each trial.
    """

    def __init__(
        self, voice: Voice, metric: Metric, deadline: Deadline, *, every_trial: bool = False
    ) -> None:
        self._voice = voice
        self._metric = metric
        self._deadline = deadline
        self._every_trial = every_trial
        self._since_line = Stopwatch()
        self._n_rungs = 1
        self._n_trials = 0
        self._n_failed = 0
        self._best: TrialResult | None = None
        self._doing = "getting ready"

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        """Leave the terminal as it was."""

    def search_starts(self, rungs: tuple[Rung, ...], constant_score: float) -> None:
        self._n_rungs = len(rungs)
        self._doing = "searching"
        self._say(f"constant prediction: {self._metric.name} {number(constant_score)}")

    def resumes(self, history: History, used: float) -> None:
        self._n_trials = len(history.results)
        self._n_failed = sum(result.failed for result in history.results)
        self._best = best = history.incumbent()
        known = "no model yet"
        if best is not None:
            known = f"best {self._metric.name} {number(best.score)}"
        done = counted(self._n_trials, "trial")
        self._say(f"going on after {done} and {seconds(used)}: {known}")

    def advised(self, advice: Advice) -> None:
        announce_recommendations(advice.recommendations, self._voice)
        if advice.features.skipped:
            groups = ", ".join(advice.features.skipped)
            self._say(f"meta-features left out for lack of time: {groups}")

    def not_advised(self, reason: str) -> None:
        self._say(f"no recommendation ({reason}): the defaults of all families are tried instead")

    def trial_ended(self, result: TrialResult, history: History) -> None:
        self._n_trials += 1
        self._n_failed += result.failed
        best = history.incumbent()
        leads = best is result
        self._best = best
        if leads or self._every_trial:
            self._say(self._trial_line(result, "best so far" if leads else ""))
        elif self._since_line.seconds() > _PAUSE:
            self._say(self._status_line())

    def search_ends(self, reason: str) -> None:
        self._doing = "finishing"
        failed = f", {self._n_failed} of them failed" if self._n_failed else ""
        self._say(f"search ended ({reason}) after {counted(self._n_trials, 'trial')}{failed}")

    def fitting(self, what: str) -> None:
        self._doing = f"fitting {what}"
        self._say(f"fitting {what}")

    def _say(self, text: str) -> None:
        self._since_line = Stopwatch()
        self._voice.say(text)

    def _trial_line(self, result: TrialResult, remark: str) -> str:
        trial = result.trial
        score = f"{self._metric.name} {number(result.score)}" if result.ok else str(result.status)
        what = str(trial.configuration) if self._every_trial else trial.configuration.algorithm
        parts = (
            f"{seconds_since_process_start():7.1f} s  trial {trial.number}: {what}",
            score,
            f"rung {trial.rung.index + 1} of {self._n_rungs}",
            remark,
            result.error,
        )
        return ", ".join(part for part in parts if part)

    def _status_line(self) -> str:
        left = max(0.0, self._deadline.remaining())
        best = "no model yet"
        if self._best is not None:
            algorithm = self._best.trial.configuration.algorithm
            best = f"best {self._metric.name} {number(self._best.score)} ({algorithm})"
        done = counted(self._n_trials, "trial")
        return f"{self._doing}: {best}, {done} done, {seconds(left)} left"


class LiveProgress(Progress):
    """Keeps a line with the state of the run below the lines that are said."""

    _live: "Live"

    def __enter__(self) -> Self:
        from rich.console import Console
        from rich.live import Live

        console = Console(stderr=True, highlight=False, markup=False, emoji=False)
        self._live = Live(
            get_renderable=self._state, console=console, refresh_per_second=4, transient=True
        )
        self._live.start()
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self._live.stop()

    def _state(self) -> "Text":
        from rich.text import Text

        return Text(visible(self._status_line()), style="bold", no_wrap=True, overflow="ellipsis")


def make_progress(
    voice: Voice, metric: Metric, deadline: Deadline, *, quiet: bool, every_trial: bool
) -> Progress:
    """Choose between live display and plain lines."""
    live = sys.stderr.isatty() and not quiet
    chosen = LiveProgress if live else Progress
    return chosen(voice, metric, deadline, every_trial=every_trial)
