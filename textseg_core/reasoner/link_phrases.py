"""Reads a relation and what it relates to: "left of the red bowl", "between the cups"."""

from abc import abstractmethod
from dataclasses import replace

from textseg_core.reasoner.draft import Draft
from textseg_core.reasoner.grammar import Description, Link, Place
from textseg_core.reasoner.place_phrases import PlaceReader
from textseg_core.reasoner.place_words import PART_OF, VIEWERS, relation_at
from textseg_core.reasoner.words import CLOTHES, COPULAS, DETERMINERS, HAVING, JOINTS, RELATIVES

_DEEPEST = 5  # nested relations; what lies deeper is unread


class LinkReader(PlaceReader):
    """Knows phrases of relation."""

    @abstractmethod
    def description(self, depth: int) -> Description:
        """Read a noun phrase with what follows it, so deep within others."""

    def relation(
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
