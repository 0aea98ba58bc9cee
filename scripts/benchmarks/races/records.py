"""The results of races on disk: one line of JSON for every finished run."""

import json
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

__all__ = ["Run", "append_record", "read_records"]

_VERSION = 1


@dataclass(frozen=True, slots=True, kw_only=True)
class Run:
    """Key of a record: what is run.

    Attributes
    ----------
    table, strategy : str
        Names.
    budget : float
        Seconds.
    seed : int
        Of the split and of the run.
    metadata : str
        Names the content of the meta-dataset in use.
    """

    table: str
    strategy: str
    budget: float
    seed: int
    metadata: str


def read_records(path: Path) -> dict[Run, dict[str, Any]]:
    """Read what has been run; a later line replaces an earlier one, a torn line is none."""
    if not path.is_file():
        return {}
    found = {}
    for line in path.read_bytes().split(b"\n")[:-1]:
        try:
            record = json.loads(line)
        except ValueError:  # a race was killed while it wrote
            continue
        found[Run(**{name: record[name] for name in Run.__dataclass_fields__})] = record
    return found


def append_record(path: Path, run: Run, result: Mapping[str, Any]) -> dict[str, Any]:
    """Write a finished run and return its record."""
    key = {name: getattr(run, name) for name in Run.__dataclass_fields__}
    record = {"version": _VERSION, **key, **result}
    text = json.dumps(record) + "\n"
    if path.is_file() and not path.read_bytes().endswith(b"\n"):
        text = "\n" + text  # the line that a killed race left unfinished stays alone
    with path.open("a", encoding="utf-8") as file:
        file.write(text)
    return record
