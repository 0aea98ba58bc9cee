"""Tables of a race: a fixed, mixed choice from a catalogue."""

import random
from collections.abc import Collection, Iterable
from dataclasses import dataclass
from itertools import zip_longest

from metatune.building.catalogue import CatalogueEntry
from metatune.kinds import TaskKind

__all__ = ["RaceTable", "choose_from_packs", "choose_tables", "in_groups"]

_SEED = 0
_BANDS = (500, 2_000, 10_000)
_FEWEST_ROWS = 200


@dataclass(frozen=True, slots=True, kw_only=True)
class RaceTable:
    """A table of a race.

    Attributes
    ----------
    entry : CatalogueEntry
        Of the catalogue.
    group : int
        Tables of a group share the meta-dataset that knows none of their families.
    """

    entry: CatalogueEntry
    group: int


def choose_tables(
    entries: Iterable[CatalogueEntry], n_tables: int, pack: str = "pmlb"
) -> list[CatalogueEntry]:
    """Choose tables of all kinds and sizes, the same ones every time.

    The rule: tables of the pack with at least 200 rows, shuffled once with a fixed seed, the first
    one of each family. They are sorted into the cells of task kind x rows (up to 500, 2,000,
    10,000, more), and the cells are visited in turn, each giving its next table, until there are
    enough. So a shorter choice is the beginning of a longer one.

    Parameters
    ----------
    entries : iterable of CatalogueEntry
        The catalogue, in its order.
    n_tables : int
        How many to choose; fewer if there are not so many.
    pack : str
        Only files below this folder.
    """
    usable = [e for e in entries if e.file.startswith(pack) and e.n_rows >= _FEWEST_ROWS]
    random.Random(_SEED).shuffle(usable)
    one_each = {entry.family: entry for entry in reversed(usable)}
    taken = {entry.name for entry in one_each.values()}
    cells: dict[tuple[int, TaskKind], list[CatalogueEntry]] = {
        (band, kind): [] for band in range(len(_BANDS) + 1) for kind in TaskKind
    }
    for entry in usable:
        if entry.name in taken:
            cells[sum(entry.n_rows > rows for rows in _BANDS), entry.kind].append(entry)
    return _in_turn(cells.values())[:n_tables]


def choose_from_packs(
    entries: Collection[CatalogueEntry], n_tables: int, packs: Iterable[str]
) -> list[CatalogueEntry]:
    """Choose tables of several packs in turn, each by the rule of `choose_tables`.

    Parameters
    ----------
    entries : collection of CatalogueEntry
        The catalogue, in its order.
    n_tables : int
        How many to choose of all packs together.
    packs : iterable of str
        Folders of files.
    """
    return _in_turn(choose_tables(entries, n_tables, pack) for pack in packs)[:n_tables]


def _in_turn(choices: Iterable[list[CatalogueEntry]]) -> list[CatalogueEntry]:
    return [entry for turn in zip_longest(*choices) for entry in turn if entry]


def in_groups(entries: Iterable[CatalogueEntry], n_groups: int) -> list[RaceTable]:
    """Deal tables out to groups in turn, so that a group holds all kinds and sizes."""
    return [RaceTable(entry=entry, group=i % n_groups) for i, entry in enumerate(entries)]
