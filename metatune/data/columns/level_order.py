"""Order of a category's levels, for learners that are given a number for each level.

Levels with numbers follow these (``Under 5``, ``5-9``, ``10-14``, ``15+``; ``A2`` before ``A10``),
levels of a common scale follow the scale (``low``, ``medium``, ``high``), and all others the
alphabet.
"""

import re
from collections.abc import Iterable
from functools import cache

from metatune.data.columns.bounds import ABOVE, AND_LESS, AND_MORE, BELOW
from metatune.data.columns.spelling import common_spelling

__all__ = ["order_levels"]

_MOST = 1_000  # levels; beyond, they are names rather than steps
_MOSTLY = 0.6  # share of levels with a number, or on a scale
_FEWEST_STEPS = 3

_SCALES = (
    "very low|extremely low,low,low medium|medium low,medium|moderate|mid|middle|average|normal,"
    "medium high|high medium,high,very high|extremely high|severe|critical",
    "none|absent,minimal|minor|slight,mild|light,moderate|medium,severe|strong|heavy|major,"
    "very severe|extreme|critical",
    "tiny|very small,small,medium|mid|average|regular,large|big,very large|extra large|huge",
    "xxxs,xxs|2xs,xs,s,m,l,xl,xxl|2xl,xxxl|3xl,xxxxl|4xl,5xl,6xl",
    "very poor|terrible|awful,poor|bad,fair|below average,average|ok|okay|neutral|acceptable,"
    "good|above average,very good|great,excellent|like new|outstanding,new",
    "strongly disagree|completely disagree|totally disagree,disagree,"
    "somewhat disagree|slightly disagree,neither agree nor disagree|neutral|undecided|not sure,"
    "somewhat agree|slightly agree,agree,strongly agree|completely agree|totally agree",
    "very dissatisfied|very unsatisfied,dissatisfied|unsatisfied,somewhat dissatisfied,"
    "neither satisfied nor dissatisfied|neutral,somewhat satisfied,satisfied,very satisfied",
    "very unlikely|extremely unlikely,unlikely,somewhat unlikely,neutral,somewhat likely,likely,"
    "very likely|extremely likely",
    "not at all|not at all important|not so,not very|slightly,somewhat|moderately,very,extremely",
    "never,almost never|hardly ever|seldom|rarely,occasionally|sometimes|once in a while,often|"
    "frequently|a lot,usually|very often|most of the time,almost always,always|all the time",
    "hourly,daily,weekly,biweekly|fortnightly,monthly,quarterly,yearly|annually",
    "first|1st,second|2nd,third|3rd,fourth|4th,fifth|5th,sixth|6th,seventh|7th,eighth|8th,"
    "ninth|9th,tenth|10th",
    "zero,one,two,three,four,five,six,seven,eight,nine,ten,eleven,twelve",
    "monday|mon,tuesday|tue|tues,wednesday|wed,thursday|thu|thur|thurs,friday|fri,saturday|sat,"
    "sunday|sun",
    "january|jan,february|feb,march|mar,april|apr,may,june|jun,july|jul,august|aug,"
    "september|sep|sept,october|oct,november|nov,december|dec",
    "spring,summer,autumn|fall,winter",
    "morning,noon|midday,afternoon,evening,night|midnight",
    "baby|infant,toddler,child|children|kid,teen|teenager|adolescent,young adult|youth,adult,"
    "middle aged,senior|elderly|old",
    "bronze|basic,silver|standard,gold|premium,platinum,diamond",
)
"""Steps from the least to the most, each with its names; seasons and days begin anywhere."""

_GRADE = re.compile(r"([A-F])([+-]?)")
_GRADE_SIGNS = {"+": 0, "": 1, "-": 2}
_LESS = re.compile(rf"(?:{BELOW}|≤|<=?)\s*")
_MORE = re.compile(rf"(?:{ABOVE}|≥|>=?)\s*")
_OPENING = " ([$€£¥~≈"  # before a number
_AND_MORE = re.compile(rf"\s*(?:\+|{AND_MORE})(?!\w)")
_AND_LESS = re.compile(rf"\s*{AND_LESS}(?!\w)")
_NOTHING = re.compile(r"(?:no|not|none|never|nothing|zero|did not|do not|does not)\b")
_PIECES = re.compile(r"(\d{1,3}(?:,\d{3})+(?:\.\d+)?(?!\d)|\d+\.\d+(?![.\d])|\d+)")

_Key = tuple[object, ...]


def order_levels(levels: Iterable[str]) -> list[str]:
    """Return distinct levels in their order."""
    known = sorted(levels)
    if not _FEWEST_STEPS <= len(known) <= _MOST:
        return known
    grades = list(map(_GRADE.fullmatch, known))
    if all(grades) and any(grade[2] for grade in grades if grade):
        return sorted(known, key=lambda text: (text[0], _GRADE_SIGNS[text[1:]]))
    spelled = {level: common_spelling(level) for level in known}
    for scale in _scales():
        n_steps = sum(text in scale for text in spelled.values())
        if n_steps >= max(_FEWEST_STEPS, _MOSTLY * len(known)):
            return sorted(known, key=lambda level: scale.get(spelled[level], len(scale)))
    n_numbers = sum(_PIECES.search(level) is not None for level in known)
    if n_numbers < _MOSTLY * len(known):
        return known
    return sorted(known, key=_amount_key)


@cache
def _scales() -> tuple[dict[str, int], ...]:
    return tuple(
        {name: step for step, names in enumerate(scale.split(",")) for name in names.split("|")}
        for scale in _SCALES
    )


def _amount_key(level: str) -> _Key:
    """Return what comes first: levels that mean nothing, those with a number, and all others."""
    text, side = level.casefold().lstrip(_OPENING), 0
    for pattern, where in ((_LESS, -1), (_MORE, 1)):
        match = pattern.match(text)
        if match is not None:
            text, side = text[match.end() :].lstrip("$€£¥ "), where
            break
    pieces = _PIECES.split(text)
    if len(pieces) < 3:
        return (0 if _NOTHING.match(text) else 2, text)
    if _AND_MORE.match(pieces[2]):
        side = 1
    elif _AND_LESS.match(pieces[2]):
        side = -1
    head, numbers = pieces[0].strip(), [float(p.replace(",", "")) for p in pieces[1::2]]
    if head == "-":
        head, numbers[0] = "", -numbers[0]
    return (1, head, numbers[0], side, tuple(numbers[1:]), text)
