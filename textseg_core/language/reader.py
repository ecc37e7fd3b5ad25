"""Gives every word of a text its role: action, target, relation, destination or set aside."""

from collections.abc import Sequence
from dataclasses import dataclass, field
from enum import Enum

from textseg_core.language.clauses import Clause, find_clauses, skip_greetings
from textseg_core.language.lexicon import (
    ADJECTIVES,
    DETERMINERS,
    NUMBERS,
    PLACE_WORDS,
    POLITENESS,
    PREPOSITIONS,
    PRONOUNS,
)
from textseg_core.language.objects import ObjectParts, read_object
from textseg_core.language.relations import relation_at
from textseg_core.language.words import Word, phrase_list, word_set

_STAND_INS = word_set("it them this that these those one him her")
_APPROACHES = frozenset(
    phrase_list(
        """
    look at; see; approach; go to; drive to; walk to; move to; navigate to; come to; head
    to; head for; focus on; zoom in on
    """
    )
)
_DESCRIBING = (
    DETERMINERS | PRONOUNS | PREPOSITIONS | ADJECTIVES | NUMBERS | PLACE_WORDS | {"not", "it's"}
)


class Role(Enum):
    """What a word of a text is part of."""

    ACTION = "action"
    TARGET = "target"
    RELATION = "relation"
    DESTINATION = "destination"
    IGNORED = "ignored"


@dataclass(slots=True)
class Reading:
    """The roles of a text's words.

    Attributes:
        words: Every word of the text.
        roles: The role of each.
        actions: Canonical verb phrases, to be joined by "and".
        negated: Whether the action is forbidden.
    """

    words: Sequence[Word]
    roles: list[Role] = field(default_factory=list)
    actions: list[str] = field(default_factory=list)
    negated: bool = False

    def set_roles(self, indices: Sequence[int], role: Role) -> None:
        """Give the words at `indices` a role."""
        for index in indices:
            self.roles[index] = role

    def has(self, role: Role) -> bool:
        """Return whether any word has a role."""
        return role in self.roles


def read_words(words: Sequence[Word]) -> Reading:
    """Return the role of every word of a text.

    Politeness is set aside wherever it stands. The first command that is not forbidden is read;
    commands after it that act on the same thing ("... and put it in the box") join it, others
    are set aside, as a single expression is segmented at a time.
    """
    reading = Reading(words, [Role.TARGET] * len(words))
    kept = _set_politeness_aside(reading)
    line = _Line(reading, kept)
    clauses = find_clauses(line.words)
    if clauses:
        line.read_commands(clauses)
    else:
        line.read_description(0, len(line.words))
    return reading


def _set_politeness_aside(reading: Reading) -> list[int]:
    plains = [word.plain for word in reading.words]
    kept: list[int] = []
    index = 0
    while index < len(plains):
        length = POLITENESS.match(plains, index)
        if length:
            reading.set_roles(range(index, index + length), Role.IGNORED)
        else:
            kept.append(index)
        index += length or 1
    return kept


class _Line:
    """The words of a text without politeness, with the way back to all of them."""

    def __init__(self, reading: Reading, kept: Sequence[int]) -> None:
        self._reading = reading
        self._kept = kept
        self.words: list[Word] = []
        before = -1
        for index in kept:
            skipped = reading.words[before + 1 : index + 1]
            pause = max(word.pause for word in skipped) if before >= 0 else 0
            self.words.append(reading.words[index]._replace(pause=pause))
            before = index

    def _mark(self, indices: Sequence[int], role: Role) -> None:
        self._reading.set_roles([self._kept[index] for index in indices], role)

    def read_description(self, start: int, end: int) -> None:
        """Set greetings and a call to the robot aside; the rest is the target."""
        begin = skip_greetings(self.words, start, end)
        self._mark(range(start, begin), Role.IGNORED)
        last = self.words[end - 1] if begin < end else None
        if last is not None and last.plain == "robot" and last.pause and end - begin > 1:
            self._mark([end - 1], Role.IGNORED)

    def read_commands(self, clauses: Sequence[Clause]) -> None:
        """Read the first command that is not forbidden, and what belongs to it."""
        main = self._main_command(clauses)
        if main.negation is not None and clauses[0].start:
            self._mark(range(clauses[0].start, len(self.words)), Role.IGNORED)
            self.read_description(0, clauses[0].start)
            return
        position = clauses.index(main)
        parts = self._read_command(main)
        self._mark(range(main.start), Role.IGNORED)
        if position == 0 and main.start:
            self._read_preface(main, parts)
        for clause in clauses[position + 1 :]:
            self._join_command(clause)

    def _main_command(self, clauses: Sequence[Clause]) -> Clause:
        """Return the first command not forbidden, in "go to ... and take ..." the latter."""
        asked = [clause for clause in clauses if clause.negation is None]
        if not asked:
            return clauses[0]
        for clause in asked:
            if clause.verb.canonical not in _APPROACHES:
                parts = read_object(self.words, clause.verb, clause.sentence_end)
                return asked[0] if self._stands_in(parts) else clause
        return asked[0]

    def _read_command(self, clause: Clause) -> ObjectParts:
        reading = self._reading
        verb = clause.verb
        self._mark(range(clause.start, verb.start), Role.IGNORED)
        self._mark(range(verb.start, verb.end), Role.ACTION)
        if clause.negation is not None:
            reading.negated = True
            self._mark(range(clause.negation, verb.start), Role.ACTION)
        parts = read_object(self.words, verb, clause.sentence_end)
        self._mark(parts.particle, Role.ACTION)
        self._mark(parts.ignored, Role.IGNORED)
        self._mark(parts.target, Role.TARGET)
        self._mark(parts.relation, Role.RELATION)
        self._mark(parts.destination, Role.DESTINATION)
        if parts.action not in reading.actions:
            reading.actions.append(parts.action)
        self._read_further_sentences(clause)
        return parts

    def _read_further_sentences(self, clause: Clause) -> None:
        """Keep sentences that describe ("The red one."), set others ("Hurry!") aside."""
        start = clause.sentence_end
        while start < clause.end:
            end = start + 1
            while end < clause.end and self.words[end].pause < 2:
                end += 1
            begin = skip_greetings(self.words, start, end)
            describes = begin < end and self.words[begin].plain in _DESCRIBING
            kind = Role.TARGET if describes else Role.IGNORED
            self._mark(range(start, begin), Role.IGNORED)
            self._mark(range(begin, end), kind)
            start = end

    def _read_preface(self, main: Clause, parts: ObjectParts) -> None:
        """Decide on words before the command: "the mug on the left, pick it up"."""
        stands_in = self._stands_in(parts)
        sentence = main.start - 1
        while sentence and self.words[sentence].pause != 2:
            sentence -= 1
        if not stands_in and self.words[main.start].pause == 2:
            return
        begin = skip_greetings(self.words, sentence, main.start)
        length = relation_at(self._plains(begin, main.start), 0)
        if length and main.verb.destination == "any" and not parts.destination:
            self._mark(range(begin, begin + length), Role.RELATION)
            self._mark(range(begin + length, main.start), Role.DESTINATION)
        elif begin < main.start:
            self._mark(range(begin, main.start), Role.TARGET)
            if stands_in:
                self._mark(parts.target, Role.IGNORED)

    def _plains(self, start: int, end: int) -> list[str]:
        return [word.plain for word in self.words[start:end]]

    def _stands_in(self, parts: ObjectParts) -> bool:
        return all(self.words[index].plain in _STAND_INS for index in parts.target)

    def _join_command(self, clause: Clause) -> None:
        """Read a further command where it acts on the same thing, else set it aside."""
        reading = self._reading
        parts = read_object(self.words, clause.verb, clause.sentence_end)
        twice = bool(parts.destination) and reading.has(Role.DESTINATION)
        self._mark(range(clause.start, clause.end), Role.IGNORED)
        if reading.negated or clause.negation is not None or twice or not self._stands_in(parts):
            return
        self._read_command(clause)
        self._mark(parts.target, Role.IGNORED)
        if self.words[clause.start].plain == "and":
            self._mark([clause.start], Role.ACTION)
