"""The kind of a prediction task."""

from enum import StrEnum

__all__ = ["TaskKind"]


class TaskKind(StrEnum):
    """Kind of the target: one of two classes, one of several classes, or a number."""

    BINARY = "binary"
    MULTICLASS = "multiclass"
    REGRESSION = "regression"

    @property
    def is_classification(self) -> bool:
        """True if classes are predicted."""
        return self is not TaskKind.REGRESSION
