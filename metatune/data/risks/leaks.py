"""Leaks: columns that give the target away, which no model will have when it is used.

A column is named where it tells (nearly) all of the target by itself, where it tells much of it and
its name says why (it shares a word with the target, or speaks of what is known only afterwards),
where it restates a part of the class, or where several columns add up to the target (Kaufman et
al. 2012, "Leakage in data mining", describes such leaks).
"""

from dataclasses import dataclass

import numpy as np

from metatune.data.risks.names import is_afterwards, is_kin
from metatune.data.risks.risk import Risk, RiskKind
from metatune.data.risks.sample import LeakSample, draw_sample
from metatune.data.risks.sums import find_combinations, flag_groups
from metatune.data.risks.telling import follows_class, telling_power, where_filled
from metatune.data.task.task import Task
from metatune.data.wording import listed

__all__ = ["find_leaks"]

_FEWEST_ROWS = 50
_ALONE = (0.995, 0.995)  # power over labels and over numbers from which a column is a leak,
_KIN = (0.6, 0.5)  # with a name like the target's,
_AFTERWARDS = (0.9, 0.8)  # with a name of what is known afterwards,
_FLAGS = (0.9, 0.9)  # for flags of which one is set,
_RELATIVE = (0.6, 0.4)  # and with a name like that of a leak
_MEND = "leave out what is not known when the model is used"


def find_leaks(task: Task) -> list[Risk]:
    """Find the columns of a table that give its target away.

    Parameters
    ----------
    task : Task

    Returns
    -------
    list of Risk
        At most one for each way of giving it away. Empty for tables of fewer than 50 rows, where
        chance looks the same.
    """
    if task.n_rows < _FEWEST_ROWS:
        return []
    sample = draw_sample(task)
    with np.errstate(all="ignore"):  # absurd numbers overflow, and tell nothing
        ways = _ways(sample)
    relatives = _relatives(sample, [name for way in ways for name in way.names])
    about = f"much of the target {task.target!r}, under names like those of leaks"
    ways.append(_Way(names=relatives, verbs=("tells", "each tell"), what=about))
    alone = set(ways[0].names)
    found: list[Risk] = []
    told: set[str] = set()
    for way in ways:
        new = set(way.names) - told
        if new and not (alone & set(way.names) and len(new) < len(way.names)):
            told |= new
            found.append(way.risk())
    return found


@dataclass(frozen=True, slots=True, kw_only=True)
class _Way:
    """Way in which columns give the target away: verbs for one and several of them."""

    names: tuple[str, ...]
    verbs: tuple[str, str]
    what: str

    def risk(self) -> Risk:
        several = len(self.names) > 1
        who = f"column{'s' if several else ''} {listed(self.names)}"
        text = f"possible leak: {who} {self.verbs[several]} {self.what}: {_MEND}"
        return Risk(kind=RiskKind.LEAK, columns=self.names, text=text)


def _ways(sample: LeakSample) -> list[_Way]:
    """Return the ways in which columns give the target away, the surest first."""
    alone, named = _by_power(sample)
    target, tell = f"target {sample.target!r}", ("tells", "each tell")
    parts = tuple(c.name for c in sample.columns if follows_class(sample, c))
    flags = _by_flags(sample)
    return [
        _Way(names=alone, verbs=tell, what=f"all of the {target}"),
        _Way(names=named, verbs=tell, what=f"most of the {target}, as the name suggests"),
        _Way(names=parts, verbs=("restates", "each restate"), what=f"a part of the {target}"),
        _Way(names=flags, verbs=("", "together tell"), what=f"nearly all of the {target}"),
        *(
            _Way(names=each.names, verbs=("", "make"), what=f"the {target} by their {each.made_by}")
            for each in find_combinations(sample)
        ),
    ]


def _by_power(sample: LeakSample) -> tuple[tuple[str, ...], tuple[str, ...]]:
    """Return the columns that are leaks by their power alone, and those by power and name."""
    place = 0 if sample.n_classes else 1
    alone, named = [], []
    for column in sample.columns:
        power = telling_power(sample, column)
        if max(power, where_filled(sample, column)) >= _ALONE[place]:
            alone.append(column.name)
        elif (power >= _KIN[place] and is_kin(column.name, sample.target)) or (
            power >= _AFTERWARDS[place] and is_afterwards(column.name)
        ):
            named.append(column.name)
    return tuple(alone), tuple(named)


def _relatives(sample: LeakSample, leaks: list[str]) -> tuple[str, ...]:
    """Return further columns that are named like leaks, and tell much of the target."""
    least = _RELATIVE[0 if sample.n_classes else 1]
    return tuple(
        column.name
        for column in sample.columns
        if column.name not in leaks
        and any(is_kin(column.name, leak) for leak in leaks)
        and telling_power(sample, column) >= least
    )


def _by_flags(sample: LeakSample) -> tuple[str, ...]:
    place = 0 if sample.n_classes else 1
    groups = flag_groups(sample)
    telling = (n for column, n in groups if telling_power(sample, column) >= _FLAGS[place])
    return tuple(name for names in telling for name in names)
