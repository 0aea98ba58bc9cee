import os
import subprocess
import sys
from datetime import UTC, datetime

import psutil
import pytest

from metatune.budget import (
    Budget,
    Deadline,
    Stopwatch,
    parse_duration,
    seconds_since_process_start,
)
from metatune.errors import OptionError


@pytest.mark.parametrize(
    ("text", "seconds"),
    [
        ("90s", 90),
        ("10m", 600),
        ("10 min", 600),
        ("1h30m", 5400),
        ("1.5h", 5400),
        ("600", 600),
        (600, 600),
        (0.5, 0.5),
        ("1d", 86400),
    ],
)
def test_durations_as_people_write_them(text: str | float, seconds: float) -> None:
    assert parse_duration(text) == seconds


@pytest.mark.parametrize(
    "text", ["", "soon", "10x", "-5s", "0", "1h30", "nan", "inf", "10m!", True, "1e99"]
)
def test_nonsense_is_refused_with_advice(text: str | float) -> None:
    with pytest.raises(OptionError, match="use a duration like"):
        parse_duration(text)


def test_budget_refuses_no_trials() -> None:
    with pytest.raises(OptionError, match="max_trials"):
        Budget.parse("10s", max_trials=0)


def test_deadlines() -> None:
    assert Deadline.never().remaining() == float("inf")
    assert Deadline.after(-1).passed()
    deadline = Deadline.after(100)
    assert 99 < deadline.remaining() <= 100
    assert 89 < deadline.earlier(10).remaining() <= 90
    assert deadline.within(5).remaining() <= 5
    assert deadline.within(500).ends_at == deadline.ends_at


def test_stopwatch_counts_processor_time_apart() -> None:
    watch = Stopwatch()
    sum(i * i for i in range(200_000))
    assert watch.seconds() > 0
    assert watch.cpu_seconds() > 0


def test_process_start_is_before_the_interpreter_came_up() -> None:
    code = (
        "from metatune.budget import seconds_since_process_start as s\n"
        "import time; time.sleep(0.3); print(s())"
    )
    out = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert 0.3 < float(out.stdout) < 30
    assert seconds_since_process_start() > 0
    assert os.getpid() > 0


@pytest.fixture(scope="module")
def seconds_in_a_fixture() -> float:
    return seconds_since_process_start()


def test_commands_of_tests_and_of_their_fixtures_count_from_their_test(
    seconds_in_a_fixture: float,
) -> None:
    """The process of the tests may be older than any budget."""
    age = datetime.now(tz=UTC).timestamp() - psutil.Process().create_time()
    assert seconds_in_a_fixture < age - 0.5
