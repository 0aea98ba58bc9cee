"""Model files of fitted estimators."""

from pathlib import Path
from typing import TYPE_CHECKING, Any, ClassVar

from sklearn.utils.validation import check_is_fitted

from metatune.kinds import TaskKind
from metatune.models import model_file
from metatune.storage.provenance import library_versions

if TYPE_CHECKING:
    from numpy.typing import NDArray
    from sklearn.pipeline import Pipeline

__all__ = ["SavedEstimator"]


class SavedEstimator:
    """Part of an estimator that writes its model to a file."""

    _classification: ClassVar[bool]
    pipeline_: "Pipeline"
    classes_: "NDArray[Any]"
    metric_: str
    _target: str
    _positive: int | None

    def save(self, path: str | Path) -> None:
        """Write the fitted pipeline to a model file without pickle; `metatune.load` opens it.

        Parameters
        ----------
        path : str or Path
            Usually with the suffix ``.skops``.
        """
        check_is_fitted(self, "pipeline_")
        model_file.save(self.pipeline_, Path(path), self._info())

    def _info(self) -> dict[str, Any]:
        kind = TaskKind.REGRESSION
        if self._classification:
            kind = TaskKind.BINARY if len(self.classes_) == 2 else TaskKind.MULTICLASS
        return {
            "name": "data",
            "target": self._target,
            "task": str(kind),
            "metric": self.metric_,
            "positive": self._positive,
            "versions": library_versions(),
        }
