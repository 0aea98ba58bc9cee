"""Tables of a race against peers, in Markdown."""

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
import pandas as pd

from benchmarks.races.peers.losses import Loss, losses_of
from benchmarks.races.peers.runs import PARTS
from benchmarks.races.peers.scores import LATE_GRACE, LATE_SHARE, Field, make_field, meet
from benchmarks.races.statistics import Mean, chance

if TYPE_CHECKING:
    from collections.abc import Callable

__all__ = ["Look", "fields_of", "tables_of"]

_BUSY = 1.5  # load average from which something else ran beside a system that has one core
_LEAST_COMMON = 4  # tables, for systems that were tried on few to be compared
_HEAD = 4  # lines of a table before its first row: title, blank, names, rule


@dataclass(frozen=True, slots=True, kw_only=True)
class Look:
    """Comparison: who takes part, and whose wins are told.

    Attributes
    ----------
    of : str
        System whose wins and losses are told.
    systems : tuple of str
        Who is compared; empty for all that were tried on enough tables.
    least_share : float
        Share of the tables that is enough.
    against : tuple of (str, float)
        Systems at a longer budget that the system of every shorter budget meets.
    """

    of: str = "metatune"
    systems: tuple[str, ...] = ()
    least_share: float = 0.8
    against: tuple[tuple[str, float], ...] = ()


def fields_of(runs: pd.DataFrame, look: Look) -> list[Field]:
    """Return the comparisons, by budget and part; those with nothing to compare are left out."""
    budgets = sorted({float(budget) for budget in runs["budget"] if budget > 0})
    found = [
        make_field(runs, part, budget, systems=look.systems, least_share=look.least_share)
        for budget in budgets
        for part in PARTS
    ]
    return [field for field in found if field is not None]


def tables_of(runs: pd.DataFrame, fields: Sequence[Field], look: Look) -> str:
    """Write all tables: those of each budget and part, shorter against longer budgets, losses."""
    blocks = [_reading(runs, look.of)]
    for field in fields:
        blocks.append(_standing(field, look.of))
        blocks += [
            _standing(one, look.of, which="that all were tried on") for one in _wider(runs, field)
        ]
    if look.against:
        blocks.append(_longer(runs, look))
    blocks.append(_losses(fields, look.of))
    return "\n\n".join(block for block in blocks if block)


def _reading(runs: pd.DataFrame, of: str) -> str:
    """Say how to read the tables, and how quiet the machine was."""
    told = (
        "Each system on the same rows, one core, 30 % held out. Rank 1 is the best, equal scores "
        "share their ranks; normalised score: 1 is the best of all systems at any budget, 0 the "
        "worst of the untuned models (of all systems where none was raced), cut at -1. In brackets "
        "the 95 % interval of the bootstrap over tables. "
        f"Wins are those of {of} against the system, ties half, with p of the sign test. A run "
        "that failed is the worst on its table. Late is a fit of more than "
        f"its budget + {LATE_GRACE:g} s + {LATE_SHARE:.0%}; seconds are the mean of fits, "
        "memory is the largest, the size of the model and the seconds of predicting all rows held "
        "out are medians."
    )
    load = runs["load"].astype(float).dropna()
    if len(load) and load.median() > _BUSY:
        told += (
            f" The machine was not quiet: the load average was {load.median():.1f} in the median "
            f"of the runs, {load.max():.1f} at most."
        )
    return told


def _wider(runs: pd.DataFrame, field: Field) -> Iterator[Field]:
    """Compare those that were left out as well, on the fewer tables that they were tried on.

    Those that were tried on more tables come first, without the others.
    """
    for count in sorted(set(field.left_out.values()), reverse=True):
        more = [name for name, n_tried in field.left_out.items() if n_tried >= count]
        found = make_field(runs, field.part, field.budget, systems=(*field.systems, *more))
        if found is not None and len(found.tables) >= _LEAST_COMMON:
            yield found


def _standing(field: Field, of: str, which: str = "") -> str:
    """Write the table of a budget and part."""
    lines = [
        f"### {field.budget:g} s, {field.part} tables{which and f' {which}'}: {len(field.tables)}",
        "",
        "| system | tables | mean rank | normalised score | wins | p | failed | late | seconds "
        "| memory | model | predicting |",
        "|---|--:|--:|--:|--:|--:|--:|--:|--:|--:|--:|--:|",
    ]
    for system in field.systems:
        cells = [_bold(system, of), str(len(field.tables))]
        cells += [_mean(field.mean_rank(system), 2), _mean(field.mean_score(system), 3)]
        cells += [*_wins(field, of, system), *_spent(field, system)]
        lines.append(f"| {' | '.join(cells)} |")
    notes = [f"{name} (tried on {count})" for name, count in field.left_out.items()]
    if notes:
        lines += ["", f"Left out, since tried on too few tables: {', '.join(notes)}."]
    if field.n_missing and not which:
        lines += ["", f"Not tried with all of these on every seed yet: {field.n_missing} tables."]
    unclear = len(field.scores) - len(field.scores.dropna())
    if unclear:
        lines += [
            "",
            f"Without a normalised score, since nothing beats the zero: {unclear} tables.",
        ]
    return "\n".join(lines)


def _wins(field: Field, of: str, system: str) -> tuple[str, str]:
    if system == of or of not in field.systems:
        return "", ""
    met = meet(field.runs, (of, field.budget), (system, field.budget))
    return _percent(met.share), chance(met.counts.p_value)


def _spent(field: Field, system: str) -> list[str]:
    """Return what the runs of a system failed at and took."""
    runs = field.runs[field.runs["system"] == system]
    budgeted = bool((runs["budget"] > 0).any())
    values = {
        name: runs[name].astype(float).dropna()
        for name in ("fit_s", "peak_mb", "model_bytes", "predict_s")
    }
    return [
        str(int(runs["failed"].sum())),
        str(int(runs["late"].sum())) if budgeted else "",
        _cell(values["fit_s"], pd.Series.mean, "{:.1f} s"),
        _cell(values["peak_mb"], pd.Series.max, "{:.0f} MB"),
        _cell(values["model_bytes"] / 2**20, pd.Series.median, "{:.1f} MB"),
        _cell(values["predict_s"], pd.Series.median, "{:.2f} s"),
    ]


def _longer(runs: pd.DataFrame, look: Look) -> str:
    """Write duels of the system at its budgets with others at longer ones."""
    lines = [
        f"### {look.of} against longer budgets",
        "",
        f"| {look.of} | against | tables | | wins | ties | losses | wins of all | p |",
        "|---|---|---|--:|--:|--:|--:|--:|--:|",
    ]
    budgets = sorted({float(b) for b in runs["budget"] if b > 0})
    for other, longer in look.against:
        for budget in (b for b in budgets if b < longer):
            for part in (*PARTS, "all"):
                some = runs if part == "all" else runs[runs["part"] == part]
                met = meet(some, (look.of, budget), (other, longer))
                if len(met.verdicts):
                    won = met.counts
                    lines.append(
                        f"| {budget:g} s | {other}, {longer:g} s | {part} | {len(met.verdicts)} "
                        f"| {won.wins} | {won.ties} | {won.losses} | {_percent(met.share)} "
                        f"| {chance(won.p_value)} |"
                    )
    told = len(lines) > _HEAD
    return "\n".join(lines if told else [*lines[:2], "No runs of these at these budgets."])


def _losses(fields: Iterable[Field], of: str) -> str:
    """Write a line for each table on which another system is better by more than a tie."""
    lines = [
        f"### Tables that {of} lost to the best of the others",
        "",
        "| budget | table | | kind | rows | metric | score | best of the others | its score "
        "| behind by | normalised |",
        "|--:|---|---|---|--:|---|--:|---|--:|--:|--:|",
    ]
    n_tables = n_lost = 0
    for field in fields:
        if of in field.systems:
            lost = losses_of(field, of)
            n_tables, n_lost = n_tables + len(field.tables), n_lost + len(lost)
            lines += [_loss(field, of, loss) for loss in lost]
    told = [*lines, "", f"{n_lost} of {n_tables}."]
    return "\n".join(told if n_lost else [*lines[:2], f"None of {n_tables}."])


def _loss(field: Field, of: str, loss: Loss) -> str:
    """Write the line of a table that was lost."""
    runs = field.runs[field.runs["table"] == loss.table]
    mine, theirs = (runs[runs["system"] == name] for name in (of, loss.best))
    first = mine.iloc[0]
    scores = [float(side["score"].astype(float).mean()) for side in (mine, theirs)]
    by = abs(scores[1] - scores[0])
    share = "" if first["metric"] == "roc_auc" else f" ({by / max(abs(scores[0]), 1e-300):.1%})"
    told = "" if mine["failed"].any() else f"{_number(by)}{share}"
    cells = [f"{field.budget:g} s", loss.table, field.part, first["task"], str(first["n_train"])]
    cells += [first["metric"], "failed" if mine["failed"].any() else _number(scores[0])]
    cells += [loss.best, _number(scores[1]), told]
    cells.append("" if np.isnan(loss.gap) else f"{loss.gap:.3f}")
    return f"| {' | '.join(cells)} |"


def _bold(system: str, of: str) -> str:
    return f"**{system}**" if system == of else system


def _mean(value: Mean, digits: int) -> str:
    if np.isnan(value.mean):
        return ""
    low, high = (f"{bound:.{digits}f}" for bound in (value.low, value.high))
    return f"{value.mean:.{digits}f} ({low} to {high})"


def _percent(value: Mean) -> str:
    return f"{value.mean:.0%} ({100 * value.low:.0f} to {100 * value.high:.0f})"


def _number(value: float) -> str:
    return f"{value:.4g}" if abs(value) < 1000 else f"{value:.0f}"


def _cell(
    values: "pd.Series[float]", summary: "Callable[[pd.Series[float]], float]", form: str
) -> str:
    return form.format(summary(values)) if len(values) else ""
