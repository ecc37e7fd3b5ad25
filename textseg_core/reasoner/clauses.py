"""Reads clauses with a subject of their own: "the tray that the pear is lying on"."""

from textseg_core.reasoner.draft import Draft
from textseg_core.reasoner.grammar import Link
from textseg_core.reasoner.noun_group import read_group
from textseg_core.reasoner.place_phrases import PlaceReader
from textseg_core.reasoner.place_words import STRESS, relation_at
from textseg_core.reasoner.words import COPULAS, DETERMINERS, JOINTS, POSING

#: Words that begin such a clause.
SUBJECTS = frozenset(("that", "which", "where", "the"))
#: What the described thing is to the subject, by what the subject is to it.
OTHER_WAY = {
    **{"on": "below", "in": "below", "above": "below", "below": "above", "left": "right"},
    **{"right": "left", "front": "behind", "behind": "front", "next": "next", "at": "at"},
}


def relative_clause(reader: PlaceReader, draft: Draft) -> bool:
    """Read such a clause at the next word; where none stands, nothing is read.

    The subject must have an article, a copula or a word like "lying" must follow, and the relation
    must end the clause.
    """
    start, roles = reader.at, list(reader.roles)
    if reader.peek() != "the":
        reader.take(1, "frame")
    if reader.peek() in DETERMINERS and (draft.nouns or draft.thing):
        subject = Draft()
        read_group(reader, subject)
        begun = reader.at
        while reader.peek() in COPULAS | POSING:
            reader.take(1, "frame")
        posed = reader.at > begun
        while reader.peek() in STRESS and not relation_at(reader.words, reader.at)[0]:
            reader.take(1, "frame")
        key, length = relation_at(reader.words, reader.at)
        after = reader.at + length
        ends = after >= len(reader.words) or reader.pause[after] or reader.words[after] in JOINTS
        if subject.nouns and posed and key in OTHER_WAY and ends:
            reader.take(length, "relation")
            draft.links.append(Link(OTHER_WAY[key], (subject.finish(),)))
            return True
    reader.at = start
    reader.roles[:] = roles
    return False
