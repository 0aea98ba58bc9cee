"""`metatune leaderboard`."""

from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from metatune.cli import options
from metatune.cli.console import number, seconds, show, show_json, table

if TYPE_CHECKING:
    from metatune.search.history import History

__all__ = ["leaderboard"]

_HEADINGS = ("rank", "algorithm", "score", "rung", "time", "configuration")
_NUMBERS = ("rank", "score", "rung", "time")


@click.command()
@click.argument("directory", metavar="DIR", type=click.Path(path_type=Path))
@click.option("--top", type=click.IntRange(1), metavar="N", help="Only the best N.")
@options.as_json()
def leaderboard(directory: Path, top: int | None, as_json: bool) -> None:
    """Show the trials of the run in DIR: the best first, then what failed and why.

    Scores compare within a rung only: a higher rung means more rows and folds.
    """
    from metatune.data.wording import counted
    from metatune.kinds import TaskKind
    from metatune.metrics import resolve_metric
    from metatune.rundir import RunDirectory
    from metatune.search.history import History
    from metatune.search.journal import read_journal

    run = RunDirectory.open(directory)
    record = run.read_record()
    metric = resolve_metric(str(record["metric"]), TaskKind(record["task"]))
    history = History(metric, read_journal(run.journal))
    board = history.leaderboard().to_dict("records")
    ranked = [row for row in board if row["status"] == "ok"][:top]
    if as_json:
        failed = [row for row in board if row["status"] != "ok"]
        found = {"leaderboard": ranked, "estimate": record.get("estimate"), "failures": failed}
        show_json({"metric": metric.name, **found})
        return
    show(table(_HEADINGS, [_cells(row) for row in ranked], right=_NUMBERS))
    better = "higher" if metric.greater_is_better else "lower"
    show("", f"{metric.name} ({better} is better), {counted(len(history.results), 'trial')}")
    _show_estimate(record)
    _show_failures(history)


def _cells(row: dict[Any, Any]) -> tuple[str, ...]:
    configuration = str(row["configuration"])
    params = configuration.partition("(")[2].rstrip(")")
    return (
        str(row["rank"]),
        row["algorithm"],
        number(row["score"]),
        str(row["rung"] + 1),
        seconds(row["fit_seconds"] + row["predict_seconds"]),
        params.replace(", ", " "),
    )


def _show_estimate(record: dict[str, Any]) -> None:
    """Say what the model is worth on new rows: the scores above are those of the best of many."""
    from metatune.cli.wording import honest
    from metatune.estimate.corrected import Estimate

    if record.get("estimate"):
        show(f"the model on new rows: {honest(Estimate(**record['estimate']))}")


def _show_failures(history: "History") -> None:
    from metatune.cli.wording import failure_causes
    from metatune.data.wording import counted

    causes = failure_causes(history.results)
    if causes:
        show("", f"{counted(sum(count for _, _, count in causes), 'trial')} failed:")
        rows = [(f"{count} x", status, cause) for status, cause, count in causes]
        show(table(("", "", ""), rows))
