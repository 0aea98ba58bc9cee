"""Report that `metatune fit` writes to standard output at its end."""

from pathlib import Path
from typing import TYPE_CHECKING

from metatune.budget import parse_duration, seconds_since_process_start
from metatune.cli.console import show, show_command, table
from metatune.cli.wording import about_class, command, outlook_words
from metatune.data.wording import counted
from metatune.notation.numbers import duration
from metatune.search.history import failure_causes
from metatune.tuning.summary import summary_rows

if TYPE_CHECKING:
    from metatune.storage.directory import RunDirectory
    from metatune.storage.record import RunRecord
    from metatune.tuning.result import TuningResult

__all__ = ["show_result"]

_MOST_CAUSES = 3


def show_result(
    record: "RunRecord",
    result: "TuningResult",
    directory: "RunDirectory",
    data: str | None,
    page: Path | None = None,
) -> None:
    """Write the short table of the result, and the command that comes next.

    Parameters
    ----------
    record : RunRecord
        The record of the run.
    result : TuningResult
        What was found.
    directory : RunDirectory
        Where the model lies.
    data : str or None
        The table's file as it was typed; None if there is none.
    page : Path, optional
        Where the report lies.
    """
    rows = _rows(record, result, directory.model)
    rows += [] if page is None else [("report", str(page))]
    show(table(("", ""), rows))
    output = str(directory.path)
    show("")
    if data is None:
        show_command(f"next: {command('leaderboard', output)}")
        return
    # The rows of the training are no example: predictions of them are too good.
    show_command(f"next: {command('predict', output, 'new_rows.csv')}")


def _rows(record: "RunRecord", result: "TuningResult", model: Path) -> list[tuple[str, str]]:
    assert record.outcome is not None, "it is shown when there is one"
    task = record.task
    about = about_class(task.judged_class)
    used = record.seconds.before + seconds_since_process_start()
    causes = failure_causes(result.history.results)[:_MOST_CAUSES]
    return [
        *summary_rows(record.outcome, task.metric, task.greater_is_better, about),
        *(("failed", f"{count} x {status}: {cause}") for status, cause, count in causes),
        *_outlook_rows(result),
        ("time", f"asked {_asked(record)}, used {duration(used)}"),
        ("saved as", str(model)),
    ]


def _asked(record: "RunRecord") -> str:
    """Say what was asked for: seconds, or trials where these decide."""
    n_trials, limit = record.max_trials, record.seconds.budget
    if n_trials is None:
        return duration(limit)
    # A run that was given more trials has time enough for them: nobody asked for so many seconds.
    given = limit == parse_duration(record.options.budget)
    return f"for {counted(n_trials, 'trial')}{f' within {duration(limit)}' if given else ''}"


def _outlook_rows(result: "TuningResult") -> list[tuple[str, str]]:
    """Say what another ten minutes should bring, as far as past datasets can tell."""
    outlook = None if result.found is None else result.found.findings.outlook
    if outlook is None or result.winner is None:
        return []
    return [(f"{outlook.seconds / 60:g} min more", outlook_words(outlook))]
