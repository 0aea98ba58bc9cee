"""`metatune explain`."""

from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from metatune.cli import options
from metatune.cli.console import Voice, show, show_json, table
from metatune.errors import OptionError
from metatune.notation.numbers import number, signed

if TYPE_CHECKING:
    import pandas as pd
    from sklearn.pipeline import Pipeline

    from metatune.reporting.explanation import Explanation, Story
    from metatune.reporting.shapley import RowExplanation
    from metatune.reporting.view import RunView
    from metatune.storage.directory import RunDirectory
    from metatune.storage.findings import Importances
    from metatune.storage.front_record import FrontRecord

__all__ = ["explain"]

_LONGEST = 40
_MOST_ROWS = 2_000  # to measure importances on


@click.command()
@click.argument("directory", metavar="DIR", type=click.Path(path_type=Path))
@click.option(
    "--row",
    "rows",
    type=click.IntRange(1),
    multiple=True,
    metavar="N",
    help="Say what moved the prediction of record N of DATA, counted from 1; may be repeated.",
)
@click.option(
    "--data",
    metavar="DATA",
    help="Table with the rows to explain; the one that the run learned from by default. With its "
    "target, importances that the run had no time for are measured on it and kept.",
)
@click.option(
    "--top",
    type=click.IntRange(1),
    default=10,
    show_default=True,
    metavar="N",
    help="Tell of so many columns and trials.",
)
@options.reading()
@options.openml_server()
@options.trust()
@options.as_json()
@options.quiet()
def explain(  # one parameter for each option
    directory: Path,
    rows: tuple[int, ...],
    data: str | None,
    top: int,
    openml_server: str | None,
    as_json: bool,
    quiet: bool,
    **given: Any,
) -> None:
    """Say what the model of the run in DIR looks at, and why its configurations were tried.

    Columns come with the loss of score when their cells are shuffled, its 90 % interval, and the
    direction of their effect; configurations with what was expected of them and what came out.
    """
    from metatune.cli.model import open_model, predicting
    from metatune.reporting.explanation import explain_model, explain_rows
    from metatune.reporting.searching import similar_of
    from metatune.reporting.view import read_view
    from metatune.storage.directory import RunDirectory

    voice, reading = Voice(quiet=quiet), options.reading_of(given)
    run = RunDirectory.open(directory)
    view = read_view(run)
    findings = view.findings
    explained: tuple[RowExplanation, ...] = ()
    if rows or data is not None:
        pipeline = open_model(str(directory), voice, given["trust"])
        frame = _frame(pipeline, view, run, data, voice, reading, openml_server)
        if findings.importances is None:
            view = _measured(pipeline, frame, view, run, data, voice)
            findings = view.findings
        if rows:
            chosen = _chosen(frame, rows)
            background = _background(view, pipeline, frame)
            with predicting(str(directory)):
                explained = explain_rows(
                    pipeline,
                    chosen,
                    background,
                    positive=_positive(view),
                    importances=findings.importances,
                    seed=view.record.seed,
                )
    similar = [(one.dataset, one.best) for one in similar_of(view)]
    winner = None if view.record.outcome is None else view.record.outcome.winner
    answer = explain_model(
        view.history,
        findings,
        similar=similar,
        rows=explained,
        model=None if winner is None else winner.configuration,
        top=top,
    )
    if as_json:
        show_json(answer.to_dict())
        return
    _show(answer, rows, top)


def _frame(
    pipeline: "Pipeline",
    view: "RunView",
    run: "RunDirectory",
    data: str | None,
    voice: Voice,
    reading: Any,
    server: str | None,
) -> "pd.DataFrame":
    """Read the rows to explain: those of a table that is named, or those of the run."""
    from metatune.cli.prediction_table import read_for

    record = view.record
    if data is None and record.data.stored is not None:
        from metatune.storage.training_data import read_training_data

        task = read_training_data(run.data).task(record.options.metric, record.options.positive)
        return task.X
    path = data or record.data.path or record.options.data
    if path is None or path == "-":
        raise OptionError("the run's table was no file: name a table with --data")
    if data is None and not Path(path).is_file() and record.data.path is not None:
        raise OptionError(f"the run's table {path} is gone: name a table with --data")
    frame: pd.DataFrame = read_for(pipeline, path, voice, reading=reading, server=server).frame
    return frame


def _chosen(frame: "pd.DataFrame", rows: tuple[int, ...]) -> "pd.DataFrame":
    beyond = [row for row in rows if row > len(frame)]
    if beyond:
        raise OptionError(f"--row {beyond[0]}: the table has {len(frame):,} rows")
    return frame.iloc[[row - 1 for row in rows]]


def _background(view: "RunView", pipeline: "Pipeline", frame: "pd.DataFrame") -> Any:
    """Return the encoded rows that predictions are compared with: the run's, or some of these."""
    import numpy as np

    encoder = pipeline.named_steps["table"]
    known = view.arrays.get("background")
    if known is not None and known.shape[1] == len(encoder.get_feature_names_out()):
        return np.asarray(known, dtype=np.float64)
    return np.asarray(encoder.transform(frame.sample(min(len(frame), 50), random_state=0)))


def _positive(view: "RunView") -> int | None:
    """Return the code of the positive class; None where there are not two."""
    labels = list(view.record.task.classes or {})
    return labels.index(view.record.task.positive) if view.record.task.positive in labels else None


def _measured(
    pipeline: "Pipeline",
    frame: "pd.DataFrame",
    view: "RunView",
    run: "RunDirectory",
    data: str | None,
    voice: Voice,
) -> "RunView":
    """Measure importances that the run had no time for, where the rows have their target."""
    from dataclasses import replace

    from metatune.cli.judgement import read_labelled
    from metatune.storage.findings import write_findings

    task = view.record.task
    if task.target not in frame.columns or view.record.outcome is None:
        return view
    classes = pipeline.classes_ if task.classes else None
    y, keep, _ = read_labelled(frame[task.target], classes)
    rows = frame[keep]
    if classes is not None:
        known = y < len(classes)
        rows, y = rows[known], y[known]
    voice.say("measuring importances, which the run had no time for")
    found = _importances(pipeline, rows, y, view, held_out=not _is_own(view, data))
    if isinstance(found, str):
        voice.say(f"no importances: {found}")
        return view
    findings = replace(view.findings, importances=found, not_measured="")
    run.hold()
    write_findings(findings, view.arrays, run.path)
    run.release()
    return replace(view, findings=findings)


def _is_own(view: "RunView", data: str | None) -> bool:
    """Return True if rows are those that the model was trained on."""
    from metatune.cli.fit_run import file_of
    from metatune.files.hashing import file_hash

    path = file_of(data)
    return path is None or file_hash(path) == view.record.data.fingerprint


def _importances(
    pipeline: "Pipeline", rows: "pd.DataFrame", y: Any, view: "RunView", *, held_out: bool
) -> "Importances | str":
    import numpy as np

    from metatune.metrics import resolve_metric
    from metatune.reporting.blocks import blocks_of
    from metatune.reporting.importance import ImportanceRequest, measure_importances

    task, outcome = view.record.task, view.record.outcome
    order = np.random.default_rng(view.record.seed).permutation(len(y))[:_MOST_ROWS]
    encoder = pipeline.named_steps["table"]
    ensemble = None if outcome is None else outcome.ensemble
    request = ImportanceRequest(
        metric=resolve_metric(task.metric, task.task, _positive(view)),
        blocks=blocks_of(encoder),
        classes=tuple(task.classes or ()),
        positive=_positive(view),
        decision=() if ensemble is None else ensemble.decision,
        held_out=held_out,
        seconds=None,
        seed=view.record.seed,
    )
    X = np.asarray(encoder.transform(rows.iloc[order]), dtype=np.float64)
    return measure_importances(pipeline[1:], X, np.asarray(y)[order], None, request)


def _show(answer: "Explanation", rows: tuple[int, ...], top: int) -> None:
    for row, explained in zip(rows, answer.rows, strict=True):
        _show_row(row, explained, top)
    if answer.rows:
        return
    if answer.importances is None:
        show(f"No importances: {answer.not_measured}.")
    else:
        _show_importances(answer.importances, top)
    show("")
    if answer.front is not None:
        _show_front(answer.front)
    cells = [_story(story) for story in answer.stories]
    headings = ("trial", "algorithm", "expected", "80 % interval", "came out", "why it was tried")
    show(table(headings, cells, right=("trial", "expected", "80 % interval", "came out")))


def _show_importances(found: "Importances", top: int) -> None:
    lines = [
        (_name(one.columns), number(one.mean), _interval(one.low, one.high), one.effect)
        for one in found.columns[:top]
    ]
    headings = ("column", "importance", "90 % interval", "effect")
    show(table(headings, lines, right=("importance", "90 % interval")))
    seen = "that models had not seen" if found.held_out else "that the model was trained on"
    show(
        "",
        f"importance: what {found.metric} loses when the column's cells are shuffled; "
        f"{number(found.score)} as they are, on {found.n_rows:,} rows {seen}.",
    )


def _show_front(front: "FrontRecord") -> None:
    """Show what the run weighed against each other, and where its model stands."""
    from metatune.search.objectives import COSTS

    metric, *costs = front.objectives
    rows = []
    for point in front.points:
        score, *values = point.values
        words = [COSTS[name].in_words(value) for name, value in zip(costs, values, strict=True)]
        mark = "model" if point.is_model else ""
        rows.append((str(point.trial), mark, point.algorithm, number(score), *words))
    headings = ("trial", "", "algorithm", metric, *costs)
    show(table(headings, rows, right=("trial", metric, *costs)))
    names = ", ".join(front.objectives)
    model = f"; the model is {front.choice}" if front.choice else ""
    show("", f"no other trial beats these in all of {names}{model}", "")


def _story(story: "Story") -> tuple[str, ...]:
    interval = "-"
    if story.low is not None and story.high is not None:
        interval = _interval(story.low, story.high)
    return (
        str(story.trial),
        story.algorithm,
        number(story.expected),
        interval,
        number(story.came_out),
        story.why,
    )


def _show_row(row: int, explained: "RowExplanation", top: int) -> None:
    of = "" if explained.output == "prediction" else f" of {explained.output!r}"
    what = "prediction" if not of else f"probability{of}"
    show(
        f"row {row}: {what} {number(explained.prediction)}, "
        f"{number(explained.baseline)} on average over {explained.n_background} rows of the table"
    )
    lines = [
        (_name(one.columns), one.value[:_LONGEST], signed(one.share), number(one.error))
        for one in explained.contributions[:top]
    ]
    show(table(("column", "value", "moved it by", "error"), lines, right=("moved it by", "error")))
    rest = explained.contributions[top:]
    if rest:
        show(f"{len(rest)} further columns: {signed(sum(one.share for one in rest))} together")
    show("")


def _name(columns: tuple[str, ...]) -> str:
    name = ", ".join(columns)
    return name if len(name) <= _LONGEST else f"{name[: _LONGEST - 1]}…"


def _interval(low: float, high: float) -> str:
    return f"{number(low)} .. {number(high)}"
