"""`metatune fit`."""

from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from metatune.cli import options

if TYPE_CHECKING:
    from metatune.cli.fit_run import FitResult

__all__ = ["exit_code", "fit"]

_WITHOUT_MODEL = 3
_INTERRUPTED = 130


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
@click.option(
    "-o",
    "--output",
    type=click.Path(path_type=Path),
    metavar="DIR",
    help="Directory of the run; <name of the table>.metatune by default.",
)
@click.option("--seed", type=click.IntRange(0, 2**31 - 1), default=0, show_default=True)
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
@options.model()
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
def fit(**given: Any) -> int:
    """Find and fit the best pipeline for DATA, in time.

    DATA is a table: .csv .tsv .txt .parquet .feather .arff .jsonl .xlsx, also compressed, - for
    standard input, or openml:31 (a dataset) or openml:task/31. The exit code is 3 if nothing beat
    the constant prediction.
    """
    from metatune.cli.fit_options import FitOptions
    from metatune.cli.fit_run import FitRun

    return exit_code(FitRun.prepare(FitOptions(**given)).run())


def exit_code(result: "FitResult") -> int:
    """Say how a fit ended."""
    if result.interrupted:
        return _INTERRUPTED
    return 0 if result.beats_constant else _WITHOUT_MODEL
