"""`metatune recommend`."""

import math
from dataclasses import asdict
from typing import TYPE_CHECKING, Any

import click

from metatune.cli import options
from metatune.cli.console import Voice, show, show_json, table
from metatune.notation.numbers import duration, number, settings

if TYPE_CHECKING:
    from metatune.data.reading.source import Table
    from metatune.data.task.task import Task
    from metatune.recommender.recommendation import Recommendations

__all__ = ["recommend"]


@click.command()
@options.data_argument()
@options.target()
@options.task_kind()
@options.roles()
@click.option(
    "--budget",
    default="10m",
    show_default=True,
    metavar="TIME",
    help="What a fit may take: a short one prefers quick configurations.",
)
@click.option("--metric", metavar="NAME", help="What counts; see metatune fit --help.")
@options.positive()
@click.option(
    "--top",
    type=click.IntRange(1),
    default=10,
    show_default=True,
    metavar="N",
    help="How many configurations to list.",
)
@click.option("--include", metavar="ALG,..", help="Only these algorithms.")
@click.option("--exclude", metavar="ALG,..", help="Not these algorithms.")
@options.space()
@options.reading()
@options.metadata()
@options.openml_server()
@options.as_json()
@click.option(
    "--as",
    "form",
    type=click.Choice(["table", "code"]),
    default="table",
    show_default=True,
    help="What to write: a table, or the configuration that is expected to do best as a Python "
    "script that does without metatune.",
)
@options.quiet()
def recommend(top: int, as_json: bool, form: str, quiet: bool, **given: Any) -> None:
    """Say what is worth trying on DATA, without training anything.

    Ranks configurations by what they did on past datasets that resemble DATA, and says which those
    are.
    """
    from metatune.algorithms.registry import select_algorithms
    from metatune.budget import parse_duration

    parse_duration(given["budget"])
    for names in ("include", "exclude"):
        given[names] = options.names(given[names])
    select_algorithms(given["include"], given["exclude"])
    given["space"] = options.read_space(given["space"])
    given["reading"] = options.reading_of(given)
    answer, task, source = _ask(Voice(quiet=quiet), given)
    if form == "code":
        from metatune.cli.exporting import recommended_code

        click.echo(recommended_code(answer, task, source, given["data"]), nl=False)
    elif as_json:
        show_json({"metric": task.metric.name, **_to_dict(answer, top)})
    else:
        _show(answer, task.metric.name, top)


def _ask(voice: Voice, given: dict[str, Any]) -> "tuple[Recommendations, Task, Table]":
    from metatune.api import recommend_for
    from metatune.cli.data import open_data
    from metatune.cli.wording import announce
    from metatune.data.task.make_task import make_task

    roles = options.role_columns(given["weight"], given["group"], given["time"])
    server, kept = given["openml_server"], roles.given.values()
    reading = given["reading"]
    opened = open_data(
        given["data"], target=given["target"], server=server, reading=reading, keep=kept
    )
    read = opened.table
    task = make_task(
        read,
        target=opened.target,
        task=given["task"] or opened.task,
        metric=given["metric"] or opened.metric,
        positive=given["positive"],
        roles=roles,
    )
    announce(read, reading, task, voice)
    advice = recommend_for(
        task,
        budget=given["budget"],
        include=given["include"],
        exclude=given["exclude"],
        metadata=given["metadata"],
        space=given["space"],
    )
    return advice.recommendations, task, read


def _show(answer: "Recommendations", metric: str, top: int) -> None:
    from metatune.cli.wording import familiarity

    rows = [
        (
            str(r.rank),
            r.configuration.algorithm,
            number(r.expected_score),
            _interval(r.score_interval),
            f"{r.expected_regret:.2f}",
            duration(r.expected_seconds),
        )
        for r in answer.ranked[:top]
    ]
    headings = ("rank", "algorithm", metric, "80 % interval", "regret", "time")
    show(table(headings, rows, right=headings[:1] + headings[2:]))
    show("")
    values = [(str(r.rank), _params(r.configuration.params)) for r in answer.ranked[:top]]
    show(table(("rank", "hyperparameters"), values, right=("rank",)))
    show(
        "",
        f"{metric}: expected in cross-validation, and between what it lies in 4 of 5 cases.\n"
        "regret: expected loss behind the best known configuration, which has 0; the median one "
        "has 1.\nrank weighs what a configuration adds to those before it against its time.\n"
        "time: expected for all folds on one core.",
        "",
    )
    similar = [
        (n.dataset, f"{n.similarity:.1%}", f"{n.n_rows:,} x {n.n_columns:,}", n.best.algorithm)
        for n in answer.neighbours
    ]
    names = ("most similar past datasets", "weight", "size", "best there")
    if similar:
        show(table(names, similar, right=("weight", "size")))
    else:
        show("No past dataset resembles this one more than others do: all count about alike.")
    show(
        "",
        f"familiarity {answer.familiarity:.2f} of 1, {familiarity(answer.familiarity)}; "
        f"learned from {answer.n_datasets} past datasets",
    )
    _show_course(answer)
    if answer.excluded:
        show(f"left out, because they hold this very data: {', '.join(answer.excluded)}")


def _show_course(answer: "Recommendations") -> None:
    """Write the expected score over time, and whether more time is likely to pay."""
    from metatune.cli.wording import outlook_words

    course = answer.course
    if course is None:
        return
    rows = [
        (duration(at), number(expected), f"{number(low)} .. {number(high)}")
        for at, low, expected, high in zip(
            course.seconds, course.low, course.expected, course.high, strict=True
        )
    ]
    headings = ("search of", f"best {course.metric}", "80 % interval")
    show("", table(headings, rows, right=headings))
    show("", "The best single configuration in cross-validation; an ensemble adds a little.")
    if answer.outlook is not None:
        show(f"Three times the budget is {outlook_words(answer.outlook)}.")


def _interval(ends: tuple[float, float]) -> str:
    return f"{number(ends[0])} .. {number(ends[1])}" if math.isfinite(ends[0]) else "-"


def _params(params: Any) -> str:
    return settings(params, " ")


def _to_dict(answer: "Recommendations", top: int) -> dict[str, Any]:
    from metatune.cli.wording import familiarity

    return {
        "recommendations": [
            {**asdict(r), "configuration": _plain(r.configuration)} for r in answer.ranked[:top]
        ],
        "most_similar": [{**asdict(n), "best": _plain(n.best)} for n in answer.neighbours],
        "familiarity": answer.familiarity,
        "familiarity_in_words": familiarity(answer.familiarity),
        "n_past_datasets": answer.n_datasets,
        "excluded": list(answer.excluded),
        "course": None if answer.course is None else asdict(answer.course),
        "outlook": None if answer.outlook is None else asdict(answer.outlook),
    }


def _plain(configuration: Any) -> dict[str, Any]:
    return {"algorithm": configuration.algorithm, "params": dict(configuration.params)}
