"""Dataset or task of OpenML as a table with its target."""

import math
from collections.abc import Collection
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any

from metatune.data.reading.source import Table
from metatune.data.reading.table_reader import read_table
from metatune.errors import OpenMLError
from metatune.openml.client import OpenMLClient, ServerRefusedError
from metatune.openml.listings import Pages
from metatune.openml.payloads import (
    DatasetInfo,
    FeatureInfo,
    read_dataset,
    read_features,
    read_task,
)
from metatune.openml.reference import Reference

if TYPE_CHECKING:
    import pandas as pd

__all__ = ["OpenMLTable", "as_table", "fetch_table"]

_NO_FEATURES = frozenset({271, 272, 273, 274})


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class OpenMLTable:
    """Dataset as read, with its description on OpenML.

    Attributes
    ----------
    table : Table
        Table without row identifiers and ignored columns, unless they were to be kept; nominal
        columns are categories.
    target : str or None
        None where OpenML names none.
    task : str or None
        "classification", "regression", or None where that is to be inferred.
    measure : str
        OpenML's name of the task's measure; empty if none is set.
    info : DatasetInfo
    """

    table: Table
    target: str | None
    task: str | None
    measure: str
    info: DatasetInfo


def fetch_table(
    reference: Reference, client: OpenMLClient, *, keep: Collection[str] = ()
) -> OpenMLTable:
    """Download the dataset or task that a reference names.

    Parameters
    ----------
    reference : Reference
    client : OpenMLClient
    keep : collection of str
        Columns that stay in the table even where OpenML leaves them out.

    Returns
    -------
    OpenMLTable

    Raises
    ------
    OpenMLError
        If it cannot be had, or is a task of another kind.
    TableError
        If the file cannot be read.
    """
    if not reference.is_task:
        return as_table(reference.number, client, client, keep=keep)
    text = client.get(f"task/{reference.number}")
    task = None if text is None else read_task(text)
    if task is None or task.type == "other":
        raise OpenMLError(
            f"task {reference.number} of {client.server} is neither classification nor "
            "regression: name another one"
        )
    found = as_table(task.dataset_id, client, client, target=task.target, keep=keep)
    return replace(found, task=task.type, measure=task.measure)


def as_table(
    dataset_id: int,
    pages: Pages,
    client: OpenMLClient,
    *,
    target: str | None = None,
    keep: Collection[str] = (),
) -> OpenMLTable:
    """Download a dataset.

    Parameters
    ----------
    dataset_id : int
    pages : Pages
        Source of descriptions.
    client : OpenMLClient
        Source of the file.
    target : str, optional
        Target instead of the default one.
    keep : collection of str
        Columns that stay in the table even where OpenML leaves them out.
    """
    text = pages.get(f"data/{dataset_id}")
    if text is None:
        raise OpenMLError(f"{client.server} has no dataset {dataset_id}: check the id")
    info = read_dataset(text)
    features = _features(dataset_id, pages)
    table = read_table(client.dataset_file(dataset_id))
    target = target or info.target or None
    kept = {target, *keep}
    dropped = [n for n in info.left_out if n in table.frame.columns and n not in kept]
    frame = _with_categories(table.frame.drop(columns=dropped), features)
    notes = list(table.notes)
    if dropped:
        notes.append(f"left out as OpenML says: {', '.join(dropped)}")
    if info.status not in ("active", ""):
        notes.append(f"OpenML calls this dataset {info.status}")
    nominal = {feature.name for feature in features if feature.data_type == "nominal"}
    return OpenMLTable(
        table=replace(table, frame=frame, name=info.name, notes=tuple(notes)),
        target=target,
        task="classification" if target in nominal else None,
        measure="",
        info=info,
    )


def _features(dataset_id: int, pages: Pages) -> list[FeatureInfo]:
    """Return the columns as OpenML describes them; none where it has not analysed them."""
    try:
        text = pages.get(f"data/features/{dataset_id}")
    except ServerRefusedError as refusal:
        if refusal.code in _NO_FEATURES:
            return []
        raise
    return [] if text is None else read_features(text)


def _with_categories(frame: "pd.DataFrame", features: list[FeatureInfo]) -> "pd.DataFrame":
    """Convert nominal columns to categories of text, whatever their dtype in the file."""
    frame = frame.copy()
    for feature in features:
        if feature.data_type == "nominal" and feature.name in frame.columns:
            frame[feature.name] = _as_text(frame[feature.name]).astype("category")
    return frame


def _as_text(column: "pd.Series[Any]") -> "pd.Series[Any]":
    """Write cells as text, the same for a file that holds booleans and one that holds TRUE."""
    return column.astype("object").map(_cell_as_text)


def _cell_as_text(cell: Any) -> str | None:
    if cell is None or (isinstance(cell, float) and math.isnan(cell)):
        return None
    return str(cell).upper() if isinstance(cell, bool) else str(cell)
