"""Reads a noun with the words before it and the words of place right behind it."""

from typing import Protocol

from textseg_core.language.number import is_pair, is_plural_noun
from textseg_core.reasoner.draft import Draft, singular
from textseg_core.reasoner.grammar import Link, Place, Rank
from textseg_core.reasoner.words import (
    ADJECTIVES,
    ALSO_NOUNS,
    COLORED,
    COLORS,
    COPULAS,
    DETERMINERS,
    EXCEPTIONS,
    EXTREMES,
    FRAME,
    HAVING,
    JOINTS,
    MATERIALS,
    NEGATIONS,
    NUMBERS,
    ORDINALS,
    PARTS,
    PLACE_PREPOSITIONS,
    POSING,
    RELATIVES,
    SEVERAL,
    SHADES,
    SIDE_WORDS,
    SINGLE,
    SIZES,
    STRESS,
    THINGS,
    VIEWS,
    most_at,
    place_at,
    relation_at,
)

_AFTER_RIGHT = ("next", "behind", "above", "below", "front", "between")
SEVERAL_WORDS = frozenset(("all", "both", "these", "those", "two", "three", "each", "every"))
_FURTHEST = ("nearest", "closest", "farthest", "furthest", "farther", "further")
_BEFORE_SIDES = PLACE_PREPOSITIONS | {"far", "very", "extreme", "all", "way", "just"}
_NEVER_NOUNS = PLACE_PREPOSITIONS | COPULAS | RELATIVES | JOINTS | HAVING


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


def read_group(reader: Reader, draft: Draft) -> None:
    """Read determiners, modifiers, the noun and words of place around it."""
    _opening(reader, draft)
    first = True
    while not reader.done:
        if reader.pause[reader.at] and draft.nouns and not first:
            break
        if reader.pause[reader.at] and draft.thing and not first:
            break
        first = False
        if _ends(reader, draft):
            break
        if not read_modifier(reader, draft) and not _read_noun(reader, draft):
            break
    _late_noun(draft)


def _opening(reader: Reader, draft: Draft) -> None:
    """Take articles and amounts before a noun."""
    while not reader.done:
        word = reader.peek()
        several = SEVERAL.match(reader.words, reader.at)
        if several:
            words = reader.words[reader.at : reader.at + several]
            following = reader.peek(several)
            draft.plural = words[0] != "any" and not ("pair" in words and is_pair(following))
            amount = [NUMBERS[w] for w in words if w in NUMBERS]
            draft.count = 2 if "both" in words else amount[0] if amount else draft.count
            reader.take(several, "frame")
        elif word in NUMBERS and reader.peek(1) and reader.peek(1) not in ("from", "of"):
            draft.count = NUMBERS[word]
            draft.plural = True
            reader.take(1, "frame")
        elif word in ("everything", "everyone", "all", "everybody"):
            draft.plural = True
            draft.thing = draft.thing or word != "all"
            reader.take(1, "frame")
        elif word in DETERMINERS or (word == "of" and draft.plural):
            reader.take(1, "frame")
        elif SINGLE.match(reader.words, reader.at) and reader.peek(1) not in ("", "on", "in"):
            length = SINGLE.match(reader.words, reader.at)
            if word == "one" and length == 1 and reader.peek(1) in COPULAS | RELATIVES:
                return
            if word == "one" and length == 1 and relation_at(reader.words, reader.at + 1)[0]:
                return
            reader.take(length, "frame")
        else:
            return


def _ends(reader: Reader, draft: Draft) -> bool:
    """Return whether no word of the group stands next."""
    words, at = reader.words, reader.at
    word = words[at]
    if EXCEPTIONS.match(words, at) or NEGATIONS.match(words, at):
        return True
    if word in JOINTS:
        # "black and white cat"
        both = draft.colors and not draft.nouns and reader.peek(1) in COLORS
        if both:
            reader.take(1, "frame")
        return not both
    if word in COPULAS | RELATIVES or word == "made" or (word in COLORED and draft.nouns):
        return True
    if word in HAVING and draft.described:
        return True
    if word in POSING and (draft.nouns or draft.thing or reader.peek(1) == ""):
        return True
    if word in STRESS and word not in SIDE_WORDS and word not in ("far", "very", "kind"):
        return draft.described and bool(relation_at(words, at + 1)[0])
    return False


def read_modifier(reader: Reader, draft: Draft) -> bool:
    """Read one rank, superlative, place, size, colour or material; False if none stands next."""
    words, at, word = reader.words, reader.at, reader.peek()
    if draft.rank is not None and not draft.rank.side:
        side = _counting_side(reader)
        if side:
            draft.rank = Rank(draft.rank.number, side)
            return True
    if word in _FURTHEST and not draft.described and reader.peek(1) not in ("", "to", "from"):
        key, length = most_at(words, at)
        draft.places.append(Place((key,), most=True))
        reader.take(length, "place")
        return True
    if word in ("near", "far") and not draft.described and _is_noun_next(reader):
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
        reader.take(1, "attribute")
        return True
    return False


def _is_noun_next(reader: Reader) -> bool:
    """Return whether a noun or its adjective follows the next word: "near" in "near mug"."""
    after = reader.peek(1)
    known = after in DETERMINERS or after in SIDE_WORDS or after in _NEVER_NOUNS | STRESS | PARTS
    if known or not after or reader.pause[reader.at + 1]:
        return False
    return (
        not relation_at(reader.words, reader.at + 1)[0] and not most_at(reader.words, reader.at)[0]
    )


def read_compound(reader: Reader, draft: Draft) -> bool:
    """Read "of chips" behind "bag" as part of the noun; False where another thing follows."""
    start = 1
    words, at = reader.words, reader.at + start
    if not draft.nouns or at >= len(words) or reader.pause[at]:
        return False
    if words[at] in DETERMINERS | SEVERAL_WORDS or words[at] in COLORS or words[at] in SIZES:
        return False
    last = draft.nouns[-1]
    draft.plural = draft.plural or is_plural_noun(last)
    if is_plural_noun(last):
        draft.nouns[-1] = singular(last)
    found: list[str] = []
    while at < len(words) and not reader.pause[at] and len(found) < 3:
        word = words[at]
        known = word in _NEVER_NOUNS or word in SIDE_WORDS or word in DETERMINERS | STRESS
        if known or relation_at(words, at)[0] or word in POSING | FRAME or word in THINGS:
            break
        found.append(word)
        at += 1
    if not found:
        return False
    draft.nouns += ["of", *found]
    reader.take(at - reader.at, "noun")
    return True


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
    draft.rank = Rank(number, _counting_side(reader))
    return True


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


def _read_noun(reader: Reader, draft: Draft) -> bool:
    """Read one word of a noun; False where a noun cannot be."""
    words, at, word = reader.words, reader.at, reader.peek()
    if word in THINGS:
        draft.thing = True
        draft.plural = draft.plural or word in ("ones", "things", "objects", "items", "them")
        reader.take(1, "noun")
        return True
    if word in NUMBERS and (draft.plural or not draft.nouns) and reader.peek(1):
        draft.count = NUMBERS[word]
        draft.plural = True
        reader.take(1, "frame")
        return True
    key, _ = relation_at(words, at)
    if key or word in _NEVER_NOUNS:
        return False
    if word in SIDE_WORDS and draft.described:
        return False
    if word in PARTS and draft.places and not draft.nouns:
        reader.take(1, "place")
        return True
    if word in FRAME and draft.described_by_noun:
        return False
    if word in STRESS or (word in FRAME and not draft.nouns) or word in DETERMINERS:
        reader.take(1, "frame")
        return True
    if word in VIEWS and not draft.nouns and draft.places and not reader.peek(1):
        reader.take(1, "frame")
        return True
    if word.endswith("'s") and len(word) > 2 and reader.peek(1):
        owner = Draft(nouns=[*draft.nouns, word[:-2]])
        owner.colors, draft.colors = draft.colors, []
        draft.nouns = []
        draft.links.append(Link("of", (owner.finish(),)))
        reader.take(1, "noun")
        return True
    if draft.thing and not draft.nouns:
        return False
    draft.nouns.append(word)
    draft.late = None
    reader.take(1, "noun")
    return True


def _late_noun(draft: Draft) -> None:
    """Make the noun of a modifier that nothing follows: "the orange", "toilet paper"."""
    if draft.late is None:
        return
    name, word = draft.late
    if not draft.thing:
        getattr(draft, name).pop()
        draft.nouns.append(word)
    draft.late = None
