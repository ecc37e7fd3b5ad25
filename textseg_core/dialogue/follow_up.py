"""Reads an answer to "which one?": the left one, the second from the right, not that one."""

from collections.abc import Sequence
from dataclasses import dataclass
from enum import Enum

from textseg_core.command import parse_command
from textseg_core.dialogue.words import (
    ALLS,
    ANYS,
    AWAY,
    BETWEEN,
    CANCELS,
    CARDINALS,
    COLOURS,
    DEPTHS,
    KNOWN,
    NEGATIONS,
    NUMERALS,
    OPENINGS,
    OTHERS,
    SAME,
    SIDES,
    SIZES,
)
from textseg_core.language.number import head_noun, noun_group, singular_of
from textseg_core.language.words import Word, split_words


class Act(Enum):
    """What an answer does.

    Attributes:
        CHOOSE: It says what the one that is meant is like.
        ANY: Every one will do.
        ALL: It wants all of them.
        OTHER: Not the one that was taken or shown, but the other.
        NOT_THAT: Not the one that was taken or shown.
        CANCEL: None of them.
        UNCLEAR: It answers, but does not say which: "yes", "that one".
        REWORD: It says what the one is like in words that geometry does not know.
        NONE: It is no answer to the question.
    """

    CHOOSE = "choose"
    ANY = "any"
    ALL = "all"
    OTHER = "other"
    NOT_THAT = "not that"
    CANCEL = "cancel"
    UNCLEAR = "unclear"
    REWORD = "reword"
    NONE = "none"


@dataclass(frozen=True, slots=True)
class Trait:
    """One thing that is said of the one that is meant.

    Attributes:
        kind: "side", "color", "size", "depth" or "ordinal".
        value: left, right, top, bottom, middle; a colour; large, small, tall, short, wide or
            narrow; near or far; for an ordinal the one of these that it counts from, "" if none
            is said.
        number: Of an ordinal, from 1; -1 for the last.
    """

    kind: str
    value: str
    number: int = 0


@dataclass(frozen=True, slots=True)
class FollowUp:
    """An answer.

    Attributes:
        act: What it does.
        traits: What it says of the one that is meant, in its order.
        is_negated: Whether it says what is not meant: "not the red one".
        text: For `Act.REWORD` the query with "one" put into words.
    """

    act: Act
    traits: tuple[Trait, ...] = ()
    is_negated: bool = False
    text: str = ""


def read_follow_up(text: str, expression: str) -> FollowUp:
    """Return what a text means as an answer to the question which of several is meant.

    Args:
        text: As typed or said.
        expression: What was asked for, of which several were found. Its noun may be repeated.
    """
    said = " ".join(word.plain for word in _without_openings(split_words(text)))
    for courtesy in (" please", " thanks", " thank you"):
        said = said.removesuffix(courtesy)
    for phrases, act in ((CANCELS, Act.CANCEL), (ANYS, Act.ANY), (ALLS, Act.ALL)):
        if said in phrases:
            return FollowUp(act)
    command = parse_command(text)
    if command.destination is not None:
        return _reworded(text, expression)
    words = _without_openings(split_words(command.expression))
    is_negated = (command.action or "").startswith("do not ")
    return _read_words(words, is_negated, text, expression)


def _read_words(words: Sequence[Word], is_negated: bool, text: str, expression: str) -> FollowUp:
    """Return what a description of the one that is meant, or is not, says."""
    parts = [part for word in words for part in _parts(word)]
    plains = [part.plain for part in parts]
    noun = head_noun(expression)
    nouns = {noun, *singular_of(noun or "")}
    traits: list[Trait] = []
    is_other = is_pointing = is_named = False
    index = 0
    while index < len(plains):
        word = plains[index]
        length = 1
        if is_negated and traits and parts[index].pause:
            traits, is_negated = [], False  # "not the left one, the right one"
        if skipped := NEGATIONS.match(plains, index):
            if traits:
                break  # "the left one, not the right one"
            is_negated, length = True, skipped
        elif OTHERS.match(plains, index):
            is_other = True
        elif word in nouns:  # before the traits, as an orange may be meant by its noun
            is_named = True
        elif found := _trait_at(plains, index):
            length, trait = found
            traits.append(trait)
        elif word in SAME:
            is_pointing = True
        elif word not in KNOWN:
            return FollowUp(Act.UNCLEAR) if is_negated else _reworded(text, expression)
        index += length
    if traits:
        return FollowUp(Act.CHOOSE, tuple(traits), is_negated)
    if is_other:
        return FollowUp(Act.OTHER)
    if is_negated:
        return FollowUp(Act.NOT_THAT)
    # "Yes" and "ok" point at nothing either; the noun alone asks the same again.
    agrees = bool(text.strip()) and OPENINGS.issuperset(plains)
    return FollowUp(Act.UNCLEAR if agrees or (is_pointing and not is_named) else Act.NONE)


def _trait_at(plains: Sequence[str], at: int) -> tuple[int, Trait] | None:
    """Return how many words name a trait at a word, and the trait; None if none do."""
    word, after = plains[at], plains[at + 1 : at + 2]
    if word in AWAY and after in ([], ["one"], ["to"], ["away"]):
        return 1, Trait("depth", AWAY[word])
    for table, kind in (
        (SIDES, "side"), (COLOURS, "color"), (SIZES, "size"), (DEPTHS, "depth"),
    ):  # fmt: skip
        if word in table:
            return 1, Trait(kind, table[word])
    if word in NUMERALS:
        return _with_side(plains, at, NUMERALS[word])
    if word in ("number", "no", "nr") and after and after[0] in CARDINALS:
        return 2, Trait("ordinal", "", CARDINALS[after[0]])
    if word.isdecimal() and word in CARDINALS:
        return 1, Trait("ordinal", "", CARDINALS[word])
    return None


def _with_side(plains: Sequence[str], at: int, number: int) -> tuple[int, Trait]:
    """Return an ordinal with what it counts from, and how many words both take.

    "second from the right", "second one on the left", "second left", "second largest".
    """
    index = at + 1
    while index < len(plains) and plains[index] in BETWEEN:
        index += 1
    word = plains[index] if index < len(plains) else ""
    value = SIDES.get(word) or SIZES.get(word) or DEPTHS.get(word)
    if value is None or value == "middle":
        return 1, Trait("ordinal", "", number)
    return index + 1 - at, Trait("ordinal", value, number)


def _parts(word: Word) -> list[Word]:
    """Return the words of "top-left", and others as they are."""
    if "-" not in word.plain or word.plain in SIDES:
        return [word]
    return [word._replace(plain=part) for part in word.plain.split("-") if part]


def _without_openings(words: Sequence[Word]) -> Sequence[Word]:
    """Return the words after "no, ..." or "right, ...": those before a comma or full stop."""
    while len(words) > 1 and words[0].plain in OPENINGS and words[1].pause:
        words = words[1:]
    return words


def _reworded(text: str, expression: str) -> FollowUp:
    """Return the text with "one" put into words, if it has it: "the mug next to the bowl"."""
    noun = " ".join(noun_group(expression))
    for word in split_words(text):
        if word.plain == "one" and noun and noun != "one":
            return FollowUp(Act.REWORD, text=f"{text[: word.start]}{noun}{text[word.end :]}")
    return FollowUp(Act.NONE)
