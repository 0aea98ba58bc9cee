"""`metatune report`."""

from pathlib import Path

import click

__all__ = ["report"]


@click.command()
@click.argument("directory", metavar="DIR", type=click.Path(path_type=Path))
def report(directory: Path) -> None:
    """Write report.html into DIR, the directory of a run.

    One file that needs no network: the score and what it means, predictions of rows that models
    had not seen, importances of columns, similar past tables, the course of the search, the
    leaderboard, and how to reproduce the run. The table itself is not needed.
    """
    from metatune.cli.console import show
    from metatune.reporting.job import write_report

    show(str(write_report(directory)))
