"""Findings of a run: what a report tells beside record, journal and model, in files of its own.

``findings.json`` holds plain values, ``findings.npz`` arrays: the out-of-fold predictions of the
final model, and a few encoded rows that single predictions are explained against. With them a
report needs neither the table nor the meta-dataset.
"""

import zipfile
import zlib
from collections.abc import Mapping
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING

from metatune.errors import BundleError
from metatune.files.atomic import replacing
from metatune.files.plain import read_dataclass, read_json, without_nan
from metatune.files.text import json_text
from metatune.models.model_file import cannot_write
from metatune.recommender.recommendation import Course, Outlook

if TYPE_CHECKING:
    from metatune._typing import AnyArray

__all__ = [
    "ARRAYS_FILE",
    "FINDINGS_FILE",
    "SCHEMA_VERSION",
    "ColumnFinding",
    "Dependence",
    "Findings",
    "Importance",
    "Importances",
    "PriorExpectation",
    "read_arrays",
    "read_findings",
    "write_findings",
]

FINDINGS_FILE = "findings.json"
ARRAYS_FILE = "findings.npz"
SCHEMA_VERSION = 1
"""Of both files."""

_MOST_BYTES = 500_000_000
_ARRAYS = ("y", "prediction", "weights", "background")


@dataclass(frozen=True, slots=True, kw_only=True)
class ColumnFinding:
    """Column of the table, and its treatment.

    Attributes
    ----------
    name, kind : str
        As in the table, and as understood.
    n_missing, n_unique : int
        Missing cells, and distinct values.
    treatment : str
        What models are given of it, in a few words.
    note : str
        What was odd about it; often empty.
    """

    name: str
    kind: str
    n_missing: int
    n_unique: int
    treatment: str
    note: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Dependence:
    """Partial dependence: mean prediction if a column had a value in all rows (Friedman 2001).

    Attributes
    ----------
    labels : tuple of str
        Values of the column, n_points.
    positions : tuple of float
        The same as numbers (days since 2000 for dates); empty for categories.
    outputs : tuple of str
        Classes whose probability is told; "prediction" for regression.
    values : tuple of tuple of float
        Means, outputs x points.
    """

    labels: tuple[str, ...]
    positions: tuple[float, ...]
    outputs: tuple[str, ...]
    values: tuple[tuple[float, ...], ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Importance:
    """Permutation importance of a column.

    Attributes
    ----------
    columns : tuple of str
        Its name; several where texts are read together.
    mean, low, high : float
        Loss of score when its cells are shuffled, and its 90 % interval; positive is important.
    effect : str
        Direction of the effect, in words; empty where it was not looked at.
    dependence : Dependence or None
    """

    columns: tuple[str, ...]
    mean: float
    low: float
    high: float
    effect: str = ""
    dependence: Dependence | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Importances:
    """Permutation importances of a model's columns.

    Attributes
    ----------
    metric : str
        In which scores are.
    score : float
        With all columns as they are.
    n_rows : int
        Rows that were predicted.
    held_out : bool
        Whether the models had not seen these rows.
    columns : tuple of Importance
        The most important first.
    n_left_out : int
        Columns for which the time did not suffice.
    """

    metric: str
    score: float
    n_rows: int
    held_out: bool
    columns: tuple[Importance, ...]
    n_left_out: int = 0


@dataclass(frozen=True, slots=True, kw_only=True)
class PriorExpectation:
    """Expectation of a configuration before the first trial.

    Attributes
    ----------
    key : str
        Of the configuration.
    metric : str
        In which scores are.
    score, low, high : float
        Expected, and ends of the 80 % interval.
    """

    key: str
    metric: str
    score: float
    low: float
    high: float


@dataclass(frozen=True, slots=True, kw_only=True)
class Findings:
    """Findings of a run.

    Attributes
    ----------
    schema : int
        Version of the files.
    columns : tuple of ColumnFinding
        Features, in the order of the table.
    importances : Importances or None
    not_measured : str
        Reason why there are none.
    course : Course or None
        Expected course of the search.
    outlook : Outlook or None
        What more time should bring.
    priors : tuple of PriorExpectation
        Of the leading configurations.
    """

    schema: int = SCHEMA_VERSION
    columns: tuple[ColumnFinding, ...] = ()
    importances: Importances | None = None
    not_measured: str = ""
    course: Course | None = None
    outlook: Outlook | None = None
    priors: tuple[PriorExpectation, ...] = field(default=())


def write_findings(findings: Findings, arrays: "Mapping[str, AnyArray]", folder: Path) -> None:
    """Write findings and arrays into a run directory.

    Parameters
    ----------
    findings : Findings
        Without numbers that are not finite.
    arrays : Mapping of str to ndarray
        ``y``, ``prediction``, ``weights`` (of the same rows) and ``background``, as far as there
        are any.
    folder : Path

    Raises
    ------
    BundleError
        If they cannot be written.
    """
    import numpy as np

    path = folder / FINDINGS_FILE
    try:
        with replacing(path) as part:
            text = json_text(without_nan(asdict(findings)))
            part.write_text(text + "\n", encoding="utf-8")
        path = folder / ARRAYS_FILE
        with replacing(path) as part, part.open("wb") as file:
            np.savez_compressed(file, allow_pickle=False, **dict(arrays))
    except OSError as error:
        raise BundleError(cannot_write(path, error)) from error


def read_findings(folder: Path) -> Findings | None:
    """Read the findings of a run directory.

    Returns
    -------
    Findings or None
        None if there are none: the run broke off, or an earlier version made it.

    Raises
    ------
    BundleError
        If they are damaged, or written by a newer version.
    """
    path = folder / FINDINGS_FILE
    try:
        values = read_json(path)
        version = values.get("schema") if isinstance(values, dict) else None
        if isinstance(version, int) and version > SCHEMA_VERSION:
            raise BundleError(
                f"{path} was written by a newer metatune (version {version} of the format, this "
                f"one knows {SCHEMA_VERSION}): update metatune"
            )
        return read_dataclass(Findings, values)
    except FileNotFoundError:
        return None
    except (OSError, ValueError) as error:
        raise BundleError(_damaged(path, error)) from error


def read_arrays(folder: Path) -> "dict[str, AnyArray]":
    """Read the arrays beside the findings; an empty dict if there are none.

    Raises
    ------
    BundleError
        If they are damaged.
    """
    import numpy as np

    path = folder / ARRAYS_FILE
    try:
        n_bytes = path.stat().st_size
        with path.open("rb") as stream, np.load(stream, allow_pickle=False) as file:
            arrays = {name: file[name] for name in _ARRAYS if name in file.files}
        _check(arrays, n_bytes)
    except FileNotFoundError:
        return {}
    except (OSError, EOFError, ValueError, KeyError, TypeError, MemoryError) as error:
        raise BundleError(_damaged(path, error)) from error
    except (zipfile.BadZipFile, zlib.error) as error:
        raise BundleError(_damaged(path, error)) from error
    return arrays


def _check(arrays: "dict[str, AnyArray]", n_bytes: int) -> None:
    """Raise ValueError unless arrays have the shapes that belong together."""
    if n_bytes > _MOST_BYTES:
        raise ValueError("it is too large")
    for name, array in arrays.items():
        if array.dtype.kind not in "fiub":
            raise ValueError(f"{name} holds no numbers")
    known = {name: len(arrays[name]) for name in ("y", "prediction", "weights") if name in arrays}
    if len(set(known.values())) > 1:
        raise ValueError("its arrays differ in length")
    if "background" in arrays and arrays["background"].ndim != 2:
        raise ValueError("background is no matrix")


def _damaged(path: Path, error: BaseException) -> str:
    return f"{path} is damaged ({error}): remove it, or run metatune fit again"
