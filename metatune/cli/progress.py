"""Progress of a run while it goes on: plain lines, or a live display below them on a terminal."""

from types import TracebackType
from typing import TYPE_CHECKING, Self

from metatune.budget import Budget, Deadline, Stopwatch, seconds_since_process_start
from metatune.cli import interrupts
from metatune.cli.console import Voice, can_redraw
from metatune.cli.wording import announce_recommendations
from metatune.evaluation.rungs import Rung
from metatune.evaluation.trial import Trial, TrialResult
from metatune.files.text import visible
from metatune.listeners.state import RunState
from metatune.listeners.words import ladder, trial_words, trials_done
from metatune.notation.numbers import duration, number, percent
from metatune.search.history import History
from metatune.tuning.events import Events, RunFacts, Step

if TYPE_CHECKING:
    from rich.console import OverflowMethod, RenderableType
    from rich.live import Live

    from metatune.recommender.advice import Advice

__all__ = ["LiveProgress", "Progress", "make_progress"]

_PAUSE = 15.0  # seconds without news after which a line says that the run goes on
_PER_SECOND = 4  # times that a live display is drawn
_NARROW = 72  # columns below which the name of the metric is left to the news
_SHOW_CURSOR = "\x1b[?25h"


class Progress(Events):
    """Says a line for each new incumbent, and one now and then. Used as a context.

    Parameters
    ----------
    voice : Voice
        Says it.
    budget : Budget
        Of the whole run.
    deadline : Deadline
        When the run ends.
    every_trial : bool
        Say a line for each trial.
    """

    def __init__(
        self, voice: Voice, budget: Budget, deadline: Deadline, *, every_trial: bool = False
    ) -> None:
        self._voice = voice
        self._every_trial = every_trial
        self._since_line = Stopwatch()
        self.state = RunState(budget, deadline)

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        """Leave the terminal as it was."""

    def run_starts(self, facts: RunFacts) -> None:
        self.state.run_starts(facts)

    def step_starts(self, step: Step) -> None:
        self.state.step_starts(step)

    def search_starts(self, rungs: tuple[Rung, ...], constant_score: float) -> None:
        self.state.search_starts(rungs, constant_score)
        climbing = ladder(rungs)
        if climbing:
            self._say(climbing)
        self._say(f"to beat: constant prediction, {self.state.metric} {number(constant_score)}")

    def resumes(self, history: History, used: float) -> None:
        self.state.resumes(history, used)
        done = trials_done(self.state.n_trials, self.state.n_failed)
        best = "" if self.state.best is None else "best "
        self._say(f"going on after {done} and {duration(used)}: {best}{self.state.best_words()}")

    def advised(self, advice: "Advice") -> None:
        announce_recommendations(advice.recommendations, self._voice)
        if advice.features.skipped:
            groups = ", ".join(advice.features.skipped)
            self._say(f"meta-features left out for lack of time: {groups}")

    def not_advised(self, reason: str) -> None:
        self._say(f"no recommendation ({reason}): the defaults of all families are tried instead")

    def trial_starts(self, trial: Trial) -> None:
        self.state.trial_starts(trial)

    def trial_ended(self, result: TrialResult, history: History) -> None:
        self.state.trial_ended(result, history)
        leads = self.state.best is result
        if leads or self._every_trial:
            self._say(self._trial_line(result, leads=leads))
        elif self._since_line.seconds() > _PAUSE:
            self._say_state()

    def search_ends(self, reason: str) -> None:
        self.state.search_ends(reason)
        done = trials_done(self.state.n_trials, self.state.n_failed)
        self._say(f"search ended ({reason}) after {done}")

    def _say(self, text: str) -> None:
        self._since_line = Stopwatch()
        self._voice.say(text)

    def _say_state(self) -> None:
        self._say(self.state.line())

    def _trial_line(self, result: TrialResult, *, leads: bool) -> str:
        state = self.state
        words = trial_words(
            result,
            state.rungs,
            state.metric,
            state.before,
            leads=leads,
            in_full=self._every_trial,
        )
        clock = f"{seconds_since_process_start():7.1f} s"
        return f"{clock}  trial {result.trial.number}, {words}"


class LiveProgress(Progress):
    """Keeps a display of the run's state below the lines that are said."""

    _live: "Live"

    def __enter__(self) -> Self:
        from rich.live import Live

        console = self._voice.live_console()
        self._live = Live(
            get_renderable=self._draw,
            console=console,
            refresh_per_second=_PER_SECOND,
            transient=True,
        )
        self._live.start()
        console.show_cursor(True)  # a process that is killed cannot bring it back
        interrupts.leave_terminal_with("\n" + _SHOW_CURSOR)
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self._live.stop()
        interrupts.leave_terminal_with("")

    def _say_state(self) -> None:
        """Say nothing: the display does."""

    def _draw(self) -> "RenderableType":
        from rich.console import Group
        from rich.progress_bar import ProgressBar
        from rich.table import Table
        from rich.text import Text

        state, console = self.state, self._voice.live_console()
        overflow: OverflowMethod = "ellipsis" if console.encoding.startswith("utf") else "crop"
        bar = Table.grid(padding=(0, 1), expand=True)
        bar.add_column(ratio=1)
        bar.add_column(no_wrap=True)
        bar.add_column(no_wrap=True)
        bar.add_row(
            ProgressBar(total=1.0, completed=state.share), f"{percent(state.share):>5}", state.left
        )
        facts = [("now", state.now())]
        if state.rungs:
            best = state.best_words(long=console.width >= _NARROW)
            facts += [("best", best), ("to beat", state.rivals()), ("tried", state.tried())]
        lines = [
            Text.assemble((f"{label:8}", "bold"), visible(said), no_wrap=True, overflow=overflow)
            for label, said in facts
        ]
        return Group(bar, *lines)


def make_progress(
    voice: Voice, budget: Budget, deadline: Deadline, *, every_trial: bool
) -> Progress:
    """Choose between live display and plain lines."""
    live = can_redraw() and not voice.quiet
    chosen = LiveProgress if live else Progress
    return chosen(voice, budget, deadline, every_trial=every_trial)
