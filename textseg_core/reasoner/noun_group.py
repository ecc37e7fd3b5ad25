"""Reads a noun with the words before it and the words of place right behind it."""

from textseg_core.language.number import is_pair, is_plural_noun
from textseg_core.reasoner.draft import Draft, singular
from textseg_core.reasoner.grammar import Link
from textseg_core.reasoner.modifiers import NEVER_NOUNS, Reader, read_modifier
from textseg_core.reasoner.place_words import (
    PARTS,
    PLACE_PREPOSITIONS,
    SIDE_WORDS,
    STRESS,
    VIEWS,
    relation_at,
)
from textseg_core.reasoner.words import (
    COLORED,
    COLORS,
    COPULAS,
    DETERMINERS,
    EXCEPTIONS,
    FRAME,
    HAVING,
    JOINTS,
    NEGATIONS,
    NUMBERS,
    POSING,
    RELATIVES,
    SEVERAL,
    SINGLE,
    SIZES,
    THINGS,
)

SEVERAL_WORDS = frozenset(("all", "both", "these", "those", "two", "three", "each", "every"))


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
        if read_modifier(reader, draft):
            continue
        # Of "in the picture" nothing is left, though it says nothing of place.
        if reader.done or not _read_noun(reader, draft):
            break
    _late_noun(draft)
    # "The other two", "the two on the left": of what, the rest of the expression says.
    counted = draft.count is not None or not {"other", "another"}.isdisjoint(draft.adjectives)
    draft.alike = draft.alike or (counted and not draft.described_by_noun)


def _opening(reader: Reader, draft: Draft) -> None:
    """Take articles and amounts before a noun."""
    while not reader.done:
        word = reader.peek()
        several = SEVERAL.match(reader.words, reader.at)
        if several:
            words = reader.words[reader.at : reader.at + several]
            following = reader.peek(several)
            pair = "pair" in words and is_pair(following)
            draft.plural = draft.plural or (words[0] != "any" and not pair)
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
            after = reader.at + 1 + (reader.peek(1) in STRESS)
            if word == "one" and length == 1 and relation_at(reader.words, after)[0]:
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
    if word in COPULAS | RELATIVES or word in ("made", "or") or (word in COLORED and draft.nouns):
        return True
    if word in HAVING and draft.described:
        return True
    if word in POSING and (draft.nouns or draft.thing or reader.peek(1) == ""):
        return True
    if word in POSING and draft.late is not None and _relation_follows(reader):
        return True  # "the glass standing in front"
    if word in STRESS and word not in SIDE_WORDS and word not in ("far", "very", "kind"):
        return draft.described and bool(relation_at(words, at + 1)[0])
    return False


def _relation_follows(reader: Reader) -> bool:
    """Return whether a relation or a place stands behind the next word, and no noun."""
    after = reader.at + 1
    while after < len(reader.words) and reader.words[after] in STRESS:
        after += 1
    ends = after >= len(reader.words) or reader.pause[after]
    return (
        ends
        or reader.words[after] in PLACE_PREPOSITIONS
        or bool(relation_at(reader.words, after)[0])
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
        known = word in NEVER_NOUNS or word in SIDE_WORDS or word in DETERMINERS | STRESS
        if EXCEPTIONS.match(words, at) or NEGATIONS.match(words, at) or word == "or":
            break
        if known or relation_at(words, at)[0] or word in POSING | FRAME or word in THINGS:
            break
        found.append(word)
        at += 1
    if not found:
        return False
    draft.nouns += ["of", *found]
    reader.take(at - reader.at, "noun")
    return True


def _read_noun(reader: Reader, draft: Draft) -> bool:
    """Read one word of a noun; False where a noun cannot be."""
    words, at, word = reader.words, reader.at, reader.peek()
    if word in THINGS:
        draft.thing = True
        draft.alike = word in ("one", "ones", "others")
        draft.plural = draft.plural or word in (
            "ones",
            "others",
            "things",
            "objects",
            "items",
            "them",
        )
        reader.take(1, "noun")
        return True
    counts = reader.peek(1) if draft.nouns else reader.peek(1) or not word.isdigit()
    if word in NUMBERS and (draft.plural or not draft.nouns) and counts:
        draft.count = NUMBERS[word]
        draft.plural = True
        reader.take(1, "frame")
        return True
    key, _ = relation_at(words, at)
    if key or word in NEVER_NOUNS:
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
