"""Tables of a harvested suite as files, with a catalogue to build a meta-dataset from."""

import csv
import json
import re
from collections.abc import Callable, Hashable, Mapping
from pathlib import Path
from typing import Any

import pandas as pd

from metatune.building.harvest import Harvest
from metatune.data.task.make_task import make_task
from metatune.errors import InputError, OpenMLError
from metatune.files.atomic import replacing
from metatune.kinds import TaskKind
from metatune.openml.client import OpenMLClient
from metatune.openml.dataset import OpenMLTable, as_table
from metatune.openml.listings import Pages

__all__ = ["CATALOGUE", "download_tables"]

CATALOGUE = "catalog.csv"

_COLUMNS = (
    "file",
    "name",
    "family",
    "task",
    "target",
    "n_rows",
    "n_features",
    "n_classes",
    "categorical_columns",
    "openml_id",
    "source_repo",
    "licence",
)


def download_tables(
    harvest: Harvest,
    pages: Pages,
    client: OpenMLClient,
    folder: Path,
    *,
    on_table: Callable[[str], None] | None = None,
) -> dict[str, str]:
    """Write every dataset of a harvest to a Parquet file, and a catalogue of them.

    Files that are there already are not downloaded again; the catalogue is written at the end, in
    one step.

    Parameters
    ----------
    harvest : Harvest
    pages : Pages
        Source of descriptions.
    client : OpenMLClient
        Source of files.
    folder : Path
        Folder of the files; made if there is none.
    on_table : callable, optional
        Called with the name of each table that is ready.

    Returns
    -------
    dict of str to str
        Datasets that could not be used, with the reason.
    """
    (folder / "tables").mkdir(parents=True, exist_ok=True)
    lines, problems = [], {}
    # Several tasks may have the same dataset; the first of each target stands for them.
    tasks = harvest.tables["tasks"].drop_duplicates(["dataset_id", "target"])
    for task in tasks.to_dict("records"):
        number, target = int(task["dataset_id"]), str(task["target"])
        label = f"{number} ({target})"
        note = folder / "tables" / f"{number}-{_slug(target)}.json"
        try:
            if not note.is_file():
                _write(as_table(number, pages, client, target=target or None), task, note)
            lines.append(json.loads(note.read_text(encoding="utf-8")))
        except OpenMLError as error:
            problems[label] = str(error)
        except InputError as error:
            problems[label] = f"it cannot be learned: {error}"
        else:
            if on_table is not None:
                on_table(lines[-1]["name"])
    with (
        replacing(folder / CATALOGUE) as part,
        part.open("w", encoding="utf-8", newline="") as file,
    ):
        writer = csv.DictWriter(file, _COLUMNS)
        writer.writeheader()
        writer.writerows(lines)
    return problems


def _write(found: OpenMLTable, task: Mapping[Hashable, Any], note: Path) -> None:
    """Write the table, and return its row of the catalogue."""
    frame = found.table.frame
    understood = make_task(found.table, target=found.target, task=str(task["type"]))
    categories = [
        str(name)
        for name in understood.X.columns
        if isinstance(understood.X[name].dtype, pd.CategoricalDtype)
    ]
    file = note.with_suffix(".parquet")
    with replacing(file) as part:
        frame.to_parquet(part, index=False)
    target = _slug(understood.target)
    entry = {
        "file": f"tables/{file.name}",
        "name": f"openml_{found.info.id}_{_slug(found.info.name)}_{target}",
        # Versions and re-uploads of a dataset share its name.
        "family": _slug(re.sub(r"[_-]?(v|version)?\d+$", "", found.info.name)) or file.stem,
        "task": str(understood.kind),
        "target": understood.target,
        "n_rows": understood.n_rows,
        "n_features": len(understood.columns),
        "n_classes": understood.n_classes if understood.kind is not TaskKind.REGRESSION else "",
        "categorical_columns": "|".join(n for n in categories if "|" not in n),
        "openml_id": found.info.id,
        "source_repo": "OpenML",
        "licence": found.info.licence,
    }
    with replacing(note) as part:
        part.write_text(json.dumps(entry, ensure_ascii=False), encoding="utf-8")


def _slug(text: str) -> str:
    return re.sub(r"[^A-Za-z0-9]+", "_", text).strip("_")[:60]
