"""What each word of a phrase is there for: category, attribute, predicate or supporting thing."""

from collections.abc import Sequence

from textseg_core.language.lexicon import (
    ADJECTIVES,
    CONJUNCTIONS,
    COPULAS,
    DETERMINERS,
    NUMBERS,
    PARTICIPLES,
    PLACE_LINKS,
    PLACE_WORDS,
    PREPOSITIONS,
    RELATIVES,
)
from textseg_core.language.relations import is_place_phrase, relation_at
from textseg_core.language.spelling import split_pieces
from textseg_core.language.vocabulary import Vocabulary
from textseg_core.language.words import word_set

#: What a word may be there for; an index into this is its role.
ROLES = ("nothing", "category", "attribute", "predicate", "support")
NOTHING, CATEGORY, ATTRIBUTE, PREDICATE, SUPPORT = range(len(ROLES))

_ANYTHING = word_set("one ones thing things object objects item items")
_IDLE = (
    DETERMINERS | NUMBERS | CONJUNCTIONS | COPULAS | RELATIVES | PLACE_WORDS
) - _ANYTHING | word_set("of")


def read_roles(plains: Sequence[str]) -> list[int]:
    """Return the role of each word of a phrase, by word lists.

    Nouns before the first relation name the category, adjectives before them are attributes, but
    the last word before the relation is a noun ("wine glass", "the orange"). The relation's
    words are the predicate, and the nouns behind it name what supports it. A second relation, and
    words of place, are there for nothing that a module takes.

    Args:
        plains: Words in lower case.
    """
    roles = [NOTHING] * len(plains)
    sections: list[list[int]] = [[]]
    index = 0
    while index < len(plains):
        length = relation_at(plains, index)
        if length and is_place_phrase(plains, index, length):
            index += length
            while index < len(plains) and plains[index] in PLACE_WORDS | PLACE_LINKS:
                index += 1
            continue
        if not length and plains[index] in PARTICIPLES | (PREPOSITIONS - _IDLE):
            length = 1
        if length:
            first = len(sections) == 1 or not sections[-1]
            if first and len(sections) <= 2:
                roles[index : index + length] = [PREDICATE] * length
            if sections[-1] or len(sections) == 1:
                sections.append([])
            index += length
            continue
        if plains[index] not in _IDLE:
            sections[-1].append(index)
        index += 1
    for number, section in enumerate(sections[:2]):
        for place in section:
            if plains[place] in _ANYTHING:
                continue
            if plains[place] not in ADJECTIVES or place == section[-1]:
                roles[place] = SUPPORT if number else CATEGORY
            elif not number:
                roles[place] = ATTRIBUTE
    if SUPPORT not in roles:
        roles = [NOTHING if role == PREDICATE else role for role in roles]
    return roles


def roles_of_parts(plains: Sequence[str], parts: Sequence[tuple[str, str]]) -> list[int]:
    """Return the role of each word of a phrase of which a data set says the parts.

    Args:
        plains: Words in lower case.
        parts: Role, of `ROLES`, and words of each part; a part that does not occur is left out.
    """
    roles = [NOTHING] * len(plains)
    for role, text in parts:
        wanted = [piece.plain for piece in split_pieces(text)]
        for start in range(len(plains) - len(wanted) + 1 if wanted else 0):
            place = slice(start, start + len(wanted))
            if list(plains[place]) == wanted and not any(roles[place]):
                roles[place] = [ROLES.index(role)] * len(wanted)
                break
    return roles


class RoleReader:
    """Gives each token of an expression its role.

    Args:
        words: The vocabulary, four reserved entries first.
        tokens: Length T of an expression, padded on the right.
    """

    def __init__(self, words: Sequence[str], tokens: int) -> None:
        self._vocabulary = Vocabulary(words[4:], 4)
        self._tokens = tokens

    def read(self, expression: str, parts: Sequence[tuple[str, str]] = ()) -> list[int]:
        """Return T roles; those of padding are `NOTHING`.

        Args:
            expression: The words.
            parts: As the data set has them; by word lists if empty.
        """
        pieces = split_pieces(expression)
        plains = [piece.plain for piece in pieces]
        of_words = roles_of_parts(plains, parts) if parts else read_roles(plains)
        roles, at = [], 0
        for part, _ in self._vocabulary.look_up(pieces):
            while pieces[at] is not part[0]:
                at += 1
            roles.append(of_words[at + len(part) - 1])
        return (roles + [NOTHING] * self._tokens)[: self._tokens]
