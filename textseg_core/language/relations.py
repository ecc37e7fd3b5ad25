"""The relations of place that a target or a destination may follow, and which is which."""

from collections.abc import Sequence
from dataclasses import dataclass

from textseg_core.language.lexicon import COPULAS, PLACE_LINKS, PLACE_WORDS
from textseg_core.language.words import Phrases, phrase_list, word_set

_SIDES = phrase_list(
    """left; right; far left; far right; left side; right side; left-hand side; right-hand side;
    left hand side; right hand side; top; bottom; middle; center; centre; back; front; edge;
    side; other side; far side; near side; outside; inside; end; back side; front side"""
)
_STATIC = Phrases(
    [
        *phrase_list(
            """on; in; inside; at; by; near; beside; besides; beneath; underneath; under; below;
            above; over; behind; between; among; amongst; atop; upon; within; along; alongside;
            beyond; past; through; around; against; opposite; across; outside; next to; close to;
            closer to; near to; adjacent to; across from; in front of; in back of; on top of;
            inside of; outside of; in between; up against; left of; right of; on to the left of;
            to the side of; just left of; just right of; directly under; directly above;
            directly behind; right next to; directly on; just behind; just next to; down on;
            down in; parallel to; on left of; on right of; to left of; to right of"""
        ),
        *(f"{word} the {side} of" for word in ("on", "at", "in", "to") for side in _SIDES),
    ]
)
_DIRECTED = Phrases(
    phrase_list(
        """into; onto; on to; in to; to; towards; toward; over to; back to; back into; back onto;
        back on to; back in to; up to; down to; down into; down onto; up onto; up into; out to;
        off to"""
    )
)
# "the mug next to", "attached to": here "to" belongs to the word before it.
_BEFORE_TO = word_set(
    """
    next close closer closest near nearer nearest adjacent attached connected belonging
    similar parallel opposite leaning tied glued taped stuck fixed fastened due according
    hooked held screwed bolted chained clipped perpendicular related identical
    """
)
# After these a relation describes ("the mug that is on the table", "the mug standing on").
_DESCRIBING = COPULAS | word_set(
    """
    standing lying laying sitting placed located resting hanging leaning floating stacked
    positioned situated found stored put sits stands lies hangs rests far not also still
    currently just only kept
    """
)
_PARTS = word_set("hand part end half way")  # place only after "left", "upper", ...
_ARTICLES = word_set("the a an my your his its our their every")
_CLAUSE_OPENERS = word_set("that which who where")


@dataclass(frozen=True, slots=True)
class Relation:
    """Where a relation stands: words `start` to `end`, `end` excluded."""

    start: int
    end: int


def relation_at(plains: Sequence[str], at: int) -> int:
    """Return how many words the relation at a word has, 0 if none begins there."""
    return max(_STATIC.match(plains, at), _DIRECTED.match(plains, at))


def is_place_phrase(plains: Sequence[str], at: int, length: int, end: int | None = None) -> bool:
    """Return whether a relation is followed by words of place only: "on the far left".

    Args:
        plains: Words in lower case.
        at: Index of the relation.
        length: Its number of words.
        end: Index after the last word; by default of `plains`.
    """
    end = len(plains) if end is None else end
    index = at + length
    placed = False
    while index < end:
        following = relation_at(plains, index)
        if placed and following:
            return True
        if plains[index] in PLACE_WORDS and (placed or plains[index] not in _PARTS):
            placed = True
        elif plains[index] not in PLACE_LINKS:
            return placed and plains[index] in _CLAUSE_OPENERS
        index += 1
    return placed


def find_destination(
    plains: Sequence[str], start: int, end: int, *, directed_only: bool
) -> Relation | None:
    """Return the relation that says where the object of a verb goes.

    The rule: the last directed relation (into, onto, to, towards), as only a destination can
    follow one; if there is none, the last relation of place. A relation is passed over where it
    describes ("the mug that is on the table", "the bowl standing by the door") and, as long as
    there is another, where it names a side of the picture and no thing ("on the left").

    Args:
        plains: Words in lower case.
        start: Index of the first word of the object.
        end: Index after the last word that may belong to the destination.
        directed_only: Whether the verb takes directed relations only ("bring", "push").

    Returns:
        The relation, with at least one word before and after it, or None.
    """
    directed: list[Relation] = []
    static: list[Relation] = []
    index = start
    while index < end:
        fixed, moving = _STATIC.match(plains, index), _DIRECTED.match(plains, index)
        length = max(fixed, moving)
        if not length or index + length >= end:
            index += 1
            continue
        if index > start and plains[index - 1] not in _ARTICLES:
            if moving > fixed:
                if plains[index - 1] not in _BEFORE_TO:
                    directed.append(Relation(index, index + length))
            elif plains[index - 1] not in _DESCRIBING | _CLAUSE_OPENERS:
                static.append(Relation(index, index + length))
        index += length
    things = [one for one in directed if not _names_a_side(plains, one, end)]
    if things or directed_only:
        return _last(things or directed)
    after = directed[-1].start if directed else start
    things = [one for one in static if one.start > after and not _names_a_side(plains, one, end)]
    return _last(things or directed or static)


def _last(relations: Sequence[Relation]) -> Relation | None:
    return relations[-1] if relations else None


def _names_a_side(plains: Sequence[str], relation: Relation, end: int) -> bool:
    return is_place_phrase(plains, relation.start, relation.end - relation.start, end)
