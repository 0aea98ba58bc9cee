"""Tables and a figure of how honest the estimates were."""

import math
from collections.abc import Sequence
from pathlib import Path

import matplotlib as mpl
import numpy as np
from matplotlib.figure import Figure
from scipy.stats import binomtest

from benchmarks.estimate.held_out import Outcome
from benchmarks.estimate.simulation import Simulated

__all__ = ["plot_outcomes", "simulation_line", "simulation_title", "summary", "table_of_outcomes"]

mpl.use("Agg")

_NORMAL = 1.96


def table_of_outcomes(outcomes: Sequence[Outcome]) -> str:
    """Return a Markdown table, one line for each dataset."""
    lines = [
        "| table | rows | metric | honest | 95 % interval | optimistic | of | held out | +- |"
        " inside | with noise |",
        "|---|---|---|---|---|---|---|---|---|---|---|",
    ]
    for one in outcomes:
        head = f"| {one.table} | {one.n_rows} | {one.metric} "
        held = f"| {one.held_out:.4g} | {_NORMAL * one.held_out_error:.2g} "
        if one.reason:
            lines.append(f"{head}| {one.reason} | | | {held}| | |")
            continue
        interval = f"{one.low:.4g} to {one.high:.4g}"
        lines.append(
            f"{head}| {one.score:.4g} | {interval} | {one.optimistic:.4g} | {one.n_candidates} "
            f"{held}| {_yes(one.covers)} | {_yes(one.covers_with_noise)} |"
        )
    return "\n".join(lines)


def summary(outcomes: Sequence[Outcome]) -> str:
    """Return coverage and bias over all tables with an estimate."""
    known = [one for one in outcomes if not one.reason]
    lines = [f"{len(known)} of {len(outcomes)} tables have an estimate"]
    if not known:
        return lines[0]
    lines += [
        _share("interval holds the held-out score as it is", [o.covers for o in known]),
        _share(
            "interval holds it when widened by the held-out score's own 95 % error, in quadrature",
            [o.covers_with_noise for o in known],
        ),
        _bias("honest", known, [o.score for o in known]),
        _bias("optimistic", known, [o.optimistic for o in known]),
    ]
    for metric in sorted({one.metric for one in known}):
        some = [one for one in known if one.metric == metric]
        lines.append(_bias_of_metric(metric, some))
    return "\n".join(lines)


def plot_outcomes(path: Path, outcomes: Sequence[Outcome]) -> None:
    """Draw both scores of each table against the one on rows held out.

    The unit is half the interval's width, upwards is flattering; the grey band is the held-out
    score's own 95 % error.
    """
    known = [one for one in outcomes if not one.reason and one.half_width > 0]
    known.sort(key=lambda one: one.sign * (one.score - one.held_out) / one.half_width)
    at = np.arange(len(known))
    scale = np.array([one.sign / one.half_width for one in known])
    held = np.array([one.held_out for one in known])
    honest = scale * (np.array([one.score for one in known]) - held)
    intervals = np.array([(one.low, one.high) for one in known]).reshape(-1, 2)
    ends = scale[:, None] * (intervals - held[:, None])
    noise = _NORMAL * np.abs(scale) * np.array([one.held_out_error for one in known])
    figure = Figure(figsize=(max(6.0, 0.16 * len(known) + 3.0), 5.5), layout="constrained")
    axes = figure.subplots()
    axes.bar(at, 2 * noise, bottom=-noise, width=1.0, color="#dddddd", label="held-out rows, noise")
    axes.axhline(0.0, color="black", linewidth=0.8)
    axes.vlines(at, ends.min(axis=1), ends.max(axis=1), color="#0072b2", label="95 % interval")
    axes.plot(at, honest, "o", color="#0072b2", label="honest")
    optimistic = scale * (np.array([one.optimistic for one in known]) - held)
    axes.plot(at, optimistic, "^", color="#d62728", label="optimistic")
    axes.set_xticks(at, [one.table for one in known], rotation=90, fontsize=6)
    axes.set_ylabel("better than on held-out rows, in half widths")
    axes.legend(fontsize=8)
    figure.savefig(path, dpi=130)


def simulation_title() -> str:
    """Return the heading of the simulations' table."""
    return (
        "| setting | runs | optimistic bias | honest bias | +- | interval width / truth's spread |"
        " coverage |\n|---|---|---|---|---|---|---|"
    )


def simulation_line(name: str, found: Sequence[Simulated]) -> str:
    """Return a line of the simulations' table."""
    truth = np.array([one.truth for one in found])
    honest = np.array([one.estimate.score for one in found]) - truth
    optimistic = np.array([one.estimate.optimistic for one in found]) - truth
    width = np.mean([one.estimate.high - one.estimate.low for one in found])
    error = honest.std(ddof=1) / math.sqrt(len(found))
    ratio = width / (2 * _NORMAL * honest.std(ddof=1))
    covered = np.mean([one.covered for one in found])
    return (
        f"| {name} | {len(found)} | {optimistic.mean():+.4f} | {honest.mean():+.4f} "
        f"| {_NORMAL * error:.4f} | {ratio:.2f} | {covered:.1%} |"
    )


def _share(what: str, answers: Sequence[bool]) -> str:
    test = binomtest(sum(answers), len(answers)).proportion_ci()
    share = sum(answers) / len(answers)
    return f"{what}: {share:.1%} ({test.low:.0%} to {test.high:.0%} by chance)"


def _bias(what: str, known: Sequence[Outcome], scores: Sequence[float]) -> str:
    """Say how much too good a score is, in half widths of the interval, and how often."""
    pairs = [(o, s) for o, s in zip(known, scores, strict=True) if o.half_width > 0]
    excess = np.array([o.sign * (s - o.held_out) / o.half_width for o, s in pairs])
    above, differ = int((excess > 0).sum()), int((excess != 0).sum())
    p = binomtest(above, differ).pvalue if differ else 1.0
    error = excess.std(ddof=1) / math.sqrt(len(excess)) if len(excess) > 1 else math.nan
    return (
        f"{what} score flatters by {excess.mean():+.2f} +- {error:.2f} half widths on average, "
        f"is too good on {above} of {differ} tables (sign test p = {p:.2g})"
    )


def _bias_of_metric(metric: str, some: Sequence[Outcome]) -> str:
    """Say the mean bias: differences of ROC AUC, shares of the held-out score for losses."""
    held = np.array([o.held_out for o in some])
    unit = np.ones(len(some)) if some[0].sign > 0 else np.maximum(np.abs(held), 1e-12)
    honest = np.array([o.sign * (o.score - o.held_out) for o in some]) / unit
    optimistic = np.array([o.sign * (o.optimistic - o.held_out) for o in some]) / unit
    kind = "difference" if some[0].sign > 0 else "share of the loss"
    return (
        f"{metric}, {len(some)} tables: honest {honest.mean():+.4f} (median "
        f"{np.median(honest):+.4f}), optimistic {optimistic.mean():+.4f} (median "
        f"{np.median(optimistic):+.4f}), {kind}, + is too good"
    )


def _yes(answer: bool) -> str:
    return "yes" if answer else "no"
