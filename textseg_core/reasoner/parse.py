"""Reads an expression into what is meant, its attributes, places, ranks and relations.

Deterministic and without a dictionary of nouns: what is no word of `words.py` is a noun or
describes one. Nothing raises but text that is no string; of what it cannot use it makes `unread`.
"""

from dataclasses import replace

from textseg_core.reasoner.clauses import SUBJECTS, relative_clause
from textseg_core.reasoner.draft import Draft
from textseg_core.reasoner.emptiness import read_emptiness
from textseg_core.reasoner.grammar import Description, Parsed
from textseg_core.reasoner.link_phrases import LinkReader
from textseg_core.reasoner.modifiers import read_modifier
from textseg_core.reasoner.noun_group import read_compound, read_group
from textseg_core.reasoner.place_words import (
    ORDINALS,
    STRESS,
    place_at,
    relation_at,
)
from textseg_core.reasoner.tokens import Words
from textseg_core.reasoner.words import (
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


class _Reader(LinkReader):
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
            if read_emptiness(self, draft, negated=negated):
                negated = False
                continue
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
        if word == "over" and self.peek(1) in ("here", "there"):
            self.take(2, "place")  # says where, but only to who sees the speaker point
            return ""
        length = NEGATIONS.match(self.words, self.at)
        if length:
            if depth:
                return None
            self.take(length, "frame")
            return "not"
        if word in JOINTS:
            return self._joint(draft, depth)
        if word == "or":
            if depth:
                return None
            self.take(1, "frame")
            other = Draft()
            read_group(self, other)
            draft.add_alternative(other)
            return "or"
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
            return self.relation(draft, key, length, depth, close=close)
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
            return self.relation(draft, "with", 0, depth)
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
