"""`metatune fit`."""

from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from metatune.cli import options
from metatune.cli.process import start_workers
from metatune.errors import OptionError

if TYPE_CHECKING:
    from metatune.storage.run_options import RunOptions

__all__ = ["default_output", "fit"]


@click.command()
@options.data_argument()
@options.target()
@options.task_kind()
@options.roles()
@click.option(
    "--budget",
    default="10m",
    show_default=True,
    metavar="TIME",
    help="Wall clock from the start of this command to the saved model: 90s, 10m, 1h30m.",
)
@click.option(
    "--metric",
    metavar="NAME",
    help="What counts: roc_auc (default for two classes), log_loss (default for more), rmse "
    "(default for numbers), accuracy, balanced_accuracy, mae, r2, or any scikit-learn scorer.",
)
@options.objectives()
@options.prefer()
@options.positive()
@click.option(
    "-o",
    "--output",
    type=click.Path(path_type=Path),
    metavar="DIR",
    help="Directory of the run; <name of the table>.metatune by default.",
)
@click.option(
    "--seed",
    type=click.IntRange(0, 2**31 - 1),
    default=0,
    show_default=True,
    help="Seed of every random choice.",
)
@click.option(
    "--jobs", type=click.IntRange(1), metavar="N", help="Worker processes; one for each core."
)
@click.option(
    "--memory-limit",
    metavar="SIZE",
    help="What a worker may hold, like 4GB; by default its share of the free memory.",
)
@options.scheduler()
@click.option(
    "--max-trials",
    type=click.IntRange(1),
    metavar="N",
    help="End after so many trials. With the same seed the result is then always the same.",
)
@click.option("--include", metavar="ALG,..", help="Only these algorithms.")
@click.option("--exclude", metavar="ALG,..", help="Not these algorithms.")
@options.space()
@options.strategy()
@options.ensemble()
@options.limits()
@click.option(
    "--report/--no-report",
    default=True,
    help="Whether report.html is written at the end, within the budget. A run too short for it "
    "says so; metatune report writes it later.",
)
@options.reading()
@options.metadata()
@options.openml_server()
@click.option("--overwrite", is_flag=True, help="Replace the run in the output directory.")
@click.option(
    "--resume",
    is_flag=True,
    help="Go on with the run in the output directory, if there is one: the same command again.",
)
@options.as_json()
@options.quiet()
@click.option("-v", "--verbose", is_flag=True, help="Say a line for every trial.")
@options.mlflow()
def fit(**given: Any) -> int:
    """Find and fit the best pipeline for DATA, in time.

    DATA is a table: .csv .tsv .txt .parquet .feather .arff .jsonl .xlsx, also compressed, - for
    standard input, or openml:31 (a dataset) or openml:task/31. The exit code is 3 if nothing beat
    the constant prediction.
    """
    start_workers()
    from metatune.budget import seconds_since_process_start
    from metatune.cli.fit_run import Display, file_of, run_fit
    from metatune.storage.door import Door
    from metatune.storage.session import RunRequest

    display = Display(
        **{name: given.pop(name) for name in ("as_json", "quiet", "verbose", "mlflow")}
    )
    request = RunRequest(
        door=Door.COMMAND_LINE,
        overwrite=given.pop("overwrite"),
        resume=given.pop("resume"),
        directory=given.pop("output") or default_output(given["data"]),
        data_file=file_of(given["data"]),
        options=_options(given),
        spent=seconds_since_process_start(),
    )
    return run_fit(request, display)


def default_output(data: str) -> Path:
    """Name the directory of a run after the table's file, in the current directory."""
    from metatune.cli.data import stem_of

    return Path(f"{stem_of(data)}.metatune")


def _options(given: dict[str, Any]) -> "RunOptions":
    from dataclasses import replace

    from metatune.samplers.catalogue import read_strategy
    from metatune.search.objectives import read_objectives
    from metatune.storage.run_options import RunOptions

    include, exclude = (options.names(given.pop(name)) for name in ("include", "exclude"))
    space = options.read_space(given.pop("space"))
    metadata = given.pop("metadata")
    metadata = None if metadata is None else str(metadata)
    names, metric = tuple(given.pop("objectives")), given.pop("metric")
    if names and metric not in (None, names[0]):
        raise OptionError(
            f"--metric {metric} and --objective {names[0]} are two: the first objective is the "
            "metric, leave out --metric"
        )
    several = read_objectives(names, given["prefer"])
    strategy = read_strategy(
        given.pop("strategy"), cold_start=given["cold_start"], several=several is not None
    )
    chosen = RunOptions(
        metadata=metadata,
        include=include,
        exclude=exclude,
        metric=names[0] if names else metric,
        objectives=() if several is None else several.names,
        **given,
    )
    return replace(chosen, strategy=strategy, space=space)
