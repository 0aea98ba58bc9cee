"""Name of the target among the columns of a table: as the user says, or a guess."""

from difflib import get_close_matches

from metatune.data.wording import listed
from metatune.errors import TargetError

__all__ = ["find_target"]

_USUAL_NAMES = frozenset(("target", "class", "label", "y", "outcome"))


def find_target(names: list[str], wanted: str | None) -> tuple[int, str]:
    """Find the position of the target column.

    Parameters
    ----------
    names : list of str
        The columns of the table.
    wanted : str or None
        A name, or a position counted from zero where no column has that name; None to guess:
        the one column called target, class, label, y or outcome, else the last.

    Returns
    -------
    tuple of (int, str)
        Position, and a note that announces a guess; empty if nothing was guessed.

    Raises
    ------
    TargetError
        If there is no such column; the message names the nearest.
    """
    if wanted is None:
        usual = [i for i, name in enumerate(names) if name.strip().lower() in _USUAL_NAMES]
        if len(usual) == 1:
            return usual[0], f"target {names[usual[0]]!r}, by its name; --target overrides"
        return len(names) - 1, f"target {names[-1]!r}, the last column; --target overrides"
    if wanted in names:
        return names.index(wanted), ""
    alike = [i for i, name in enumerate(names) if name.strip() == wanted.strip()]
    if len(alike) == 1:
        return alike[0], ""
    if wanted.strip().isdigit() and int(wanted) < len(names):
        return int(wanted), f"target {names[int(wanted)]!r}, column {int(wanted)} counted from zero"
    raise TargetError(f"there is no column {wanted!r}: {_suggestion(names, wanted)}")


def _suggestion(names: list[str], wanted: str) -> str:
    lowered = {name.strip().lower(): name for name in reversed(names)}
    close = get_close_matches(wanted.strip().lower(), list(lowered), n=1, cutoff=0.5)
    if close:
        return f"did you mean {lowered[close[0]]!r}?"
    return f"the columns are {listed(names)}"
