"""Talkers: listeners that tell whoever fits an estimator how far it is."""

import contextlib
import sys
from typing import Any

from metatune.evaluation.rungs import Rung
from metatune.evaluation.trial import Trial, TrialResult
from metatune.files.text import visible
from metatune.listeners.state import RunState
from metatune.listeners.words import trial_words
from metatune.notation.cards import Card
from metatune.search.history import History
from metatune.storage.record import Outcome
from metatune.storage.session import Session
from metatune.tuning.events import Events, RunFacts, Step

__all__ = ["NotebookLine", "Talker", "talker"]


def talker(session: Session, verbose: int) -> Events:
    """Return what tells of a fit: nothing, lines, or in a notebook a line that is replaced."""
    if not verbose:
        return Events()
    state = RunState(session.budget, session.deadline)
    return NotebookLine(state) if verbose == 1 and _in_notebook() else Talker(state, verbose)


class Talker(Events):
    """Writes what happens to standard error, as far as it was asked for.

    Parameters
    ----------
    state : RunState
        State of the run, which it passes events on to.
    verbose : int
        1 for a line for each new best model, 2 for one for each trial.
    """

    def __init__(self, state: RunState, verbose: int) -> None:
        self.state = state
        self._verbose = verbose

    def run_starts(self, facts: RunFacts) -> None:
        self.state.run_starts(facts)

    def step_starts(self, step: Step) -> None:
        self.state.step_starts(step)

    def search_starts(self, rungs: tuple[Rung, ...], constant_score: float) -> None:
        self.state.search_starts(rungs, constant_score)

    def resumes(self, history: History, used: float) -> None:
        self.state.resumes(history, used)

    def trial_starts(self, trial: Trial) -> None:
        self.state.trial_starts(trial)

    def trial_ended(self, result: TrialResult, history: History) -> None:
        state = self.state
        state.trial_ended(result, history)
        leads = state.best is result
        if leads or self._verbose > 1:
            words = trial_words(result, state.rungs, state.metric, state.before, leads=leads)
            self._say(f"trial {result.trial.number}, {words}")

    def search_ends(self, reason: str) -> None:
        self.state.search_ends(reason)
        self._say(f"search ended: {reason}")

    def _say(self, text: str) -> None:
        """Write to standard error; a program may have none, or nobody who reads it."""
        with contextlib.suppress(OSError, ValueError):
            if sys.stderr is not None:
                sys.stderr.write(visible(text) + "\n")


class NotebookLine(Talker):
    """Line below a notebook's cell that says how far a fit is, and is replaced as it goes on.

    Parameters
    ----------
    state : RunState
        State of the run.
    """

    def __init__(self, state: RunState) -> None:
        super().__init__(state, verbose=1)
        self._shown: Any = None
        self._result = ""

    def run_starts(self, facts: RunFacts) -> None:
        super().run_starts(facts)
        self._show()

    def step_starts(self, step: Step) -> None:
        super().step_starts(step)
        self._show()

    def trial_ended(self, result: TrialResult, history: History) -> None:
        self.state.trial_ended(result, history)
        self._show()

    def search_ends(self, reason: str) -> None:
        self.state.search_ends(reason)

    def run_ends(self, outcome: Outcome) -> None:
        self._result = f"done ({outcome.ended}): {self.state.best_words()}"
        self._show()

    def _show(self) -> None:
        from IPython.display import display

        line = _Line(self._result or self.state.line())
        if self._shown is None:
            self._shown = display(line, display_id=True)
        else:
            self._shown.update(line)


class _Line:
    """Line of text as a notebook shows it."""

    def __init__(self, text: str) -> None:
        self._card = Card(title=text)

    def __repr__(self) -> str:
        return self._card.text()

    def _repr_html_(self) -> str:
        return self._card.html()


def _in_notebook() -> bool:
    """Return True in a kernel of Jupyter, whose output can be replaced."""
    ipython = sys.modules.get("IPython")
    shell = None if ipython is None else ipython.get_ipython()
    return hasattr(shell, "kernel")
