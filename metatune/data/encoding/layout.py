"""Layout of an encoded matrix: names and kinds of its columns.

The table encoder turns a table as users have it into one float64 matrix: numbers as they are,
categories as codes 0..n_levels-1, missing cells as NaN. Every algorithm starts from that matrix,
so the work is done once per run and the matrix can be memory-mapped by the workers.
"""

from dataclasses import dataclass

__all__ = ["Layout"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Layout:
    """The columns of an encoded matrix.

    Attributes
    ----------
    names : tuple of str
        Name of each matrix column.
    n_levels : tuple of int
        For each matrix column 0 for a number, else the number of category codes 0..n_levels-1.
    n_predicted : int
        How many columns at the end are predictions of the target, made from texts.
    """

    names: tuple[str, ...]
    n_levels: tuple[int, ...]
    n_predicted: int = 0

    @property
    def n_columns(self) -> int:
        """Number of matrix columns."""
        return len(self.names)

    @property
    def observed(self) -> "Layout":
        """The columns that do not depend on the target."""
        n = self.n_columns - self.n_predicted
        return Layout(names=self.names[:n], n_levels=self.n_levels[:n])

    @property
    def numeric(self) -> tuple[int, ...]:
        """Positions of the numbers."""
        return tuple(i for i, levels in enumerate(self.n_levels) if levels == 0)

    @property
    def categorical(self) -> tuple[int, ...]:
        """Positions of the category codes."""
        return tuple(i for i, levels in enumerate(self.n_levels) if levels > 0)
