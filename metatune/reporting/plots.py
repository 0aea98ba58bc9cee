"""Plots of a report."""

import math
from collections.abc import Sequence
from typing import TYPE_CHECKING

import numpy as np

from metatune.reporting.svg import INK, LINE, MUTED, SERIES, SIZE, draw_svg, short_label
from metatune.reporting.wording import duration, number

if TYPE_CHECKING:
    from matplotlib.axes import Axes

    from metatune._typing import AnyArray, FloatArray

    Band = tuple[FloatArray, FloatArray, FloatArray, FloatArray]

__all__ = [
    "calibration_plot",
    "course_plot",
    "dependence_plot",
    "importance_plot",
    "precision_recall_plot",
    "residual_plot",
    "roc_plot",
    "truth_plot",
]

_MOST_POINTS = 250  # of a curve,
_MOST_DOTS = 700  # and of a cloud
_BINS = 10
_SKEWED = 20.0  # times the way to the median, for the largest value to need another scale


def roc_plot(truth: "AnyArray", probability: "FloatArray", threshold: float) -> str:
    """Draw the receiver operating characteristic, and where the model decides on it.

    Parameters
    ----------
    truth : ndarray of shape (n_rows,)
        1 for the positive class, 0 for the other.
    probability : ndarray of shape (n_rows,)
        Of the positive class.
    threshold : float
        Probability from which the model decides for it.
    """
    from sklearn.metrics import roc_curve

    false, true, _ = roc_curve(truth, probability)
    chosen = probability > threshold
    at = chosen[truth == 0].mean(), chosen[truth == 1].mean()

    def draw(axes: "Axes") -> None:
        axes.plot([0, 1], [0, 1], color=LINE, linewidth=1)
        axes.plot(*_thinned(false, true), color=SERIES[0], label="model")
        axes.plot(*at, "o", color=SERIES[1], label=f"threshold {number(threshold)}")
        axes.set(xlabel="false alarms", ylabel="hits", title="ROC curve")
        axes.legend(loc="lower right")

    return draw_svg("roc", draw, "ROC curve: hits against false alarms")


def precision_recall_plot(truth: "AnyArray", probability: "FloatArray", threshold: float) -> str:
    """Draw precision against recall; parameters as in `roc_plot`."""
    from sklearn.metrics import precision_recall_curve

    precision, recall, _ = precision_recall_curve(truth, probability)
    chosen = probability > threshold
    base = float(np.mean(truth))

    def draw(axes: "Axes") -> None:
        axes.axhline(base, color=LINE, linewidth=1)
        axes.plot(*_thinned(recall, precision), color=SERIES[0], label="model")
        if chosen.any():
            hits = truth[chosen].mean(), chosen[truth == 1].mean()
            axes.plot(
                hits[1], hits[0], "o", color=SERIES[1], label=f"threshold {number(threshold)}"
            )
        axes.set(xlabel="recall", ylabel="precision", title="Precision and recall", ylim=(0, 1.03))
        axes.legend(loc="best")

    return draw_svg("precision", draw, "Precision against recall")


def calibration_plot(truth: "AnyArray", probability: "FloatArray", what: str) -> str:
    """Draw how often things come true that were given a probability.

    Parameters
    ----------
    truth : ndarray of shape (n_rows,)
        1 where it came true, else 0.
    probability : ndarray of shape (n_rows,)
        Predicted.
    what : str
        What is predicted.
    """
    edges = np.unique(np.quantile(probability, np.linspace(0, 1, _BINS + 1)))
    bins = np.searchsorted(edges[1:-1], probability, side="right")
    n = np.bincount(bins)
    kept = n > 0
    told = np.bincount(bins, weights=probability)[kept] / n[kept]
    came = np.bincount(bins, weights=truth.astype(np.float64))[kept] / n[kept]
    error = 1.64 * np.sqrt(np.maximum(came * (1 - came), 0.25 / n[kept]) / n[kept])
    below, above = came - np.maximum(came - error, 0), np.minimum(came + error, 1) - came

    def draw(axes: "Axes") -> None:
        axes.plot([0, 1], [0, 1], color=LINE, linewidth=1)
        axes.errorbar(told, came, [below, above], color=SERIES[0], fmt="o-", markersize=4)
        axes.set(
            xlabel=f"predicted probability {what}", ylabel="share of rows", title="Calibration"
        )

    return draw_svg("calibration", draw, "Calibration: share of rows against predicted probability")


def truth_plot(truth: "FloatArray", prediction: "FloatArray") -> str:
    """Draw predicted against true values, both of shape (n_rows,)."""
    rows = _some(len(truth))
    low, high = _middle(np.concatenate([truth, prediction]))

    def draw(axes: "Axes") -> None:
        _cloud(axes, truth[rows], prediction[rows])
        axes.plot([low, high], [low, high], color=INK, linewidth=1)
        axes.set(xlabel="true", ylabel="predicted", title="Predicted against true")
        _frame(axes, (low, high), (low, high))

    return draw_svg("truth", draw, "Predicted against true values")


def residual_plot(truth: "FloatArray", prediction: "FloatArray") -> str:
    """Draw true less predicted values against predicted ones, both of shape (n_rows,)."""
    residuals, rows = truth - prediction, _some(len(truth))

    def draw(axes: "Axes") -> None:
        _cloud(axes, prediction[rows], residuals[rows])
        axes.axhline(0, color=INK, linewidth=1)
        axes.set(xlabel="predicted", ylabel="true less predicted", title="Residuals")
        _frame(axes, _middle(prediction), _middle(residuals))

    return draw_svg("residuals", draw, "Residuals against predicted values")


def importance_plot(
    names: Sequence[str],
    means: Sequence[float],
    ends: "Sequence[tuple[float, float]]",
    metric: str,
) -> str:
    """Draw importances of columns, the first one on top, with their intervals."""
    middle = np.asarray(means, dtype=np.float64)
    low, high = np.asarray(ends, dtype=np.float64).T
    errors = [np.maximum(middle - low, 0), np.maximum(high - middle, 0)]

    def draw(axes: "Axes") -> None:
        places = np.arange(len(names))[::-1]
        axes.barh(places, middle, color=SERIES[0], height=0.6)
        axes.errorbar(middle, places, xerr=errors, fmt="none", color=INK, linewidth=1.2)
        axes.axvline(0, color=MUTED, linewidth=0.8)
        axes.set_yticks(places, [short_label(name) for name in names])
        axes.tick_params(axis="y", colors=INK)
        axes.set(xlabel=f"loss of {metric}")

    size = SIZE[0], 0.75 + 0.27 * len(names)
    return draw_svg("importance", draw, "Importance of columns", size=size)


def dependence_plot(
    name: str,
    labels: Sequence[str],
    positions: Sequence[float],
    lines: Sequence[tuple[str, Sequence[float]]],
    *,
    place: int,
) -> str:
    """Draw mean predictions against the values of a column.

    Parameters
    ----------
    name : str
        The column.
    labels : sequence of str
        Its values.
    positions : sequence of float
        The same as numbers; empty for categories.
    lines : sequence of (str, sequence of float)
        Name and mean predictions of each output.
    place : int
        Number of the plot, which tells it from others.
    """
    what = "mean prediction" if lines[0][0] == "prediction" else "mean probability"
    alone = len(lines) == 1 and lines[0][0] != "prediction"
    what = f"{what} of {short_label(lines[0][0])}" if alone else what

    def draw(axes: "Axes") -> None:
        for (label, values), colour in zip(lines, SERIES, strict=False):
            if positions:
                axes.plot(
                    positions, values, "o-", color=colour, label=short_label(label), markersize=3
                )
            else:
                at = np.arange(len(labels))[::-1]
                axes.plot(values, at, "o", color=colour, label=short_label(label), markersize=6)
        if not positions:
            axes.set_yticks(np.arange(len(labels))[::-1], [short_label(label) for label in labels])
            axes.grid(axis="y", linewidth=0.6)
            axes.margins(y=0.12)
        elif _is_number(labels[0]):
            _stretch(axes, positions)
        else:
            _few_ticks(axes, positions, labels)
        n_legend_lines = math.ceil(len(lines) / 2) if len(lines) > 1 else 0
        axes.set_title(short_label(name), pad=6 + 14 * n_legend_lines)
        axes.set(**{"ylabel" if positions else "xlabel": what})
        if len(lines) > 1:
            _legend_above(axes)

    return draw_svg(f"dependence{place}", draw, "Mean prediction against a column's values")


def course_plot(
    seconds: Sequence[float],
    scores: Sequence[float],
    expected: "Band | None",
    metric: str,
    reference: tuple[str, float] | None,
) -> str:
    """Draw the best score over time, and what was expected.

    Parameters
    ----------
    seconds, scores : sequence of float
        Of the run so far, and the best score since then, n_points each; the last one is its end.
    expected : tuple of ndarray, optional
        Seconds, low, expected and high scores.
    metric : str
        In which the scores are.
    reference : (str, float), optional
        Name and score of what it is compared with.
    """

    def draw(axes: "Axes") -> None:
        if expected is not None:
            times, low, middle, high = expected
            axes.fill_between(times, low, high, color=SERIES[2], alpha=0.22, linewidth=0)
            axes.plot(times, middle, "--", color=SERIES[2], label="expected, 80 % interval")
        if reference is not None:
            name, score = reference
            axes.axhline(score, color=MUTED, linewidth=1, linestyle=":", label=name)
        axes.plot(seconds, scores, color=SERIES[0], drawstyle="steps-post", label="this run")
        axes.plot(seconds[:-1], scores[:-1], "o", color=SERIES[0], markersize=3)
        axes.set(xlabel="time of the run", ylabel=metric, xscale="log")
        axes.set_ylim(*_usual(scores, expected, seconds[0]))
        _time_ticks(axes, seconds[-1])
        _legend_above(axes)

    return draw_svg("course", draw, "Best score over time")


def _legend_above(axes: "Axes") -> None:
    """Put the legend above the axes, where it hides nothing."""
    axes.legend(loc="lower left", bbox_to_anchor=(0, 1), ncols=2, borderaxespad=0.2)


def _thinned(x: "FloatArray", y: "FloatArray") -> "tuple[FloatArray, FloatArray]":
    """Return fewer points of a curve, its ends among them."""
    if len(x) <= _MOST_POINTS:
        return x, y
    way = np.concatenate([[0.0], np.cumsum(np.abs(np.diff(x)) + np.abs(np.diff(y)))])
    at = np.searchsorted(way, np.linspace(0, way[-1], _MOST_POINTS))
    at = np.unique(np.clip(at, 0, len(x) - 1))
    return x[at], y[at]


def _some(n_rows: int) -> "AnyArray":
    return np.random.default_rng(0).permutation(n_rows)[:_MOST_DOTS]


def _cloud(axes: "Axes", x: "FloatArray", y: "FloatArray") -> None:
    axes.plot(x, y, "o", color=SERIES[0], markersize=3, alpha=0.45, markeredgewidth=0)


def _middle(values: "FloatArray") -> tuple[float, float]:
    """Return the ends of the middle 99 % of values."""
    low, high = np.quantile(values, (0.005, 0.995))
    return float(low), float(high)


def _frame(axes: "Axes", x: "Sequence[float]", y: "Sequence[float]") -> None:
    """Show the usual range: a few absurd values must not hide all others."""
    for ends, limit in ((x, axes.set_xlim), (y, axes.set_ylim)):
        margin = 0.05 * (float(ends[1]) - float(ends[0])) or 1.0
        limit(float(ends[0]) - margin, float(ends[1]) + margin)


def _few_ticks(axes: "Axes", positions: Sequence[float], labels: Sequence[str]) -> None:
    """Name the ends, and what lies between them if there is room."""
    first, last = positions[0], positions[-1]
    at = [0, len(positions) - 1]
    middle = int(np.argmin(np.abs(np.asarray(positions) - 0.5 * (first + last))))
    if abs(positions[middle] - 0.5 * (first + last)) < 0.12 * (last - first):
        at.insert(1, middle)
    axes.set_xticks([positions[i] for i in at], [short_label(labels[i]) for i in at])


def _stretch(axes: "Axes", positions: Sequence[float]) -> None:
    """Let the many small values of a skewed column not hide behind a few large ones."""
    low, high = positions[0], positions[-1]
    middle = positions[len(positions) // 2]
    above = [position for position in positions if position > 0]
    if low >= 0 and above and high - low > _SKEWED * max(middle - low, 1e-12):
        from matplotlib.ticker import FixedLocator, FuncFormatter, NullLocator

        axes.set_xscale("symlog", linthresh=above[0])
        powers = 10.0 ** np.arange(math.ceil(math.log10(above[0])), math.log10(high) + 1e-9)
        chosen = powers[:: max(1, math.ceil(len(powers) / 4))]
        axes.xaxis.set_major_locator(FixedLocator([0.0, *chosen] if low == 0 else list(chosen)))
        axes.xaxis.set_minor_locator(NullLocator())
        axes.xaxis.set_major_formatter(FuncFormatter(lambda value, _: f"{value:,.10g}"))


def _usual(
    scores: Sequence[float],
    expected: "Band | None",
    first: float,
) -> tuple[float, float]:
    """Return the range of scores to show: what came out, and what was expected by then."""
    shown = [np.asarray(scores)]
    if expected is not None:
        times, low, middle, high = expected
        late = times >= min(max(first, 0.1 * times[-1]), times[-1])
        shown += [low[late], middle[late], high[late]]
    values = np.concatenate(shown)
    values = values[np.isfinite(values)]
    low_end, high_end = float(values.min()), float(values.max())
    margin = 0.08 * (high_end - low_end) or 0.01 * max(1e-6, abs(high_end))
    return low_end - margin, high_end + margin


def _time_ticks(axes: "Axes", last: float) -> None:
    from matplotlib.ticker import FixedLocator, FuncFormatter, NullLocator

    usual = (0.1, 0.3, 1, 3, 10, 30, 60, 180, 600, 1800, 3600, 4 * 3600, 24 * 3600)
    axes.xaxis.set_major_locator(FixedLocator([t for t in usual if t <= 1.2 * last]))
    axes.xaxis.set_major_formatter(FuncFormatter(lambda value, _: duration(value)))
    axes.xaxis.set_minor_locator(NullLocator())


def _is_number(text: str) -> bool:
    try:
        float(text)
    except ValueError:
        return False
    return True
