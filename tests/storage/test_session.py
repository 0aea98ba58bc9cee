"""A session: one process that makes a run or goes on with it."""

import tempfile
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest
from run_records import OUTCOME

from metatune.data.task.make_task import make_task
from metatune.data.task.task import Task
from metatune.errors import BundleError, MetadataError, OptionError
from metatune.storage.directory import RunDirectory
from metatune.storage.door import Door
from metatune.storage.extension import Extension
from metatune.storage.record import DataRecord, RunRecord
from metatune.storage.run_options import RunOptions
from metatune.storage.session import RunRequest, Session, open_run

DATA = DataRecord(name="table", path="/tables/table.csv")


def make_small_task() -> Task:
    rng = np.random.default_rng(0)
    frame = pd.DataFrame({"a": rng.normal(size=40), "y": ["no", "yes"] * 20})
    return make_task(frame, target="y")


TASK = make_small_task()


def request(directory: Path | None, door: Door = Door.COMMAND_LINE, **changes: Any) -> RunRequest:
    names = ("budget", "seed", "max_trials", "metric", "include", "jobs", "data")
    given = {name: changes.pop(name) for name in names if name in changes}
    options = RunOptions(**{"budget": "1m", "seed": 0, "max_trials": 3, **given})
    return RunRequest(door=door, directory=directory, options=options, **changes)


def finish(session: Session) -> RunRecord:
    board = pd.DataFrame({"rank": [1]})
    return session.finish(OUTCOME, board, tuning=2.0, timings={"a": 1.0}, interrupted=False)


def break_off(asked: RunRequest, error: BaseException) -> None:
    """Begin a run that an error ends."""
    with open_run(asked) as session:
        session.begin(TASK, DATA)
        raise error


def run_once(directory: Path, door: Door = Door.COMMAND_LINE, **changes: Any) -> RunRecord:
    with open_run(request(directory, door, **changes)) as session:
        session.begin(TASK, DATA, reading=0.5)
        return finish(session)


@pytest.mark.parametrize("door", list(Door))
def test_a_run_is_recorded_from_its_beginning_to_its_end(door: Door, tmp_path: Path) -> None:
    folder = tmp_path / "run"
    with open_run(request(folder, door)) as session:
        assert not folder.exists()
        assert session.earlier is None
        assert not session.is_over
        begun = session.begin(TASK, DATA, reading=0.5)
        assert RunRecord.read(folder) == begun
        assert (begun.status, begun.started_from, begun.task.target) == ("running", door, "y")
        assert 0.0 < session.used < 60.0
        record = finish(session)
    assert RunRecord.read(folder) == record
    assert (record.status, record.outcome) == ("done", OUTCOME)
    assert record.seconds.tuning == 2.0
    assert record.timings["a"] == 1.0
    assert record.options.output == str(folder)
    assert (folder / "leaderboard.csv").is_file()
    RunDirectory.check(folder, overwrite=True).release()  # nobody holds it any more


def test_a_run_without_a_directory_leaves_nothing(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(tempfile, "tempdir", str(tmp_path))
    with open_run(request(None, Door.PYTHON)) as session:
        session.begin(TASK, DATA)
        assert session.directory.is_scratch
        assert tmp_path in session.directory.path.parents
        finish(session)
    assert list(tmp_path.iterdir()) == []


def test_an_interruption_is_recorded(tmp_path: Path) -> None:
    with pytest.raises(KeyboardInterrupt):
        break_off(request(tmp_path / "run"), KeyboardInterrupt())
    record = RunRecord.read(tmp_path / "run")
    assert (record.status, record.outcome) == ("interrupted", None)
    assert record.seconds.used > 0.0


@pytest.mark.parametrize("existed", [False, True])
def test_options_that_turn_out_not_to_work_leave_nothing(existed: bool, tmp_path: Path) -> None:
    folder = tmp_path / "run"
    if existed:
        folder.mkdir()
    with pytest.raises(MetadataError):
        break_off(request(folder), MetadataError("there is none"))
    assert folder.exists() == existed
    assert not existed or list(folder.iterdir()) == []


def test_a_run_that_breaks_off_stays(tmp_path: Path) -> None:
    with pytest.raises(BundleError):
        break_off(request(tmp_path / "run"), BundleError("no room"))
    assert RunRecord.read(tmp_path / "run").status == "running"


def test_going_on_with_what_does_not_work_leaves_the_record(tmp_path: Path) -> None:
    before = run_once(tmp_path)
    with pytest.raises(OptionError):
        break_off(request(tmp_path, resume=True), OptionError("another table"))
    assert RunRecord.read(tmp_path) == before


def test_one_process_at_a_time(tmp_path: Path) -> None:
    with (
        open_run(request(tmp_path)),
        pytest.raises(OptionError, match="going on"),
        open_run(request(tmp_path, resume=True)),
    ):
        pass


def test_the_command_line_repeats_the_budget_and_may_extend_it(tmp_path: Path) -> None:
    first = run_once(tmp_path)
    again: dict[str, Any] = {"resume": True}
    with open_run(request(tmp_path, **again)) as session:
        assert session.is_over
        assert session.budget.max_trials == 3
        assert session.deadline.remaining() < 60.0 - first.seconds.used
    with open_run(request(tmp_path, extension=Extension(trials=4), **again)) as session:
        assert not session.is_over
        assert session.budget.max_trials == 4  # none is finished, as far as the journal knows
        assert session.budget.seconds == first.seconds.used + 600.0
        assert session.plan_seconds == 60.0
        longer = session.begin(TASK, DATA)
    assert longer.options == first.options
    assert longer.started_at == first.started_at
    assert len(longer.went_on_at) == 1
    for change in ({"budget": "2m"}, {"max_trials": 9}):
        with (
            pytest.raises(OptionError, match=r"metatune continue .* --budget \+10m"),
            open_run(request(tmp_path, **again, **change)),
        ):
            pass


def test_from_python_the_budget_counts_the_whole_run(tmp_path: Path) -> None:
    first = run_once(tmp_path, Door.PYTHON)
    longer = request(tmp_path, Door.PYTHON, resume=True, budget="2m", max_trials=9)
    with open_run(longer) as session:
        assert (session.budget.seconds, session.budget.max_trials) == (120.0, 9)
        assert session.plan_seconds == 60.0
        assert session.deadline.remaining() < 120.0 - first.seconds.used


def test_a_seed_that_was_drawn_is_that_of_the_beginning(tmp_path: Path) -> None:
    run_once(tmp_path, Door.PYTHON, seed=7)
    drawn = request(tmp_path, Door.PYTHON, resume=True, seed=8, seed_given=False)
    with open_run(drawn) as session:
        assert session.options.seed == 7


@pytest.mark.parametrize(
    ("door", "change", "said"),
    [
        (Door.COMMAND_LINE, {"seed": 1}, "--seed is 1 now and was 0"),
        (Door.PYTHON, {"seed": 1}, "random_state is 1 now and was 0"),
        (Door.COMMAND_LINE, {"metric": "accuracy"}, "--metric is 'accuracy' now and was not given"),
        (Door.PYTHON, {"include": ("knn",)}, "include is 'knn' now and was not given"),
    ],
)
def test_options_that_decide_about_results_stay(
    door: Door, change: dict[str, Any], said: str, tmp_path: Path
) -> None:
    run_once(tmp_path, door)
    with (
        pytest.raises(OptionError, match=said),
        open_run(request(tmp_path, door, resume=True, **change)),
    ):
        pass


def test_what_the_run_made_of_an_option_may_be_said(tmp_path: Path) -> None:
    run_once(tmp_path)
    with open_run(request(tmp_path, resume=True, metric="roc_auc", jobs=2)) as session:
        record = session.begin(TASK, DATA)
    assert record.options.metric is None
    assert record.options.jobs == 2


def test_a_file_that_has_changed_is_refused(tmp_path: Path) -> None:
    file = tmp_path / "table.csv"
    file.write_text("a,y\n1,no\n")
    folder = tmp_path / "run"
    asked: dict[str, Any] = {"data_file": file, "data": str(file)}
    assert len(run_once(folder, **asked).data.fingerprint or "") == 64
    with open_run(request(folder, resume=True, **asked)):
        pass
    file.write_text("a,y\n2,no\n")
    with (
        pytest.raises(OptionError, match=r"table\.csv has changed since the run"),
        open_run(request(folder, resume=True, **asked)),
    ):
        pass


def test_a_run_keeps_its_table_when_another_door_goes_on(tmp_path: Path) -> None:
    first = run_once(tmp_path)
    other = request(tmp_path, Door.PYTHON, resume=True, max_trials=5)
    with open_run(other) as session:
        record = session.begin(TASK, replace(DATA, name="data", path=None))
    assert record.data == first.data
    assert record.started_from is Door.COMMAND_LINE


@pytest.mark.parametrize(
    ("changes", "said"),
    [
        ({"directory": None, "door": Door.PYTHON, "resume": True}, "name a run_dir"),
        ({"resume": True, "overwrite": True}, "give one"),
        ({"budget": "soon"}, "not a duration"),
        ({"max_trials": 0}, "at least 1"),
    ],
)
def test_requests_that_cannot_work(changes: dict[str, Any], said: str, tmp_path: Path) -> None:
    with (
        pytest.raises(OptionError, match=said),
        open_run(request(**{"directory": tmp_path / "run", **changes})),
    ):
        pass
    assert list(tmp_path.iterdir()) == []
