"""Forecasts of the best score over time against what a search found, families left out.

Each family of the meta-dataset is left out in turn; the meta-model of all others tells what to
expect on its datasets over time (what `metatune recommend` prints), and, after some trials, what
more time should bring (the closing line of `metatune fit`). A search over the recorded results
shows what comes out. Tables say how often 80 % intervals hold it, how far off the expectation is,
and how often more time paid where that was called likely.

    python scripts/benchmarks outlooks
"""

from collections.abc import Iterator
from dataclasses import asdict, dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click
import numpy as np
import pandas as pd

from benchmarks import options
from benchmarks.recommenders.forecasts import KINDS
from benchmarks.recommenders.own import partly_evaluated
from benchmarks.recommenders.unseen import top_seconds
from metatune.metadataset.store import load_metadata
from metatune.metrics import DEFAULT_METRIC, PERFECT_SCORE
from metatune.recommender.forecast import level_log_seconds, make_forecast
from metatune.recommender.levels import TOP
from metatune.recommender.losses import FAILED, share_of_log
from metatune.recommender.meta_model import MetaModel
from metatune.recommender.observations import Observation
from metatune.recommender.outlook import CLIMB, course_of, longer_outlook, outlook_after
from metatune.recommender.past import Past, collect_past
from metatune.recommender.planner import Planner

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from metatune.recommender.forecast import Forecast

    FloatArray = NDArray[np.float64]

_N_FOLDS = 3  # of the meta-dataset's top rung
_SECONDS = (5.0, 20.0, 60.0, 300.0)
_MORE = 600.0
_AFTER = (5, 12, 30)  # trials
_MOST_CHOSEN = 32  # one by one, each after the results before it
_CONSTANTS = {"roc_auc": 0.5, "rmse": 1.0}  # the scale does not matter: shares are compared


@dataclass(frozen=True, slots=True, kw_only=True)
class Finding:
    """Forecast and outcome, as logarithms of what is left of the constant's error.

    Attributes
    ----------
    what : str
        Forecast of which kind.
    dataset : str
        Dataset that it is about.
    now : float
        Best value when it was made.
    real, expected, low, high : float
        Outcome, expectation, and ends of the 80 % interval.
    chance : float
        Probability with which more time was said to pay; NaN where that was not asked.
    paid : bool
        Whether it did.
    """

    what: str
    dataset: str
    now: float
    real: float
    expected: float
    low: float
    high: float
    chance: float = float("nan")
    paid: bool = False


@click.command(help=__doc__)
@options.metadata
@options.out("results/validation", "Directory of tables.")
@click.option(
    "--pools",
    type=options.several(click.Choice(list(KINDS))),
    default=",".join(KINDS),
    show_default=True,
)
@click.option("--families", type=int, help="Only so many, for a quick look.")
def outlooks(
    metadata: Path | None, out: Path, pools: tuple[str, ...], families: int | None
) -> None:
    out.mkdir(parents=True, exist_ok=True)
    whole = load_metadata(metadata)
    known_only = partly_evaluated(whole)
    for pool in pools:
        metric = DEFAULT_METRIC[KINDS[pool]]
        past = collect_past(whole, KINDS[pool], metric)
        found: list[Finding] = []
        for of_dataset in _find(past, families, known_only, metric):
            found += of_dataset
            # A look at what there is, while it goes on.
            pd.DataFrame(map(asdict, found)).to_csv(out / f"outlooks_{pool}.csv", index=False)
        text = _tables(pool, found)
        print(text, flush=True)
        (out / f"outlooks_{pool}.md").write_text(text, encoding="utf-8")


def _find(
    past: Past, n_families: int | None, known_only: frozenset[str], metric: str
) -> Iterator[list[Finding]]:
    seconds = top_seconds(past)
    families = np.array(past.families)
    wanted = ~np.isin(past.names, list(known_only))
    # Spread over the catalogue, which is sorted by source: a quick look sees all of them.
    every = list(dict.fromkeys(families[wanted]))
    every = list(np.random.default_rng(0).permutation(every))[:n_families]
    for family in every:
        unseen = families == family
        model = MetaModel.fit(past.without(unseen))
        for row in np.flatnonzero(unseen & wanted):
            yield list(_of_dataset(past, model, int(row), seconds[row], metric))


def _of_dataset(
    past: Past, model: MetaModel, row: int, seconds: "FloatArray", metric: str
) -> Iterator[Finding]:
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
    for finding in (
        *_courses(forecast, observations, metric),
        *_after(forecast, observations, metric),
    ):
        yield replace(finding, dataset=past.names[row])


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
) -> Iterator[Finding]:
    told: dict[str, Any] = {"metric": metric, "constant": _CONSTANTS[metric], "n_workers": 1}
    course = course_of(forecast, seconds=_SECONDS, **told)
    assert course is not None
    spent = np.cumsum([CLIMB * trial[-1].seconds for trial in trials])
    best = np.minimum.accumulate([trial[-1].value for trial in trials])
    places = np.searchsorted(spent, [*_SECONDS, 3 * _SECONDS[1]], side="right")
    reached = np.concatenate([[FAILED], np.minimum(best, FAILED)])[places]
    for at, instant in enumerate(_SECONDS):
        ends = sorted(_value(end[at], metric) for end in (course.low, course.high))
        yield Finding(
            what=f"at {instant:g} s",
            dataset="",
            now=FAILED,
            real=float(reached[at]),
            expected=_value(course.expected[at], metric),
            low=ends[0],
            high=ends[1],
        )
    longer = longer_outlook(forecast, seconds=_SECONDS[1], **told)
    assert longer is not None
    yield Finding(
        what=f"{_SECONDS[1]:g} s times 3",
        dataset="",
        now=_value(longer.now, metric),
        real=float(reached[-1]),
        expected=_value(longer.expected, metric),
        low=min(_value(longer.low, metric), _value(longer.high, metric)),
        high=max(_value(longer.low, metric), _value(longer.high, metric)),
        chance=longer.chance,
        paid=_paid(float(reached[1]), float(reached[-1])),
    )


def _after(forecast: "Forecast", trials: list[list[Observation]], metric: str) -> Iterator[Finding]:
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
        yield Finding(
            what=f"after {n} trials, {_MORE:g} s more",
            dataset="",
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


def _tables(pool: str, found: list[Finding]) -> str:
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


def _line(what: str, some: list[Finding]) -> str:
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
