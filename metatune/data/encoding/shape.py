"""Shape: the size of an encoded table."""

from dataclasses import dataclass

__all__ = ["Shape"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Shape:
    """Size of an encoded table, or of the rows that train a model.

    Attributes
    ----------
    n_rows, n_columns : int
        Rows and columns.
    n_classes : int
        Number of classes; 0 for regression.
    """

    n_rows: int
    n_columns: int
    n_classes: int = 0
