"""Page of a run: one self-contained HTML file without script and without network."""

import math
from functools import cache
from importlib.resources import files
from typing import TYPE_CHECKING

from metatune.data.wording import counted
from metatune.kinds import TaskKind
from metatune.reporting import markup
from metatune.reporting.prediction import prediction_section
from metatune.reporting.searching import search_sections
from metatune.reporting.understanding import understanding_sections
from metatune.reporting.view import RunView
from metatune.reporting.wording import (
    command_of,
    duration,
    error_removed,
    meaning,
    number,
    script_of,
    share,
)

if TYPE_CHECKING:
    from metatune.storage.record import Outcome

__all__ = ["render_page"]

_POLICY = "default-src 'none'; style-src 'unsafe-inline'"
_MOST_NOTES = 12


def render_page(view: RunView) -> str:
    """Render the report of a run.

    Parameters
    ----------
    view : RunView
        Everything that its directory says.

    Returns
    -------
    str
        HTML; sections that do not apply are absent.
    """
    sections = [
        _result(view),
        prediction_section(view),
        *understanding_sections(view),
        *search_sections(view),
        _reproduce(view),
    ]
    inner = "".join(part.whole for part in filter(None, sections))
    links = "".join(f'<a href="#{p.key}">{p.title}</a>' for p in sections if p is not None)
    title = markup.text(f"{view.record.data.name}: {view.record.task.target}"[:200])
    return (
        '<!doctype html>\n<html lang="en"><head><meta charset="utf-8">'
        f'<meta http-equiv="Content-Security-Policy" content="{_POLICY}">'
        '<meta name="viewport" content="width=device-width, initial-scale=1">'
        f'<meta name="referrer" content="no-referrer"><title>{title}</title>'
        f"<style>{_css()}</style></head><body>"
        f"{_header(view, links)}<main>{inner}</main>{_footer(view)}</body></html>\n"
    )


@cache
def _css() -> str:
    return files("metatune.reporting").joinpath("style.css").read_text(encoding="utf-8").strip()


def _header(view: RunView, links: str) -> str:
    record, task = view.record, view.record.task
    kinds = {
        TaskKind.BINARY: "two classes",
        TaskKind.MULTICLASS: f"{len(task.classes or {})} classes",
        TaskKind.REGRESSION: "a number",
    }
    n_columns = sum(task.columns.values())
    said = (
        f"Predicts {markup.name(task.target)} ({kinds[task.task]}) from "
        f"{counted(n_columns, 'column')}, learned from {counted(task.n_rows, 'row')}."
    )
    return (
        f"<header><h1>{markup.name(record.data.name, 100)}</h1>"
        f'<p class="sub">{said} Run of {markup.text(record.started_at[:10])}.</p>'
        f"<nav>{links}</nav></header>"
    )


def _footer(view: RunView) -> str:
    version = markup.text(view.record.versions.get("metatune", ""))
    return f"<footer>Made by metatune {version} from {markup.name(view.directory, 120)}.</footer>"


def _result(view: RunView) -> markup.Section | None:
    outcome = view.record.outcome
    if outcome is None:
        said = "The run has not come to its end: what follows is what it has found so far."
        return markup.section("result", "Result", markup.paragraph(said))
    figures = [*_score_cards(view, outcome), *_model_cards(view, outcome)]
    notes = "".join(
        f"<li>{markup.text(note)}</li>" for note in view.record.task.notes[:_MOST_NOTES]
    )
    return markup.section(
        "result",
        "Result",
        markup.cards(figures),
        markup.paragraph(*_said(view, outcome)),
        markup.paragraph(markup.text(outcome.note)) if outcome.note else "",
        f"<h3>How the table was read</h3><ul>{notes}</ul>" if notes else "",
    )


def _score_cards(view: RunView, outcome: "Outcome") -> list[tuple[str, str, str]]:
    task, estimate = view.record.task, outcome.estimate
    better = "higher is better" if task.greater_is_better else "lower is better"
    metric = markup.text(task.metric)
    if estimate is None:
        found = [(metric, number(outcome.score), f"in cross-validation; {better}")]
    else:
        interval = f"{share(estimate.level)} interval {number(estimate.low)} to "
        said = f"{interval}{number(estimate.high)}; {better}"
        found = [(f"{metric} on new rows", number(estimate.score), said)]
    constant = "when the same is predicted for every row"
    return [*found, ("without a model", number(outcome.constant_score), constant)]


def _model_cards(view: RunView, outcome: "Outcome") -> list[tuple[str, str, str]]:
    found = []
    if outcome.ensemble is not None and len(outcome.ensemble.members) > 1:
        members = outcome.ensemble.members
        parts = ", ".join(f"{share(m.weight)} {markup.text(m.algorithm)}" for m in members[:8])
        found.append(("ensemble of", counted(len(members), "member"), parts))
    elif outcome.winner is not None:
        fitted = f"fitted on {markup.text(outcome.fitted_on)}"
        found.append(("model", markup.text(outcome.winner.algorithm), fitted))
    if outcome.model is not None:
        said = f"for one row, from table to prediction; {outcome.model.n_bytes / 1e6:.3g} MB"
        found.append(("takes", duration(outcome.model.latency), said))
    trials = outcome.trials
    tried = f"{counted(trials.configurations, 'configuration')}; {markup.text(outcome.ended)}"
    used = view.record.seconds.used
    return [*found, ("search", counted(trials.finished, "trial"), f"{tried}, {duration(used)}")]


def _said(view: RunView, outcome: "Outcome") -> list[str]:
    """Say what the score means, and how far it can be trusted."""
    task, estimate = view.record.task, outcome.estimate
    if not outcome.beats_constant:
        return [
            "<strong>No model beat predicting the same for every row.</strong> The saved model "
            "does just that: the columns may say nothing about the target, or the time was short."
        ]
    score = outcome.score if estimate is None else estimate.score
    if score is None or not math.isfinite(score):
        return []
    said = [
        markup.text(
            meaning(
                task.metric,
                score,
                kind=task.task,
                n_classes=len(task.classes or {}),
                positive=task.positive or "",
            )
        ),
        error_removed(task.metric, score, outcome.constant_score),
    ]
    if estimate is None:
        why = markup.text(outcome.no_estimate or "")
        said.append(f"The score is the best of several and so a little too good ({why}).")
    elif estimate.n_candidates > 1:
        looked = number(estimate.optimistic)
        said.append(
            f"It is corrected for having chosen the best of {estimate.n_candidates} candidates, "
            f"which looked like {looked}, and for the rows that they had not learned from, by "
            "past datasets. The interval covers the luck of which rows are in the table; not that "
            "new rows may come from elsewhere."
        )
    return said


def _reproduce(view: RunView) -> markup.Section | None:
    record = view.record
    command, script = command_of(record), ""
    if not command:
        script = script_of(record)
    counts = record.max_trials is not None
    repeats = (
        "The run counted trials, so that the same command gives the same result."
        if counts
        else "The run ended by the clock, so that a repetition may try a few trials more or less; "
        "with --max-trials it repeats exactly."
    )
    facts = [
        ("seed", str(record.seed)),
        ("table", markup.name(record.data.path or record.options.data or record.data.name, 120)),
        ("SHA-256 of its file", markup.text(record.data.fingerprint or "")),
        ("started", markup.text(record.started_at)),
        ("libraries", markup.text(", ".join(f"{n} {v}" for n, v in record.versions.items()))),
    ]
    rows = [fact for fact in facts if fact[1]]
    return markup.section(
        "reproduce",
        "Reproduce",
        f"<pre>{markup.lines(command or script)}</pre>",
        markup.paragraph(repeats, small=True),
        markup.table(("", ""), rows),
    )
