"""Scripts that are written without blanks between words: Chinese, Japanese, Thai and others."""

import re

__all__ = ["count_parts", "count_words", "spaced"]

_CHARACTERS = (
    "\u0e00-\u0e7f\u0e80-\u0eff\u1000-\u109f\u1780-\u17ff"  # Thai, Lao, Burmese, Khmer
    "\u3040-\u30ff\u31f0-\u31ff\uff66-\uff9f"  # kana
    "\u3400-\u4dbf\u4e00-\u9fff\uf900-\ufaff\U00020000-\U0002fa1f"  # Chinese characters
)
_UNSPACED = re.compile(f"[{_CHARACTERS}]")
_CHARACTERS_A_WORD = 2
_WORDS_AND_NUMBERS = re.compile(r"[^\W\d_]+|\d+")
_LONGEST_NAME = 4  # characters of names of people, which are one word


def count_words(text: str) -> int:
    """Count the words of a cell; without blanks two characters are about one."""
    words = len(text.split())
    if text.isascii():
        return words
    n_characters = len(_UNSPACED.findall(text))
    return words if n_characters <= _LONGEST_NAME else words + n_characters // _CHARACTERS_A_WORD


def count_parts(text: str) -> int:
    """Count the words and the numbers of a cell, also those of a code: ``FDG-50`` has two."""
    return max(len(_WORDS_AND_NUMBERS.findall(text)), count_words(text))


def spaced(text: str) -> str:
    """Put blanks around characters that stand without: each counts as a word."""
    return text if text.isascii() else _UNSPACED.sub(r" \g<0> ", text)
