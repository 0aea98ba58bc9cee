"""Selection of a catalogue's tables for evaluation, their order, and the large ones."""

import math
import random
from collections.abc import Iterable
from dataclasses import dataclass, replace
from itertools import zip_longest

from metatune.building.catalogue import CatalogueEntry
from metatune.errors import OptionError
from metatune.kinds import TaskKind

__all__ = ["Wishes", "choose_tables", "enlarged", "large_tables", "wanted"]

_SEED = 0


@dataclass(frozen=True, slots=True, kw_only=True)
class Wishes:
    """Filters of the tables to evaluate.

    Attributes
    ----------
    names : tuple of str
        Exactly these tables, whatever the rest says; all if empty.
    packs : tuple of str
        Tables whose file starts with one of these; all if empty.
    min_rows : int
        Smaller tables are left out; those whose rows the catalogue does not state are not.
    per_family : int
        Maximum number of tables of a family.
    max_tables : int or None
        Maximum number of tables.
    """

    names: tuple[str, ...] = ()
    packs: tuple[str, ...] = ()
    min_rows: int = 100
    per_family: int = 1
    max_tables: int | None = None


def wanted(entries: Iterable[CatalogueEntry], wishes: Wishes) -> list[CatalogueEntry]:
    """Return the entries that may be evaluated, before families are thinned out.

    Raises
    ------
    OptionError
        If a name is not in the catalogue.
    """
    entries = list(entries)
    if wishes.names:
        unknown = sorted(set(wishes.names) - {entry.name for entry in entries})
        if unknown:
            raise OptionError(f"the catalogue has no table {', '.join(unknown)}: see its names")
        return [entry for entry in entries if entry.name in wishes.names]
    return [
        entry
        for entry in entries
        if not 0 < entry.n_rows < wishes.min_rows
        and (not wishes.packs or _in_packs(entry, wishes.packs))
    ]


def large_tables(
    entries: Iterable[CatalogueEntry], n_tables: int, more_than: int
) -> list[CatalogueEntry]:
    """Return the tables with the most rows: of each task kind in turn, one of a family.

    Parameters
    ----------
    entries : iterable of CatalogueEntry
        Tables to choose from.
    n_tables : int
        Number of tables to return.
    more_than : int
        Only tables of more rows are large.
    """
    by_kind: dict[TaskKind, list[CatalogueEntry]] = {kind: [] for kind in TaskKind}
    families: set[str] = set()
    for entry in sorted(entries, key=lambda entry: (-entry.n_rows, entry.name)):
        if entry.n_rows > more_than and entry.family not in families:
            families.add(entry.family)
            by_kind[entry.kind].append(entry)
    in_turn = (entry for turn in zip_longest(*by_kind.values()) for entry in turn if entry)
    return list(in_turn)[: max(n_tables, 0)]


def enlarged(entry: CatalogueEntry, n_rows: int) -> CatalogueEntry:
    """Return a copy of a table's entry for `n_rows` rows, with a name that tells them."""
    n_rows = min(n_rows, entry.n_rows)
    return replace(entry, name=f"{entry.name}@{n_rows}", n_rows=n_rows)


def choose_tables(
    entries: Iterable[CatalogueEntry], wishes: Wishes, *, max_rows: int
) -> list[CatalogueEntry]:
    """Return the tables to evaluate, in order: one of every family first, the cheap ones first.

    Which table stands for its family is drawn, the same one every time. Another table of a family
    is taken only if it has another number of rows or another task kind: else it is most likely the
    same data. Costs are compared by their order of magnitude, so that a build that is stopped early
    holds a mixture.

    Parameters
    ----------
    entries : iterable of CatalogueEntry
        The catalogue.
    wishes : Wishes
        Filters of the tables.
    max_rows : int
        Rows to which tables are cut.

    Raises
    ------
    OptionError
        If a wished name is not in the catalogue.
    """
    drawn = wanted(entries, wishes)
    random.Random(_SEED).shuffle(drawn)
    thinned = [(0, entry) for entry in drawn] if wishes.names else _thinned(drawn, wishes)
    thinned.sort(key=lambda place: (place[0], _magnitude(place[1], max_rows)))
    return [entry for _, entry in thinned][: wishes.max_tables]


def _thinned(entries: list[CatalogueEntry], wishes: Wishes) -> list[tuple[int, CatalogueEntry]]:
    """Take the first tables of each family, each with its position in the family."""
    families: dict[str, set[tuple[TaskKind, int]]] = {}
    taken = []
    for entry in entries:
        looks = families.setdefault(entry.family, set())
        look = (entry.kind, entry.n_rows)
        if len(looks) < wishes.per_family and look not in looks:
            taken.append((len(looks), entry))
            looks.add(look)
    return taken


def _magnitude(entry: CatalogueEntry, max_rows: int) -> int:
    cells = min(entry.n_rows, max_rows) * max(entry.n_columns, 1)
    return round(math.log10(max(cells * max(1, entry.n_classes - 1), 1)))


def _in_packs(entry: CatalogueEntry, packs: tuple[str, ...]) -> bool:
    return any(entry.file.startswith(pack) for pack in packs)
