"""Sections of a report about the search: similar tables, its course, trials, and its time."""

import math
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from metatune.data.wording import counted
from metatune.evaluation.trial import TrialResult
from metatune.files.plain import read_dataclass
from metatune.reporting import markup, plots
from metatune.reporting.explanation import Story, stories_of
from metatune.reporting.mattering import hyperparameter_section
from metatune.reporting.trade_offs import front_section
from metatune.reporting.view import RunView
from metatune.reporting.wording import duration, number, share
from metatune.search.history import failure_causes

if TYPE_CHECKING:
    from metatune.recommender.recommendation import Outlook

__all__ = ["SimilarDataset", "search_sections", "similar_of"]

_TOP = 15  # of the leaderboard,
_TOLD = 6  # and of those whose story is told
_MOST_CAUSES = 20
_BEFORE = ("starting", "reading", "encoding", "preparing")
_STEPS = {
    "starting": "starting Python and its libraries",
    "reading": "reading the table, while workers start",
    "encoding": "turning columns into numbers",
    "preparing": "dealing out folds, storing rows",
    "searching": "trials",
    "planning": "choosing the members of the model and their weights",
    "building": "fitting the members on all rows",
    "bounding": "bounds of predictions",
    "finishing": "saving the model",
    "explaining": "importances",
    "estimating": "the honest score",
}


@dataclass(frozen=True, slots=True, kw_only=True)
class SimilarDataset:
    """Past dataset that resembles the one of the run, as its record names it."""

    dataset: str
    similarity: float
    best: str
    n_rows: int = 0
    n_columns: int = 0


@dataclass(frozen=True, slots=True, kw_only=True)
class _Advice:
    """Part of a record about past datasets."""

    familiarity: float
    n_past_datasets: int
    excluded: tuple[str, ...] = ()
    most_similar: tuple[SimilarDataset, ...] = ()


def search_sections(view: RunView) -> list[markup.Section | None]:
    """Return the sections about the search."""
    return [
        _similar(view),
        _course(view),
        front_section(view),
        _stories(view),
        hyperparameter_section(view),
        _leaderboard(view),
        _time(view),
    ]


def similar_of(view: RunView) -> tuple[SimilarDataset, ...]:
    """Return the similar past datasets that the record names."""
    advice = _advice(view)
    return () if advice is None else advice.most_similar


def _advice(view: RunView) -> _Advice | None:
    """Return the advice of the record; None where there is none, or it was changed by hand."""
    outcome = view.record.outcome
    if outcome is None or outcome.advice is None:
        return None
    try:
        return read_dataclass(_Advice, outcome.advice)
    except ValueError:
        return None


def _similar(view: RunView) -> markup.Section | None:
    advice = _advice(view)
    if advice is None:
        return None
    rows = [
        (
            markup.name(one.dataset),
            share(one.similarity),
            f"{one.n_rows:,} x {one.n_columns:,}" if one.n_rows else "",
            _configuration(one.best),
        )
        for one in advice.most_similar
    ]
    said = f"Configurations were proposed by what they did on {advice.n_past_datasets} past tables."
    if not rows:
        said += " None of them resembles this table more than others do: all counted about alike."
    beside = (
        f"Familiarity {number(advice.familiarity)} of 1: the share of past tables that lie no "
        "nearer to any other than this table does."
    )
    left_out = ", ".join(map(markup.name, advice.excluded))
    own = f"Left out, because they hold this very data or belong to it: {left_out}."
    headings = ("past table", "share of the weight", "rows x columns", "what won there")
    return markup.section(
        "similar",
        "Similar past tables",
        markup.paragraph(said, beside),
        markup.table(headings, rows, right=(1, 2)) if rows else "",
        markup.paragraph(own, small=True) if left_out else "",
    )


def _course(view: RunView) -> markup.Section | None:
    course = view.findings.course
    metric = view.record.task.metric if course is None else course.metric
    at, best = _best_over_time(view, metric)
    if not at:
        return None
    end = max(view.record.seconds.used, at[-1])
    expected = None
    if course is not None:
        begin = sum(view.record.timings.get(name, 0.0) for name in _BEFORE)
        low, middle, high = map(np.asarray, (course.low, course.expected, course.high))
        expected = (np.asarray(course.seconds) + begin, low, middle, high)
    picture = plots.course_plot(
        [*at, end], [*best, best[-1]], expected, metric, _reference(view, metric)
    )
    told = (
        "The best single configuration in cross-validation on all rows and folds"
        + (", and what was expected before the first trial" if course is not None else "")
        + ". An ensemble of several is usually a little better still."
    )
    return markup.section(
        "course",
        "The search over time",
        markup.paragraph(told),
        f'<div class="wide">{picture}</div>',
        markup.paragraph(_more(view.findings.outlook)),
    )


def _more(outlook: "Outlook | None") -> str:
    if outlook is None:
        return ""
    again = "likely" if outlook.is_likely_to_pay else "unlikely"
    return (
        f"Another {duration(outlook.seconds)} should bring the best single configuration from "
        f"{markup.text(outlook.metric)} {number(outlook.now)} to {number(outlook.expected)} "
        f"({number(outlook.low)} to {number(outlook.high)} in 4 of 5 cases): that a hundredth of "
        f"the remaining error goes is {again} ({share(outlook.chance)})."
    )


def _best_over_time(view: RunView, metric: str) -> tuple[list[float], list[float]]:
    """Return instants at which the best score at the top rung rose, and the scores."""
    top = max((result.trial.rung.index for result in view.results), default=0)
    own = view.record.task
    sign = 1.0 if _greater_is_better(metric, own.metric, own_sign=own.greater_is_better) else -1.0
    at: list[float] = []
    best: list[float] = []
    for result, instant in zip(view.results, view.ended, strict=True):
        score = _mean_score(result, metric)
        if instant is None or result.trial.rung.index < top or not math.isfinite(score):
            continue
        if not best or sign * score > sign * best[-1]:
            at.append(max(instant, 1e-3))
            best.append(score)
    return at, best


def _greater_is_better(metric: str, own: str, *, own_sign: bool) -> bool:
    from metatune.metrics import PERFECT_SCORE

    return own_sign if metric == own else PERFECT_SCORE.get(metric, 0.0) > 0


def _mean_score(result: TrialResult, metric: str) -> float:
    scores = [score for score in result.fold_scores.get(metric, ()) if math.isfinite(score)]
    return sum(scores) / len(scores) if result.ok and scores else math.nan


def _reference(view: RunView, metric: str) -> tuple[str, float] | None:
    """Return the default of LightGBM; None where it did not get to the top rung."""
    top = max((result.trial.rung.index for result in view.results), default=0)
    for result in view.results:
        configuration = result.trial.configuration
        usual = configuration.algorithm == "lightgbm" and configuration.origin == "default"
        score = _mean_score(result, metric)
        if usual and result.trial.rung.index == top and math.isfinite(score):
            return "default LightGBM", score
    return None


def _stories(view: RunView) -> markup.Section | None:
    similar = [(one.dataset, one.best) for one in similar_of(view)]
    stories = stories_of(view.history, view.findings, similar=similar, top=_TOLD)
    rows = [_story(story) for story in stories]
    if not rows:
        return None
    headings = ("configuration", "why it was tried", "expected", "came out")
    return markup.section(
        "why",
        "Why the leading configurations were tried",
        markup.paragraph(
            "Expected: the score on all rows and folds when it was proposed, with the interval "
            "that holds it in 4 of 5 cases; where nobody expected anything then, what similar "
            "datasets said before the first trial."
        ),
        markup.table(headings, rows, right=(2, 3)),
    )


def _story(story: Story) -> tuple[str, ...]:
    expected = "-"
    if story.expected is not None:
        interval = f"{number(story.low)} to {number(story.high)}"
        expected = markup.cell(number(story.expected), small=interval)
    kind = {"above the interval": "", "below the interval": "", "as expected": "good"}
    verdict = story.verdict
    said = f'<span class="{kind.get(verdict, "")}">{verdict}</span>' if verdict else ""
    part = "" if story.is_complete else "on part of the rows or folds"
    came_out = markup.cell(number(story.came_out), small=said or part)
    params = ", ".join(f"{name}={_value(value)}" for name, value in story.params.items())
    named = markup.cell(markup.text(story.algorithm), small=markup.text(params))
    return named, markup.text(story.why), expected, came_out


def _leaderboard(view: RunView) -> markup.Section | None:
    history = view.history
    contenders = history.contenders()
    weights = _weights(view)
    top = max((result.trial.rung.index for result in contenders), default=0)
    rows = [
        _board_row(rank, result, weights, is_top=result.trial.rung.index == top)
        for rank, result in enumerate(contenders[:_TOP], start=1)
    ]
    more = len(contenders) - len(rows)
    rest = f"{counted(more, 'further configuration')}: see leaderboard.csv." if more > 0 else ""
    headings = ("", "configuration", view.record.task.metric, "tried on", "fit", "weight")
    board = markup.table(tuple(map(markup.text, headings)), rows, right=(0, 2, 4, 5))
    return markup.section(
        "leaderboard",
        "Leaderboard",
        board if rows else "",
        markup.paragraph(rest, small=True),
        _failures(view),
    )


def _weights(view: RunView) -> dict[int | None, float]:
    outcome = view.record.outcome
    ensemble = None if outcome is None else outcome.ensemble
    return {} if ensemble is None else {m.trial: m.weight for m in ensemble.members}


def _board_row(
    rank: int, result: TrialResult, weights: dict[int | None, float], *, is_top: bool
) -> tuple[str, ...]:
    configuration, rung = result.trial.configuration, result.trial.rung
    rows = "all rows" if rung.row_share == 1 else f"{share(rung.row_share)} of the rows"
    folds = counted(rung.n_folds, "fold")
    where = rows if is_top and rung.n_folds == 1 else f"{rows}, {folds}"
    weight = weights.get(result.trial.number)
    params = ", ".join(f"{name}={_value(v)}" for name, v in configuration.params.items())
    return (
        str(rank),
        markup.cell(markup.text(configuration.algorithm), small=markup.text(params)),
        number(result.score),
        where,
        duration(result.fit_seconds),
        "" if weight is None else share(weight),
    )


def _failures(view: RunView) -> str:
    causes = failure_causes(view.results)
    if not causes:
        return ""
    rows = [
        (f"{count} x", markup.text(status), markup.text(cause[:300]))
        for status, cause, count in causes[:_MOST_CAUSES]
    ]
    n_failed = counted(sum(count for _, _, count in causes), "trial")
    return f"<h3>{n_failed} failed</h3>" + markup.table(("", "how", "why"), rows, right=(0,))


def _time(view: RunView) -> markup.Section | None:
    timings, used = view.record.timings, view.record.seconds.used
    steps = [(said, timings[name]) for name, said in _STEPS.items() if timings.get(name)]
    before = view.record.seconds.before
    steps += [("earlier processes", before)] if before else []
    if not steps or used <= 0:
        return None
    rest = used - sum(seconds for _, seconds in steps)
    steps += [("the rest", rest)] if rest > 0.01 * used else []
    budget = view.record.seconds.budget
    asked = "" if view.record.max_trials is not None else f" of {duration(budget)} asked for"
    families: dict[str, list[float]] = {}
    for result in view.results:
        families.setdefault(result.trial.configuration.algorithm, []).append(result.seconds)
    spent = sorted(families.items(), key=lambda item: -sum(item[1]))
    workers = [
        (f"{markup.text(name)}, {counted(len(seconds), 'trial')}", sum(seconds))
        for name, seconds in spent
    ]
    return markup.section(
        "time",
        "Where the seconds went",
        markup.paragraph(f"{duration(used)} of wall clock{asked}:"),
        _bars(steps, used),
        "<h3>Seconds of workers in trials, by family</h3>" if workers else "",
        _bars(workers, max((s for _, s in workers), default=1.0)),
    )


def _bars(steps: list[tuple[str, float]], whole: float) -> str:
    if not steps:
        return ""
    shares = [100 * min(1.0, max(0.0, seconds) / whole) for _, seconds in steps]
    rows = [
        (said, duration(seconds), f'<div class="bar" style="width:{per_cent:.1f}%"></div>')
        for (said, seconds), per_cent in zip(steps, shares, strict=True)
    ]
    return markup.table(("", "", ""), rows, right=(1,), kind="bars")


def _configuration(said: str) -> str:
    algorithm, _, params = said.partition("(")
    return markup.cell(markup.text(algorithm), small=markup.text(params.rstrip(")")))


def _value(value: object) -> str:
    return f"{value:.4g}" if isinstance(value, float) else str(value)
