"""Numbers told apart by what stands around them: ``90 min`` beside ``2 Seasons``."""

import re
from collections import Counter
from collections.abc import Mapping, Sequence
from itertools import islice

from metatune.data.columns.column import MOST_NUMBERS
from metatune.data.columns.missing import is_weak_marker
from metatune.data.columns.numbers_in_text import split_numbers

__all__ = ["find_labels", "read_labelled"]

_MOST_LABELLED = 8
_MOSTLY = 0.95  # of the cells hold only numbers that have a place
_WITH_WORDS = 0.8  # enough where all others are a few different ones ("Unknown")
_FEW_WORDS = 3
_RAREST = 0.01  # of the cells have a number with a label, for it to have a place
_BARE = "#"
_ENDS = 2  # of a range; more numbers with nothing around them, or in another order, are a list
_TRIAL = 100  # distinct cells that are tried first: most columns are something else
_LABEL_WORD = re.compile(r"[^\W\d_]+|[$€£¥₹%‰°]")
_WORD_BEFORE = re.compile(r"(?:[^\W\d_]+|[$€£¥₹])(?=\s*$)")
_GLUED = re.compile(r"[^\W\d_]\d|\d[A-Z](?!\w)")  # letters of codes: A12, 4D
_NAMED = re.compile(r"[^\W\d_]+#")
_MOSTLY_NAMED = 0.8  # of the cells name what the number belongs to, and nothing else: "Golf 2015"
_LARGE = 10_000  # a number without a unit that is part of a code rather than an amount
_PLURAL = re.compile(r"(?<=\w\w\w)(?<!s)s$")

_Labels = tuple[str, ...]


def read_labelled(text: str, labels: Sequence[str], decimal: str = ".") -> tuple[float, ...]:
    """Read the numbers of a cell into the places of their labels.

    Parameters
    ----------
    text : str
        The cell.
    labels : sequence of str
        Label of each place, as `find_labels` returns them.
    decimal : str
        "." or ","; the other one groups thousands.

    Returns
    -------
    tuple of float
        As long as `labels`, NaN where the cell holds no number with a label; empty if it holds
        none with any of them.
    """
    free: dict[str, list[int]] = {}
    for place, label in enumerate(labels):
        free.setdefault(label, []).append(place)
    values = [float("nan")] * len(labels)
    found = False
    for label, number in _labelled(text, decimal):
        places = free.get(label)
        if places:
            values[places.pop(0)], found = number, True
    return tuple(values) if found else ()


def find_labels(counts: Mapping[str, int], decimal: str = ".") -> _Labels:
    """Find the labels of the numbers in the cells of a column.

    The label of a number is the word before it and the words after it, up to the next number:
    ``#km kg``, ``of#``. Cells of a few different forms have to hold nearly all of them.

    Parameters
    ----------
    counts : mapping of str to int
        Distinct cells that are not missing, with how often each occurs.
    decimal : str
        As in `read_labelled`.

    Returns
    -------
    tuple of str
        At most six; a label stands in it as often as a cell may hold numbers with it. Empty if
        the cells are no such numbers, or codes such as ``A12``.
    """
    cells = {text: n for text, n in counts.items() if not is_weak_marker(text)}
    if not _forms_of(dict(islice(cells.items(), _TRIAL)), decimal):
        return ()
    forms = _forms_of(cells, decimal)
    n_cells = sum(forms.values())
    usual = [form for form, n in forms.most_common(_MOST_LABELLED) if n >= _RAREST * n_cells]
    labels = _union(usual)
    placed = sum(n for form, n in forms.items() if not Counter(form) - Counter(labels))
    few = len(usual) > 1 and len(labels) <= MOST_NUMBERS
    return labels if few and placed >= _MOSTLY * n_cells else ()


def _forms_of(cells: Mapping[str, int], decimal: str) -> Counter[_Labels]:
    """Count the labels of cells, if nearly all hold numbers, and no codes or lists of them."""
    forms: Counter[_Labels] = Counter()
    words: Counter[str] = Counter()
    n_glued = n_long = 0
    for text, n in cells.items():
        found = _labelled(text, decimal)
        bare = [number for label, number in found if label == _BARE]
        if not found or len(bare) > _ENDS or bare != sorted(bare):
            words[text] += n
            continue
        forms[tuple(label for label, _ in found)] += n
        n_glued += n * (_GLUED.search(text) is not None)
        n_long += n * (max(bare, default=0.0) >= _LARGE)
    n_numbers = sum(forms.values())
    n_named = sum(n for form, n in forms.items() if all(map(_NAMED.fullmatch, form)))
    only_bare = all(set(form) == {_BARE} for form in forms)
    enough = _WITH_WORDS if len(words) <= _FEW_WORDS else _MOSTLY
    are_codes = (
        n_glued > n_numbers / 2
        or n_named > _MOSTLY_NAMED * n_numbers
        or (n_long > n_numbers / 2 and not only_bare)
    )
    is_enough = n_numbers >= enough * (n_numbers + sum(words.values()))
    return forms if is_enough and not are_codes else Counter()


def _union(forms: Sequence[_Labels]) -> _Labels:
    """Return every label as often as it stands in any of some forms, those of the first first."""
    labels: list[str] = []
    for form in forms:
        for label, n in Counter(form).items():
            labels += [label] * (n - labels.count(label))
    return tuple(labels)


def _labelled(text: str, decimal: str) -> list[tuple[str, float]]:
    """Return the numbers of a cell with their labels."""
    numbers, pieces = split_numbers(text.casefold(), decimal)
    found = []
    for i, number in enumerate(numbers):
        before = _WORD_BEFORE.search(pieces[i])
        after = " ".join(_PLURAL.sub("", word) for word in _LABEL_WORD.findall(pieces[i + 1]))
        found.append((f"{before[0] if before else ''}#{after}", number))
    return found
