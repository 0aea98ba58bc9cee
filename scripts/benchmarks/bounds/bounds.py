"""Coverage and width of intervals and sets of labels, on rows that are held out.

Of each table a third of the rows is held out, metatune runs on the rest, and the bounds of its
predictions are compared with the truth. Widths are those relative to intervals of one width around
the same predictions, made as narrow as the held-out rows allow for the same coverage: a reference
that knows the answers. Finished tables are remembered, so the command can be stopped and repeated.

    python scripts/benchmarks bounds --catalogue ../shared/datasets/catalog.csv --tables 60
"""

import warnings
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import click
import numpy as np

from benchmarks import options
from benchmarks.split_tables import choose_tables, read_done, split_table, write_done
from metatune.building.catalogue import CatalogueEntry, read_catalogue
from metatune.errors import InputError
from metatune.kinds import TaskKind
from metatune.models.bounds import ValueBounds, bounds_of

_SHARE = 1 / 3


@dataclass(frozen=True, slots=True, kw_only=True)
class Bounded:
    """Bounds of a table's predictions, and what turned out.

    Attributes
    ----------
    table, task : str
        Name and kind.
    n_rows, n_held_out : int
    level : float
        Share that the bounds should hold.
    coverage : float
        Share that they hold; NaN without bounds.
    width : float
        Mean width relative to that of one width with the same coverage, or mean number of labels.
    right : float
        Share of labels that are predicted rightly; NaN for numbers.
    adapts : bool
        Whether widths differ between rows.
    reason : str
        Why there are no bounds; empty if there are.
    """

    table: str
    task: str
    n_rows: int
    n_held_out: int
    level: float
    coverage: float = float("nan")
    width: float = float("nan")
    right: float = float("nan")
    adapts: bool = False
    reason: str = ""


@click.command(help=__doc__)
@options.catalogue()
@options.tables(60)
@options.only
@options.seconds(10)
@options.jobs
@click.option("--level", type=float, default=0.9, show_default=True)
@click.option(
    "--kinds",
    type=options.several(click.Choice([str(kind) for kind in TaskKind])),
    default=",".join(map(str, TaskKind)),
    show_default=True,
    help="Kinds of tasks.",
)
@options.seed
@options.out("results/bounds", "Directory of results.")
@options.minutes
def bounds(  # noqa: PLR0913, PLR0917  # one parameter for each option
    catalogue: Path,
    n_tables: int,
    only: tuple[str, ...],
    seconds: float,
    jobs: int,
    level: float,
    kinds: tuple[str, ...],
    seed: int,
    out: Path,
    minutes: float,
) -> None:
    from metatune.budget import Deadline

    out.mkdir(parents=True, exist_ok=True)
    journal = out / f"seed{seed}-{seconds:g}s-{level:g}.jsonl"
    entries = [e for e in read_catalogue(catalogue) if str(e.kind) in kinds]
    named = [entry for entry in entries if entry.name in only]
    chosen = named if only else choose_tables(entries, n_tables)
    done = read_done(journal, Bounded)
    until = Deadline.after(60.0 * minutes)
    for entry in chosen:
        if entry.name not in done and not until.passed():
            found = check_table(entry, seconds=seconds, jobs=jobs, level=level, seed=seed)
            write_done(journal, found)
            done[entry.name] = found
            print(line_of(found), flush=True)
    found_all = [done[entry.name] for entry in chosen if entry.name in done]
    text = "\n".join([*_HEAD, *map(line_of, found_all), "", summary(found_all)])
    journal.with_suffix(".md").write_text(text + "\n", encoding="utf-8")
    print(f"\n{text}")


_HEAD = (
    "| table | task | rows | held out | coverage | width or labels | right | adapts |",
    "|---|---|---|---|---|---|---|---|",
)


def check_table(
    entry: CatalogueEntry, *, seconds: float, jobs: int, level: float, seed: int
) -> Bounded:
    """Hold a third of the rows out, fit on the rest, and compare bounds with the truth."""
    split = split_table(entry, share=_SHARE, seed=seed)
    head: dict[str, Any] = {"table": entry.name, "task": str(entry.kind), "level": level}
    head |= {"n_rows": len(split.X), "n_held_out": len(split.X_out)}
    model = split.fit(seconds=seconds, jobs=jobs, seed=seed)
    find = _of_labels if split.is_classification else _of_values
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        try:
            return Bounded(**head, **find(model, split.X_out, split.y_out, level))
        except InputError as error:
            return Bounded(**head, reason=str(error))


def _of_values(model: Any, X: Any, y: Any, level: float) -> dict[str, Any]:
    ends, prediction = model.predict_interval(X, level), model.predict(X)
    inside = (ends[:, 0] <= y) & (y <= ends[:, 1])
    widths = ends[:, 1] - ends[:, 0]
    same = 2.0 * float(np.quantile(np.abs(y - prediction), inside.mean(), method="inverted_cdf"))
    known = bounds_of(model.pipeline_)
    return {
        "coverage": float(inside.mean()),
        "width": float(widths.mean()) / same if same > 0 else float("nan"),
        "adapts": isinstance(known, ValueBounds) and known.spread is not None,
    }


def _of_labels(model: Any, X: Any, y: Any, level: float) -> dict[str, Any]:
    members = model.predict_set(X, level)
    place = np.searchsorted(model.classes_, y).clip(max=len(model.classes_) - 1)
    known = model.classes_[place] == y
    held = members[np.arange(len(y)), place] & known
    return {
        "coverage": float(held.mean()),
        "width": float(members.sum(axis=1).mean()),
        "right": float((model.predict(X) == y).mean()),
        "adapts": bool(np.ptp(members.sum(axis=1)) > 0),
    }


def line_of(one: Bounded) -> str:
    """Return a line of the table."""
    head = f"| {one.table} | {one.task} | {one.n_rows} | {one.n_held_out} "
    if one.reason:
        return f"{head}| {one.reason} | | | |"
    right = "" if np.isnan(one.right) else f"{one.right:.1%}"
    adapts = "yes" if one.adapts else "no"
    return f"{head}| {one.coverage:.1%} | {one.width:.3g} | {right} | {adapts} |"


def summary(found: Sequence[Bounded]) -> str:
    """Return coverage and width over tables, of numbers and of labels."""
    values = [one for one in found if not one.reason and one.task == str(TaskKind.REGRESSION)]
    labels = [one for one in found if not one.reason and one.task != str(TaskKind.REGRESSION)]
    lines = [f"{len(found)} tables, {sum(bool(one.reason) for one in found)} without bounds"]
    if values:
        ratio = np.array([one.width for one in values])
        ratio = ratio[np.isfinite(ratio)]
        n_adapted = sum(one.adapts for one in values)
        lines += [
            f"intervals, {len(values)} tables: {_spread(values)}",
            f"mean width against one width of the same coverage: geometric mean "
            f"{np.exp(np.log(ratio).mean()):.3f}, median {np.median(ratio):.3f}; widths adapt on "
            f"{n_adapted} tables",
        ]
    if labels:
        binding = [one for one in labels if one.right < one.level]
        lines.append(f"sets of labels, {len(labels)} tables: {_spread(labels)}")
        if binding:
            lines.append(
                f"those {len(binding)} whose model is right in less than the level: "
                f"{_spread(binding)}; {np.mean([one.width for one in binding]):.2f} labels"
            )
    return "\n".join(lines)


def _spread(found: Sequence[Bounded]) -> str:
    shares = np.array([one.coverage for one in found])
    rows = np.array([one.n_held_out for one in found])
    low, middle, high = np.quantile(shares, [0.1, 0.5, 0.9])
    noise = np.sqrt((shares * (1 - shares) / rows).mean())
    return (
        f"coverage {shares.mean():.1%} on average ({low:.1%} to {high:.1%} for the middle 80 %, "
        f"median {middle:.1%}; {noise:.1%} by chance of the held-out rows)"
    )
