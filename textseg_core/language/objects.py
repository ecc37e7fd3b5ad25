"""Divides what follows a verb into target, relation and destination."""

from collections.abc import Sequence
from dataclasses import dataclass

from textseg_core.language.lexicon import (
    ADJECTIVES,
    CONJUNCTIONS,
    COPULAS,
    DETERMINERS,
    ENDINGS,
    NUMBERS,
    PREPOSITIONS,
    RECIPIENTS,
    RELATIVES,
)
from textseg_core.language.relations import find_destination, relation_at
from textseg_core.language.verbs import PARTICLES, Verb
from textseg_core.language.words import Phrases, Word, phrase_list, word_set

_GIVING = word_set("give hand pass bring fetch send")
_FETCHING = word_set("get fetch take retrieve give hand pass return")
_ASKING_WHERE = word_set("show tell find see look know say")
_MANNER = Phrases(
    phrase_list("carefully;slowly;gently;quickly;for me;for us;very carefully;to me")
)
_MEASURES = Phrases(
    phrase_list(
        "a bit; a little; a little bit; slightly; straight; all the way; further; directly"
    )
)
_HERE = Phrases(
    phrase_list("over here;over there;right here;right there;up there;down there;here;there")
)
_ALSO_RELATIONS = word_set("on off in out over along around")
# "up" after these describes: "the cup facing up", "the one high up".
_BEFORE_UP = word_set(
    """
    facing pointing way side standing high higher highest far further hung looking turned
    right upside lying going face hanging sitting laid the of is are from belly held
    """
)
_FUNCTION_WORDS = DETERMINERS | NUMBERS | PREPOSITIONS | CONJUNCTIONS | RELATIVES | COPULAS


@dataclass(frozen=True, slots=True)
class ObjectParts:
    """Indices of the words after a verb, by what they are, and the verb with its particle."""

    action: str
    particle: tuple[int, ...]
    target: tuple[int, ...]
    relation: tuple[int, ...]
    destination: tuple[int, ...]
    ignored: tuple[int, ...]


def read_object(words: Sequence[Word], verb: Verb, end: int) -> ObjectParts:
    """Return the parts of the words between a verb and the end of its sentence.

    Args:
        words: The text's words.
        verb: The verb.
        end: Index after the last word of the sentence.
    """
    region = list(range(verb.end, end))
    ignored: list[int] = []
    _cut_sequel(words, region, ignored)
    _trim_end(words, region, ignored)
    action, particle = _take_particle(words, region, verb)
    received = _trim_start(words, region, ignored, verb)
    target, relation, destination = _divide(
        [words[index].plain for index in region], verb, received
    )
    while (length := _measure_at_end(words, [region[i] for i in target])) and relation:
        ignored += [region[i] for i in target[-length:]]
        target = target[:-length]
    return ObjectParts(
        action=action,
        particle=tuple(particle),
        target=tuple(region[i] for i in target),
        relation=tuple(region[i] for i in relation),
        destination=tuple(region[i] for i in destination),
        ignored=tuple(ignored),
    )


def _cut_sequel(words: Sequence[Word], region: list[int], ignored: list[int]) -> None:
    """Set aside what is to happen afterwards: "and then wave"."""
    for at in range(1, len(region)):
        if words[region[at]].plain == "then":
            start = at - 1 if words[region[at - 1]].plain == "and" else at
            ignored += region[start:]
            del region[start:]
            return


def _trim_end(words: Sequence[Word], region: list[int], ignored: list[int]) -> None:
    """Set "for me", "now", ", robot" at the end aside."""
    trimmed = True
    while trimmed and region:
        trimmed = False
        plains = [words[index].plain for index in region]
        for length in range(min(5, len(region)), 0, -1):
            at = len(region) - length
            if ENDINGS.match(plains, at) != length or not _may_end(words, region, plains, at):
                continue
            ignored += region[at:]
            del region[at:]
            trimmed = True
            break


def _may_end(words: Sequence[Word], region: Sequence[int], plains: Sequence[str], at: int) -> bool:
    """Return whether an ending is none of the object's words, as in "pick up the robot"."""
    if plains[at] == "robot":
        return words[region[at]].pause > 0
    if at == 0 or (len(plains) - at > 1 and plains[at:] != ["right", "now"]):
        return True
    before = plains[at - 1]
    return before not in DETERMINERS | PREPOSITIONS | ADJECTIVES | {"far", "of"}


def _trim_start(words: Sequence[Word], region: list[int], ignored: list[int], verb: Verb) -> bool:
    """Set "me", "carefully" and "where ... is" aside; return whether "me" was there."""
    received = False
    while region:
        plains = [words[index].plain for index in region]
        length = _MANNER.match(plains, 0)
        if not length and not received and _is_recipient(plains):
            received, length = True, 1
        if not length:
            break
        ignored += region[:length]
        del region[:length]
    first = verb.canonical.split()[0]
    if region and words[region[0]].plain == "where" and first in _ASKING_WHERE:
        ignored.append(region.pop(0))
        if len(region) > 1 and words[region[-1]].plain in ("is", "are"):
            ignored.append(region.pop())
        elif len(region) > 1 and words[region[0]].plain in ("is", "are"):
            ignored.append(region.pop(0))
    return received


def _is_recipient(plains: Sequence[str]) -> bool:
    if plains[0] in RECIPIENTS:
        return True
    return plains[0] in ("him", "her", "them") and plains[1:2] != [] and plains[1] in DETERMINERS


def _measure_at_end(words: Sequence[Word], target: Sequence[int]) -> int:
    """Return how many words at the end say how far: "move the chair | a bit | to the left"."""
    plains = [words[index].plain for index in target]
    for length in range(min(3, len(plains) - 1), 0, -1):
        if _MEASURES.match(plains, len(plains) - length) == length:
            return length
    return 0


def _take_particle(words: Sequence[Word], region: list[int], verb: Verb) -> tuple[str, list[int]]:
    """Return the verb with a particle that follows its object: "pick the red mug up"."""
    particles = PARTICLES.get(verb.canonical, ())
    plains = [words[index].plain for index in region]
    for at in range(1, len(plains)):
        word = plains[at]
        if word not in particles or plains[at - 1] in _BEFORE_UP:
            continue
        last = at + 1 == len(plains)
        followed = not last and (
            relation_at(plains, at + 1) > 0 or plains[at + 1] in ("from", "off")
        )
        if last or (followed and word not in _ALSO_RELATIONS):
            return f"{verb.canonical} {word}", [region.pop(at)]
    return verb.canonical, []


_Parts = tuple[range, range, range]


def _divide(plains: Sequence[str], verb: Verb, received: bool) -> _Parts:
    """Return the target, relation and destination as ranges of `plains`."""
    count = len(plains)
    everything = (range(count), range(0), range(0))
    if verb.destination == "none" or not plains:
        return everything
    if verb.destination == "any" and (length := relation_at(plains, 0)):
        if length == count:
            return everything
        split = _second_object(plains, length)
        return range(split, count), range(length), range(length, split)
    here = _trailing_here(plains)
    if verb.destination == "directed" and (received or verb.canonical in _FETCHING):
        here = count  # "slide the tray over here", but "hand me", "get the mug over there"
    relation = find_destination(plains, 0, here, directed_only=verb.destination == "directed")
    if relation is not None:
        return (
            range(relation.start),
            range(relation.start, relation.end),
            range(relation.end, count),
        )
    if here < count:
        return range(here), range(0), range(here, count)
    if verb.canonical.split()[0] in _GIVING and not received and plains[0] in DETERMINERS:
        split = _second_object(plains, 0)
        if split < count:
            return range(split, count), range(0), range(split)
    return everything


def _second_object(plains: Sequence[str], start: int) -> int:
    """Return where a second noun phrase begins: "put on the plate | the mug"."""
    for index in range(start + 2, len(plains) - 1):
        begins = plains[index] in DETERMINERS and plains[index] != "that"
        if begins and plains[index - 1] not in _FUNCTION_WORDS:
            return index
    return len(plains)


def _trailing_here(plains: Sequence[str]) -> int:
    """Return where "here" or "over there" at the end begins, or the end."""
    for length in (2, 1):
        at = len(plains) - length
        if at > 0 and _HERE.match(plains, at) == length:
            return at
    return len(plains)
