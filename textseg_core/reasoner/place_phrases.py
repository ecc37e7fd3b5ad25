"""Reads where in the view something lies: "on the far left side of the picture"."""

from textseg_core.reasoner.grammar import Place
from textseg_core.reasoner.place_words import (
    PARTS,
    PLACE_PREPOSITIONS,
    SIDE_WORDS,
    STRESS,
    VIEWERS,
    VIEWS,
    most_at,
    place_at,
    relation_at,
)
from textseg_core.reasoner.tokens import Words
from textseg_core.reasoner.words import (
    COPULAS,
    DETERMINERS,
    FRAME,
    HAVING,
    JOINTS,
    POSING,
    RELATIVES,
)

_SKIPPED = (STRESS | {"over"}) - {"right", "far", "extreme", "most", "very"}
_TO_VIEWER = ("to", "from", "of", "by", "near", "at")


class PlaceReader:
    """Reads from left to right and knows phrases of place.

    Args:
        words: Of the expression.

    Attributes:
        words: In lower case.
        pause: Whether a comma stands before each.
        roles: What was made of each.
        at: Index of the next word.
    """

    def __init__(self, words: Words) -> None:
        self.words, self.pause = words.plain, words.pause
        self.roles = ["unread"] * len(words)
        self.at = 0

    def peek(self, ahead: int = 0) -> str:
        """Return the next word or one after it, empty behind the last."""
        place = self.at + ahead
        return self.words[place] if place < len(self.words) else ""

    def take(self, count: int, role: str) -> None:
        """Move on, noting what was made of words."""
        for place in range(self.at, min(self.at + count, len(self.words))):
            self.roles[place] = role
        self.at += count

    @property
    def done(self) -> bool:
        """Whether no word is left."""
        return self.at >= len(self.words)

    def is_view(self, at: int) -> int:
        """Return how many words "of the picture" has at a word, 0 if it does not stand there."""
        end = at
        if end < len(self.words) and self.words[end] in ("of", "in", "on", "from", "to", "my"):
            end += 1
        while end < len(self.words) and self.words[end] in DETERMINERS | {"whole", "entire"}:
            end += 1
        return end + 1 - at if end < len(self.words) and self.words[end] in VIEWS else 0

    def place(self) -> Place | None:
        """Read a phrase of place at the next word: "on the far left side of the picture"."""
        start, at = self.at, self.at
        words = self.words
        longer = most_at(words, at)[1] > relation_at(words, at)[1]  # "furthest to the left"
        if relation_at(words, at)[0] and not longer and self._relates(at):
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
            central = SIDE_WORDS.get(self.words[after]) == "middle" and self.sides_only(after)
            return self.words[after] not in VIEWS and not central
        if length == 1 and self.words[at] in PLACE_PREPOSITIONS | {"off", "of"}:
            side = self.words[after] in SIDE_WORDS or most_at(self.words, after)[0]
            return not (side and self.sides_only(after))
        return self.words[after] not in COPULAS | RELATIVES | JOINTS

    def sides_only(self, at: int) -> bool:
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
