"""Parts of a run, made without a search: its values, a prepared task, a store."""

from pathlib import Path

from metatune.algorithms.registry import ALGORITHMS
from metatune.budget import Deadline, Timings
from metatune.data.encoding.encoder import encode_task
from metatune.data.task.task import Task
from metatune.evaluation.constant import constant_score
from metatune.evaluation.prepared_task import PreparedTask
from metatune.evaluation.rungs import plan_rungs
from metatune.evaluation.trial_data import TrialData
from metatune.execution.executor import Executor, InlineExecutor
from metatune.recommender.advice import training_shape
from metatune.storage.directory import RunDirectory
from metatune.storage.journal import Past
from metatune.storage.resume import Pulse
from metatune.storage.store import RunStore
from metatune.tuning.events import Events
from metatune.tuning.options import TuneOptions
from metatune.tuning.run import Run


def make_parts(
    folder: Path,
    options: TuneOptions,
    *,
    executor: Executor | None = None,
    deadline: Deadline | None = None,
    keeps_model: bool = True,
) -> Run:
    """Make the values of a run whose directory is ``run`` in a folder."""
    (folder / "run").mkdir(parents=True, exist_ok=True)
    return Run(
        options=options,
        deadline=deadline or Deadline.after(options.budget.seconds),
        executor=executor or InlineExecutor(),
        directory=RunDirectory(folder / "run", is_scratch=not keeps_model),
        scratch=folder,
        events=Events(),
        timings=Timings(),
    )


def make_prepared(task: Task, inbox: Path, n_folds: int) -> PreparedTask:
    """Prepare a task with so many folds and one rung for each of them and all."""
    encoder, encoded = encode_task(task, 0)
    data = TrialData.make(encoded, (task.metric.name,), seed=0, n_folds=n_folds)
    data.save(inbox)
    usable = {n: a for n, a in ALGORITHMS.items() if task.kind in a.kinds}
    return PreparedTask(
        task=task,
        encoder=encoder,
        data=data,
        inbox=inbox,
        rungs=plan_rungs(training_shape(data), n_folds),
        constant=constant_score(data, task.metric),
        spaces={name: algorithm.space(task.kind) for name, algorithm in usable.items()},
    )


def make_store(run: Run, prepared: PreparedTask) -> RunStore:
    """Open the store of a run that begins."""
    pulse = Pulse("", run.options.budget.seconds, run.deadline, run.directory)
    return RunStore(run.directory, prepared, pulse, Past())
