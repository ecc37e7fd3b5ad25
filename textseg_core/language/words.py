"""Splits text of any script into words; punctuation lies in the gaps between them."""

import re
import unicodedata
from collections.abc import Iterable, Sequence
from typing import NamedTuple

_SENTENCE_ENDS = frozenset(".!?;:\n…。！？；：।؟")
_COMMAS = frozenset(",،、，–—()[]{}|")
_APOSTROPHES = frozenset("'’＇ʼ")
_HYPHENS = frozenset("-‐‑_")


class Word(NamedTuple):
    """One word of a text.

    Attributes:
        typed: The word as typed.
        plain: The same in lower case with straight apostrophes.
        start: Index of its first character in the text.
        end: Index after its last character.
        pause: What separates it from the word before: 0 nothing, 1 a comma or the like, 2 the
            end of a sentence.
    """

    typed: str
    plain: str
    start: int
    end: int
    pause: int


def _kind(character: str) -> str:
    """Return the class of a character as one letter, read by `_WORD`."""
    if character in _APOSTROPHES:
        return "'"
    if character in _HYPHENS:
        return "-"
    if character == ".":
        return "."
    if character == "\u200b":
        return " "  # the zero-width space parts words
    category = unicodedata.category(character)
    if category == "Cf" or "\ufe00" <= character <= "\ufe0f":
        return "j"  # zero-width joiners and variation selectors
    if category == "Nd":
        return "d"
    if category[0] in "LMN":
        return "w"
    if character > "\x7f" and category in ("So", "Sk", "Sc", "Co", "Cs", "Cn"):
        return "s"  # emoji, signs, and characters newer than this Python's tables
    return " "


class _Kinds(dict[int, str]):
    """Classes of characters by code point, filled as they are met."""

    def __missing__(self, code: int) -> str:
        kind = self[code] = _kind(chr(code))
        return kind


_KINDS = _Kinds()
# Letters, joined by apostrophes, hyphens, joiners and decimal points; or a run of symbols.
_WORD = re.compile(r"[wd]+(?:(?:j+|['-])[wd]+|(?<=d)\.d+)*|s[sj]*")


def split_words(text: str) -> list[Word]:
    """Return the words of a text in order.

    A word is a run of letters, marks and digits of any script ("jar's", "t-shirt", "0.5", "红色")
    or a run of symbols such as emoji. Punctuation separates words and belongs to none.

    Args:
        text: Any text, also empty.

    Returns:
        The words; their spans do not overlap and cover every letter, digit and symbol.
    """
    words: list[Word] = []
    end = 0
    for match in _WORD.finditer(text.translate(_KINDS)):
        start = match.start()
        gap = text[end:start] if words else ""
        end = match.end()
        typed = text[start:end]
        words.append(Word(typed, _plain(typed), start, end, _pause(gap)))
    return words


def _plain(typed: str) -> str:
    plain = typed.lower()
    if not plain.isascii():
        for apostrophe in _APOSTROPHES:
            plain = plain.replace(apostrophe, "'")
    return plain


def _pause(gap: str) -> int:
    if gap in ("", " "):
        return 0
    if not _SENTENCE_ENDS.isdisjoint(gap):
        return 2
    return 0 if _COMMAS.isdisjoint(gap) and " - " not in gap and "--" not in gap else 1


def word_set(text: str) -> frozenset[str]:
    """Return the words of a list that spaces separate."""
    return frozenset(text.split())


def phrase_list(text: str) -> list[str]:
    """Return the phrases of a list that semicolons separate, spaces made single."""
    return [" ".join(phrase.split()) for phrase in text.split(";")]


class Phrases:
    """A set of phrases, of which the longest that begins at a word is found."""

    def __init__(self, phrases: Iterable[str]) -> None:
        self._by_first: dict[str, list[tuple[str, ...]]] = {}
        for phrase in phrases:
            words = tuple(phrase.split())
            self._by_first.setdefault(words[0], []).append(words)
        for alternatives in self._by_first.values():
            alternatives.sort(key=len, reverse=True)

    def match(self, plains: Sequence[str], at: int) -> int:
        """Return how many words the longest phrase at `plains[at]` has, 0 if there is none."""
        if at >= len(plains):
            return 0
        for phrase in self._by_first.get(plains[at], ()):
            if tuple(plains[at : at + len(phrase)]) == phrase:
                return len(phrase)
        return 0
