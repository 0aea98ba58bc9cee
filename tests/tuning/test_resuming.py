"""A run that was cut off goes on, and ends as if nothing had happened."""

import json
import shutil
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest
from run_records import make_record
from short_table import make_table

from metatune.budget import Budget, Deadline
from metatune.data.task.make_task import make_task
from metatune.errors import BundleError, OptionError
from metatune.evaluation.refit import refit_in_worker
from metatune.evaluation.trial import TrialResult
from metatune.execution.executor import Handle, InlineExecutor, Job, JobOutcome, JobStatus
from metatune.models import model_file
from metatune.search.history import History
from metatune.search.outcome import Ended
from metatune.storage.directory import RunDirectory
from metatune.storage.journal import Past, read_journal, read_past
from metatune.storage.resume import Pulse, find_earlier
from metatune.tuning.events import Events
from metatune.tuning.options import TuneOptions
from metatune.tuning.result import TuningResult
from metatune.tuning.tune import tune

FAMILIES = ("linear", "knn", "naive_bayes", "decision_tree")
N_TRIALS = 10


class Killed(BaseException):
    """Stands for the end of the process: nobody handles it."""


class Doomed(InlineExecutor):
    """Ends the process when so many trials are done, in the midst of the next one."""

    def __init__(self, n_trials: int) -> None:
        super().__init__()
        self.n_left = n_trials

    def submit(self, job: Job, *, beside: bool = False) -> Handle:
        self.n_left -= 1
        if self.n_left < 0:
            raise Killed
        return super().submit(job, beside=beside)


class NoTime(InlineExecutor):
    """An executor in which the winner is never fitted in time."""

    def call(self, job: Job) -> JobOutcome:
        if job.function is refit_in_worker:
            return JobOutcome(status=JobStatus.TIMED_OUT, error="late")
        return super().call(job)


class Log(Events):
    def __init__(self) -> None:
        self.resumed: tuple[int, float] | None = None
        self.ran: list[int] = []

    def resumes(self, history: History, used: float) -> None:
        self.resumed = len(history.results), used

    def trial_ended(self, result: TrialResult, history: History) -> None:
        self.ran.append(result.trial.number)


def run(
    metadata: Path,
    folder: Path,
    *,
    seconds: float = 300.0,
    max_trials: int | None = N_TRIALS,
    table: pd.DataFrame | None = None,
    executor: InlineExecutor | None = None,
    resume: bool = False,
    events: Events | None = None,
    seed: int = 1,
    closing: float = 0.0,
) -> TuningResult:
    run_dir = RunDirectory.check(folder, resume=resume)
    earlier = find_earlier(run_dir) if resume else None
    try:
        run_dir.make(resume=resume)
        return tune(
            make_task(make_table() if table is None else table, target="buys"),
            TuneOptions(
                budget=Budget(seconds=300.0, max_trials=max_trials),
                include=FAMILIES,
                seed=seed,
                metadata=metadata,
            ),
            deadline=Deadline.after(seconds),
            executor=executor or InlineExecutor(),
            closing=closing,
            directory=run_dir,
            past=None if earlier is None else earlier.past,
            events=events,
        )
    finally:
        run_dir.release()


def plain(result: TrialResult) -> dict[str, object]:
    """Leave out what differs each time: what was measured, and what was shared in time."""
    varies = ("memory_mb", "latency", "model_bytes", "copied_folds", "stored_matrices")
    record = result.to_record().items()
    return {k: v for k, v in record if k not in varies and not k.endswith("seconds")}


@pytest.fixture(scope="module")
def whole(
    metadata_dir: Path, tmp_path_factory: pytest.TempPathFactory
) -> tuple[Path, TuningResult]:
    """A run that nobody interrupted."""
    folder = tmp_path_factory.mktemp("whole") / "run"
    return folder, run(metadata_dir, folder)


@pytest.mark.parametrize("n_done", [0, 2, 9])
def test_a_killed_run_ends_as_if_it_had_never_been(
    whole: tuple[Path, TuningResult], n_done: int, metadata_dir: Path, tmp_path: Path
) -> None:
    folder = tmp_path / "run"
    with pytest.raises(Killed):
        run(metadata_dir, folder, executor=Doomed(n_done))
    before = (folder / "trials.jsonl").read_bytes()
    assert before.count(b"\n") == n_done
    if n_done:  # from the first trial on there is a model, the constant at least
        model_file.load(folder).predict(make_table())
    log = Log()
    result = run(metadata_dir, folder, resume=True, events=log)
    assert [*map(plain, result.history.results)] == [*map(plain, whole[1].history.results)]
    assert result.winner == whole[1].winner
    assert (folder / "trials.jsonl").read_bytes().startswith(before)
    assert len(log.ran) == N_TRIALS - n_done
    assert (log.resumed or (0, 0))[0] == n_done
    X = make_table()
    np.testing.assert_array_equal(
        model_file.load(folder).predict_proba(X), model_file.load(whole[0]).predict_proba(X)
    )
    kept = {path.name for path in (folder / "predictions").iterdir()}
    assert kept == {path.name for path in (whole[0] / "predictions").iterdir()}


@pytest.fixture
def copy(whole: tuple[Path, TuningResult], tmp_path: Path) -> Path:
    """A finished run of one's own."""
    return Path(shutil.copytree(whole[0], tmp_path / "copy"))


def test_more_trials_go_on_as_one_longer_run(
    copy: Path, metadata_dir: Path, tmp_path: Path
) -> None:
    longer = run(metadata_dir, copy, max_trials=N_TRIALS + 4, resume=True)
    direct = run(metadata_dir, tmp_path / "direct", max_trials=N_TRIALS + 4)
    assert [*map(plain, longer.history.results)] == [*map(plain, direct.history.results)]
    X = make_table()
    np.testing.assert_array_equal(longer.pipeline.predict(X), direct.pipeline.predict(X))


def test_against_time_nothing_is_tried_twice(copy: Path, metadata_dir: Path) -> None:
    class Enough(Log):
        def trial_ended(self, result: TrialResult, history: History) -> None:
            super().trial_ended(result, history)
            if len(self.ran) == 5:
                raise KeyboardInterrupt

    before = read_journal(copy / "trials.jsonl")
    log = Enough()
    result = run(metadata_dir, copy, max_trials=None, resume=True, events=log)
    assert result.ended is Ended.INTERRUPTED
    assert list(result.history.results[:N_TRIALS]) == before
    slots = [(r.trial.configuration.key, r.trial.rung) for r in result.history.results]
    assert len(set(slots)) == len(slots) == N_TRIALS + 5
    assert min(log.ran) == N_TRIALS


def test_without_time_the_saved_model_stays(copy: Path, metadata_dir: Path) -> None:
    X = make_table()
    saved = model_file.load(copy).predict_proba(X)
    result = run(metadata_dir, copy, seconds=-1.0, resume=True, executor=NoTime())
    assert result.ended is Ended.TIME
    assert result.beats_constant
    assert result.fitted_on == "all rows"
    np.testing.assert_array_equal(model_file.load(copy).predict_proba(X), saved)


def test_pieces_of_a_killed_run_are_put_in_order(copy: Path, metadata_dir: Path) -> None:
    journal = copy / "trials.jsonl"
    lines = journal.read_bytes().splitlines(keepends=True)
    journal.write_bytes(b"".join(lines[:-2]) + lines[-2][:50])  # torn, and the last never written
    (copy / "model.skops.part").write_bytes(b"half")
    (copy / "run.json.part").write_bytes(b"{")
    kept = sorted((copy / "predictions").iterdir())
    kept[0].unlink()  # of a trial that counts
    (copy / "predictions" / "000999-0123456789ab.npy").write_bytes(b"never counted")
    result = run(metadata_dir, copy, resume=True)
    assert len(result.history.results) == N_TRIALS
    assert journal.read_bytes().startswith(b"".join(lines[:-2]))
    assert not list(copy.rglob("*.part"))
    assert not (copy / "predictions" / "000999-0123456789ab.npy").exists()


@pytest.mark.parametrize(
    "change",
    [
        pytest.param(lambda table: table.assign(a=table["a"] + 1e-3), id="a column"),
        pytest.param(lambda table: table.iloc[::-1], id="the order"),
        pytest.param(lambda table: table.rename(columns={"a": "z"}), id="a name"),
    ],
)
def test_another_table_is_refused(
    change: Callable[[pd.DataFrame], pd.DataFrame], copy: Path, metadata_dir: Path
) -> None:
    before = {path.name: path.read_bytes() for path in copy.iterdir() if path.is_file()}
    with pytest.raises(OptionError, match="from another table, target, metric or seed"):
        run(metadata_dir, copy, table=change(make_table()), resume=True)
    assert before == {path.name: path.read_bytes() for path in copy.iterdir() if path.is_file()}


def test_another_seed_is_refused(copy: Path, metadata_dir: Path) -> None:
    with pytest.raises(OptionError, match="another table, target, metric or seed"):
        run(metadata_dir, copy, seed=2, resume=True)


def test_trials_of_other_rungs_are_refused(copy: Path, metadata_dir: Path) -> None:
    journal = copy / "trials.jsonl"
    journal.write_text(journal.read_text().replace('"n_folds":1,', '"n_folds":2,'))
    with pytest.raises(OptionError, match="divided this table otherwise"):
        run(metadata_dir, copy, resume=True)


def test_a_torn_record_is_no_record(copy: Path) -> None:
    (copy / "run.json").write_bytes(b'{"status": "ru')
    earlier = find_earlier(RunDirectory(copy))
    assert earlier is not None
    assert earlier.record is None
    assert earlier.past == read_past(copy / "trials.jsonl")
    assert earlier.used > 0
    assert not earlier.finished
    assert find_earlier(RunDirectory(copy / "nothing")) is None


def test_the_larger_figure_of_used_seconds_counts(tmp_path: Path) -> None:
    run_dir = RunDirectory(tmp_path)
    run_dir.write_record(make_record())
    Pulse("r", 60.0, Deadline.after(20.0), run_dir).beat()  # too early to tell
    assert run_dir.read_record().seconds.used == 1.0
    run_dir.note_used(40.0)
    earlier = find_earlier(run_dir)
    assert earlier is not None
    assert earlier.used == 40.0
    assert earlier.budget_seconds(7.0) == 60.0


class FullDisk:
    """Lets so many writes of the journal succeed."""

    def __init__(self, n_writes: int) -> None:
        self.n_left = n_writes

    def __call__(self, *_: Any) -> None:
        self.n_left -= 1
        if self.n_left < 0:
            raise OSError(28, "No space left on device")


def test_a_full_disk_ends_the_run_with_the_incumbent_kept(
    metadata_dir: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    folder = tmp_path / "run"
    with monkeypatch.context() as patch:
        patch.setattr("metatune.storage.journal.os.fsync", FullDisk(6))
        with pytest.raises(BundleError, match=r"journal .* \(No space left on device\): free"):
            run(metadata_dir, folder)
    assert len(read_journal(folder / "trials.jsonl")) in (6, 7)
    assert model_file.model_info(model_file.load(folder))["trial"] is not None
    assert (model_file.load(folder).predict(make_table()) == make_table()["buys"]).mean() > 0.7
    result = run(metadata_dir, folder, resume=True)
    assert len(result.history.results) == N_TRIALS


def test_a_model_that_cannot_be_saved_leaves_the_one_before(
    metadata_dir: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    import skops.io

    folder, dump = tmp_path / "run", skops.io.dump
    n_saved: list[int] = []

    def sometimes(model: Any, path: Path) -> None:
        if len(n_saved) == 2:
            path.write_bytes(b"the first half")
            raise OSError(28, "No space left on device")
        n_saved.append(1)
        dump(model, path)

    monkeypatch.setattr("skops.io.dump", sometimes)
    with pytest.raises(BundleError, match=r"cannot write .*model\.skops \(No space left"):
        run(metadata_dir, folder)
    assert len(read_journal(folder / "trials.jsonl")) == N_TRIALS  # the search went on
    assert model_file.model_info(model_file.load(folder))["trial"] is not None
    assert not list(folder.rglob("*.part"))


def test_scratch_space_that_is_full_is_said_in_a_line(
    metadata_dir: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("numpy.save", FullDisk(0))
    with pytest.raises(BundleError, match=r"cannot write scratch files in .*TMPDIR"):
        run(metadata_dir, tmp_path / "run")


def test_one_process_at_a_time(copy: Path) -> None:
    first = RunDirectory.check(copy, resume=True)
    first.write_record(make_record())
    with pytest.raises(OptionError, match=r"a run is going on in .*copy \(process \d+\)"):
        RunDirectory.check(copy, overwrite=True)
    first.release()
    RunDirectory.check(copy, overwrite=True).release()


def test_an_interruption_of_the_final_fit_still_saves(metadata_dir: Path, tmp_path: Path) -> None:
    class Impatient(InlineExecutor):
        n_calls = 0

        def call(self, job: Job) -> JobOutcome:
            if job.function is refit_in_worker:
                self.n_calls += 1
                if self.n_calls == 1:
                    raise KeyboardInterrupt
            return super().call(job)

    result = run(metadata_dir, tmp_path / "run", executor=Impatient())
    assert result.ended is Ended.INTERRUPTED
    assert result.beats_constant
    assert model_file.model_info(model_file.load(tmp_path / "run"))["trial"] is not None


def test_seconds_that_the_caller_keeps_are_not_used_yet(metadata_dir: Path, tmp_path: Path) -> None:
    run(metadata_dir, tmp_path / "run", max_trials=1, closing=200.0)
    line = (tmp_path / "run" / "trials.jsonl").read_text().splitlines()[0]
    assert json.loads(line)["used"] < 100.0


def test_the_record_of_used_seconds_is_in_each_line(copy: Path) -> None:
    lines = [json.loads(line) for line in (copy / "trials.jsonl").read_text().splitlines()]
    used = [line["used"] for line in lines]
    assert used == sorted(used)
    assert len({line["run"] for line in lines}) == 1
    assert Past() != read_past(copy / "trials.jsonl")
