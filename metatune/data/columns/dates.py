"""Dates and times as people write them, with or without a time zone, in one format or several."""

import re
from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd

from metatune.data.columns.date_words import plain_date
from metatune.data.columns.epochs import EPOCH, parse_epochs
from metatune.data.columns.missing import is_weak_marker
from metatune.data.columns.zones import split_zone

if TYPE_CHECKING:
    from collections.abc import Callable

    from metatune._typing import AnyArray

__all__ = [
    "ISO",
    "WORDS",
    "count_digits",
    "find_date_format",
    "find_digit_format",
    "parse_date_texts",
]

ISO = "ISO8601"
"""Stands for all forms of ISO 8601, with or without time, fraction and offset."""

WORDS = "words: "
"""Stands before formats of what `plain_date` makes of the texts."""

_DAYS = (
    "%d/%m/%Y",
    "%m/%d/%Y",
    "%d.%m.%Y",
    "%m.%d.%Y",
    "%d-%m-%Y",
    "%m-%d-%Y",
    "%Y/%m/%d",
    "%Y.%m.%d",
    "%d/%m/%y",
    "%m/%d/%y",
    "%d.%m.%y",
    "%d-%m-%y",
    "%m-%d-%y",
    "%y/%m/%d",
    "%d-%b-%y",
    "%d-%b-%Y",
    "%d %b %Y",
    "%d %B %Y",
    "%b %d, %Y",
    "%B %d, %Y",
    "%b %d %Y",
    "%B %d %Y",
    "%a, %d %b %Y",
    "%A, %B %d, %Y",
    "%Y-%b-%d",
    "%d/%b/%Y",
    "%a %d %b %Y",
    "%a %b %d %Y",
    "%a, %b %d, %Y",
)
_MONTHS = (
    *("%b-%Y", "%B %Y", "%b %Y", "%b-%y", "%m/%Y", "%y-%b"),
    *("%B-%Y", "%b/%Y", "%B/%Y", "%B, %Y", "%b, %Y", "%Y-%b", "%Y-%B", "%Y %b", "%Y %B", "%m-%Y"),
)
_DAYS_OF_ANY_YEAR = ("%d %b", "%d %B", "%b %d", "%B %d")
_TIMES = ("%H:%M:%S", "%H:%M", "%I:%M:%S %p", "%I:%M %p", "%H:%M:%S.%f")
_GAP_AND_TIME = re.compile(
    r"(?P<gap> at |, |[ T-])\d{1,2}:\d{2}(?P<seconds>:\d{2})?(?P<fraction>\.\d+)?"
    r"(?P<half>(?P<blank>\s)?[AaPp][Mm])?(?![:\d])"
)
_LEAP_YEAR = 2000  # of days without a year
_TIMES_FIRST = tuple(
    f"{time} {day}"
    for time in ("%H:%M", "%H:%M:%S", "%I:%M %p")
    for day in (
        *("%d %b %Y", "%d %B %Y", "%d/%m/%Y", "%m/%d/%Y", "%Y-%m-%d", "%d.%m.%Y"),
        *_DAYS_OF_ANY_YEAR,
    )
)
_WHOLE = (
    *("%a %b %d %H:%M:%S %Y", "%d/%b/%Y:%H:%M:%S", "%Y%m%dT%H%M%S", "%Y%m%d %H:%M:%S"),
    *_TIMES_FIRST,
)
_DIGITS = {8: ("%Y%m%d", "%m%d%Y", "%d%m%Y"), 12: ("%Y%m%d%H%M",), 14: ("%Y%m%d%H%M%S",)}
"""Formats of dates that are written as whole numbers, by their digits."""

_LOOKS = re.compile(r"(?=.*\d)[\w\s,.:/+()\[\]-]{5,70}")
_DIGIT = re.compile(r"\d")
_CLOCK = re.compile(r"\d{1,2}:\d{2}")
_WORDS = re.compile(r"[^\W\d_]+")
_NUMBERS = re.compile(r"\d+")
_DATE_WORDS = frozenset(
    (
        *("jan", "feb", "mar", "apr", "may", "jun", "jul", "aug", "sep", "oct", "nov", "dec"),
        *(
            "mon",
            "tue",
            "wed",
            "thu",
            "fri",
            "sat",
            "sun",
            "am",
            "pm",
            "t",
            "z",
            "at",
            "utc",
            "gmt",
        ),
        *("est", "edt", "cst", "cdt", "mst", "mdt", "pst", "pdt", "cet", "bst"),
    )
)
"""The first three letters of the words in dates."""

_NAME = re.compile(r"(^|[\W_])(date|day|dt|datum|dob)($|[\W_\d])|[a-z]Date|date$", re.IGNORECASE)
_MOSTLY = 0.95
_WITH_WORDS = 0.8  # enough where all other cells are at most three words
_FEW_WORDS = 3
_TRIAL = 40
_LEAST_IN_WORDS = 0.2  # of the first texts, such as those of three months that others abbreviate
_MOST_FORMATS = 4  # in one column
_LEAST_SHARE = 0.02  # of the distinct texts that a further format explains
_BETWEEN = "|"  # formats
_YEARS = (1900, 2100)


def parse_date_texts(
    texts: "Sequence[str] | pd.Index[Any] | AnyArray", date_format: str
) -> pd.DatetimeIndex:
    """Read texts as instants in UTC without a time zone; what cannot be read is NaT.

    Parameters
    ----------
    texts : sequence of str
        The cells.
    date_format : str
        As `find_date_format` or `epoch_format` returns it: several formats, of which the first
        that fits counts, are separated by a vertical bar.
    """
    if date_format.startswith(EPOCH):
        return parse_epochs(texts, date_format)
    cells = pd.Index(texts, dtype=object)
    if date_format.startswith(WORDS):
        cells = pd.Index([plain_date(str(cell)) for cell in cells], dtype=object)
        date_format = date_format.removeprefix(WORDS)
    first, *others = date_format.split(_BETWEEN)
    parsed = _parse(cells, first)
    if first == ISO or "%H" in date_format or "%I" in date_format:
        parsed = _filled(parsed, cells, _parse_zoned, first)
    for other in others:
        parsed = _filled(parsed, cells, parse_date_texts, other)
    return parsed


def find_date_format(texts: "Mapping[str, int] | Sequence[str]") -> tuple[str | None, str]:
    """Find the format, or the few formats, in which (nearly) all texts are dates or times.

    Parameters
    ----------
    texts : mapping of str to int, or sequence of str
        Distinct cells that are not missing, perhaps with how often each occurs.

    Returns
    -------
    tuple of (str or None, str)
        strptime formats or "ISO8601", several separated by a vertical bar; None if the texts are
        no dates. And a note if day and month could be told apart by convention only, or if there
        are several formats.
    """
    counts = texts if isinstance(texts, Mapping) else dict.fromkeys(texts, 1)
    dates = _without_words(counts)
    found, note = _find_plain(dates)
    head = dates[:_TRIAL]
    if found is not None or not any(map(_DIGIT.search, head)):
        return found, note
    if sum(plain_date(text) != text for text in head) < _LEAST_IN_WORDS * len(head):
        return None, ""
    found, note = _find_plain([plain_date(text) for text in dates])
    if found is None:
        return None, ""
    return f"{WORDS}{found}", "; ".join(["dates in words or periods", *[note] * bool(note)])


def _find_plain(dates: Sequence[str]) -> tuple[str | None, str]:
    """Find the format, or the few formats, of dates that `strptime` reads as they are."""
    head = dates[:_TRIAL]
    if not head or sum(bool(_LOOKS.fullmatch(text)) for text in head) < _MOSTLY * len(head):
        return None, ""
    if _share(head, ISO) >= _MOSTLY and _share(dates, ISO) >= _MOSTLY:
        return ISO, ""
    fitting = [f for f in _candidates(head) if _share(head, f) >= _MOSTLY]
    fitting = [f for f in fitting if _share(dates, f) >= _MOSTLY]
    fitting = [f for f in fitting if f != "%m-%Y" or _plausible(dates, f)]  # else a code
    if not fitting:
        return _several_formats(dates)
    best = max(fitting, key=lambda f: (_share(dates, f), _plausible(dates, f), -_rank(f)))
    swapped = _swap(best)
    if swapped != best and swapped in fitting and _share(dates, swapped) == _share(dates, best):
        return best, f"day and month cannot be told apart, read as {best}"
    return best, ""


def find_digit_format(name: str, texts: Sequence[str]) -> str | None:
    """Find the format of dates written as whole numbers, as 20141013, 10142018 or 20141013235959.

    Parameters
    ----------
    name : str
        Name of the column: a few distinct numbers are dates only if it says so.
    texts : sequence of str
        Distinct cells as digits.

    Returns
    -------
    str or None
        A format if exactly one fits all cells; the first zero of eight digits may be missing.
    """
    lengths = {8 if len(text) == 7 else len(text) for text in texts}
    if len(lengths) != 1 or (len(texts) < 30 and not _NAME.search(name)):
        return None
    n_digits = lengths.pop()
    padded = [text.zfill(n_digits) for text in texts]
    known = _DIGITS.get(n_digits, ())
    fitting = [f for f in known if _share(padded, f) == 1.0 and _plausible(padded, f)]
    return fitting[0] if len(fitting) == 1 else None


def count_digits(date_format: str) -> int:
    """Return how many digits dates of a format have; 0 if they are no whole numbers."""
    return next((n for n, formats in _DIGITS.items() if date_format in formats), 0)


def _without_words(counts: Mapping[str, int]) -> list[str]:
    """Return the texts without those that stand for "missing", and without three words at most."""
    dates = [text for text in counts if not is_weak_marker(text)]
    words = [text for text in dates if not _DIGIT.search(text)]
    n_words, n_cells = sum(counts[text] for text in words), sum(counts[text] for text in dates)
    if len(words) > _FEW_WORDS or n_words > (1 - _WITH_WORDS) * n_cells:
        return dates
    return [text for text in dates if text not in words]


def _several_formats(texts: Sequence[str]) -> tuple[str | None, str]:
    """Find a few formats that explain the texts together, the most frequent first.

    With a year of four digits, or all without a year but with a time: others fit too much.
    """
    head = [*texts[:_TRIAL], *texts[:: max(1, len(texts) // _TRIAL)]]
    if sum(map(_has_date_words, head)) < _MOSTLY * len(head):
        return None, ""
    days = [f for f in _DAYS if "%Y" in f]
    dated = [ISO, *days, *_with_times(days, head), *(f for f in _WHOLE if "%Y" in f)]
    timed = [*_TIMES, *_with_times(_DAYS_OF_ANY_YEAR, head)]
    timed += [f for f in _TIMES_FIRST if not _has_year(f)]
    for candidates in (dated, timed):
        usable = [f for f in candidates if _share(head, f) > 0 and _plausible(head, f)]
        found = _explaining(texts, usable)
        if found:
            return _BETWEEN.join(found), f"dates in several formats: {', '.join(found)}"
    return None, ""


def _explaining(texts: Sequence[str], candidates: Sequence[str]) -> list[str]:
    """Return the few formats that explain (nearly) all texts together; none if they do not."""
    found: list[str] = []
    left = list(texts)
    while left and len(found) < _MOST_FORMATS and candidates:
        best = max(candidates, key=lambda f: (_share(left, f), -_rank(f)))
        if _share(left, best) * len(left) < max(2.0, _LEAST_SHARE * len(texts)):
            break
        found.append(best)
        missed = parse_date_texts(left, best).isna()
        left = [text for text, lost in zip(left, missed, strict=True) if lost]
    explained = len(found) > 1 and len(left) <= (1 - _MOSTLY) * len(texts)
    return found if explained else []


def _has_date_words(text: str) -> bool:
    """Return True if a text has several numbers, and no words but those of dates."""
    words = _WORDS.findall(text)
    return len(_NUMBERS.findall(text)) >= 2 and all(w[:3].lower() in _DATE_WORDS for w in words)


def _parse(cells: "pd.Index[Any]", date_format: str) -> pd.DatetimeIndex:
    if "%d" in date_format and not _has_year(date_format):  # the 29th of February is one of them
        cells, date_format = cells + f" {_LEAP_YEAR}", f"{date_format} %Y"
    parsed = pd.to_datetime(cells, format=date_format, errors="coerce", utc=True)
    return pd.DatetimeIndex(parsed).tz_localize(None).as_unit("us")


def _filled(
    parsed: pd.DatetimeIndex,
    cells: "pd.Index[Any]",
    parse: "Callable[[pd.Index[Any], str], pd.DatetimeIndex]",
    date_format: str,
) -> pd.DatetimeIndex:
    """Read the cells that are still NaT in another way, or another format."""
    lost = parsed.isna()
    if not lost.any():
        return parsed
    values = parsed.to_numpy(copy=True)
    values[lost] = parse(cells[lost], date_format).to_numpy()
    return pd.DatetimeIndex(values)


def _parse_zoned(cells: "pd.Index[Any]", date_format: str) -> pd.DatetimeIndex:
    """Read times that end with a zone, or stand in brackets as in the log of a web server."""
    has_day = date_format == ISO or "%d" in date_format
    parts = [split_zone(str(cell), named=not has_day) for cell in cells]
    zoned = [i for i, (_, offset) in enumerate(parts) if offset is not None]
    values = np.full(len(cells), np.datetime64("NaT", "us"))
    if zoned:
        bare = pd.Index([parts[i][0] for i in zoned], dtype=object)
        offsets = np.array([parts[i][1] for i in zoned], dtype="timedelta64[m]")
        values[zoned] = _parse(bare, date_format).to_numpy() - offsets
    return pd.DatetimeIndex(values)


def _candidates(head: Sequence[str]) -> list[str]:
    with_clock = sum(bool(_CLOCK.search(text)) for text in head) > len(head) / 2
    if with_clock:
        return [*_TIMES, *_WHOLE, *_with_times((*_DAYS, *_DAYS_OF_ANY_YEAR), head)]
    return [*_DAYS, *_MONTHS, *_WHOLE, *_DAYS_OF_ANY_YEAR]


def _with_times(days: Sequence[str], head: Sequence[str]) -> list[str]:
    """Return the formats of days, each with the forms of time that follow a day in some texts."""
    seen = {m.groups() for m in map(_GAP_AND_TIME.search, head) if m is not None}
    times = []
    for gap, seconds, fraction, half, blank in seen:
        hour = "%I" if half else "%H"
        rest = ":%S" * bool(seconds) + ".%f" * bool(fraction) + f"{blank or ''}%p" * bool(half)
        times.append(f"{gap}{hour}:%M{rest}")
    return [f"{day}{time}" for day in days for time in dict.fromkeys(sorted(times))]


def _share(texts: Sequence[str], date_format: str) -> float:
    missing = parse_date_texts(texts, date_format).isna()
    return 1.0 - float(np.mean(missing))


def _plausible(texts: Sequence[str], date_format: str) -> bool:
    """Return True if all years are plausible for data; times without a date always are."""
    if "%Y" not in date_format:
        return True
    years = parse_date_texts(texts, date_format).year.dropna()
    return len(years) > 0 and years.min() >= _YEARS[0] and years.max() <= _YEARS[1]


def _has_year(date_format: str) -> bool:
    return date_format == ISO or "%y" in date_format.lower()


def _rank(date_format: str) -> int:
    """Order the formats that fit equally well: month before day only with slashes."""
    return 0 if date_format.startswith("%m/") else 1 + date_format.startswith("%m")


def _swap(date_format: str) -> str:
    """Exchange day and month."""
    return date_format.replace("%d", "%_").replace("%m", "%d").replace("%_", "%m")
