"""Wording of a report: numbers, durations, and sentences about scores."""

import math
import shlex
from typing import TYPE_CHECKING

from metatune.data.reading.options import READING
from metatune.kinds import TaskKind
from metatune.metrics import PERFECT_SCORE
from metatune.storage.door import Door

if TYPE_CHECKING:
    from metatune.storage.record import RunRecord

__all__ = ["command_of", "duration", "error_removed", "meaning", "number", "script_of", "share"]

_OPTIONS = (
    *("target", "task", "weight", "group", "time", "budget", "metric", "prefer", "positive"),
    *("max_trials", "include", "exclude", "max_latency", "max_size", *READING),
)
_DEFAULT_BUDGET = "10m"
_NARROW = "\u202f"  # a blank at which no line ends


def number(value: float | None) -> str:
    """Write a number with four significant digits; ``-`` where there is none."""
    if value is None or not math.isfinite(value):
        return "-"
    if value == 0:
        return "0"
    size = abs(value)
    if size >= 1000:
        return f"{value:,.0f}"
    if size < 1e-4:
        return f"{value:.2e}"
    digits = 3 - math.floor(math.log10(size))
    return f"{value:.{max(0, digits)}f}"


def share(value: float) -> str:
    """Write a share in per cent."""
    if 0 < value < 0.01:
        return f"{100 * value:.1g}{_NARROW}%"
    return f"{100 * value:.0f}{_NARROW}%"


def duration(seconds: float) -> str:
    """Write a duration."""
    if seconds < 0.9995e-3:
        return f"{1e6 * seconds:.3g} µs"
    if seconds < 0.9995:
        return f"{1e3 * seconds:.3g} ms"
    if seconds < 120:
        return f"{seconds:.3g} s"
    minutes, rest = divmod(round(seconds), 60)
    if minutes < 120:
        return f"{minutes} min {rest} s" if rest else f"{minutes} min"
    return f"{minutes // 60} h {minutes % 60} min"


def meaning(metric: str, score: float, *, kind: TaskKind, n_classes: int, positive: str) -> str:
    """Say in a sentence what a score means; empty for metrics that need no words or have none.

    Parameters
    ----------
    metric : str
        Its name.
    score : float
        In the metric's own sign.
    kind : TaskKind
        What is predicted.
    n_classes : int
        Number of classes; 0 for regression.
    positive : str
        Label of the positive class; empty where there are not two.
    """
    if metric == "roc_auc" and kind is TaskKind.BINARY:
        return (
            f"Of one row of class “{positive}” and one of the other class, both taken at "
            f"random, the model gives the first the higher probability in {100 * score:.1f} of 100 "
            "cases. Guessing reaches 50."
        )
    sentences = {
        "roc_auc": f"Averaged over classes, rows of a class come first in {100 * score:.1f} of 100 "
        "comparisons with rows of the others.",
        "accuracy": f"Of 100 new rows about {100 * score:.1f} get the right class.",
        "balanced_accuracy": f"Averaged over the {n_classes} classes, {100 * score:.1f} of 100 "
        "rows of a class are recognised.",
        "log_loss": f"The class that turns out to be right has been given a probability of "
        f"{math.exp(-score):.3g} (geometric mean); guessing all classes alike gives "
        f"{1 / max(1, n_classes):.3g}."
        if math.isfinite(score)
        else "",
        "rmse": f"Predictions are off by about {number(score)} (root of the mean square), in "
        "units of the target.",
        "mae": f"Predictions are off by {number(score)} on average, in units of the target.",
        "r2": f"The model explains {share(score)} of the variance of the target.",
    }
    return sentences.get(metric, "")


def error_removed(metric: str, score: float, constant: float | None) -> str:
    """Say how much of the constant prediction's error is gone; empty where that has no meaning."""
    perfect = PERFECT_SCORE.get(metric)
    if perfect is None or constant is None or not math.isfinite(constant) or constant == perfect:
        return ""
    gone = 1.0 - (perfect - score) / (perfect - constant)
    if not 0.0 < gone <= 1.0:
        return ""
    return f"That removes {share(gone)} of the error that predicting the same for every row leaves."


def command_of(record: "RunRecord") -> str:
    """Return the command that repeats a run; empty for one that was started from Python."""
    options = record.options
    if record.started_from is not Door.COMMAND_LINE or options.data is None:
        return ""
    words = ["metatune", "fit", options.data]
    for name in options.objectives:
        words += ["--objective", name]
    for name in _OPTIONS:
        value = getattr(options, name)
        if name == "metric" and options.objectives:
            continue
        if value is None or value == () or (name == "budget" and value == _DEFAULT_BUDGET):
            continue
        text = ",".join(value) if isinstance(value, tuple) else str(value)
        words += [f"--{name.replace('_', '-')}", text]
    words += [] if options.ensemble else ["--single"]
    return shlex.join([*words, "--seed", str(record.seed)])


def script_of(record: "RunRecord") -> str:
    """Return the lines of Python that repeat a run which was started from there."""
    kind = "Regressor" if record.task.task is TaskKind.REGRESSION else "Classifier"
    options = record.options
    given = {
        "budget": options.budget,
        "metric": None if options.objectives else options.metric,
        "objectives": list(options.objectives) or None,
        "prefer": options.prefer,
        "pos_label": options.positive,
        "max_trials": options.max_trials,
        "include": list(options.include) or None,
        "exclude": list(options.exclude) or None,
        "max_latency": options.max_latency,
        "max_size": options.max_size,
        "random_state": record.seed,
    }
    parameters = [f"{name}={value!r}" for name, value in given.items() if value is not None]
    parameters += [] if options.ensemble else ["ensemble=False"]
    return (
        f"from metatune import MetaTune{kind}\n\n"
        f"model = MetaTune{kind}({', '.join(parameters)})\nmodel.fit(X, y)"
    )
