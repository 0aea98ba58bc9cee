"""`metatune leaderboard`."""

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
    from metatune.search.front import Front
    from metatune.search.history import History
    from metatune.space import Configuration
    from metatune.storage.record import Outcome

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
    with what the saved model takes. Of a run with several objectives the costs that count are
    shown, and which trials no other one beats in all of them.
    """
    from metatune.cli.wording import about_class, honest
    from metatune.data.wording import counted
    from metatune.ensemble.report import with_costs, with_ensemble
    from metatune.reporting.view import read_history
    from metatune.storage.directory import RunDirectory
    from metatune.storage.front_record import front_record
    from metatune.storage.journal import read_past

    run = RunDirectory.open(directory)
    record = run.read_record()
    ended = record.outcome
    task = record.task
    history = read_history(record, read_past(run.journal).results)
    found = with_ensemble(history.leaderboard(), _plain(None if ended is None else ended.ensemble))
    cost = None if ended is None else ended.model
    if cost is None:
        found = with_costs(found, None, None, None)
    else:
        found = with_costs(found, cost.encoding, cost.latency, cost.n_bytes)
    plain = found.astype(object).where(found.notna(), None)
    estimate = None if ended is None else ended.estimate
    front, model = history.front(), _model_of(ended)
    board = plain.to_dict("records")
    ranked = [row for row in board if row["status"] == "ok"][:top]
    if as_json:
        failed = [row for row in board if row["status"] not in ("ok", "pruned")]
        said = {"leaderboard": ranked, "estimate": _plain(estimate), "failures": failed}
        if front is not None:
            said["front"] = _plain(front_record(front, model))
        show_json({"metric": task.metric, "positive": task.positive, **said})
        return
    if front is None:
        show(table(_HEADINGS, [_cells(row) for row in ranked], right=_NUMBERS))
    else:
        _show_front(ranked, front, model)
    better = "higher" if task.greater_is_better else "lower"
    about = about_class(task.judged_class)
    n_trials = counted(len(history.results), "trial")
    show("", f"{task.metric} ({better} is better{about}), {n_trials}")
    if estimate is not None:
        show(f"the model on new rows: {honest(estimate)}")
    _show_failures(history)


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


def _show_front(
    ranked: list[dict[Any, Any]], front: "Front", model: "Configuration | None"
) -> None:
    """Show a leaderboard with the costs that count, and a mark at the trials of the front."""
    from metatune.search.objectives import COSTS

    costs = [COSTS[name] for name in front.objectives.costs]
    rows = []
    for row in ranked:
        is_model = model is not None and row["configuration"] == str(model)
        mark = "**" if is_model else "*" if row["front"] else ""
        values = [_known(row[cost.name], cost.in_words) for cost in costs]
        rank, algorithm, score, extent, *_, settings = _cells(row)
        rows.append((rank, mark, algorithm, score, extent, *values, settings))
    narrow = [cost.short for cost in costs]
    headings = ("rank", "", "algorithm", "score", "rows", *narrow, "settings")
    show(table(headings, rows, right=("rank", "score", "rows", *narrow)))
    show("", f"*  no other trial beats it in all of {', '.join(front.objectives.names)}")
    if model is not None:
        show("** the model of the run")


def _model_of(ended: "Outcome | None") -> "Configuration | None":
    """Return the configuration of the run's model, if it has ended with one."""
    winner = None if ended is None else ended.winner
    return None if winner is None else winner.configuration


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
