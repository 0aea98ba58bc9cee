"""Forecasts of the best score over time against what a search found, families left out.

Each family of the meta-dataset is left out in turn; the meta-model of all others tells what to
expect on its datasets over time (what `metatune recommend` prints), and, after some trials, what
more time should bring (the closing line of `metatune fit`). A search over the recorded results
shows what comes out. Tables say how often 80 % intervals hold it, how far off the expectation is,
and how often more time paid where that was called likely.

    python scripts/benchmarks outlooks
"""

import json
from collections.abc import Iterator, Sequence
from dataclasses import asdict, dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click
import numpy as np

from benchmarks import options
from benchmarks.recommenders import pools
from benchmarks.recommenders.unseen import top_seconds
from metatune.budget import Deadline
from metatune.metrics import PERFECT_SCORE
from metatune.recommender.forecast import level_log_seconds, make_forecast
from metatune.recommender.levels import TOP
from metatune.recommender.losses import FAILED, share_of_log
from metatune.recommender.meta_model import MetaModel
from metatune.recommender.observations import Observation
from metatune.recommender.outlook import CLIMB, course_of, longer_outlook, outlook_after
from metatune.recommender.past import Past
from metatune.recommender.planner import Planner

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from metatune.recommender.forecast import Forecast

    FloatArray = NDArray[np.float64]

PARTS = ("settled", "held-out", "all")
"""Parts of the families."""

N_SETTLED = 24
"""Families of each pool on which widths and chances of outlooks were settled."""

_N_FOLDS = 3  # of the meta-dataset's top rung
_SECONDS = (5.0, 20.0, 60.0, 300.0)
_MORE = 600.0
_AFTER = (5, 12, 30)  # trials
_MOST_CHOSEN = 32  # one by one, each after the results before it
_CONSTANTS = {"roc_auc": 0.5, "rmse": 1.0}  # the scale does not matter: shares are compared


@dataclass(frozen=True, slots=True, kw_only=True)
class Outcome:
    """Forecast and outcome, as logarithms of what is left of the constant's error.

    Attributes
    ----------
    what : str
        Forecast of which kind.
    now : float
        Best value when it was made.
    real, expected, low, high : float
        Outcome, expectation, and ends of the 80 % interval.
    chance : float
        Probability with which more time was said to pay; NaN where that was not asked.
    paid : bool
        Whether it did.
    family, dataset : str
        Dataset that it is about.
    """

    what: str
    now: float
    real: float
    expected: float
    low: float
    high: float
    chance: float = float("nan")
    paid: bool = False
    family: str = ""
    dataset: str = ""


@click.command(help=__doc__)
@options.metadata
@options.out("results/validation", "Directory of tables.")
@pools.pools
@pools.families
@click.option("--part", type=click.Choice(PARTS), default="held-out", show_default=True)
@options.minutes
def outlooks(  # one parameter for each option
    metadata: Path | None,
    out: Path,
    names: tuple[str, ...],
    families: int | None,
    part: str,
    minutes: float,
) -> None:
    out.mkdir(parents=True, exist_ok=True)
    until = Deadline.after(60.0 * minutes)
    for pool in pools.known_pools(metadata, names):
        journal = out / f"outlooks_{pool.name}_{part}.jsonl"
        found = read_found(journal)
        wanted = part_of(pool.families, part)[:families]
        for family in wanted:
            if until.passed():
                break
            if family in {one.family for one in found}:
                continue
            new = list(_of_family(pool, family))
            with journal.open("a", encoding="utf-8") as file:
                file.writelines(json.dumps(asdict(one)) + "\n" for one in new)
            found += new
        text = _tables(pool.name, [one for one in found if one.family in wanted])
        print(text, flush=True)
        journal.with_suffix(".md").write_text(text, encoding="utf-8")


def part_of(families: Sequence[str], part: str) -> list[str]:
    """Return the families of a part, in an order that is spread over the meta-dataset.

    Widths and chances were settled on the first of them, and are judged on the others.
    """
    order = list(map(str, np.random.default_rng(0).permutation(families)))
    return {"settled": order[:N_SETTLED], "held-out": order[N_SETTLED:], "all": order}[part]


def read_found(path: Path) -> list[Outcome]:
    """Read what is known already; a torn last line is not."""
    found = []
    for line in path.read_text(encoding="utf-8").splitlines() if path.is_file() else []:
        try:
            found.append(Outcome(**json.loads(line)))
        except (ValueError, TypeError):
            continue
    return found


def _of_family(pool: pools.KnownPool, family: str) -> Iterator[Outcome]:
    """Leave a family out, and forecast its datasets."""
    past = pool.past
    seconds = top_seconds(past)
    unseen = np.array(past.families) == family
    model = MetaModel.fit(past.without(unseen))
    judged = ~np.isin(past.names, list(pool.not_judged))
    for row in np.flatnonzero(unseen & judged):
        for one in _of_dataset(past, model, int(row), seconds[row], pool.metric):
            yield replace(one, family=family, dataset=past.names[row])


def _of_dataset(
    past: Past, model: MetaModel, row: int, seconds: "FloatArray", metric: str
) -> Iterator[Outcome]:
    values = past.values[row]
    known = np.isfinite(values[:, TOP]) & np.isfinite(seconds)
    if known.sum() < 20:
        return
    nothing = np.zeros(len(model.names), dtype=bool)
    weights = model.proximity.weights(past.features[row], nothing)
    rows, columns, classes = past.sizes[row]
    size = rows * (1 - 1 / _N_FOLDS), int(columns), int(classes)
    forecast = make_forecast(
        model,
        usable=known,
        weights=weights,
        left_out=nothing,
        log_seconds=level_log_seconds(model.cost, size, _N_FOLDS, weights),
    )
    real, cost = values[known], seconds[known]
    observations = _search(forecast, real, cost)
    yield from _courses(forecast, observations, metric)
    yield from _after(forecast, observations, metric)


def _search(
    forecast: "Forecast", values: "FloatArray", seconds: "FloatArray"
) -> list[list[Observation]]:
    """Follow the planner, to the end by what it thinks then; return what each trial tells."""
    planner = Planner(forecast)
    column = {c.key: i for i, c in enumerate(forecast.configurations)}
    told: list[Observation] = []
    trials = []

    def tell(at: int) -> list[Observation]:
        return [
            Observation(
                configuration=forecast.configurations[at],
                level=level,
                value=float(values[at, level]),
                seconds=float(seconds[at]) if level == TOP else float("nan"),
            )
            for level in (TOP - 1, TOP)
            if np.isfinite(values[at, level])
        ]

    for _ in range(min(_MOST_CHOSEN, len(values))):
        choice = planner.choose(told, patience=1.0)
        if choice is None:
            break
        trials.append(tell(column[choice.configuration.key]))
        told += trials[-1]
    done = {observation.configuration.key for observation in told}
    posterior, log_seconds = planner.outlook(told)
    gain = posterior.expected_improvement(min(o.value for o in told if o.level == TOP))
    worth = gain / (np.exp(log_seconds[:, -1]) + 1.0)
    rest = [i for i in np.argsort(-worth) if forecast.configurations[i].key not in done]
    return [*trials, *map(tell, rest)]


def _courses(
    forecast: "Forecast", trials: list[list[Observation]], metric: str
) -> Iterator[Outcome]:
    told: dict[str, Any] = {"metric": metric, "constant": _CONSTANTS[metric], "n_workers": 1}
    course = course_of(forecast, seconds=_SECONDS, **told)
    assert course is not None
    spent = np.cumsum([CLIMB * trial[-1].seconds for trial in trials])
    best = np.minimum.accumulate([trial[-1].value for trial in trials])
    places = np.searchsorted(spent, [*_SECONDS, 3 * _SECONDS[1]], side="right")
    reached = np.concatenate([[FAILED], np.minimum(best, FAILED)])[places]
    for at, instant in enumerate(_SECONDS):
        ends = sorted(_value(end[at], metric) for end in (course.low, course.high))
        yield Outcome(
            what=f"at {instant:g} s",
            now=FAILED,
            real=float(reached[at]),
            expected=_value(course.expected[at], metric),
            low=ends[0],
            high=ends[1],
        )
    longer = longer_outlook(forecast, seconds=_SECONDS[1], **told)
    assert longer is not None
    yield Outcome(
        what=f"{_SECONDS[1]:g} s times 3",
        now=_value(longer.now, metric),
        real=float(reached[-1]),
        expected=_value(longer.expected, metric),
        low=min(_value(longer.low, metric), _value(longer.high, metric)),
        high=max(_value(longer.low, metric), _value(longer.high, metric)),
        chance=longer.chance,
        paid=_paid(float(reached[1]), float(reached[-1])),
    )


def _after(forecast: "Forecast", trials: list[list[Observation]], metric: str) -> Iterator[Outcome]:
    planner = Planner(forecast)
    for n in _AFTER:
        if n >= len(trials):
            return
        told = [observation for trial in trials[:n] for observation in trial]
        outlook = outlook_after(
            planner,
            told,
            metric=metric,
            constant=_CONSTANTS[metric],
            seconds=_MORE,
            n_workers=1,
        )
        if outlook is None:
            continue
        now = min(o.value for o in told if o.level == TOP)
        spent, later = 0.0, now
        for trial in trials[n:]:
            spent += CLIMB * trial[-1].seconds
            if spent > _MORE:
                break
            later = min(later, trial[-1].value)
        ends = sorted((_value(outlook.low, metric), _value(outlook.high, metric)))
        yield Outcome(
            what=f"after {n} trials, {_MORE:g} s more",
            now=now,
            real=later,
            expected=_value(outlook.expected, metric),
            low=ends[0],
            high=ends[1],
            chance=outlook.chance,
            paid=_paid(now, later),
        )


def _paid(now: float, later: float) -> bool:
    before, after = share_of_log(np.array([now, later]))
    return bool(after <= 0.99 * before - 1e-12)


def _value(score: float, metric: str) -> float:
    perfect = PERFECT_SCORE[metric]
    share = (perfect - score) / (perfect - _CONSTANTS[metric])
    return float(np.log(share + 0.01))


def _tables(pool: str, found: list[Outcome]) -> str:
    lines = [
        f"## {pool}: best score over time, families left out",
        "",
        "| forecast | datasets | in the 80 % interval | below | above | bias | width | said to pay "
        "| paid then | paid else | mean chance | share paid |",
        "|---|---|---|---|---|---|---|---|---|---|---|---|",
    ]
    for what in dict.fromkeys(one.what for one in found):
        some = [one for one in found if one.what == what]
        lines.append(_line(what, some))
    lines += [
        "",
        "Below and above: better and worse than the interval. Bias: mean of real less expected "
        "logarithm of the remaining share of the constant's error (below zero: better than "
        "expected). Width: median of the interval on that scale.",
        "",
    ]
    return "\n".join(lines)


def _line(what: str, some: list[Outcome]) -> str:
    real = np.array([one.real for one in some])
    low, high = np.array([one.low for one in some]), np.array([one.high for one in some])
    expected = np.array([one.expected for one in some])
    inside = (low - 1e-6 <= real) & (real <= high + 1e-6)
    cells = [
        what,
        f"{len(some)}",
        f"{inside.mean():.0%}",
        f"{np.mean(real < low - 1e-6):.0%}",
        f"{np.mean(real > high + 1e-6):.0%}",
        f"{np.mean(real - expected):+.3f}",
        f"{np.median(high - low):.3f}",
    ]
    chance = np.array([one.chance for one in some])
    paid = np.array([one.paid for one in some])
    if np.isfinite(chance).all():
        said = chance > 0.5
        cells += [
            f"{said.mean():.0%}",
            f"{paid[said].mean():.0%}" if said.any() else "-",
            f"{paid[~said].mean():.0%}" if (~said).any() else "-",
            f"{chance.mean():.0%}",
            f"{paid.mean():.0%}",
        ]
    else:
        cells += ["-"] * 5
    return "| " + " | ".join(cells) + " |"
