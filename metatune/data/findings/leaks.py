"""Leaks: columns that give the target away, which no model will have when it is used.

A column is named where it tells (nearly) all of the target by itself, where it tells much of it and
its name says why (it shares a word with the target, or speaks of what is known only afterwards),
where it restates a part of the class, or where several columns add up to the target (Kaufman et
al. 2012, "Leakage in data mining", describes such leaks).
"""

from metatune.data.findings.finding import Finding, FindingKind
from metatune.data.findings.names import is_afterwards, is_kin
from metatune.data.findings.sample import LeakSample, draw_sample
from metatune.data.findings.sums import find_combinations, flag_groups
from metatune.data.findings.telling import follows_class, telling_power, where_filled
from metatune.data.task.task import Task
from metatune.data.wording import listed

__all__ = ["find_leaks"]

_FEWEST_ROWS = 50
_ALONE = (0.995, 0.995)  # power over labels and over numbers from which a column is a leak,
_KIN = (0.6, 0.5)  # with a name like the target's,
_AFTERWARDS = (0.9, 0.8)  # with a name of what is known afterwards,
_FLAGS = (0.9, 0.9)  # and for flags of which one is set
_MEND = "leave out what is not known when the model is used"


def find_leaks(task: Task) -> list[Finding]:
    """Find the columns of a table that give its target away.

    Parameters
    ----------
    task : Task

    Returns
    -------
    list of Finding
        At most one for each way of giving it away. Empty for tables of fewer than 50 rows, where
        chance looks the same.
    """
    if task.n_rows < _FEWEST_ROWS:
        return []
    sample, target = draw_sample(task), repr(task.target)
    alone, named = _by_power(sample)
    parts = tuple(c.name for c in sample.columns if follows_class(sample, c))
    ways = [
        (alone, ("tells", "each tell"), f"all of the target {target}"),
        (named, ("tells", "each tell"), f"most of the target {target}, as the name suggests"),
        (parts, ("restates", "each restate"), f"a part of the target {target}"),
        (_by_flags(sample), ("tells", "together tell"), f"nearly all of the target {target}"),
    ]
    ways += [
        (each.names, ("makes", "make"), f"the target {target} by their {each.made_by}")
        for each in find_combinations(sample)
    ]
    found: list[Finding] = []
    told: set[str] = set()
    for names, (one, several), says in ways:
        new = tuple(name for name in names if name not in told)
        if new and not (set(names) & set(alone) and len(names) > len(new)):
            told |= set(new)
            found.append(_finding(names, f"{one if len(names) == 1 else several} {says}"))
    return found


def _finding(names: tuple[str, ...], says: str) -> Finding:
    what = f"column{'s' if len(names) > 1 else ''} {listed(names)}"
    return Finding(
        kind=FindingKind.LEAK, columns=names, text=f"possible leak: {what} {says}: {_MEND}"
    )


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


def _by_flags(sample: LeakSample) -> tuple[str, ...]:
    place = 0 if sample.n_classes else 1
    groups = flag_groups(sample)
    telling = (n for column, n in groups if telling_power(sample, column) >= _FLAGS[place])
    return tuple(name for names in telling for name in names)
