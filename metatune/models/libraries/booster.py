"""Booster: sizes of a model of another library, as its own text or bytes state them."""

from dataclasses import dataclass

__all__ = ["Booster"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Booster:
    """Sizes of a checked model.

    Attributes
    ----------
    n_columns : int
        Columns that it takes at least.
    n_classes : int
        Classes that it tells apart; 0 for numbers.
    """

    n_columns: int
    n_classes: int
