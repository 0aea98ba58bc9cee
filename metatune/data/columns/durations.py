"""Durations as people write them: ``1h 30m``, ``36:15:00``, ``2 days``, ``1 days 02:03:04``."""

import math
import re

__all__ = ["DURATION", "parse_duration"]

DURATION = "duration"
"""Stands for the unit of a column of durations; they are read as seconds."""

_SECONDS = {
    **dict.fromkeys(("ms", "msec", "msecs", "millisecond", "milliseconds"), 1e-3),
    **dict.fromkeys(("s", "sec", "secs", "second", "seconds"), 1.0),
    **dict.fromkeys(("m", "min", "mins", "mn", "minute", "minutes"), 60.0),
    **dict.fromkeys(("h", "hr", "hrs", "hour", "hours", "std"), 3600.0),
    **dict.fromkeys(("d", "day", "days"), 86_400.0),
    **dict.fromkeys(("w", "wk", "wks", "week", "weeks"), 604_800.0),
    **dict.fromkeys(("mo", "mos", "mon", "mons", "month", "months"), 2_629_746.0),
    **dict.fromkeys(("y", "yr", "yrs", "year", "years"), 31_556_952.0),
}
_NUMBER = r"\d+(?:[.,]\d+)?"
_NAMES_OF_UNITS = "|".join(sorted(_SECONDS, key=len, reverse=True))
_SPAN = re.compile(rf"({_NUMBER})\+?\s*({_NAMES_OF_UNITS})\.?(?![^\W\d_])", re.IGNORECASE)
_SPANS = re.compile(
    rf"[-+−]?\s*(?:{_NUMBER}\+?\s*(?:{_NAMES_OF_UNITS})\.?(?![^\W\d_])(?:\s*(?:,|and|&)?\s*)?)+",
    re.IGNORECASE,
)
_CLOCK = re.compile(
    r"(?P<sign>[-+−])?(?:(?P<days>\d+)\s*(?:d|days?)?[\s.,]\s*(?P<plus>\+)?)?"
    r"(?P<first>\d{1,5}):(?P<second>[0-5]\d)(?::(?P<third>[0-5]\d))?(?P<fraction>[.,]\d+)?",
    re.IGNORECASE,
)
_ISO = re.compile(
    rf"(?P<sign>-)?P(?:({_NUMBER})Y)?(?:({_NUMBER})M)?(?:({_NUMBER})W)?(?:({_NUMBER})D)?"
    rf"(?:T(?:({_NUMBER})H)?(?:({_NUMBER})M)?(?:({_NUMBER})S)?)?"
)
_ISO_UNITS = ("y", "mo", "w", "d", "h", "m", "s")
_AGO = re.compile(
    r"(?:(?:about|almost|nearly|over)\s+)?(\S.*?)\s+(?:ago|old|left|remaining)", re.IGNORECASE
)
_ARTICLE = re.compile(r"an?(?=\s)", re.IGNORECASE)
_MAX_LENGTH = 60


def parse_duration(text: str) -> float:
    """Read one cell as a duration in seconds; NaN where it is none.

    ``7:05`` are minutes and seconds, ``36:15:00`` hours, minutes and seconds, ``1.02:03:04`` and
    ``1 days 02:03:04`` begin with days. ``3 weeks ago`` and ``2 days left`` are durations, too.
    """
    text = text.strip()
    if len(text) > _MAX_LENGTH:
        return math.nan
    ago = _AGO.fullmatch(text)
    if ago is not None:
        text = _ARTICLE.sub("1", ago[1])
    clock = _CLOCK.fullmatch(text)
    if clock is not None:
        return _clock_seconds(clock)
    if _SPANS.fullmatch(text):
        seconds = sum(_amount(n) * _SECONDS[unit.lower()] for n, unit in _SPAN.findall(text))
        return -seconds if text[0] in "-−" else seconds
    iso = _ISO.fullmatch(text)
    if iso is None or not any(iso.groups()[1:]):
        return math.nan
    pairs = zip(iso.groups()[1:], _ISO_UNITS, strict=True)
    seconds = sum(_amount(n) * _SECONDS[unit] for n, unit in pairs if n)
    return -seconds if iso["sign"] else seconds


def _clock_seconds(clock: "re.Match[str]") -> float:
    first, second = int(clock["first"]), int(clock["second"])
    seconds = first * 60.0 + second
    if clock["third"] is not None:
        seconds = seconds * 60.0 + int(clock["third"])
    elif clock["days"] is not None:
        seconds *= 60.0  # after days come hours and minutes
    if clock["fraction"] is not None:
        seconds += float("0." + clock["fraction"][1:])
    days = int(clock["days"] or 0) * 86_400.0
    if clock["sign"] not in ("-", "−"):
        return days + seconds
    return seconds - days if clock["plus"] else -days - seconds  # pandas writes -1 days +23:00:00


def _amount(text: str) -> float:
    return float(text.replace(",", "."))
