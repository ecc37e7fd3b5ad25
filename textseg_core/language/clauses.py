"""Finds the commands in a text: where each begins, its verb and where its sentence ends."""

from collections.abc import Sequence
from dataclasses import dataclass

from textseg_core.language.lexicon import (
    FILLERS,
    GREETINGS,
    INTERJECTIONS,
    LEAD_INS,
    NEGATIONS,
)
from textseg_core.language.verbs import Verb, find_verb, find_wish
from textseg_core.language.words import Word

_JOINTS = frozenset(("and", "then"))
_LONGEST_LEAD_IN = 24  # words before a verb; keeps the search linear in the text
_CALLS = frozenset(("hey", "hi", "hello"))


@dataclass(frozen=True, slots=True)
class Clause:
    """One command in a line of words.

    Attributes:
        start: Index of its first word, with what introduces the verb.
        negation: Index of "not", "don't" before the verb, None if it is asked for.
        verb: Its verb.
        sentence_end: Index after the last word of the verb's sentence.
        end: Index after its last word, which is where the next clause starts.
    """

    start: int
    negation: int | None
    verb: Verb
    sentence_end: int
    end: int


def find_clauses(words: Sequence[Word]) -> list[Clause]:
    """Return the commands in a text without its words of politeness, in order.

    A command begins at the start of the text, after a comma or the end of a sentence, or, once
    there is a command, at "and" and "then": "a man about to jump and grab the ball" is none.
    """
    plains = [word.plain for word in words]
    found: list[tuple[int, int | None, Verb]] = []
    index = 0
    while index < len(words):
        joined = bool(found) and plains[index] in _JOINTS
        if index == 0 or words[index].pause or joined:
            clause = _begin(words, plains, index, joined or bool(found))
            if clause is not None:
                found.append((index, *clause))
                index = max(index + 1, clause[1].end)
                continue
        index += 1
    if not found:
        return []
    ends = [start for start, _, _ in found[1:]] + [len(words)]
    return [
        Clause(start, negation, verb, _sentence_end(words, verb.end, end), end)
        for (start, negation, verb), end in zip(found, ends, strict=True)
    ]


def skip_greetings(words: Sequence[Word], start: int, end: int) -> int:
    """Return the index after greetings and interjections that open a text or sentence."""
    plains = [word.plain for word in words[:end]]
    index = start
    while index < end:
        length = GREETINGS.match(plains, index)
        if not length:
            length = INTERJECTIONS.match(plains, index)
            if index + length >= end or not words[index + length].pause:
                length = 0
        if not length:
            break
        index += length
    return index


def _begin(
    words: Sequence[Word], plains: Sequence[str], start: int, continued: bool
) -> tuple[int | None, Verb] | None:
    """Return the negation and the verb of a command that begins at a word, if one does."""
    index, announced = start, False
    limit = min(len(words), start + _LONGEST_LEAD_IN)
    end = start
    while index < limit:
        if index >= end:
            end = _sentence_end(words, index, len(words))
        wish = None if continued and index == start else find_wish(plains, index)
        if wish is not None:
            return None, wish[1]
        verb = find_verb(plains, index, announced=announced, continued=continued, end=end)
        if verb is not None:
            return None, verb
        length = NEGATIONS.match(plains, index)
        if length:
            verb = find_verb(
                plains, index + length, announced=plains[index] != "not" or announced, end=end
            )
            if verb is not None:
                return index, verb
        length = LEAD_INS.match(plains, index)
        if length:
            announced = announced or length > 1
        else:
            length = max(
                table.match(plains, index) for table in (GREETINGS, INTERJECTIONS, FILLERS)
            )
            if length and plains[index] in _CALLS:
                length += _name_after(words, index + length)
        if not length:
            return None
        index += length
    return None


def _name_after(words: Sequence[Word], index: int) -> int:
    """Return 1 where a name that is called follows: "hey Franka, ..."."""
    called = index + 1 < len(words) and not words[index].pause and words[index + 1].pause
    return 1 if called else 0


def _sentence_end(words: Sequence[Word], start: int, limit: int) -> int:
    for index in range(start + 1, limit):
        if words[index].pause == 2:
            return index
    return limit
