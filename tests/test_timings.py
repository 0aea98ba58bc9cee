"""Seconds of a run, by what they were spent on."""

import pytest

from metatune.budget import Stopwatch, Timings


def spend(seconds: float) -> None:
    watch = Stopwatch()
    while watch.seconds() < seconds:
        pass


def test_seconds_add_up_by_name() -> None:
    timings = Timings()
    for _ in range(2):
        with timings.on("work"):
            spend(0.02)
    timings.add("elsewhere", 5.0)
    timings.add("elsewhere", 1.0)
    assert timings.seconds["work"] >= 0.04
    assert timings.seconds["elsewhere"] == 6.0


def test_laps_leave_nothing_out() -> None:
    outer, timings, inner = Stopwatch(), Timings(), Stopwatch()
    spend(0.02)
    timings.lap("first")
    spend(0.01)
    least = inner.seconds()
    timings.lap("second")
    most = outer.seconds()
    assert list(timings.seconds) == ["first", "second"]
    assert timings.seconds["first"] >= 0.02
    assert least <= sum(timings.seconds.values()) * (1.0 + 1e-12) <= most * (1.0 + 1e-9)


def test_what_ends_with_an_error_is_counted() -> None:
    timings = Timings()
    with pytest.raises(KeyError), timings.on("work"):
        raise KeyError("x")
    assert "work" in timings.seconds
