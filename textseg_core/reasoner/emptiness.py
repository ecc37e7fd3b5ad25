"""Reads that something has nothing on or by it: "with no food on it", "without a lid", "empty"."""

from dataclasses import replace

from textseg_core.language.words import word_set
from textseg_core.reasoner.clauses import OTHER_WAY, SUBJECTS
from textseg_core.reasoner.draft import Draft
from textseg_core.reasoner.grammar import Description, Link
from textseg_core.reasoner.noun_group import read_group
from textseg_core.reasoner.place_phrases import PlaceReader
from textseg_core.reasoner.place_words import STRESS, relation_at
from textseg_core.reasoner.words import COPULAS, EXCEPTIONS, HAVING, JOINTS, POSING

_NOTHING = word_set("nothing none nobody")
_NO = _NOTHING | {"no"}
#: Denied, these say that something has nothing on or in it; "not riding a horse" does not.
_HOLDING = word_set("has have had having hold holds holding contain contains containing wearing")
#: What the described thing is called again: "nothing on *it*".
_ITSELF = word_set("it them him her itself themselves there")
#: What a thing is to what it would have, by the place of the latter: "nothing on the left".
_FROM_PLACE = {"left": "right", "right": "left", "near": "behind", "far": "front"}


def read_emptiness(reader: PlaceReader, draft: Draft, *, negated: bool) -> bool:
    """Read that what is described has none of something; where that is not said, read nothing.

    Args:
        reader: At "without", "has no", "that nothing lies on" or, behind "not", "have".
        draft: Of what is described; what it has not becomes an exclusion of it.
        negated: Whether "not" stands before.
    """
    start, roles = reader.at, list(reader.roles)
    word, follows = reader.peek(), _having(reader)
    clause = word in SUBJECTS and reader.peek(1) in _NO and not negated
    if word == "without" and not negated:
        reader.take(1, "relation")
    elif follows and (word in _HOLDING if negated else reader.peek(follows) in _NO):
        reader.take(follows, "relation")
    elif clause:
        reader.take(1, "frame")
    else:
        return False
    nothing = reader.peek() in _NOTHING
    if reader.peek() in _NO:
        reader.take(1, "frame")
    found = [] if EXCEPTIONS.match(reader.words, reader.at) else _subjects(reader, nothing)
    key = _place_of(reader, found, clause)
    own = [one for one in found if one.noun == " ".join(draft.nouns) != ""]
    if not found or not key or own:
        reader.at = start
        reader.roles[:] = roles
        return False
    # "Without a lid on the left" is on the left; of "nothing on the left" or "no food on top" the
    # place has become the relation.
    draft.places += [
        place for one in found if one.noun for place in one.places if place.sides != ("top",)
    ]
    draft.excluded += [
        Description(links=(Link(key, (replace(one, places=()),)),)) for one in found
    ]
    return True


def _having(reader: PlaceReader) -> int:
    """Return how many words "has", "is holding" or "with" has, 0 where none stands."""
    key, length = relation_at(reader.words, reader.at)
    length = length if key == "with" else int(reader.peek() in HAVING)
    return length + (reader.peek(length) == "got") if length else 0


def _subjects(reader: PlaceReader, nothing: bool) -> list[Description]:
    """Read what is missing: "nothing", "no apples or lemons"; none where nothing is named."""
    found = []
    while True:
        subject = Draft(thing=nothing)
        if not reader.done and not (nothing and reader.pause[reader.at]):
            read_group(reader, subject)
        if not subject.nouns and (not subject.thing or subject.alike):
            return []
        found.append(subject.finish())
        if reader.peek() not in ("or", "nor") or relation_at(reader.words, reader.at + 1)[0]:
            return found
        reader.take(1, "frame")
        nothing = False


def _place_of(reader: PlaceReader, found: list[Description], clause: bool) -> str:
    """Read "(lying) on it"; return what the described thing would be to what it has not.

    Empty where a clause ("that nothing lies on") does not end with its relation.
    """
    before = reader.at
    while reader.peek() in COPULAS | POSING | STRESS and reader.peek() not in _ITSELF:
        if relation_at(reader.words, reader.at)[0]:
            break
        reader.take(1, "frame")
    key, length = relation_at(reader.words, reader.at)
    after = reader.at + length
    again = after < len(reader.words) and reader.words[after] in _ITSELF
    ends = after >= len(reader.words) or reader.pause[after] or reader.words[after] in JOINTS
    if key in OTHER_WAY and (again or ends):
        reader.take(length + again, "relation")
        return "holds" if key in ("on", "in") else OTHER_WAY[key]
    reader.at = before
    if clause:
        return ""
    places = [place.sides[0] for one in found if not one.noun for place in one.places]
    return _FROM_PLACE.get(places[0], "holds") if places else "holds"
