"""Reads an expression into what is meant, its attributes, places, ranks and relations.

Deterministic and without a dictionary of nouns: what is no word of `words.py` is a noun or
describes one. Nothing raises but text that is no string; of what it cannot use it makes `unread`.
"""

from dataclasses import replace

from textseg_core.reasoner.clauses import SUBJECTS, relative_clause
from textseg_core.reasoner.draft import Draft
from textseg_core.reasoner.grammar import Description, Link, Parsed, Place
from textseg_core.reasoner.modifiers import read_modifier
from textseg_core.reasoner.noun_group import read_compound, read_group
from textseg_core.reasoner.place_phrases import PlaceReader
from textseg_core.reasoner.place_words import (
    ORDINALS,
    PART_OF,
    STRESS,
    VIEWERS,
    place_at,
    relation_at,
)
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
    POSING,
    RELATIVES,
)

#: Before a relation, of several things that stand so the nearest is meant.
CLOSE = frozenset(("just", "right", "directly", "immediately", "straight", "exactly"))
_DEEPEST = 5  # nested relations; what lies deeper is unread


def parse_expression(text: str) -> Parsed:
    """Return what an expression says.

    Args:
        text: A referring expression ("the mug left of the bowl"), typed as people type.
    """
    words = Words(text)
    reader = _Reader(words)
    target = reader.description(0)
    target = _with_ones(target, target.noun)
    return Parsed(
        text,
        target,
        tuple(word for word, role in zip(words.plain, reader.roles, strict=True)
              if role == "unread"),
        tuple(zip(words.plain, reader.roles, strict=True)),
    )  # fmt: skip


def _with_ones(said: Description, noun: str) -> Description:
    """Return a description in which "the blue one" is of the noun that is described."""
    if not noun or not said.links:
        return said

    def named(other: Description) -> Description:
        return _with_ones(replace(other, noun=noun) if other.alike else other, noun)

    links = [replace(link, anchors=tuple(map(named, link.anchors))) for link in said.links]
    return replace(said, links=tuple(links))


class _Reader(PlaceReader):
    """Reads descriptions, each with what follows it."""

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
                if self.peek() == "or" and not depth:
                    self.take(1, "frame")  # "not red or green"
                    negated = True
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
            close = any(self.peek(ahead) in CLOSE for ahead in range(skipped))
            self.take(skipped, "frame")
            return self._relation(draft, key, length, depth, close=close)
        if word in SUBJECTS and not negated and relative_clause(self, draft):
            return "relation"
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
            bare = word not in DETERMINERS
            read_group(self, draft)
            if bare:
                draft.look_alone()  # "not orange", but "not the orange"
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
        sided = self.sides_only(after) or bool(place_at(self.words, after)[0])
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

    def _relation(
        self, draft: Draft, key: str, length: int, depth: int, *, close: bool = False
    ) -> str:
        """Read a relation and what it relates to."""
        viewed = self.is_view(self.at + length)
        first = self.peek()
        said = " ".join(self.words[self.at : self.at + length])
        close = close or "immediate" in said
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
                or self.sides_only(following)
                or self.words[following] in RELATIVES | HAVING | COPULAS
            ):
                break  # fmt: skip
            self.take(1, "frame")
            anchors.append(self.description(depth + 1))
            wants_two = False
        if anchors == [Description()]:
            self._without_anchor(draft, key, first)
            return "place"
        self._link(draft, key, anchors, said, close=close)
        return "relation"

    def _link(
        self, draft: Draft, key: str, anchors: list[Description], said: str, *, close: bool
    ) -> None:
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
        draft.links.append(Link(key, tuple(anchors), close))

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
