"""Reads an expression into what is meant, its attributes, places, ranks and relations.

Deterministic and without a dictionary of nouns: what is no word of `words.py` is a noun or
describes one. Nothing raises but text that is no string; of what it cannot use it makes `unread`.
"""

from dataclasses import replace

from textseg_core.reasoner.grammar import Description, Link, Parsed, Place
from textseg_core.reasoner.noun_group import Draft, read_compound, read_group, read_modifier
from textseg_core.reasoner.tokens import Words
from textseg_core.reasoner.words import (
    CLOTHES,
    COLORED,
    COPULAS,
    DETERMINERS,
    EXCEPTIONS,
    FRAME,
    HAVING,
    JOINTS,
    MATERIALS,
    NEGATIONS,
    ORDINALS,
    PART_OF,
    PARTS,
    PLACE_PREPOSITIONS,
    POSING,
    RELATIVES,
    SIDE_WORDS,
    STRESS,
    VIEWERS,
    VIEWS,
    most_at,
    place_at,
    relation_at,
)

_DEEPEST = 5  # nested relations; what lies deeper is unread
_SKIPPED = (STRESS | {"over"}) - {"right", "far", "extreme", "most", "very"}
_TO_VIEWER = ("to", "from", "of", "by", "near", "at")


def parse_expression(text: str) -> Parsed:
    """Return what an expression says.

    Args:
        text: A referring expression ("the mug left of the bowl"), typed as people type.
    """
    words = Words(text)
    reader = _Reader(words)
    target = reader.description(0)
    return Parsed(
        text,
        target,
        tuple(word for word, role in zip(words.plain, reader.roles, strict=True)
              if role == "unread"),
        tuple(zip(words.plain, reader.roles, strict=True)),
    )  # fmt: skip


class _Reader:
    """Reads from left to right; `at` is the next word."""

    def __init__(self, words: Words) -> None:
        self.words, self.pause = words.plain, words.pause
        self.roles = ["unread"] * len(words)
        self.at = 0

    # Small helpers -----------------------------------------------------------------------

    def peek(self, ahead: int = 0) -> str:
        place = self.at + ahead
        return self.words[place] if place < len(self.words) else ""

    def take(self, count: int, role: str) -> None:
        for place in range(self.at, min(self.at + count, len(self.words))):
            self.roles[place] = role
        self.at += count

    @property
    def done(self) -> bool:
        return self.at >= len(self.words)

    def is_view(self, at: int) -> int:
        """Return how many words "of the picture" has at a word, 0 if it does not stand there."""
        end = at
        if end < len(self.words) and self.words[end] in ("of", "in", "on", "from", "to", "my"):
            end += 1
        while end < len(self.words) and self.words[end] in DETERMINERS | {"whole", "entire"}:
            end += 1
        return end + 1 - at if end < len(self.words) and self.words[end] in VIEWS else 0

    # Places ------------------------------------------------------------------------------

    def place(self) -> Place | None:
        """Read a phrase of place at the next word: "on the far left side of the picture"."""
        start, at = self.at, self.at
        words = self.words
        if relation_at(words, at)[0] and self._relates(at):
            return None
        side, length = place_at(words, at)
        if side and not self._side_follows(at + length):
            at += length
            at += self.is_view(at)
            self.take(at - start, "place")
            return Place((side,))
        while at < len(words) and words[at] in _SKIPPED:
            at += 1
        if at > start and relation_at(words, at)[0] and self._relates(at):
            return None  # "slightly left of the bowl"
        prepositions = 0
        while at < len(words) and words[at] in PLACE_PREPOSITIONS | DETERMINERS:
            prepositions += words[at] in PLACE_PREPOSITIONS
            at += 1
            while at < len(words) and words[at] in STRESS - {"right", "far"}:
                at += 1
        found = self._sides(at)
        if found is None:
            viewed = self.is_view(start)
            if viewed and prepositions:
                self.take(viewed, "frame")
            return None
        place, end = found
        if place.sides[0] in ("near", "far") and end - at == 1 and words[at] in ("near", "close"):
            return None
        self.take(end - start, "place")
        return place

    def _relates(self, at: int) -> bool:
        """Return whether the relation at a word has something after it to relate to."""
        key, length = relation_at(self.words, at)
        after = at + length
        view = self.is_view(at + length)
        if view or not key:
            return False
        previous = self.words[after - 1]
        while after < len(self.words) and self.words[after] in DETERMINERS | STRESS - {"right"}:
            after += 1
        if after >= len(self.words):
            return False
        viewer = self.words[after] in VIEWERS
        if key in ("nearest", "farthest", "next") and viewer and self.words[after] != "front":
            return False
        if previous in ("of", "to", "from") and length > 1:
            central = SIDE_WORDS.get(self.words[after]) == "middle" and self._sides_only(after)
            return self.words[after] not in VIEWS and not central
        if length == 1 and self.words[at] in PLACE_PREPOSITIONS | {"off", "of"}:
            side = self.words[after] in SIDE_WORDS or most_at(self.words, after)[0]
            return not (side and self._sides_only(after))
        return self.words[after] not in COPULAS | RELATIVES | JOINTS

    def _sides_only(self, at: int) -> bool:
        """Return whether words of place follow and then no noun: "left", "top left corner"."""
        found = self._sides(at)
        if found is None:
            return False
        end = found[1]
        if end >= len(self.words) or self.pause[end]:
            return True
        following = self.words[end]
        breaks = relation_at(self.words, end)[0] or following in (
            COPULAS | RELATIVES | JOINTS | POSING | HAVING | PLACE_PREPOSITIONS | FRAME
        )
        return bool(breaks) or self.words[end - 1] in PARTS

    def _side_follows(self, at: int) -> bool:
        """Return whether another side goes on: "on top" in "on top left"."""
        return at < len(self.words) and self.words[at] in SIDE_WORDS and not self.pause[at]

    def _sides(self, at: int) -> tuple[Place, int] | None:
        """Return the sides that words from one on name, and the index after them."""
        words, most = self.words, False
        sides: list[str] = []
        begun = at
        while at < len(words) and (at == begun or not self.pause[at] or len(sides) == 1):
            if sides and relation_at(words, at)[0] and self._relates(at):
                break
            key, length = most_at(words, at)
            if key:
                following = at + length
                linked = following < len(words) and words[following] in _TO_VIEWER
                while linked and words[following] in (*_TO_VIEWER, *DETERMINERS, *STRESS):
                    following += 1
                    if following >= len(words):
                        break
                if linked and following < len(words) and words[following] in VIEWERS:
                    length = following + 1 - at
                sides.append(key)
                most = True
                at += length
            elif words[at] in SIDE_WORDS and not self._is_thing(at, bool(sides)):
                if self.pause[at] and sides:
                    break
                sides.append(SIDE_WORDS[words[at]])
                at += 1
            elif not sides and words[at] in STRESS - {"right"} and at + 1 < len(words):
                most = most or words[at] in ("far", "extreme", "very", "most", "furthest")
                at += 1
            elif sides and words[at] in PARTS:
                most = most or words[at] == "most"
                at += 1
            else:
                break
        if not sides:
            return None
        sided = words[at - 1] in ("left", "right") and words[at : at + 1] == ["of"]
        central = sided and SIDE_WORDS.get("".join(words[at + 1 : at + 2])) == "middle"
        if sided and not central and not self.is_view(at):
            return None  # "far left of the bowl"
        at += self.is_view(at)
        unique = tuple(dict.fromkeys(sides))
        return Place(_corner(unique), most), at

    def _is_thing(self, at: int, begun: bool) -> bool:
        """Return whether a word of place is part of a verb or a thing: "low" in "low wall"."""
        return self.words[at] in ("up", "down") and not begun and self.at != at

    # Descriptions ------------------------------------------------------------------------

    def description(self, depth: int) -> Description:
        """Read a noun phrase with what follows it."""
        draft = Draft()
        if NEGATIONS.match(self.words, self.at) and depth == 0:
            # "not the red one, the other mug"
            self.take(NEGATIONS.match(self.words, self.at), "frame")
            other = Draft()
            read_group(self, other)
            draft.excluded.append(other.finish())
        read_group(self, draft)
        self._tail(draft, depth)
        return draft.finish()

    def _tail(self, draft: Draft, depth: int) -> None:
        """Read what follows a noun group until nothing of it is understood."""
        negated = False
        while not self.done:
            before = self.at
            if depth and self.pause[self.at]:
                return
            target = Draft() if negated else draft
            told = self._tail_part(target, depth, negated)
            if told is None:
                return
            if negated and told:
                draft.excluded.append(target.finish())
                negated = False
            if told == "not":
                negated = True
            if self.at == before:
                if depth:
                    return
                self._leftover(draft)

    def _tail_part(self, draft: Draft, depth: int, negated: bool) -> str | None:
        """Read one part behind a noun; None ends the description, "" skips words of no weight."""
        word = self.peek()
        excepted = EXCEPTIONS.match(self.words, self.at)
        if excepted and (word != "but" or self.at + excepted < len(self.words)):
            if depth:
                return None
            self.take(excepted, "frame")
            draft.excluded.append(self.description(depth + 1))
            return "except"
        length = NEGATIONS.match(self.words, self.at)
        if length:
            if depth:
                return None
            self.take(length, "frame")
            return "not"
        if word in JOINTS:
            return self._joint(draft, depth)
        if word in ORDINALS or (word in DETERMINERS and self.peek(1) in ORDINALS):
            self.take(int(word in DETERMINERS), "frame")
            return "rank" if read_modifier(self, draft) else ""
        if draft.rank is not None and not draft.rank.side and read_modifier(self, draft):
            return "rank"
        if word in ("counting", "starting") and self.peek(1) == "from":
            self.take(1, "frame")
            return ""
        place = self.place()
        if place is not None:
            draft.places.append(place)
            return "place"
        skipped = 0
        # "just behind", but "right of".
        while (
            not relation_at(self.words, self.at + skipped)[0]
            and self.peek(skipped) in STRESS
            and relation_at(self.words, self.at + skipped + 1)[0]
        ):
            skipped += 1
        key, length = relation_at(self.words, self.at + skipped)
        if key == "of" and word == "of" and not skipped and read_compound(self, draft):
            return "noun"
        if key:
            self.take(skipped, "frame")
            return self._relation(draft, key, length, depth)
        if word in RELATIVES | COPULAS or (word in DETERMINERS | STRESS and not negated):
            self.take(1, "frame")
            return ""
        if word in COLORED:
            self.take(1, "frame")
            return ""
        if word == "made":
            self.take(2 + (self.peek(1) == "out"), "frame")
            while self.peek() in MATERIALS:
                draft.materials.append(self.peek())
                self.take(1, "attribute")
            return "made"
        if word in HAVING:
            self.take(1, "relation")
            if self._nothing_follows():
                return "posing"
            return self._relation(draft, "with", 0, depth)
        if word in POSING:
            self.take(1, "frame")
            return ""
        if negated:
            read_group(self, draft)
            return "attribute" if draft.described else ""
        if draft.described and read_modifier(self, draft):
            return "attribute"
        return ""

    def _nothing_follows(self) -> bool:
        return self.done or self.pause[self.at] or bool(relation_at(self.words, self.at)[0])

    def _joint(self, draft: Draft, depth: int) -> str | None:
        """Read "and": another place, another relation, or another thing."""
        after = self.at + 1
        while after < len(self.words) and self.words[after] in RELATIVES | COPULAS | POSING:
            after += 1
        if after >= len(self.words):
            self.take(1, "frame")
            return ""
        told = relation_at(self.words, after)[0] or NEGATIONS.match(self.words, after)
        started = self.at
        self.at = after
        sided = self._sides_only(after) or bool(place_at(self.words, after)[0])
        self.at = started
        if told or sided or self.words[after] in HAVING:
            if depth:
                return None
            self.take(after - self.at, "frame")
            return ""
        if depth:
            return None
        self.take(1, "frame")
        draft.joined.append(self.description(depth + 1))
        return "joined"

    def _relation(self, draft: Draft, key: str, length: int, depth: int) -> str:
        """Read a relation and what it relates to."""
        viewed = self.is_view(self.at + length)
        first = self.peek()
        said = " ".join(self.words[self.at : self.at + length])
        self.take(length, "relation")
        if viewed:
            self.take(viewed, "frame")
            return "view"
        if depth >= _DEEPEST:
            return ""
        if key == "nearest" and self._viewer():
            draft.places.append(Place(("near",), most=True))
            return "place"
        if key in ("farthest", "from") and self._viewer():
            draft.places.append(Place(("far",), most=True))
            return "place"
        if key == "next" and self._viewer():
            draft.places.append(Place(("near",)))
            return "place"
        if self.done or (self.pause[self.at] and length):
            self._without_anchor(draft, key, first)
            return "place"
        if self.peek() == "each" and self.peek(1) == "other":
            self.take(2, "frame")
            return "relation"
        anchors = [self.description(depth + 1)]
        wants_two = key == "between"
        while self.peek() in JOINTS and not self.done:
            following = self.at + 1
            while following < len(self.words) and self.words[following] in DETERMINERS:
                following += 1
            other = relation_at(self.words, following)[0] or following >= len(self.words)
            if not wants_two and (
                other
                or self._sides_only(following)
                or self.words[following] in RELATIVES | HAVING | COPULAS
            ):
                break  # fmt: skip
            self.take(1, "frame")
            anchors.append(self.description(depth + 1))
            wants_two = False
        if anchors == [Description()]:
            self._without_anchor(draft, key, first)
            return "place"
        self._link(draft, key, anchors, said)
        return "relation"

    def _link(self, draft: Draft, key: str, anchors: list[Description], said: str) -> None:
        """Add a relation, told apart by what it relates to."""
        first = anchors[0]
        if key == "between" and "middle" in said and len(anchors) == 1 and not first.plural:
            key = "at"
        worn = first.noun.rpartition(" ")[2] in CLOTHES or (not first.noun and first.colors)
        if key in ("in", "with") and worn:
            # "the man in red on the left": the man is.
            draft.places += first.places
            draft.rank = draft.rank or first.rank
            anchors[0] = replace(first, places=(), rank=None)
            key = "with"
        if said in PART_OF and not draft.described:
            # "the top of the building" is a part of it.
            draft.places.append(Place((PART_OF[said],)))
            key = "of"
        draft.links.append(Link(key, tuple(anchors)))

    def _viewer(self) -> bool:
        """Take "the camera", "us" and the like if it stands next."""
        ahead = 0
        while self.peek(ahead) in DETERMINERS | {"to", "from"}:
            ahead += 1
        if self.peek(ahead) not in VIEWERS or self.peek(ahead) == "front":
            return False
        after = self.at + ahead + 1
        if self.peek(ahead) == "screen" and after < len(self.words) and not self.pause[after]:
            return False
        self.take(ahead + 1, "place")
        return True

    def _without_anchor(self, draft: Draft, key: str, first: str) -> None:
        """Take a relation to nothing for a place where it can be one: "the one above"."""
        places = {
            **{"left": "left", "right": "right", "above": "top", "below": "bottom"},
            **{"front": "near", "behind": "far", "nearest": "near", "farthest": "far"},
            "between": "middle",
        }
        if key in places:
            most = key in ("nearest", "farthest")
            draft.places.append(Place((places[key],), most))
        elif key == "next" and first in ("near", "close", "closer"):
            draft.places.append(Place(("near",)))

    def _leftover(self, draft: Draft) -> None:
        """Make of a word that fits nothing a noun, a detail, or nothing."""
        if not draft.nouns and not draft.thing:
            start = self.at
            read_group(self, draft)
            if self.at > start or self.done:
                return
        if self.pause[self.at] or self.peek() in DETERMINERS:
            start = self.at
            detail = Draft()
            read_group(self, detail)
            if self.at > start and (detail.nouns or detail.thing or detail.any_said):
                draft.add_detail(detail)
            if self.at > start:
                return
        self.take(1, "frame" if self.words[self.at] in FRAME else "unread")


def _corner(sides: tuple[str, ...]) -> tuple[str, ...]:
    """Return at most two sides; "front" and "back" beside another give way."""
    plane = [side for side in sides if side not in ("near", "far")] or list(sides)
    across = [side for side in plane if side in ("left", "right")]
    down = [side for side in plane if side in ("top", "bottom")]
    if across and down:
        return (down[0], across[0])
    if len(plane) > 1 and "middle" in plane:
        return (next(side for side in plane if side != "middle"), "middle")
    return tuple(plane[:1])
