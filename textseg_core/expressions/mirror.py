"""Swaps left and right in an expression, as flipping its picture does."""

import re

_PAIRS = {
    "left": "right",
    "leftmost": "rightmost",
    "lefthand": "righthand",
    "leftside": "rightside",
    "leftward": "rightward",
    "leftwards": "rightwards",
    "lft": "rt",
    "lhs": "rhs",
}
_SWAPPED = {**_PAIRS, **{right: left for left, right in _PAIRS.items()}}
_WORD = re.compile(rf"\b({'|'.join(sorted(_SWAPPED, key=len, reverse=True))})\b", re.IGNORECASE)
# "Right behind" means "just behind", and "left over" what remains, unless a word of place such as
# "on the" comes before. Both directions are treated alike, so that two swaps change nothing.
_NO_PLACE = re.compile(
    r"(next|beside|behind|in front|above|below|under|underneath|beneath|near|by|after|before|over"
    r"|here|there|now|away|overs?)\b",
    re.IGNORECASE,
)
_PLACE_BEFORE = re.compile(
    r"\b(on|to|at|from|in|the|far|top|bottom|upper|lower|very|most|back|front|middle|center|"
    r"centre|of|side|way|all|and)[\s-]+$",
    re.IGNORECASE,
)


def mirror_words(expression: str) -> str:
    """Return the expression for the picture flipped from left to right.

    "left" and "right" change places, also in "leftmost", "left-hand" and "bottom left"; case is
    kept. Where they say no place ("right behind the cup", "left over") they stay. Swapping
    twice gives the expression back.
    """

    def swap(match: re.Match[str]) -> str:
        word = match.group()
        plain = word.lower()
        rest = expression[match.end() :].lstrip(" -")
        if (
            plain in ("left", "right")
            and _NO_PLACE.match(rest)
            and not _PLACE_BEFORE.search(expression[: match.start()])
        ):
            return word
        other = _SWAPPED[plain]
        if word.isupper():
            return other.upper()
        return other.capitalize() if word[0].isupper() else other

    return _WORD.sub(swap, expression)
