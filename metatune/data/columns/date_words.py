"""Dates in words and periods: ``3rd of March 2020``, ``12 janvier 2020``, ``Q3 2019``."""

import datetime
import re
import unicodedata
from collections.abc import Callable
from functools import cache

__all__ = ["plain_date"]

_MONTHS = {
    "jan": "january januar janv janvier ene enero gen gennaio janeiro januari stycznia styczen "
    "январь января янв ocak leden ledna",
    "feb": "february februar fev fevr fevrier febrero febbraio fevereiro februari lutego luty "
    "февраль февраля фев subat unor unora",
    "mar": "march marz maerz mrz mars marzo marco mrt maart marts marca marzec март марта мар "
    "mart brezen brezna",
    "apr": "april avr avril abr abril aprile kwietnia kwiecien апрель апреля апр nisan duben dubna",
    "may": "mai mayo mag maggio maio mei maj maja май мая mayis kveten kvetna",
    "jun": "june juni juin junio giu giugno junho czerwca czerwiec июнь июня июн haziran cerven "
    "cervna",
    "jul": "july juli juil juillet julio lug luglio julho lipca lipiec июль июля июл temmuz "
    "cervenec cervence",
    "aug": "august aout ago agosto augustus augusti sierpnia sierpien август августа авг agustos "
    "srpen srpna",
    "sep": "sept september septembre septiembre set settembre setembro wrzesnia wrzesien "
    "сентябрь сентября сен сент eylul zari",
    "oct": "october okt oktober octobre octubre ott ottobre out outubro pazdziernika pazdziernik "
    "октябрь октября окт ekim rijen rijna",
    "nov": "november novembre noviembre novembro listopada listopad ноябрь ноября ноя kasim",
    "dec": "december dez dezember decembre dic diciembre dicembre dezembro grudnia grudzien "
    "декабрь декабря дек aralik prosinec prosince",
}
"""Names of months without accents, in the languages of Europe."""

_DROPPED = (
    "of the at de del do da di der den le el il a o um uhr klo г года "
    "monday tuesday wednesday thursday friday saturday sunday mon tue tues wed thu thur thurs fri "
    "sat sun montag dienstag mittwoch donnerstag freitag samstag sonntag mo mi fr sa so "
    "lundi mardi mercredi jeudi vendredi samedi dimanche lunes martes miercoles jueves viernes "
    "sabado domingo lunedi martedi mercoledi giovedi venerdi sabato domenica "
    "segunda terca quarta quinta sexta feira maandag dinsdag woensdag donderdag vrijdag zaterdag "
    "zondag"
)
"""Days of the week, which the date tells as well, and words between the parts of a date."""

_MAX_LENGTH = 60
_YEAR = r"(?P<year>(?:19|20)\d\d)"
_BETWEEN = r"[\s/_-]*"
_WORD = re.compile(r"[^\W\d_]+\.?")
_ORDINAL = re.compile(r"(?<=\d)(?:st|nd|rd|th|er|e|º|ª|\.(?=\s*[^\W\d_]))(?!\w)", re.IGNORECASE)
_EASTERN = re.compile(
    r"(?P<year>\d{4})\s*[年년]\s*(?P<month>\d{1,2})\s*[月월]\s*(?:(?P<day>\d{1,2})\s*[日일])?"
)
_DOTTED_CLOCK = re.compile(
    r"(?P<hour>\d{1,2})\.(?P<minute>\d\d)\.(?P<second>\d\d)(?:\.\d+)?\s*(?P<half>[ap]\.?m\.?)$",
    re.IGNORECASE,
)
_BLANKS = re.compile(r"\s+")


def plain_date(text: str) -> str:
    """Return a date in words, or the first day of a period, as formats of strptime know it.

    Parameters
    ----------
    text : str
        Quarters, halves and weeks of a year, months in twelve languages, days such as ``3rd``.

    Returns
    -------
    str
        Of other texts nothing that `strptime` would read in another way than before.
    """
    if len(text) > _MAX_LENGTH:
        return text
    for pattern, first_day in _periods():
        match = pattern.fullmatch(text.strip())
        if match is not None:
            return first_day(match) or text
    plain = _EASTERN.sub(_with_hyphens, text)
    plain = _DOTTED_CLOCK.sub(_with_colons, _ORDINAL.sub("", plain))
    plain = _WORD.sub(lambda match: _plain_word(match[0]), plain)
    return _BLANKS.sub(" ", plain.replace(",", " ")).strip(" -")


def _with_hyphens(match: "re.Match[str]") -> str:
    return f"{match['year']}-{int(match['month']):02d}-{int(match['day'] or 1):02d} "


def _with_colons(match: "re.Match[str]") -> str:
    half = match["half"].replace(".", "").upper()
    return f"{match['hour']}:{match['minute']}:{match['second']} {half}"


@cache
def _plain_word(word: str) -> str:
    return _known_words().get(_without_accents(word.rstrip(".").casefold()), word)


def _without_accents(word: str) -> str:
    letters = unicodedata.normalize("NFKD", word.replace("ı", "i"))
    return "".join(letter for letter in letters if not unicodedata.combining(letter))


@cache
def _known_words() -> dict[str, str]:
    known = dict.fromkeys(_DROPPED.split(), "")
    for month, names in _MONTHS.items():
        for name in (month, *names.split()):
            known[_without_accents(name)] = month
    return known


@cache
def _periods() -> "tuple[tuple[re.Pattern[str], Callable[[re.Match[str]], str]], ...]":
    """Return patterns of periods, each with a function that returns the first day of one."""

    def quarter(match: "re.Match[str]") -> str:
        return f"{match['year']}-{3 * int(match['n']) - 2:02d}-01"

    def half(match: "re.Match[str]") -> str:
        return f"{match['year']}-{6 * int(match['n']) - 5:02d}-01"

    def week(match: "re.Match[str]") -> str:
        try:
            day = datetime.date.fromisocalendar(
                int(match["year"]), int(match["n"]), int(match["day"] or 1)
            )
        except ValueError:
            return ""
        return day.isoformat()

    forms = (
        (rf"Q(?:tr|uarter)?\.?\s?(?P<n>[1-4]){_BETWEEN}{_YEAR}", quarter),
        (rf"{_YEAR}{_BETWEEN}Q(?:tr|uarter)?\.?\s?(?P<n>[1-4])", quarter),
        (rf"(?P<n>[1-4])Q{_BETWEEN}{_YEAR}", quarter),
        (rf"H(?P<n>[12]){_BETWEEN}{_YEAR}", half),
        (rf"{_YEAR}{_BETWEEN}H(?P<n>[12])", half),
        (rf"{_YEAR}[\s-]?W(?P<n>\d{{1,2}})(?:-?(?P<day>[1-7]))?", week),
    )
    return tuple((re.compile(form, re.IGNORECASE), first_day) for form, first_day in forms)
