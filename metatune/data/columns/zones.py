"""Time zones at the end of a time: ``UTC``, ``Z``, ``+02:00``, ``-0700 (PDT)``."""

import re

__all__ = ["split_zone"]

_HOURS = {
    **dict.fromkeys(("Z", "UTC", "GMT", "UT", "WET"), 0.0),
    **{"CET": 1.0, "MEZ": 1.0, "BST": 1.0, "WEST": 1.0, "CEST": 2.0, "MESZ": 2.0, "EET": 2.0},
    **{"SAST": 2.0, "EEST": 3.0, "MSK": 3.0, "IST": 5.5, "HKT": 8.0, "SGT": 8.0},
    **{"JST": 9.0, "KST": 9.0, "AEST": 10.0, "AEDT": 11.0, "NZST": 12.0, "NZDT": 13.0},
    **{"EST": -5.0, "EDT": -4.0, "CST": -6.0, "CDT": -5.0, "MST": -7.0, "MDT": -6.0},
    **{"PST": -8.0, "PDT": -7.0, "AKST": -9.0, "HST": -10.0, "BRT": -3.0, "ART": -3.0},
}
_TIME = r"\d{1,2}:\d{2}(?::\d{2}(?:[.,]\d+)?)?(?:\s?[AaPp][Mm])?"
_NAMES = "|".join(sorted(_HOURS, key=len, reverse=True))
_ZONE = rf"(?:(?:GMT|UTC)?[+-]\d{{1,2}}:?(?:\d{{2}})?|{_NAMES})"
_AT_THE_END = re.compile(rf"(?P<time>.*{_TIME})\s?(?P<zone>{_ZONE})(?:\s*\([\w\s]+\))?")
_BEFORE_THE_YEAR = re.compile(rf"(?P<time>.*{_TIME})\s(?P<zone>{_ZONE})(?P<year>\s\d{{4}})")
_COMMA = re.compile(r"(:\d{2}),(\d+)$")  # before fractions of a second
_OFFSET = re.compile(r"(?:GMT|UTC)?([+-])(\d{1,2}):?(\d{2})?")


def split_zone(text: str, *, named: bool = False) -> tuple[str, int | None]:
    """Cut the zone off a time.

    Parameters
    ----------
    text : str
        The cell.
    named : bool
        Only zones with a name count: ``09:00-17:00`` without a day are two times.

    Returns
    -------
    tuple of (str, int or None)
        The time without brackets and zone; and minutes east of Greenwich, 0 where only brackets
        were removed or a comma before fractions mended, None where nothing was.
    """
    bare = text.strip()
    bracketed = bare.startswith("[") and bare.endswith("]")
    if bracketed:
        bare = bare[1:-1].strip()
    match = _AT_THE_END.fullmatch(bare) or _BEFORE_THE_YEAR.fullmatch(bare)
    if match is None:
        pointed = _COMMA.sub(r"\1.\2", bare)
        return pointed, 0 if bracketed or pointed != bare else None
    if named and _OFFSET.fullmatch(match["zone"]):
        return bare, 0 if bracketed else None
    year = match.groupdict().get("year") or ""
    return match["time"] + year, _minutes(match["zone"])


def _minutes(zone: str) -> int:
    match = _OFFSET.fullmatch(zone)
    if match is None:
        return round(60 * _HOURS[zone])
    minutes = int(match[2]) * 60 + int(match[3] or 0)
    return -minutes if match[1] == "-" else minutes
