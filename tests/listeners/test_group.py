"""Groups of listeners: told the same, and none of them ends a run."""

import warnings
from typing import Any

import pytest

from metatune.errors import ListenerWarning, OptionError
from metatune.listeners.group import Group, read_callbacks
from metatune.tuning.events import Events, Step

EVENTS = [name for name, value in vars(Events).items() if callable(value)]


class Recorder(Events):
    def __init__(self) -> None:
        self.told: list[tuple[Any, ...]] = []

    def step_starts(self, step: Step) -> None:
        self.told.append(("step", step))

    def search_ends(self, reason: str) -> None:
        self.told.append(("ends", reason))


class Broken(Recorder):
    def step_starts(self, step: Step) -> None:
        super().step_starts(step)
        raise ZeroDivisionError("a bug\nof the user's")


def test_a_group_passes_every_event_on() -> None:
    assert len(EVENTS) > 8
    missing = [name for name in EVENTS if name not in vars(Group)]
    assert missing == []


def test_a_listener_that_fails_is_warned_of_once_and_told_nothing_more() -> None:
    broken, sound = Broken(), Recorder()
    group = Group([broken, sound])
    with pytest.warns(ListenerWarning, match=r"Broken\.step_starts failed .* a bug of the user's"):
        group.step_starts(Step.SEARCHING)
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        group.step_starts(Step.FITTING)
        group.search_ends("time is up")
    assert broken.told == [("step", Step.SEARCHING)]
    assert [what for what, _ in sound.told] == ["step", "step", "ends"]


def test_an_interruption_passes_through() -> None:
    class Interrupting(Events):
        def step_starts(self, step: Step) -> None:
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        Group([Interrupting()]).step_starts(Step.SEARCHING)


def test_callbacks_are_listeners() -> None:
    one = Recorder()
    assert read_callbacks(None) == ()
    assert read_callbacks(one) == (one,)
    assert read_callbacks([one, one]) == (one, one)
    for wrong in (print, [print], "mlflow", 3):
        with pytest.raises(OptionError, match=r"subclasses of metatune\.Events"):
            read_callbacks(wrong)
