"""Scripts of texts in encodings older than Unicode, told apart by what their bytes would mean.

Encodings of East Asia are judged by the share of common characters, those of other alphabets by
the frequency of letters, those of Latin letters by where in a word their characters would stand.
"""

import codecs
import math
import re
from collections import Counter
from collections.abc import Callable
from unicodedata import category

__all__ = ["eastern_encoding", "western_encoding"]

_JUDGED = 200_000  # bytes
_HIGH = re.compile(rb"[\x80-\xff]")
_RUNS = re.compile(rb"[\x80-\xff]+")
_MIXED = re.compile(rb"[A-Za-z][\x80-\xff]|[\x80-\xff][A-Za-z]")
_LEAST_CHARACTERS = 4
_LEAST_LETTERS = 5  # different ones
_MIXED_SHARE = 0.2  # of runs beside Latin letters
_COMMON_SHARE = 0.7
_KANA_SHARE = 0.1
_HANGUL_SHARE = 0.95

_RUSSIAN = "оеаинтсрвлкмдпуяыьгзбчйхжшюцщэфъё"
_GREEK = "αοιετσνηυρπκμλςωδγίάόέθχφήύβώξζψϊΐϋΰ"
_ALPHABETS = (
    ("cp1251", _RUSSIAN),
    ("koi8-r", _RUSSIAN),
    ("cp866", _RUSSIAN),
    ("iso8859-5", _RUSSIAN),
    ("cp1253", _GREEK),
)
_LATIN = ("cp1252", "mac_roman", "cp850", "cp1250")  # the earlier, the likelier
_STRANGE = math.log(1e-3)  # a character that is no letter of the alphabet
_CAPITAL = math.log(0.05)
_LEAST_ODD = 2
_JOINING = "’'‘´`-–—\xa0\xad"  # signs that stand inside words
_LESS_ODD = 0.25


def eastern_encoding(data: bytes) -> str:
    """Return the encoding of a text in Chinese, Japanese, Korean, Cyrillic or Greek, or none."""
    data = _telling(data)
    return _many_bytes(data) or _other_alphabet(data)


def western_encoding(data: bytes) -> str:
    """Tell encodings apart that give each Latin character one byte."""
    data = _telling(data)
    odd = {encoding: _n_odd(data, encoding) for encoding in _LATIN}
    best = min(_LATIN, key=lambda encoding: odd[encoding])
    if odd["cp1252"] >= _LEAST_ODD and odd[best] <= _LESS_ODD * odd["cp1252"]:
        return best
    if not any(code in data for code in range(0x80, 0xA0)):
        return "latin-1"
    try:
        data.decode("cp1252")
    except UnicodeDecodeError:
        return "latin-1"
    return "cp1252"


def _telling(data: bytes) -> bytes:
    """Return the lines that tell something: those with other characters than those of ASCII."""
    lines = [line for line in data.splitlines(keepends=True) if not line.isascii()]
    return b"".join(lines)[:_JUDGED]


def _many_bytes(data: bytes) -> str:
    """Recognise encodings that write a character in two bytes or more."""
    shares: dict[str, float] = {}
    for encoding, is_common in _EAST_ASIA.items():
        text = _decoded(data, encoding)
        wide = Counter(c for c in text if ord(c) >= 0x80)
        n_wide = wide.total()
        if n_wide < _LEAST_CHARACTERS:
            continue
        share = sum(n for c, n in wide.items() if is_common(c)) / n_wide
        kana = sum(n for c, n in wide.items() if "\u3041" <= c <= "\u30fe") / n_wide
        if encoding in ("cp932", "euc_jp"):
            share += kana >= _KANA_SHARE  # nothing else is written with kana
        if encoding == "cp949" and share < _HANGUL_SHARE:
            continue
        shares[encoding] = share + (encoding == "cp949") / 2
    best = max(shares, key=lambda encoding: shares[encoding], default="")
    return best if best and shares[best] >= _COMMON_SHARE else ""


def _decoded(data: bytes, encoding: str) -> str:
    """Decode all but a last character that may be cut; nothing if that is impossible."""
    try:
        return codecs.getincrementaldecoder(encoding)().decode(data)
    except UnicodeDecodeError:
        return ""


def _lead(character: str, encoding: str) -> int:
    try:
        encoded = character.encode(encoding)
    except UnicodeEncodeError:
        return 0
    return encoded[0] if len(encoded) == 2 else 0


def _is_common_hanzi(character: str) -> bool:
    lead = _lead(character, "gb2312")
    return 0xB0 <= lead <= 0xD7 or 0xA1 <= lead <= 0xA3


def _is_common_big5(character: str) -> bool:
    return 0xA1 <= _lead(character, "big5") <= 0xC6


def _is_common_kanji(character: str) -> bool:
    lead = _lead(character, "euc_jp")
    return 0xB0 <= lead <= 0xCF or 0xA1 <= lead <= 0xA5


def _is_hangul(character: str) -> bool:
    lead = _lead(character, "euc_kr")
    return 0xB0 <= lead <= 0xC8 or 0xA1 <= lead <= 0xA3


_EAST_ASIA: dict[str, Callable[[str], bool]] = {
    "gb18030": _is_common_hanzi,
    "big5": _is_common_big5,
    "cp932": _is_common_kanji,
    "euc_jp": _is_common_kanji,
    "cp949": _is_hangul,
}


def _other_alphabet(data: bytes) -> str:
    """Recognise an alphabet whose letters stand together, not among Latin ones."""
    runs = _RUNS.findall(data)
    high = Counter(b"".join(runs))
    n_high = high.total()
    if len(high) < _LEAST_LETTERS or len(_MIXED.findall(data)) > _MIXED_SHARE * len(runs):
        return ""
    scores = {
        encoding: sum(n * _likelihood(code, encoding, letters) for code, n in high.items())
        for encoding, letters in _ALPHABETS
    }
    best = max(scores, key=lambda encoding: scores[encoding])
    return best if scores[best] > n_high * _STRANGE * 0.7 else ""


def _likelihood(code: int, encoding: str, letters: str) -> float:
    """Return the logarithm of how frequent a letter is, which falls with its rank."""
    character = bytes([code]).decode(encoding, errors="replace")
    if character.lower() not in letters:
        return _STRANGE
    rank = math.log(0.12) - 0.12 * letters.index(character.lower())
    return rank if character in letters else rank + _CAPITAL


def _n_odd(data: bytes, encoding: str) -> int:
    """Count characters that would stand where they cannot: a sign or a capital within a word."""
    return sum(
        _is_odd(
            match[0].decode(encoding, errors="replace"),
            data[match.start() - 1 : match.start()],
            data[match.end() : match.end() + 1],
        )
        for match in _HIGH.finditer(data)
    )


def _is_odd(character: str, before: bytes, after: bytes) -> bool:
    if character == "\ufffd" or "\x80" <= character < "\xa0":
        return True
    follows, precedes = _is_letter(before), _is_letter(after)
    if character.isalpha():
        within = follows and (before.islower() or after.islower())
        return (not follows and not precedes) or (character.isupper() and within)
    if follows and precedes:
        return character not in _JOINING
    kind = category(character)
    return (kind == "Sm" and follows) or (kind in ("Sm", "Sc") and precedes)


def _is_letter(byte: bytes) -> bool:
    return byte.isalpha() or byte >= b"\x80"
