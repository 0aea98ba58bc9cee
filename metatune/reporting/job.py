"""Job that renders a report in a worker, which can be stopped where it takes too long."""

from pathlib import Path

from metatune.reporting.page import render_page
from metatune.reporting.view import RunView
from metatune.storage.directory import RunDirectory

__all__ = ["PAGE_SECONDS", "page_seconds", "render_in_worker", "write_report"]

PAGE_SECONDS = 2.5
"""Seconds that a report takes, importing the library of its plots included, rather too many."""

_MOST_SHARE = 0.08  # of the budget: where a report takes more, it is left to `metatune report`


def page_seconds(budget_seconds: float) -> float:
    """Return the seconds of a run that are kept free for its report; 0 for too short a run."""
    return PAGE_SECONDS if _MOST_SHARE * budget_seconds >= PAGE_SECONDS else 0.0


def render_in_worker(view: RunView) -> str:
    """Render the page of a run; what worker processes call."""
    return render_page(view)


def write_report(directory: Path) -> Path:
    """Write the report of a run into its directory, and return where it is.

    Raises
    ------
    BundleError
        If the run cannot be read, or the report not be written.
    """
    from metatune.reporting.view import read_view

    run = RunDirectory.open(directory)
    run.write_report(render_page(read_view(run)))
    return run.report
