"""Cuts an expression into the words that the reasoner's parser reads."""

from functools import lru_cache

from textseg_core.language.words import split_words
from textseg_core.reasoner.place_words import (
    ORDINALS,
    PARTS,
    SIDE_WORDS,
)
from textseg_core.reasoner.words import (
    COLORS,
    EXTREMES,
    SPELLED,
)

#: Longest expression that is read; what follows is left out.
MOST_WORDS_READ = 60
_LONG = 6  # shorter words are too often other words; "third" is not
_MENDED = tuple(
    word
    for word in """
    between behind bottom middle center corner background foreground leftmost rightmost
    underneath beside nearest closest second furthest farthest picture third
    """.split()  # noqa: SIM905
)
_REAL = frozenset(
    """
    button center centre coroner seconds pictures corners beside besides bottoms closets bottle
    batman fitting rented enter nearer neatest setting backgrounds cottom middle muddle botton
    """.split()  # noqa: SIM905
)
_SPLIT_AT_HYPHEN = {*SIDE_WORDS, *PARTS, *ORDINALS, *COLORS, *EXTREMES, "far", "left", "right"}


class Words:
    """The words of an expression.

    Attributes:
        plain: In lower case, misspelt words of place mended.
        pause: Whether a comma or the end of a sentence stands before each.
    """

    def __init__(self, text: str) -> None:
        self.plain: list[str] = []
        self.pause: list[bool] = []
        for word in split_words(text[:2000])[:MOST_WORDS_READ]:
            if not any(character.isalnum() for character in word.plain):
                continue  # an emoji, a trade mark
            for number, part in enumerate(_parts(word.plain)):
                self.plain.append(part)
                self.pause.append(bool(word.pause) and number == 0)

    def __len__(self) -> int:
        return len(self.plain)


@lru_cache(maxsize=65536)
def _parts(plain: str) -> tuple[str, ...]:
    """Return a word as one or several that the parser knows."""
    if plain in SPELLED:
        return tuple(SPELLED[plain].split())
    for ending, word in (("n't", "not"), ("'re", "are"), ("'ve", "have")):
        if plain.endswith(ending) and len(plain) > len(ending):
            return (plain[: -len(ending)], word)
    if plain in ("that's", "who's", "it's", "what's", "there's", "he's", "she's", "which's"):
        return (plain[:-2], "is")
    if "-" in plain:
        pieces = [piece for piece in plain.replace("_", "-").split("-") if piece]
        if pieces and any(piece in _SPLIT_AT_HYPHEN for piece in pieces):
            return tuple(found for piece in pieces for found in _parts(piece))
        return (plain,)
    for cut in range(3, len(plain) - 2):
        head, tail = plain[:cut], plain[cut:]
        if head in ("top", "bottom", "upper", "lower", "middle", "left", "right", "far") and (
            tail in ("left", "right", "middle", "corner", "center")
        ):
            return (head, tail)
    return (_mended(plain),)


def _mended(plain: str) -> str:
    """Return the word of place that a long word is one slip away from, else the word."""
    if len(plain) < _LONG - 1 or plain in _REAL or plain in SIDE_WORDS:
        return plain
    for right in _MENDED:
        if plain[0] == right[0] and abs(len(plain) - len(right)) < 2 and _one_slip(plain, right):
            return right
    return plain


def _one_slip(typed: str, right: str) -> bool:
    """Return whether one letter is missing, too many, wrong, or two neighbours are swapped."""
    if typed == right:
        return False
    at = 0
    while at < min(len(typed), len(right)) and typed[at] == right[at]:
        at += 1
    rest, wanted = typed[at:], right[at:]
    return (
        rest[1:] == wanted[1:]
        or rest[1:] == wanted
        or rest == wanted[1:]
        or (len(rest) > 1 and rest[1::-1] + rest[2:] == wanted)
    )
