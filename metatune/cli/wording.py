"""Sentences that several commands share."""

import shlex
from collections import Counter
from collections.abc import Iterable
from typing import TYPE_CHECKING

from metatune.cli.console import Voice
from metatune.notation.numbers import number, percent

if TYPE_CHECKING:
    from metatune.data.columns.column import Column
    from metatune.data.reading.options import ReadingOptions
    from metatune.data.reading.source import Table
    from metatune.data.task.task import Task
    from metatune.estimate.corrected import Estimate
    from metatune.recommender.recommendation import Outlook, Recommendations

__all__ = [
    "about_class",
    "announce",
    "announce_recommendations",
    "announce_source",
    "announce_task",
    "columns_by_kind",
    "command",
    "direction",
    "familiarity",
    "honest",
    "outlook_words",
]

_PLURALS = {
    "number": "numbers",
    "boolean": "booleans",
    "category": "categories",
    "high-cardinality category": "high-cardinality categories",
    "date/time": "dates",
    "several numbers": "columns of several numbers",
    "text": "texts",
    "identifier": "identifiers",
    "constant": "constants",
    "row weight": "row weights",
    "row group": "row groups",
    "row time": "row times",
}


def announce(table: "Table", reading: "ReadingOptions", task: "Task", voice: Voice) -> None:
    """Say how a file was read and what was made of it."""
    announce_source(table, reading, voice)
    announce_task(task, voice)


def announce_source(table: "Table", reading: "ReadingOptions", voice: Voice) -> None:
    """Say how a file was read, and which options mend what was guessed wrong."""
    guessed = [f"--{name}" for name in table.source.guessed(reading)]
    hint = f" (if wrong: {' '.join(guessed)})" if guessed else ""
    voice.say(f"{table.name}: {table.source.summary()}{hint}")


def announce_task(task: "Task", voice: Voice) -> None:
    """Say what is predicted, and from which columns."""
    of = f", {len(task.class_counts)} classes" if task.n_classes else ""
    voice.say(f"target {task.target!r}, task {task.kind}{of}, metric {direction(task)}")
    voice.say(f"columns: {columns_by_kind(task.columns)}")
    voice.notes(task.notes)


def announce_recommendations(recommendations: "Recommendations", voice: Voice) -> None:
    """Say which past datasets are similar, and how familiar the dataset is."""
    if not recommendations.neighbours:
        voice.say(
            f"none of {recommendations.n_datasets} past datasets resembles this one more than "
            "others do: all count about alike; it is "
            f"{familiarity(recommendations.familiarity)}"
        )
    nearest = ", ".join(
        f"{neighbour.dataset} ({percent(neighbour.similarity)})"
        for neighbour in recommendations.neighbours[:3]
    )
    known = number(recommendations.familiarity, 3)
    if nearest:
        voice.say(
            f"most similar of {recommendations.n_datasets} past datasets: {nearest}; this one is "
            f"{familiarity(recommendations.familiarity)} ({known} of 1)"
        )
    if recommendations.excluded:
        left_out = ", ".join(recommendations.excluded)
        voice.say(f"left out, because they hold this very data: {left_out}")


def columns_by_kind(columns: "Iterable[Column]") -> str:
    """Count columns by kind in one line."""
    counts = Counter(str(column.kind) for column in columns)
    return ", ".join(
        f"{count} {kind if count == 1 else _PLURALS[kind]}" for kind, count in counts.most_common()
    )


def command(*words: str) -> str:
    """Write a command as it can be typed into a shell."""
    return shlex.join(["metatune", *words])


def direction(task: "Task") -> str:
    """Name the metric, say which scores are good, and which class it is about."""
    metric = task.metric
    better = "higher" if metric.greater_is_better else "lower"
    return f"{metric.name} ({better} is better{about_class(task.judged_class)})"


def about_class(label: str | None) -> str:
    """Name the positive class behind a metric; empty for one that depends on none."""
    return "" if label is None else f", positive class {label!r}"


def familiarity(value: float) -> str:
    """Say in words how familiar a dataset is."""
    from metatune.recommender.recommendation import familiarity_in_words

    return familiarity_in_words(value)


def honest(estimate: "Estimate") -> str:
    """Say in one line what to expect of a model on new rows."""
    return estimate.in_words()


def outlook_words(outlook: "Outlook") -> str:
    """Say what more time should bring to the best single configuration."""
    ends = f"{number(outlook.low)} to {number(outlook.high)}"
    pays = "likely to pay" if outlook.is_likely_to_pay else "unlikely to pay"
    return (
        f"{pays}: the best single configuration should go from {outlook.metric} "
        f"{number(outlook.now)} to {number(outlook.expected)} (80 % interval {ends})"
    )
