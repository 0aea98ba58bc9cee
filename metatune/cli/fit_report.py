"""Report that `metatune fit` writes to standard output at its end."""

import math
from pathlib import Path
from typing import TYPE_CHECKING, Any

from metatune.budget import parse_duration, seconds_since_process_start
from metatune.cli.console import number, show, table
from metatune.cli.wording import about_class, command, honest
from metatune.data.wording import counted
from metatune.estimate.corrected import NoEstimate
from metatune.search.history import failure_causes

if TYPE_CHECKING:
    from metatune.storage.directory import RunDirectory
    from metatune.storage.record import RunRecord, TrialCounts
    from metatune.tuning.model_cost import ModelFigures
    from metatune.tuning.result import TuningResult

__all__ = ["show_result"]


def show_result(
    record: "RunRecord", result: "TuningResult", directory: "RunDirectory", data: str | None
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
    """
    show(table(("", ""), _rows(record, result, directory.model)))
    output = str(directory.path)
    if data is None:
        show("", f"next: {command('leaderboard', output)}")
        return
    # The rows of the training are no example: predictions of them are too good.
    following = command("predict", output, "new_rows.csv")
    show("", f"next: {following} (a table of new rows with the same columns)")


def _trials_row(trials: "TrialCounts", ended: str) -> str:
    """Say how many trials there were; those cut short are no failures."""
    pruned = trials.pruned
    failed = trials.finished - trials.ok - pruned
    return (
        f"{counted(trials.finished, 'trial')} of "
        f"{counted(trials.configurations, 'configuration')}"
        + (f", {pruned} cut short as hopeless" if pruned else "")
        + (f", {failed} failed" if failed else "")
        + f" ({ended})"
    )


def _rows(record: "RunRecord", result: "TuningResult", model: Path) -> list[tuple[str, str]]:
    assert record.outcome is not None, "it is shown when there is one"
    better = "higher" if record.task.greater_is_better else "lower"
    better += " is better" + about_class(record.task.judged_class)
    rows = [
        *_score_rows(record.task.metric, better, result),
        ("constant", f"{number(result.constant_score)} for the constant prediction"),
        *_winner_rows(result),
        ("trials", _trials_row(record.outcome.trials, record.outcome.ended)),
    ]
    rows += [("", f"{count} x {status}: {cause}") for status, cause, count in _causes(result)]
    used = record.seconds.before + seconds_since_process_start()
    rows += _figure_rows(result.figures)
    rows += [("time", f"asked {_asked(record)}, used {used:.1f} s"), ("saved as", str(model))]
    return rows


def _asked(record: "RunRecord") -> str:
    """Say what was asked for: seconds, or trials where these decide."""
    n_trials, limit = record.max_trials, record.seconds.budget
    if n_trials is None:
        return f"{limit:g} s"
    # A run that was given more trials has time enough for them: nobody asked for so many seconds.
    within = f" within {limit:g} s" if limit == parse_duration(record.options.budget) else ""
    return f"for {counted(n_trials, 'trial')}{within}"


def _score_rows(metric: str, better: str, result: "TuningResult") -> list[tuple[str, str]]:
    if result.winner is None:
        return [(metric, f"{number(result.score)} in cross-validation ({better})")]
    if isinstance(result.estimate, NoEstimate):
        said = f"{number(result.score)} in cross-validation ({better}): a little too good"
        return [(metric, said), ("", f"no honest estimate: {result.estimate.reason}")]
    return [(metric, f"{honest(result.estimate)}; {better}")]


def _winner_rows(result: "TuningResult") -> list[tuple[str, str]]:
    if result.winner is None:
        return [("winner", "the constant prediction: nothing beat it")]
    if result.ensemble is not None and len(result.ensemble["members"]) > 1:
        return _ensemble_rows(result, result.ensemble)
    params = ", ".join(f"{name}={value}" for name, value in result.winner.params.items())
    return [
        ("winner", f"{result.winner.algorithm}, fitted on {result.fitted_on}"),
        ("configuration", params),
    ]


def _ensemble_rows(result: "TuningResult", record: dict[str, Any]) -> list[tuple[str, str]]:
    members = record["members"]
    parts = ", ".join(f"{m['weight']:.0%} {m['algorithm']}" for m in members)
    alone = f"best alone: {result.winner.algorithm}" if result.winner is not None else ""
    return [
        ("model", f"ensemble of {len(members)}, fitted on {result.fitted_on}"),
        ("members", parts),
        ("", f"{alone}, {number(record['single_score'])} in cross-validation"),
    ]


def _figure_rows(figures: "ModelFigures | None") -> list[tuple[str, str]]:
    if figures is None:
        return []
    said = f"{figures.n_bytes / 1e6:.3g} MB, {1e3 * figures.latency:.3g} ms for a single row"
    if math.isfinite(figures.batch_seconds):
        said += f", {1e6 * figures.batch_seconds:.3g} ms for 1,000 rows together"
    return [("cost", said)]


def _causes(result: "TuningResult") -> list[tuple[str, str, int]]:
    return failure_causes(result.history.results)[:3]
