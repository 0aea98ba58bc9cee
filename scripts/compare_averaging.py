"""Compare a model of all rows with its mean with the models of the folds, on rows held out.

    python scripts/compare_averaging.py --catalogue ../shared/datasets/catalog.csv

The default configuration of each family is fitted on the folds of two thirds of a table, and on all
of their rows; the rest is held out. Half of the mean's weight is the model of all rows, half the
models of the folds. Families for which the mean is better more often than not `averages_well`.
Finished tables are remembered, so the command can be stopped and repeated.
"""

import json
import random
import warnings
from collections.abc import Iterable, Iterator
from dataclasses import asdict, dataclass, replace
from pathlib import Path
from statistics import median

import click
import numpy as np
from races.statistics import duel
from threadpoolctl import threadpool_limits

from metatune.algorithms.base import Algorithm, BuildContext, Shape
from metatune.algorithms.fitting import fit_pipeline
from metatune.algorithms.registry import ALGORITHMS, eligible
from metatune.building.catalogue import CatalogueEntry, load_entry, read_catalogue
from metatune.data.encoding.encoded_task import EncodedTask
from metatune.data.splits.folds import make_folds
from metatune.evaluation.fold import run_fold
from metatune.evaluation.refit import plan_refit
from metatune.evaluation.rungs import plan_folds, plan_rungs
from metatune.evaluation.trial import Trial, TrialResult, TrialStatus
from metatune.evaluation.trial_data import TrialData
from metatune.metrics import resolve_metric
from metatune.models.prediction import predict_array

BUDGET = 60.0
SEED = 0


@dataclass(frozen=True, kw_only=True)
class Compared:
    """Losses on the rows held out; less is better."""

    table: str
    algorithm: str
    n_folds: int
    whole: float
    mean: float

    @property
    def gain(self) -> float:
        """By which share of it the mean lowers the loss."""
        return (self.whole - self.mean) / max(self.whole, 1e-12)


@click.command(help=__doc__)
@click.option("--catalogue", type=click.Path(path_type=Path), required=True)
@click.option("--tables", type=int, default=60, show_default=True)
@click.option("--max-rows", type=int, default=2_500, show_default=True)
@click.option("--work", type=click.Path(path_type=Path), default=Path("results/averaging"))
def main(catalogue: Path, tables: int, max_rows: int, work: Path) -> None:
    work.mkdir(parents=True, exist_ok=True)
    journal = work / "compared.jsonl"
    lines = journal.read_text(encoding="utf-8").splitlines() if journal.is_file() else []
    found = [Compared(**json.loads(line)) for line in lines]
    done = {one.table for one in found}
    for entry in choose(read_catalogue(catalogue), tables, max_rows):
        if entry.name in done:
            continue
        new = list(compare(entry))
        with journal.open("a", encoding="utf-8") as file:
            file.writelines(f"{json.dumps(asdict(one))}\n" for one in new)
        found += new
        print(entry.name, flush=True)
    print(table_of(found))


def choose(entries: Iterable[CatalogueEntry], n_tables: int, max_rows: int) -> list[CatalogueEntry]:
    """Choose tables of different families, the same ones every time."""
    usable = [e for e in entries if 100 <= e.n_rows <= max_rows and e.file.startswith("pmlb")]
    random.Random(SEED).shuffle(usable)
    return list({entry.family: entry for entry in usable}.values())[:n_tables]


def compare(entry: CatalogueEntry) -> Iterator[Compared]:
    """Compare every family that takes a table."""
    task = load_entry(entry, SEED).encoded
    split = make_folds(task.y, task.kind, 3, SEED)[0]
    train = np.sort(split.train)
    known = replace(task, X=task.X[train], y=task.y[train])
    metric = resolve_metric(None, task.kind)
    plan = plan_folds(known.n_rows, known.X.shape[1], BUDGET)
    data = TrialData.make(known, (metric.name,), seed=SEED, plan=plan)
    for name, algorithm in eligible(task.kind, shape_of(known)).items():
        with threadpool_limits(limits=1), warnings.catch_warnings():
            warnings.simplefilter("ignore")
            whole, folds = predictions(algorithm, data, task.X[split.valid])
        y = task.y[split.valid]
        losses = [
            metric.loss(metric.score(y, prediction, None))
            for prediction in (whole, 0.5 * whole + 0.5 * np.mean(folds, axis=0))
        ]
        yield Compared(
            table=entry.name,
            algorithm=name,
            n_folds=len(folds),
            whole=losses[0] + metric.greater_is_better,  # the distance from a perfect score
            mean=losses[1] + metric.greater_is_better,
        )


def shape_of(task: EncodedTask) -> Shape:
    return Shape(n_rows=task.n_rows, n_columns=task.X.shape[1], n_classes=task.n_classes)


def predictions(
    algorithm: Algorithm, data: TrialData, X: np.ndarray
) -> tuple[np.ndarray, list[np.ndarray]]:
    """Predict with a model of all rows, and with those of the folds."""
    task = data.task
    metrics = [resolve_metric(data.metrics[0], task.kind)]
    configuration = algorithm.space(task.kind).default()
    rung = plan_rungs(data.n_train_rows, len(data.folds))[-1]
    trial = Trial(number=0, configuration=configuration, rung=rung, seed=SEED)
    folds = [run_fold(trial, data, i, metrics) for i in range(len(data.folds))]
    iterations = tuple(fold.iterations for fold in folds if fold.iterations is not None)
    result = TrialResult(trial=trial, status=TrialStatus.OK, score=0.0, iterations=iterations)
    context = BuildContext(
        kind=task.kind,
        layout=task.layout,
        shape=shape_of(task),
        seed=trial.seed,
        iterations=plan_refit(result, task.n_rows, data.n_train_rows).iterations,
        preprocess_seed=data.seed,
    )
    whole = algorithm.build(configuration, context)
    fit_pipeline(whole, task.X, task.y, data.facts)
    return (
        predict_array(whole, X, task.n_classes),
        [predict_array(fold.pipeline, X, task.n_classes) for fold in folds],
    )


def table_of(found: list[Compared]) -> str:
    """Count by family on how many tables the mean is better."""
    lines = [
        "| family | tables | better | worse | same | sign test p | median gain | averages well |",
        "|---|--:|--:|--:|--:|--:|--:|---|",
    ]
    for name in dict.fromkeys(one.algorithm for one in found):
        own = [one for one in found if one.algorithm == name]
        result = duel(np.array([-one.mean for one in own]), np.array([-one.whole for one in own]))
        lines.append(
            f"| {name} | {len(own)} | {result.wins} | {result.losses} | {result.ties} "
            f"| {result.p_value:.3g} | {median(one.gain for one in own):+.2%} "
            f"| {'yes' if ALGORITHMS[name].averages_well else 'no'} |"
        )
    return "\n".join(lines)


if __name__ == "__main__":
    main()
