"""`metatune export`."""

from pathlib import Path

import click

from metatune.cli import options
from metatune.cli.console import Voice

__all__ = ["export"]


@click.command()
@click.argument("directory", metavar="DIR", type=click.Path(path_type=Path))
@click.option(
    "-o",
    "--output",
    type=click.Path(path_type=Path),
    metavar="FILE",
    help="Script to write; baseline.py in DIR without.",
)
@click.option(
    "--ensemble", is_flag=True, help="All members of the model; without it the best one of them."
)
@click.option("--data", metavar="DATA", help="Where the table of the run is, if it was moved.")
@click.option(
    "--check/--no-check",
    default=True,
    show_default=True,
    help="Train the script, and compare what it predicts with what the saved model does.",
)
@options.quiet()
def export(
    directory: Path, output: Path | None, ensemble: bool, data: str | None, check: bool, quiet: bool
) -> None:
    """Write the model of the run in DIR as a Python script that does without metatune.

    The script reads tables like that of the run, prepares them, trains and predicts as the model
    does: python baseline.py train FILE, python baseline.py predict FILE. What no script can express
    is refused.
    """
    from metatune.cli.exporting import export_run

    export_run(directory, output, Voice(quiet=quiet), ensemble=ensemble, data=data, check=check)
