"""Replay searches on the evaluations of the meta-dataset: no learner is fitted.

Successive halving runs as in a real search, over the recorded rungs of each dataset, with recorded
processor seconds as its clock. What is compared is who rises: the best of a rung, or whose
promotion the belief expects to gain most for each second. The dataset's family is left out; to
keep that cheap, past datasets weigh by distance in meta-feature space instead of forests, and run
times come from the shipped cost model, which knows the family.

    python scripts/replay_search.py --datasets 20
"""

import argparse
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

from metatune.evaluation.rungs import Rung
from metatune.evaluation.trial import Trial, TrialResult, TrialStatus
from metatune.kinds import TaskKind
from metatune.metadataset.schema import pool_of
from metatune.metadataset.store import load_metadata
from metatune.metrics import DEFAULT_METRIC, resolve_metric
from metatune.recommender.forecast import level_log_seconds, make_forecast
from metatune.recommender.levels import LEVELS, TOP, level_of
from metatune.recommender.models import load_model
from metatune.recommender.nearest import nearest_weights
from metatune.recommender.past import Past, collect_past
from metatune.recommender.planner import Observation, Planner
from metatune.search.halving import SuccessiveHalving
from metatune.search.history import History

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from metatune.recommender.forecast import Forecast
    from metatune.recommender.meta_model import MetaModel

    FloatArray = NDArray[np.float64]

RULES = ("rank", "belief")
TIMES = (1.0, 3.0, 10.0, 30.0)  # in median seconds of a configuration at the top

_N_FOLDS = 3  # of the meta-dataset's top rung
_RUNGS = (
    Rung(index=0, row_share=LEVELS[0], n_folds=1),
    Rung(index=1, row_share=LEVELS[1], n_folds=1),
    Rung(index=2, row_share=1.0, n_folds=1),
    Rung(index=3, row_share=1.0, n_folds=_N_FOLDS),
)
_NOTHING_YET = 3.0  # regret while no trial has ended, the worst there is
_LOSS = resolve_metric("rmse", TaskKind.REGRESSION)  # stands for any number that is to be small


def replay(
    forecast: "Forecast",
    values: "FloatArray",
    seconds: "FloatArray",
    regret: "FloatArray",
    rule: str,
) -> list[float]:
    """Search one dataset.

    Parameters
    ----------
    forecast : Forecast
        What is expected of the configurations.
    values : ndarray of shape (n_configurations, n_levels)
        What they show.
    seconds : ndarray of shape (n_configurations,)
        Of one fold on all rows.
    regret : ndarray of shape (n_configurations,)
        What they are worth at the top.
    rule : str
        Who rises.

    Returns
    -------
    list of float
        Regret of the incumbent at `TIMES`.
    """
    at = {c.key: i for i, c in enumerate(forecast.configurations)}
    planner = Planner(forecast)

    def observe(history: History) -> list[Observation]:
        return [_observation(result) for result in history.results]

    def start(history: History):  # type: ignore[no-untyped-def]
        choice = planner.choose(observe(history))
        return None if choice is None else choice.configuration

    def promote(history: History, waiting: tuple[TrialResult, ...]) -> TrialResult:
        gains = planner.gains(observe(history), [r.trial.configuration for r in waiting])
        return waiting[int(np.argmax(gains))]

    halving = SuccessiveHalving(_RUNGS, _LOSS, start, promote=promote if rule == "belief" else None)
    unit = _N_FOLDS * float(np.median(seconds))
    clock, best = 0.0, _NOTHING_YET
    found: list[float] = []
    while len(found) < len(TIMES):
        trial = halving.ask()
        if trial is None:
            return found + [best] * (len(TIMES) - len(found))
        column = at[trial.configuration.key]
        spent = _seconds(trial) * float(seconds[column])
        while len(found) < len(TIMES) and clock + spent > TIMES[len(found)] * unit:
            found.append(best)
        clock += spent
        value = float(values[column, level_of(trial.rung.row_share, trial.rung.n_folds)])
        halving.tell(_result(trial, value, spent))
        leader = halving.history.incumbent()
        if leader is not None:
            best = float(regret[at[leader.trial.configuration.key]])
    return found


def _seconds(trial: Trial) -> float:
    """Return the share of a fold's seconds; the first fold of the top rung is known already."""
    rung = trial.rung
    return rung.row_share * (rung.n_folds if rung.n_folds == 1 else rung.n_folds - 1)


def _result(trial: Trial, value: float, spent: float) -> TrialResult:
    return TrialResult(
        trial=trial,
        status=TrialStatus.OK,
        score=value,
        fold_scores={"rmse": (value,) * trial.rung.n_folds},
        seconds=spent,
        cpu_seconds=spent,
    )


def _observation(result: TrialResult) -> Observation:
    rung = result.trial.rung
    return Observation(
        configuration=result.trial.configuration,
        level=level_of(rung.row_share, rung.n_folds),
        value=result.score,
        seconds=result.cpu_seconds / _seconds(result.trial) * rung.row_share * rung.n_folds,
    )


def forecast_without_family(past: Past, model: "MetaModel", row: int) -> "Forecast":
    """Forecast a dataset from those of other families."""
    left_out = np.array(past.families) == past.families[row]
    weights = nearest_weights(past.features, past.features[row], left_out)
    rows, columns, classes = past.sizes[row]
    size = rows * (1 - 1 / _N_FOLDS), int(columns), int(classes)
    return make_forecast(
        model,
        usable=np.isfinite(past.values[row, :, TOP]),
        weights=weights,
        left_out=left_out,
        log_seconds=level_log_seconds(model.cost, size, _N_FOLDS, weights),
    )


def fold_seconds(past: Past, row: int) -> "FloatArray":
    """Return what one fold on all rows took, (n_configurations,)."""
    times, found = past.times, np.full(len(past.configurations), 1e-3)
    largest = np.zeros(len(found))
    for i in np.flatnonzero(times.dataset == row):
        column, size = times.configuration[i], times.sizes[i, 0]
        if size > largest[column]:
            largest[column], found[column] = size, max(1e-3, times.seconds[i])
    return found


def without_gaps(values: "FloatArray") -> "FloatArray":
    """Let the next level stand for one that a small table does not have."""
    values = values.copy()
    for level in range(TOP - 1, -1, -1):
        gap = np.isnan(values[:, level])
        values[gap, level] = values[gap, level + 1]
    return values


def main(arguments: Sequence[str] | None = None) -> int:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0] if __doc__ else None)
    parser.add_argument("--metadata", type=Path, help="a meta-dataset; metatune's by default")
    parser.add_argument("--datasets", type=int, default=10**6, help="so many of each pool at most")
    options = parser.parse_args(arguments)
    metadata = load_metadata(options.metadata)
    for kind in (TaskKind.BINARY, TaskKind.REGRESSION):
        past = collect_past(metadata, kind, DEFAULT_METRIC[kind])
        model = load_model(kind, DEFAULT_METRIC[kind], options.metadata)
        n = min(options.datasets, len(past.names))
        chosen = np.unique(np.linspace(0, len(past.names) - 1, n).astype(int))
        found = np.array([_both(past, model, int(row)) for row in chosen])
        print(table(pool_of(kind), found), flush=True)
    return 0


def _both(past: Past, model: "MetaModel", row: int) -> list[list[float]]:
    forecast = forecast_without_family(past, model, row)
    usable = np.isfinite(past.values[row, :, TOP])
    parts = (
        without_gaps(past.values[row][usable]),
        fold_seconds(past, row)[usable],
        past.regret[row][usable],
    )
    return [replay(forecast, *parts, rule) for rule in RULES]


def table(name: str, found: "FloatArray") -> str:
    """Write mean regrets of shape (n_datasets, n_rules, n_times) as a table."""
    head = " ".join(f"{f'{time:g}x':>8}" for time in TIMES)
    lines = [f"{name}: mean regret of the incumbent, {len(found)} datasets", f"{'':10}{head}"]
    for number, rule in enumerate(RULES):
        means = " ".join(f"{value:8.3f}" for value in found[:, number].mean(axis=0))
        lines.append(f"{rule:10}{means}")
    gain = found[:, 0] - found[:, 1]
    error = gain.std(axis=0, ddof=1) / np.sqrt(len(found)) if len(found) > 1 else gain[0] * np.nan
    lines.append(f"{'gain':10}" + " ".join(f"{value:8.3f}" for value in gain.mean(axis=0)))
    lines.append(f"{'error of it':10}"[:10] + " ".join(f"{value:8.3f}" for value in error))
    return "\n".join(lines) + "\n"


if __name__ == "__main__":
    sys.exit(main())
