"""Model file: saving and loading fitted pipelines without pickle.

A model file is written by skops: it holds no code, and what it may construct is audited against the
one list of trusted types before anything is constructed.
"""

from pathlib import Path
from typing import TYPE_CHECKING, Any

from metatune.errors import BundleError
from metatune.files.atomic import replacing
from metatune.models.trusted_types import TRUSTED_TYPES

if TYPE_CHECKING:
    from sklearn.pipeline import Pipeline

__all__ = ["MODEL_FILE", "cannot_write", "load", "model_info", "save"]

MODEL_FILE = "model.skops"

_INFO = "metatune_info"


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

    setattr(pipeline, _INFO, info or {})
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


def _refusal(file: Path, reason: str) -> str:
    """Return why a file with untrusted types is not loaded.

    Types of metatune that are not trusted any more have moved since the file was written.
    """
    if "'metatune." in reason:
        return (
            f"{file} was written by another version of metatune: predict with that version, or "
            "fit again with this one"
        )
    return f"{file} is not loaded: {reason}"


def load(path: str | Path) -> "Pipeline":
    """Load a fitted pipeline.

    Parameters
    ----------
    path : str or Path
        A run directory or its ``model.skops``.

    Returns
    -------
    Pipeline
        The fitted scikit-learn pipeline.

    Raises
    ------
    BundleError
        If there is no model, the file is no model file, or it asks for types that metatune does
        not trust.
    """
    path = Path(path)
    file = path / MODEL_FILE if path.is_dir() else path
    if not file.is_file():
        where = f"{path} holds no {MODEL_FILE}" if path.is_dir() else f"{path} does not exist"
        raise BundleError(f"{where}: name a run directory or a model file of metatune")
    from zipfile import BadZipFile

    import skops.io
    from skops.io.exceptions import UntrustedTypesFoundException

    trusted = list(TRUSTED_TYPES)
    try:
        model = skops.io.load(file, trusted=trusted)
    except UntrustedTypesFoundException as error:
        raise BundleError(_refusal(file, " ".join(str(error).split()))) from error
    # A file that is no archive, an archive of something else, or a torn one: skops has no error of
    # its own for these, so what its readers raise is named one by one.
    except (
        BadZipFile,
        OSError,
        ValueError,
        KeyError,
        TypeError,
        AttributeError,
        ImportError,
    ) as error:
        reason = " ".join(str(error).split())[:200]
        raise BundleError(
            f"{file} is not a model file of metatune ({type(error).__name__}: {reason})"
        ) from error
    if not hasattr(model, _INFO):
        raise BundleError(f"{file} was not written by metatune: use scikit-learn's own tools")
    return model


def model_info(pipeline: "Pipeline") -> dict[str, Any]:
    """Return the plain values that were saved with a model."""
    return dict(getattr(pipeline, _INFO, {}))
