"""`metatune leaderboard`."""

import math
from collections.abc import Callable
from dataclasses import asdict
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from metatune.cli import options
from metatune.cli.console import show, show_json, table
from metatune.listeners.words import short_extent
from metatune.notation.numbers import duration, number, percent, short, short_settings

if TYPE_CHECKING:
    from metatune.metrics import Metric
    from metatune.search.history import History
    from metatune.storage.record import TaskRecord

__all__ = ["leaderboard"]

_HEADINGS = ("rank", "algorithm", "score", "rows", "fit", "ms", "MB", "settings")
_NUMBERS = ("rank", "score", "rows", "fit", "ms", "MB")


@click.command()
@click.argument("directory", metavar="DIR", type=click.Path(path_type=Path))
@click.option("--top", type=click.IntRange(1), metavar="N", help="Only the best N.")
@options.as_json()
def leaderboard(directory: Path, top: int | None, as_json: bool) -> None:
    """Show the trials of the run in DIR: the best first, then what failed and why.

    Scores compare only where models were judged on the same share of the rows, in as many splits
    ("all x5"); those that were judged on more come first. ms is the time to predict a table of one
    row, the work on its columns included, and MB the size of the model. An ensemble comes first,
    with what the saved model takes.
    """
    from metatune.cli.wording import about_class, honest
    from metatune.data.wording import counted
    from metatune.ensemble.report import with_costs, with_ensemble
    from metatune.search.history import History
    from metatune.storage.directory import RunDirectory
    from metatune.storage.journal import read_past

    run = RunDirectory.open(directory)
    record = run.read_record()
    ended = record.outcome
    metric = _comparing(record.task)
    history = History(metric, read_past(run.journal).results)
    found = with_ensemble(history.leaderboard(), _plain(None if ended is None else ended.ensemble))
    cost = None if ended is None else ended.model
    if cost is None:
        found = with_costs(found, None, None, None)
    else:
        found = with_costs(found, cost.encoding, cost.latency, cost.n_bytes)
    plain = found.astype(object).where(found.notna(), None)
    estimate = None if ended is None else ended.estimate
    board = plain.to_dict("records")
    ranked = [row for row in board if row["status"] == "ok"][:top]
    if as_json:
        failed = [row for row in board if row["status"] not in ("ok", "pruned")]
        said = {"leaderboard": ranked, "estimate": _plain(estimate), "failures": failed}
        show_json({"metric": metric.name, "positive": record.task.positive, **said})
        return
    show(table(_HEADINGS, [_cells(row) for row in ranked], right=_NUMBERS))
    better = "higher" if metric.greater_is_better else "lower"
    about = about_class(record.task.judged_class)
    n_trials = counted(len(history.results), "trial")
    show("", f"{metric.name} ({better} is better{about}), {n_trials}")
    if estimate is not None:
        show(f"the model on new rows: {honest(estimate)}")
    _show_failures(history)


def _comparing(task: "TaskRecord") -> "Metric":
    """Return the metric as far as it compares scores: nothing is scored anew."""
    from metatune.metrics import Metric

    return Metric(
        name=task.metric,
        greater_is_better=task.greater_is_better,
        function=lambda _y, _p, _w: math.nan,
    )


def _cells(row: dict[Any, Any]) -> tuple[str, ...]:
    params = short_settings(str(row["configuration"]))
    return (
        str(row["rank"]),
        row["algorithm"],
        number(row["score"]),
        _known(row["row_share"], lambda share: short_extent(share, row["n_folds"])),
        _known(row["fit_seconds"], lambda value: duration(value + row["predict_seconds"])),
        _known(row["latency"], lambda value: short(1e3 * value)),
        _known(row["model_bytes"], lambda value: short(value / 1e6)),
        _known(row["weight"], lambda value: f"{percent(value)} of the ensemble: ")
        + params.replace(", ", " "),
    )


def _plain(value: Any) -> dict[str, Any] | None:
    return None if value is None else asdict(value)


def _known(value: Any, wording: Callable[[Any], str]) -> str:
    return "" if value is None else wording(value)


def _show_failures(history: "History") -> None:
    from metatune.data.wording import counted
    from metatune.search.history import failure_causes

    causes = failure_causes(history.results)
    if causes:
        show("", f"{counted(sum(count for _, _, count in causes), 'trial')} failed:")
        rows = [(f"{count} x", status, cause) for status, cause, count in causes]
        show(table(("", "", ""), rows))
