"""The two parts of a raced table: rows to search on, and rows to judge by."""

from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from metatune.building.catalogue import CatalogueEntry, read_entry

if TYPE_CHECKING:
    import pandas as pd

__all__ = ["HELD_OUT", "Parts", "split_table", "write_parts"]

HELD_OUT = 1 / 3
"""Share of the rows that models are judged by."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Parts:
    """Files of a table.

    Attributes
    ----------
    train, test : Path
        Parquet files.
    """

    train: Path
    test: Path

    @classmethod
    def below(cls, work: Path, table: str, seed: int) -> "Parts":
        """Return the files of a table's parts in a folder, whether or not they are there."""
        stem = f"{table}-{seed}"
        return cls(train=work / f"{stem}-train.parquet", test=work / f"{stem}-test.parquet")


def write_parts(entry: CatalogueEntry, work: Path, seed: int) -> Parts:
    """Write both parts of a table below `work`; once."""
    parts = Parts.below(work, entry.name, seed)
    if not parts.test.is_file():
        work.mkdir(parents=True, exist_ok=True)
        train, test = split_table(
            read_entry(entry), entry.target, seed, stratified=entry.kind.is_classification
        )
        train.to_parquet(parts.train, index=False)
        beside = parts.test.with_suffix(".part")
        test.to_parquet(beside, index=False)
        beside.rename(parts.test)
    return parts


def split_table(
    frame: "pd.DataFrame", target: str, seed: int, *, stratified: bool
) -> "tuple[pd.DataFrame, pd.DataFrame]":
    """Hold out a third of the rows: of every class where classes are predicted.

    Rows without a target are left out. The only rows of a class stay where the search sees them.
    """
    frame = frame[frame[target].notna()].sample(frac=1.0, random_state=seed)
    if not stratified:
        n_test = round(HELD_OUT * len(frame))
        return frame.iloc[n_test:], frame.iloc[:n_test]
    groups = frame.groupby(target, observed=True, sort=False)
    held_out = groups.cumcount() < (groups[target].transform("size") * HELD_OUT).round()
    return frame[~held_out], frame[held_out]
