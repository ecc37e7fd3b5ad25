"""Reads one modifier before or behind a noun: rank, superlative, place, size, colour, material."""

from typing import Protocol

from textseg_core.reasoner.draft import Draft
from textseg_core.reasoner.grammar import Description, Link, Place, Rank
from textseg_core.reasoner.place_words import (
    ORDINALS,
    PARTS,
    PLACE_PREPOSITIONS,
    SIDE_WORDS,
    STRESS,
    most_at,
    place_at,
    relation_at,
)
from textseg_core.reasoner.words import (
    ADJECTIVES,
    ALSO_NOUNS,
    COLORED,
    COLORS,
    COPULAS,
    DETERMINERS,
    EMPTY,
    EXTREMES,
    HAVING,
    JOINTS,
    MATERIALS,
    POSING,
    RELATIVES,
    SHADES,
    SIZES,
)

_AFTER_RIGHT = ("next", "behind", "above", "below", "front", "between")
_FURTHEST = ("nearest", "closest", "farthest", "furthest", "farther", "further")
_BEFORE_SIDES = PLACE_PREPOSITIONS | {"far", "very", "extreme", "all", "way", "just"}
NEVER_NOUNS = PLACE_PREPOSITIONS | COPULAS | RELATIVES | JOINTS | HAVING


class Reader(Protocol):
    """What this part needs of the parser."""

    words: list[str]
    pause: list[bool]
    at: int

    @property
    def done(self) -> bool:
        """Whether no word is left."""
        ...

    def peek(self, ahead: int = 0) -> str:
        """Return the next word or one after it, empty behind the last."""
        ...

    def take(self, count: int, role: str) -> None:
        """Move on, noting what was made of words."""
        ...

    def place(self) -> Place | None:
        """Read a phrase of place if one stands next."""
        ...

    def is_view(self, at: int) -> int:
        """Return how many words "of the picture" has at a word."""
        ...


def read_modifier(reader: Reader, draft: Draft) -> bool:
    """Read one rank, superlative, place, size, colour or material; False if none stands next."""
    words, at, word = reader.words, reader.at, reader.peek()
    if draft.rank is not None and not draft.rank.side:
        rank = _counted(reader, draft.rank.number)
        if rank.side:
            draft.rank = rank
            return True
    if word in _FURTHEST and not draft.described and reader.peek(1) not in ("", "to", "from"):
        key, length = most_at(words, at)
        draft.places.append(Place((key,), most=True))
        reader.take(length, "place")
        return True
    if word in ("near", "far") and not draft.described and _noun_follows(reader):
        draft.places.append(Place((word,)))
        reader.take(1, "place")
        return True
    if word in ORDINALS and not (word == "last" and draft.nouns and reader.peek(1) == ""):
        return _read_rank(reader, draft)
    if word == "right" and relation_at(words, at + 1)[0] in _AFTER_RIGHT:
        reader.take(1, "frame")  # "right next to"
        return True
    if word in EXTREMES:
        draft.extremes.append(EXTREMES[word])
        reader.take(1, "attribute")
        return True
    key, _ = most_at(words, at)
    relation, length = relation_at(words, at)
    if key or word in SIDE_WORDS or place_at(words, at)[0] or word in _BEFORE_SIDES:
        place = reader.place()
        if place is not None:
            draft.places.append(place)
            return True
    if relation and (length > 1 or word not in SIDE_WORDS):
        place = reader.place()
        if place is not None:
            draft.places.append(place)
        return place is not None
    if word in SHADES and reader.peek(1):
        draft.adjectives.append(word)
        reader.take(1, "attribute")
        return True
    if word in COLORS:
        draft.colors.append(COLORS[word])
        draft.late = ("colors", word) if word == "orange" and not draft.nouns else None
        reader.take(1, "attribute")
        return True
    if word in COLORED:
        reader.take(1, "frame")
        return True
    if word in MATERIALS:
        draft.materials.append(word)
        draft.late = ("materials", word) if word in ALSO_NOUNS else None
        reader.take(1, "attribute")
        return True
    if word in SIZES:
        draft.sizes.append(SIZES[word])
        reader.take(1, "attribute")
        return True
    if word in ADJECTIVES or (word in POSING and draft.places and not draft.described_by_noun):
        draft.adjectives.append(word)
        if word in EMPTY:
            draft.excluded.append(Description(links=(Link("holds", (Description(),)),)))
        reader.take(1, "attribute")
        return True
    return False


def _noun_follows(reader: Reader) -> bool:
    """Return whether a noun or its adjective follows the next word: "near" in "near mug"."""
    after = reader.peek(1)
    known = after in DETERMINERS or after in SIDE_WORDS or after in NEVER_NOUNS | STRESS | PARTS
    if known or not after or reader.pause[reader.at + 1]:
        return False
    return (
        not relation_at(reader.words, reader.at + 1)[0] and not most_at(reader.words, reader.at)[0]
    )


def _read_rank(reader: Reader, draft: Draft) -> bool:
    """Read "second", "second from the left", "2nd to last"."""
    number = ORDINALS[reader.peek()]
    reader.take(1, "rank")
    if reader.peek() in ("to", "from") and reader.peek(1) in ("last", "the") and (
        reader.peek(1) == "last" or reader.peek(2) in ("last", "end")
    ):  # fmt: skip
        reader.take(2 + (reader.peek(1) == "the"), "rank")
        draft.rank = Rank(-number, "")
        return True
    draft.rank = _counted(reader, number)
    return True


def _counted(reader: Reader, number: int) -> Rank:
    """Read where one begins to count, if that is said.

    "The last on the right" is where the row ends there, not where one begins.
    """
    ends_there = number == -1 and reader.peek() == "on"
    side = _counting_side(reader)
    return Rank(1 if ends_there and side else number, side)


def _counting_side(reader: Reader) -> str:
    """Read "from the left", "counting from the left"; return the side, or nothing."""
    ahead = 0
    while reader.peek(ahead) in ("counting", "count", "counted", "in", "over", "starting"):
        ahead += 1
    if reader.peek(ahead) not in ("from", "to", "on"):
        return ""
    ahead += 1
    while reader.peek(ahead) in DETERMINERS | STRESS - {"right"}:
        ahead += 1
    side = SIDE_WORDS.get(reader.peek(ahead), "")
    after = reader.at + ahead + 1
    if not side or (
        after < len(reader.words) and reader.words[after] == "of" and not reader.is_view(after)
    ):
        return ""  # fmt: skip
    reader.take(ahead + 1, "rank")
    while reader.peek() in PARTS:
        reader.take(1, "rank")
    reader.take(reader.is_view(reader.at), "frame")
    return side
