"""Tables of a race against peers: clean and raw ones, of families that a meta-dataset lacks."""

import csv
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

import pyarrow.parquet as pq
from pyarrow import types

from benchmarks.races.checkouts import known_families
from benchmarks.races.errors import RaceError
from benchmarks.races.peers.runs import CLEAN, PARTS, RAW
from benchmarks.races.tables import choose_tables
from metatune.building.catalogue import CatalogueEntry, read_catalogue

__all__ = ["Wanted", "choose", "parts_of"]

_CLEAN_PACK, _RAW_PACK = "pmlb", "raw"


@dataclass(frozen=True, slots=True, kw_only=True)
class Wanted:
    """Choice of tables.

    Attributes
    ----------
    n_clean, n_raw : int
        Number of tables of each sort.
    kinds : tuple of str
        Kinds of tasks; empty for all.
    clean_packs, raw_packs : tuple of str
        First folders of files of each sort; empty for all.
    min_rows, max_rows : int
        Rows of a table.
    only : tuple of str
        Names; empty for all.
    """

    n_clean: int
    n_raw: int
    kinds: tuple[str, ...] = ()
    clean_packs: tuple[str, ...] = ()
    raw_packs: tuple[str, ...] = ()
    min_rows: int = 0
    max_rows: int = 10**9
    only: tuple[str, ...] = ()


def parts_of(catalogue: Path) -> dict[str, str]:
    """Return for each table of a catalogue whether it is clean or raw.

    The pack is the first folder of a file. Tables of ``pmlb`` are clean, those of ``raw`` are raw.
    A table of another pack is raw if the catalogue knows of texts or dates in it, if it is a
    Parquet file with columns of strings, dates or times, or a file of another format that holds
    categories by the catalogue.
    """
    entries = read_catalogue(catalogue)
    with catalogue.open(encoding="utf-8", newline="") as file:
        rows = {row["name"]: row for row in csv.DictReader(file)}
    return {entry.name: _part(entry, rows[entry.name]) for entry in entries}


def choose(catalogue: Path, unknown_to: Path, wanted: Wanted) -> dict[str, list[CatalogueEntry]]:
    """Choose clean and raw tables, the same ones every time, one of each family.

    Each part follows the rule of `choose_tables`, so that fewer tables are the first of more.
    A family that has clean tables gives none to the raw ones. Tables that are named are all taken.

    Raises
    ------
    RaceError
        If a named table cannot take part, or none is left.
    """
    parts = parts_of(catalogue)
    usable = _usable(catalogue, unknown_to, wanted, parts)
    why = (
        "of a family that the meta-dataset of --unknown-to knows, or of another kind, pack or size "
        "than asked for"
    )
    lost = set(wanted.only) - {entry.name for entry in usable}
    if lost:
        raise RaceError(f"{', '.join(sorted(lost))}: not in {catalogue.name}, or {why}")
    if not usable:
        raise RaceError(f"no table of {catalogue.name} can take part: all are {why}")
    found = {part: [e for e in usable if parts[e.name] == part] for part in PARTS}
    if wanted.only:
        return found
    families = {entry.family for entry in found[CLEAN]}
    apart = [entry for entry in found[RAW] if entry.family not in families]
    return {
        CLEAN: choose_tables(found[CLEAN], wanted.n_clean, pack=""),
        RAW: choose_tables(apart, wanted.n_raw, pack=""),
    }


def _usable(
    catalogue: Path, unknown_to: Path, wanted: Wanted, parts: Mapping[str, str]
) -> list[CatalogueEntry]:
    """Return the tables that may take part, in the order of the catalogue."""
    if not (unknown_to / "datasets.parquet").is_file():
        raise RaceError(f"{unknown_to} is no meta-dataset: datasets.parquet is missing there")
    known = known_families(unknown_to)
    packs = {CLEAN: wanted.clean_packs, RAW: wanted.raw_packs}
    return [
        entry
        for entry in read_catalogue(catalogue)
        if entry.family not in known
        and _fits(entry, wanted)
        and (not packs[parts[entry.name]] or _pack(entry) in packs[parts[entry.name]])
    ]


def _fits(entry: CatalogueEntry, wanted: Wanted) -> bool:
    return (
        wanted.min_rows <= entry.n_rows <= wanted.max_rows
        and (not wanted.kinds or str(entry.kind) in wanted.kinds)
        and (not wanted.only or entry.name in wanted.only)
    )


def _pack(entry: CatalogueEntry) -> str:
    return entry.file.partition("/")[0]


def _part(entry: CatalogueEntry, row: dict[str, str]) -> str:
    pack = _pack(entry)
    if pack in (_CLEAN_PACK, _RAW_PACK):
        return CLEAN if pack == _CLEAN_PACK else RAW
    told = bool(row.get("text_columns") or row.get("date_columns"))
    return RAW if told or _has_strings(entry) else CLEAN


def _has_strings(entry: CatalogueEntry) -> bool:
    """Tell whether a file has more than numbers beside its target."""
    if entry.path.suffix != ".parquet":
        return bool(entry.categorical)
    try:
        schema = pq.read_schema(entry.path)
    except (OSError, ValueError) as error:
        raise RaceError(f"{entry.path} cannot be read: {error}") from error
    return any(
        not (types.is_integer(f.type) or types.is_floating(f.type) or types.is_boolean(f.type))
        for f in schema
        if f.name not in (entry.target, *entry.left_out)
    )
