"""Ranks, normalised scores and duels of systems, from the runs of a race.

The normalised score is the harness' own. On a table and a seed, 1 is the best score of any system
at any budget, and 0 the worst of the untuned models `rf`, `hgb` and `lgbm`; where none of them was
raced, 0 is the worst score of any system at any budget. It is cut at -1. Where no score is better
than that zero, systems as good as it have 1 and others no normalised score; such a table is left
out of the means.

A run that failed is the worst on its table: its rank is the last, behind all that have a score, and
its normalised score is that of the worst score of any system at any budget. (The harness puts the
constant prediction into its place instead, where that was raced.)

Ranks share places: systems with the same score have the mean of their ranks. A duel is won by more
than the harness' tolerance: .001 of the area under the curve, 1 % of the log loss, .5 % of the root
mean squared error; up to that it is a tie, and counts half. Several seeds of a table are averaged,
and a table's duel goes to who won more of its seeds.
"""

from collections.abc import Iterable, Sequence
from dataclasses import asdict, dataclass
from typing import TYPE_CHECKING

import numpy as np
import pandas as pd

from benchmarks.races.peers.runs import METRICS, PeerRun
from benchmarks.races.statistics import Duel, Mean, duel, mean_with_interval

if TYPE_CHECKING:
    from numpy.typing import NDArray

    FloatArray = NDArray[np.float64]

__all__ = ["LATE_GRACE", "LATE_SHARE", "Duelled", "Field", "make_field", "meet", "scored"]

UNTUNED = ("rf", "hgb", "lgbm")
"""Systems that are the zero of the normalised score."""

LATE_GRACE, LATE_SHARE = 0.5, 0.01
"""Seconds, and share of the budget, that a fit may take beyond it."""

_LOWEST = -1.0
_NO_SPREAD = 1e-9
_UNIT = ["table", "seed"]


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Field:
    """Systems at a budget, on the tables of a part that all of them were tried on.

    Attributes
    ----------
    part : str
        Sort of the tables.
    budget : float
        Seconds; systems that take no budget take part at each.
    systems : tuple of str
        By mean rank, the best first.
    left_out : dict of str to int
        Systems that were tried on too few tables, and on how many.
    n_missing : int
        Tables that some of the systems were not tried on yet.
    runs : DataFrame
        Runs of the systems on the common tables, as `scored` gives them.
    ranks, scores : DataFrame
        A row for each table, a column for each system; normalised scores are NaN where a table has
        none.
    """

    part: str
    budget: float
    systems: tuple[str, ...]
    left_out: dict[str, int]
    n_missing: int
    runs: pd.DataFrame
    ranks: pd.DataFrame
    scores: pd.DataFrame

    @property
    def tables(self) -> list[str]:
        """Names of the common tables."""
        return [str(name) for name in self.ranks.index]

    def mean_rank(self, system: str) -> Mean:
        """Return the mean rank over tables, 1 being the best."""
        return mean_with_interval(self.ranks[system].to_numpy(dtype=np.float64))

    def mean_score(self, system: str) -> Mean:
        """Return the mean normalised score over the tables on which every system has one."""
        return mean_with_interval(self.scores.dropna()[system].to_numpy(dtype=np.float64))


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Duelled:
    """Duels of one system against another, one for each table.

    Attributes
    ----------
    verdicts : Series
        1 for a table that the first one won, 0 for a tie, -1 for a table that it lost.
    """

    verdicts: "pd.Series[float]"

    @property
    def counts(self) -> Duel:
        """Wins, ties and losses, with the sign test, which leaves ties out."""
        values = np.asarray(self.verdicts, dtype=np.float64)
        return duel(values, np.zeros(len(values)))

    @property
    def share(self) -> Mean:
        """Share of tables that were won, ties counting half."""
        return mean_with_interval((self.verdicts.to_numpy(dtype=np.float64) + 1) / 2)


def scored(runs: Iterable[PeerRun]) -> pd.DataFrame:
    """Return runs as a table, with gains, normalised scores and whether they failed or were late.

    A gain is the score with the sign by which greater is better, minus infinity for a run that
    failed. A run that was killed for taking too long is late as well.
    """
    frame = pd.DataFrame([asdict(run) for run in runs])
    frame["failed"] = frame["score"].isna()
    sign = frame["metric"].map({name: rule.sign for name, rule in METRICS.items()})
    frame["gain"] = (frame["score"].astype(float) * sign).fillna(-np.inf)
    allowed = frame["budget"] * (1 + LATE_SHARE) + LATE_GRACE
    over = (frame["fit_s"].astype(float) > allowed) | (frame["status"] == "timeout")
    frame["late"] = over & (frame["budget"] > 0)
    frame["normalised"] = np.nan
    for _, group in frame.groupby(_UNIT):
        untuned = group["system"].isin(UNTUNED).to_numpy(dtype=bool)
        gains = group["gain"].to_numpy(dtype=np.float64)
        frame.loc[group.index, "normalised"] = normalise(gains, untuned)
    return frame


def normalise(gains: "FloatArray", untuned: "NDArray[np.bool_]") -> "FloatArray":
    """Normalise gains on one table and seed, of shape (n_runs,); see the module's text.

    Parameters
    ----------
    gains : ndarray of shape (n_runs,)
        Of all systems at all budgets; minus infinity for runs that failed.
    untuned : ndarray of bool of shape (n_runs,)
        Runs of the untuned models.
    """
    ok = np.isfinite(gains)
    if not ok.any():
        return np.full(len(gains), np.nan)
    best, worst = gains[ok].max(), gains[ok].min()
    zero = gains[ok & untuned].min() if (ok & untuned).any() else worst
    filled = np.where(ok, gains, worst)
    if best - zero <= _NO_SPREAD * max(abs(best), 1.0):
        return np.where(ok & (filled >= best), 1.0, np.where(ok, np.nan, 0.0))
    scores: FloatArray = np.clip((filled - zero) / (best - zero), _LOWEST, 1.0)
    return scores


def make_field(
    runs: pd.DataFrame,
    part: str,
    budget: float,
    *,
    systems: Sequence[str] = (),
    least_share: float = 0.8,
) -> Field | None:
    """Compare systems at a budget on the tables of a part; None if there is nothing to compare.

    Its tables are those that any system was given this budget on; a budget that a single system was
    given is no comparison.

    Parameters
    ----------
    runs : DataFrame
        As `scored` gives them.
    part : str
        Sort of the tables.
    budget : float
        Seconds.
    systems : sequence of str
        Who is compared; all by default.
    least_share : float
        Systems that were tried on a smaller share of the tables are left out; those that are named
        in `systems` are not.
    """
    at = runs[(runs["part"] == part) & runs["budget"].isin((budget, 0.0))]
    if systems:
        at = at[at["system"].isin(systems)]
    timed = at[at["budget"] == budget]
    if timed["system"].nunique() < 2:
        return None
    at = at[at["table"].isin(timed["table"])]  # untuned models were run on all
    gains = at.pivot_table(index=_UNIT, columns="system", values="gain", aggfunc="first")
    tried = gains.notna()
    enough = tried.mean() >= (0.0 if systems else least_share)
    names = [str(name) for name in gains.columns[enough]]
    common = tried[names].all(axis=1)
    gains = gains.loc[common, names]
    if gains.empty or len(names) < 2:
        return None
    chosen = at[at["system"].isin(names)].set_index(_UNIT)
    chosen = chosen[chosen.index.isin(gains.index)].reset_index()
    ranks = gains.rank(axis=1, ascending=False, method="average").groupby(level="table").mean()
    means = chosen.groupby(["table", "system"])["normalised"].agg(_mean).unstack("system")  # noqa: PD010 - a pivot would drop what is NaN
    order = tuple(str(name) for name in ranks.mean().sort_values(kind="stable").index)
    return Field(
        part=part,
        budget=budget,
        systems=order,
        left_out={str(n): int(tried[n].sum()) for n in tried.columns if n not in names},
        n_missing=tried.index[~common].get_level_values("table").nunique(),
        runs=chosen,
        ranks=ranks,
        scores=means[list(order)],
    )


def meet(runs: pd.DataFrame, first: tuple[str, float], second: tuple[str, float]) -> Duelled:
    """Let two systems meet, each at its own budget, on the tables that both were tried on."""
    pair = [
        runs[(runs["system"] == name) & runs["budget"].isin((budget, 0.0))].set_index(_UNIT)
        for name, budget in (first, second)
    ]
    both = pair[0].join(pair[1]["gain"].rename("other"), how="inner")
    won = [
        verdict(metric, one, other)
        for metric, one, other in zip(both["metric"], both["gain"], both["other"], strict=True)
    ]
    summed = pd.Series(won, index=both.index, dtype=float).groupby(level="table").sum()
    return Duelled(verdicts=summed.clip(-1.0, 1.0))


def verdict(metric: str, first: float, second: float) -> int:
    """Return 1 if the first gain is greater by more than a tie, -1 if it is less, else 0."""
    if first == second:
        return 0
    if not (np.isfinite(first) and np.isfinite(second)):
        return 1 if first > second else -1
    rule = METRICS[metric]
    scale = max(abs(first), abs(second)) if rule.relative else 1.0
    return 0 if abs(first - second) <= rule.tie * scale else (1 if first > second else -1)


def _mean(values: "pd.Series[float]") -> float:
    """Mean that is NaN where a value is."""
    return float(values.to_numpy(dtype=np.float64).mean())
