"""Model file: saving and loading fitted pipelines without pickle.

A model file is written by skops and read by metatune itself: all of its content has to have one of
the forms in `metatune.models.forms`, and only then is anything built.
"""

import warnings
from collections.abc import Iterable, Iterator
from functools import cache
from importlib import import_module
from importlib.metadata import version
from pathlib import Path
from pkgutil import iter_modules
from typing import TYPE_CHECKING, Any

from metatune.budget import Stopwatch
from metatune.errors import BundleError
from metatune.execution.cores import available_memory
from metatune.files.atomic import replacing
from metatune.models.forms.model import INFO, MODEL
from metatune.models.reading.mismatch import Mismatch, Untrusted
from metatune.models.reading.reader import read

if TYPE_CHECKING:
    from sklearn.pipeline import Pipeline

from metatune.files.text import short_path

__all__ = [
    "MODEL_FILE",
    "ModelVersionWarning",
    "cannot_write",
    "is_writer_ready",
    "load",
    "model_info",
    "read_model",
    "save",
    "version_note",
]

MODEL_FILE = "model.skops"
_PIECE = 0.1  # seconds of imports at a time
_NOT_NEEDED = {"conftest", "externals", "tests"}


class ModelVersionWarning(UserWarning):
    """Warning of a model that another version of scikit-learn has written."""


def is_writer_ready() -> bool:
    """Return True once what writes model files is imported; else import a further piece of it.

    All of it takes seconds on a busy machine, which is too long to be away from the workers. It
    cannot be imported in a thread: where two threads import modules that need each other, as
    those of scikit-learn do, Python may give one of them a module that is not complete.
    """
    pieces = _writer_imports()
    watch = Stopwatch()
    while watch.seconds() < _PIECE:
        if next(pieces, None) is None:
            return True
    return False


@cache
def _writer_imports() -> Iterator[str]:
    """Return an iterator that imports a module at each step, the library of model files last."""
    import sklearn

    # The library imports all of scikit-learn.
    names = [module.name for module in iter_modules(sklearn.__path__)]
    public = [name for name in names if name not in _NOT_NEEDED and not name.startswith("_")]
    modules = [*(f"sklearn.{name}" for name in public), "skops.io"]
    return (import_module(name).__name__ for name in modules)


def save(pipeline: "Pipeline", path: Path, info: dict[str, Any] | None = None) -> None:
    """Write a fitted pipeline to a model file, replacing the file in one step.

    Parameters
    ----------
    pipeline : Pipeline
        Fitted pipeline that takes a table.
    path : Path
        The file to write.
    info : dict, optional
        Plain values to keep with the model (target, task, metric, versions); see `model_info`.

    Raises
    ------
    BundleError
        If it cannot be written, for example because the disk is full. A model that was there
        stays.
    """
    import skops.io

    setattr(pipeline, INFO, info or {})
    try:
        with replacing(path) as part:
            skops.io.dump(pipeline, part)
    except OSError as error:
        raise BundleError(cannot_write(path, error)) from error


def cannot_write(path: Path, error: OSError) -> str:
    """Return a line on why a file cannot be written, with a remedy."""
    return (
        f"cannot write {path} ({error.strerror or error}): free some room, or mend its permissions"
    )


def load(path: str | Path, trusted: Iterable[str | type] | None = None) -> "Pipeline":
    """Load a fitted pipeline.

    Everything in the file is checked before anything is built: it cannot run code, and a damaged
    or hostile file is refused. A model of another version of scikit-learn gives a warning.

    Parameters
    ----------
    path : str or Path
        A run directory or its ``model.skops``.
    trusted : iterable of str or type, optional
        Types that learners of your own families may be made of, like ``"package.Class"``: only
        for files of people you trust. An empty list says in the error which they would be.

    Returns
    -------
    Pipeline
        The fitted scikit-learn pipeline.

    Raises
    ------
    BundleError
        If there is no model, or the file holds anything that metatune does not write.
    """
    model = read_model(path, trusted)
    note = version_note(model)
    if note:
        warnings.warn(note, ModelVersionWarning, stacklevel=2)
    return model


def read_model(path: str | Path, trusted: Iterable[str | type] | None = None) -> "Pipeline":
    """Load a fitted pipeline without a word on its version; see `load`."""
    path = Path(path)
    try:
        file = path / MODEL_FILE if path.is_dir() else path
        if not file.is_file():
            where = f"{path} holds no {MODEL_FILE}" if path.is_dir() else f"{path} does not exist"
            raise BundleError(f"{where}: name a run directory or a model file of metatune")
        model: Pipeline = read(file, MODEL, available_memory(), _names(trusted))
    except Untrusted as untrusted:
        raise BundleError(f"{short_path(path)} is not opened: {untrusted.what}") from untrusted
    except Mismatch as mismatch:
        raise BundleError(_refusal(file, mismatch)) from mismatch
    except OSError as error:
        reason = error.strerror or error
        raise BundleError(f"{short_path(path)} cannot be read ({reason})") from error
    return model


def _names(trusted: Iterable[str | type] | None) -> tuple[str, ...] | None:
    """Return the full names of types."""
    if trusted is None:
        return None
    return tuple(t if isinstance(t, str) else f"{t.__module__}.{t.__qualname__}" for t in trusted)


def version_note(model: "Pipeline") -> str | None:
    """Return a line on a model of another version of scikit-learn; None for one of this."""
    import sklearn

    written = str(model.__dict__.get("_sklearn_version", sklearn.__version__))
    if written == sklearn.__version__:
        return None
    return (
        f"the model was written with scikit-learn {written}, and {sklearn.__version__} is "
        "installed: its predictions may differ; fit again to be sure"
    )


def _refusal(file: Path, mismatch: Mismatch) -> str:
    """Return why a file is not loaded: another version explains more than what is different."""
    import sklearn

    written = mismatch.versions.get("scikit-learn", sklearn.__version__)
    if written != sklearn.__version__:
        return (
            f"{file} was written with scikit-learn {written}, and {sklearn.__version__} is "
            "installed: predict with that version, or fit again with this one"
        )
    installed = version("metatune")
    if mismatch.versions.get("metatune", installed) != installed or "metatune." in mismatch.what:
        return (
            f"{file} was written by another version of metatune: predict with that version, or "
            "fit again with this one"
        )
    return f"{file} is not a model file of metatune, or was changed ({mismatch})"


def model_info(pipeline: "Pipeline") -> dict[str, Any]:
    """Return the plain values that were saved with a model."""
    return dict(getattr(pipeline, INFO, {}))
