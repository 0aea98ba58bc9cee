"""Preprocessing that trials share: done once for each recipe, fold and share of the rows.

Many configurations, of different families, begin with the same step. Its fitted state and the
matrices that it makes are stored, and read by later trials as they are: mapped into memory, so
that workers share the pages. Scores do not depend on whether a matrix was made or read.
"""

import pickle
from collections.abc import Callable
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from metatune.algorithms.fitting import fit_step
from metatune.budget import Stopwatch
from metatune.data.row_metadata import PLAIN, RowMetadata
from metatune.evaluation.file_store import FileStore

if TYPE_CHECKING:
    from numpy.typing import NDArray

    Matrices = tuple[NDArray[Any], NDArray[Any]]

__all__ = ["Prepared", "prepare"]

OVERHEAD = 0.005  # seconds to write or open an entry
_BYTES_A_SECOND = 250e6  # to write and to read, on an ordinary disk; careful


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Prepared:
    """Result of a pipeline's preprocessing step on a fold.

    Attributes
    ----------
    step : transformer
        Fitted.
    train, valid : ndarray of shape (n_rows, n_out)
        The training and the validation rows.
    fit_seconds, transform_seconds : float
        Wall clock that it took: fitting with the training rows, then the validation rows. Of
        stored matrices: when they were made.
    saved_seconds : float
        By how much reading them was faster; 0 if they were made here.
    stored : bool
        Whether they were read.
    """

    step: Any
    train: "NDArray[Any]"
    valid: "NDArray[Any]"
    fit_seconds: float
    transform_seconds: float
    saved_seconds: float = 0.0
    stored: bool = False


def prepare(
    step: Any,
    rows: "Callable[[], tuple[NDArray[Any], NDArray[Any], NDArray[Any]]]",
    store: FileStore | None = None,
    *where: object,
    row_metadata: RowMetadata = PLAIN,
) -> Prepared:
    """Fit a preprocessing step and transform the rows of a fold, or read what came of it.

    Parameters
    ----------
    step : transformer
        Not fitted. What it makes is shared if it is `worth_sharing`.
    rows : callable
        Returns training rows, their targets and validation rows; only called where needed.
    store : FileStore, optional
        Where shared matrices are kept.
    *where : object
        What identifies the rows in the store.
    row_metadata : RowMetadata
        What is known of the training rows.
    """
    if store is None or not getattr(step, "worth_sharing", False):
        return _make(step, rows, row_metadata)
    key = ("prepared", _identity(step), *where)
    found = store.find(*key)
    prepared = None if found is None else _read(found)
    if prepared is None:
        made = _make(step, rows, row_metadata)
        # Objects that were read back share less among each other, which shows in a model's size.
        prepared = replace(made, step=pickle.loads(pickle.dumps(made.step, protocol=5)))
        if _pays(prepared):
            store.add(lambda folder: _write(prepared, folder), *key)
    return prepared


def _identity(step: Any) -> list[Any]:
    """Return what tells a step from others: its type and parameters, steps inside it likewise."""
    params = sorted(step.get_params(deep=False).items())
    return [
        type(step).__name__,
        [(name, _identity(v) if hasattr(v, "get_params") else v) for name, v in params],
    ]


def _make(
    step: Any,
    rows: "Callable[[], tuple[NDArray[Any], NDArray[Any], NDArray[Any]]]",
    row_metadata: RowMetadata,
) -> Prepared:
    watch = Stopwatch()
    train, target, valid = rows()
    train = fit_step(step, train, target, row_metadata)
    fit_seconds = watch.seconds()
    valid = step.transform(valid)
    return Prepared(
        step=step,
        train=train,
        valid=valid,
        fit_seconds=fit_seconds,
        transform_seconds=watch.seconds() - fit_seconds,
    )


def _pays(made: Prepared) -> bool:
    """Return True if a second trial with the same step would gain, by the time that it took."""
    kept_as_it_is = all(a.flags.c_contiguous or a.flags.f_contiguous for a in _matrices(made))
    size = sum(a.nbytes for a in _matrices(made))
    return kept_as_it_is and (
        made.fit_seconds + made.transform_seconds > OVERHEAD + size / _BYTES_A_SECOND
    )


def _matrices(prepared: Prepared) -> "Matrices":
    return prepared.train, prepared.valid


def _write(prepared: Prepared, folder: Path) -> None:
    np.save(folder / "train.npy", prepared.train)
    np.save(folder / "valid.npy", prepared.valid)
    seconds = prepared.fit_seconds, prepared.transform_seconds
    (folder / "step.pkl").write_bytes(pickle.dumps((prepared.step, seconds), protocol=5))


def _read(folder: Path) -> Prepared | None:
    """Read an entry; None if it was deleted at this moment."""
    watch = Stopwatch()
    try:
        train, valid = (
            np.asarray(np.load(folder / f"{name}.npy", mmap_mode="r", allow_pickle=False))
            for name in ("train", "valid")
        )
        step, (fit_seconds, transform_seconds) = pickle.loads((folder / "step.pkl").read_bytes())
    except (OSError, ValueError, EOFError, pickle.UnpicklingError):
        return None
    return Prepared(
        step=step,
        train=train,
        valid=valid,
        fit_seconds=fit_seconds,
        transform_seconds=transform_seconds,
        saved_seconds=max(0.0, fit_seconds + transform_seconds - watch.seconds()),
        stored=True,
    )
