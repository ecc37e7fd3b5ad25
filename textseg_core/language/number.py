"""Decides whether a noun phrase asks for one thing or for several."""

from collections.abc import Sequence

from textseg_core.language.lexicon import (
    ADJECTIVES,
    CONJUNCTIONS,
    COPULAS,
    DETERMINERS,
    NUMBERS,
    PARTICIPLES,
    PLACE_WORDS,
    PREPOSITIONS,
    RELATIVES,
)
from textseg_core.language.words import Phrases, Word, phrase_list, split_words, word_set

_IRREGULAR_PLURALS = {
    "people": "person", "men": "man", "women": "woman", "children": "child", "feet": "foot",
    "teeth": "tooth", "geese": "goose", "mice": "mouse", "oxen": "ox", "cacti": "cactus",
    "fungi": "fungus", "octopi": "octopus", "knives": "knife", "leaves": "leaf",
    "loaves": "loaf", "shelves": "shelf", "wolves": "wolf", "halves": "half", "calves": "calf",
    "scarves": "scarf", "lives": "life", "wives": "wife", "hooves": "hoof", "elves": "elf",
    "thieves": "thief", "ppl": "person", "folk": "person", "peeps": "person",
    "cattle": "cow", "glasses": "glass", "buses": "bus", "lenses": "lens", "gases": "gas",
    "canvases": "canvas", "shoes": "shoe", "toes": "toe", "canoes": "canoe", "axes": "axe",
    "cookies": "cookie", "movies": "movie", "pies": "pie", "ties": "tie", "caches": "cache",
    "boxes": "box", "quizzes": "quiz",
}  # fmt: skip
# End in s or look plural, and are one thing; pairs such as scissors are picked up as one.
_ONE_THING = word_set(
    """
    scissors pliers tweezers tongs sunglasses eyeglasses goggles pants jeans shorts
    trousers binoculars headphones earphones shears clippers overalls tights leggings
    pajamas pyjamas underpants boxers stairs gas canvas atlas lens series species news
    chassis chess asparagus christmas always yes this his its us as perhaps mathematics
    physics gymnastics bias alias pancreas texas jesus less besides across plus thus pus
    ibis forceps calipers callipers secateurs nutcrackers bellows gallows tennis whats thats was
    has is
    """
)
_NOT_MEN = word_set("specimen omen abdomen ramen regimen stamen semen acumen yemen amen hymen")
_SEVERAL = word_set(
    """
    both every each several many few multiple various numerous these those everything
    everyone everybody they them
    """
)
_ONE = word_set("a an another this that one single 1 either neither it him itself")
_AMOUNTS = phrase_list(
    """a couple; couple; a lot; lots; dozens; a dozen; plenty; a number; a few; all; both; each;
    most; some; several; many; few; a handful; hundreds; two; three; four; five; six; seven;
    eight; nine; ten"""
)
_QUANTITIES = Phrases([*(f"{amount} of" for amount in _AMOUNTS), "a few", "a couple"])
_SINGLES = Phrases(["any of", "one of", "any one of", "either of", "neither of", "none of"])
_PLACE_NOUNS = word_set("hand part end half side corner edge way background foreground")
_THINGS = word_set("orange glass paper square")  # adjectives that name things too
_OPENINGS = Phrases(
    phrase_list(
        """not; except; only; just; but; anywhere; everywhere; exactly; about; at least; at most;
        up to"""
    )
)
_ENDS = (
    (PREPOSITIONS - {"like"}) | RELATIVES | COPULAS | PARTICIPLES | {"not", "no", "minus", "that"}
)


def is_plural_noun(noun: str) -> bool:
    """Return whether an English noun, in lower case, has the form of a plural.

    Nouns for a pair that is one thing ("scissors", "jeans") are not plural, nor is a noun whose
    two forms are the same ("fish").
    """
    noun = noun.removesuffix("'s")
    if "-" in noun:
        noun = noun.rsplit("-", 1)[1]
    if noun in _ONE_THING:
        return False
    if noun in _IRREGULAR_PLURALS:
        return True
    if noun.endswith(("men", "children")):
        return noun not in _NOT_MEN
    return len(noun) > 2 and noun.endswith("s") and not noun.endswith(("ss", "us", "is", "'s"))


def singular_of(noun: str) -> tuple[str, ...]:
    """Return what the singular of a noun in lower case may be, the likeliest first."""
    if noun in _ONE_THING:
        return ()
    if noun in _IRREGULAR_PLURALS:
        return (_IRREGULAR_PLURALS[noun],)
    if noun.endswith("men") and noun not in _NOT_MEN:
        return (noun[:-3] + "man",)
    if noun.endswith("children"):
        return (noun[:-3],)
    if len(noun) < 3 or not noun.endswith("s") or noun.endswith(("ss", "us", "is")):
        return ()
    found = [noun[:-1]]
    if noun.endswith("ies"):
        found.insert(0, noun[:-3] + "y")
    elif noun.endswith("ves"):
        found += [noun[:-3] + "f", noun[:-3] + "fe"]
    elif noun.endswith(("ses", "xes", "zes", "ches", "shes", "oes")):
        found.append(noun[:-2])
    return tuple(found)


def plural_of(noun: str) -> tuple[str, ...]:
    """Return what the plural of a noun in lower case may be, the likeliest first."""
    irregular = tuple(many for many, one in _IRREGULAR_PLURALS.items() if one == noun)
    if irregular:
        return irregular
    if noun.endswith("child"):
        return (noun + "ren",)
    if noun.endswith("man"):
        return (noun[:-3] + "men",)
    if noun.endswith("y") and noun[-2:-1] not in tuple("aeiou"):
        return (noun[:-1] + "ies",)
    if noun.endswith(("s", "x", "z", "ch", "sh")):
        return (noun + "es",)
    return (noun + "s", noun + "es") if noun.endswith("o") else (noun + "s",)


def is_plural(expression: str) -> bool:
    """Return whether an expression asks for several things.

    Rules, in order, on the words before the first preposition, relative pronoun or participle:
    "one of the cups" and "any of" ask for one; two things joined by "and" for several ("the mug
    and the bowl", not "the black and white cat"); "two of", "a couple of" for what their noun
    is; "both", "every", "several", "these", "them" for several; "a", "this", "one" for one;
    else the head noun decides, that is the last word but those of place ("trees far left"), or
    a number before it ("two red mug").

    Args:
        expression: A noun phrase as typed, in any case.

    Returns:
        True for several; False for one and where nothing tells.
    """
    words = split_words(expression)
    plains = [word.plain for word in words]
    start = _after_openings(plains)
    if start == len(plains) or _SINGLES.match(plains, start):
        return False
    if _joins_things(plains, start):
        return True
    amount = _QUANTITIES.match(plains, start)
    group, _ = _noun_group(words, plains, start + amount)
    if not group:
        return False
    if amount:
        return is_plural_noun(group[-1]) or group[-1] in _SEVERAL
    if not _SEVERAL.isdisjoint(group) or group == ["all"]:
        return True
    if group[0] in _ONE:
        return False
    return is_plural_noun(group[-1]) or _is_counted(group)


def head_noun(expression: str) -> str | None:
    """Return the noun that an expression is about, in lower case; None if it names none."""
    nouns = [word for word in noun_group(expression) if word != "one"]
    return nouns[-1] if nouns else None


def noun_group(expression: str) -> tuple[str, ...]:
    """Return the first noun and the adjectives before it, in lower case: red mug.

    Determiners, numbers and words of place after the noun are left out; "one" counts as a noun.
    """
    words = split_words(expression)
    plains = [word.plain for word in words]
    start = _after_openings(plains)
    counted = _QUANTITIES.match(plains, start) or _SINGLES.match(plains, start)
    group, _ = _noun_group(words, plains, start + counted)
    return tuple(word for word in group if word not in DETERMINERS | NUMBERS)


def is_pair(noun: str) -> bool:
    """Return whether a noun in lower case looks plural and is one thing: scissors, jeans."""
    return noun in _ONE_THING


def _after_openings(plains: Sequence[str]) -> int:
    """Return the index after "not", "only", "at least" and the like."""
    start = 0
    while start < len(plains):
        length = _OPENINGS.match(plains, start)
        if not length:
            break
        start += length
    return start


def _noun_group(words: Sequence[Word], plains: Sequence[str], start: int) -> tuple[list[str], int]:
    """Return the words up to the end of the first noun group, and the index after them.

    Words of place at its end are left out; a group of nothing else ("bottom left, two trees",
    "left") is passed over where more follows a comma.
    """
    index = start
    while index < len(plains):
        group: list[str] = []
        while index < len(plains):
            described = group and group[-1] in ADJECTIVES and plains[index] == "and"
            joined = words[index].pause or (plains[index] in CONJUNCTIONS and not described)
            if _ends_group(plains, index, bool(group)) or (group and joined):
                break
            group.append(plains[index])
            index += 1
        dropped = ""
        while group and _is_only_place(group, dropped):
            dropped = group.pop()
        named = any(word not in DETERMINERS for word in group)
        more = index < len(plains) and words[index].pause
        if named or not more or _ends_group(plains, index, False):
            return group, index
    return [], index


def _ends_group(plains: Sequence[str], index: int, begun: bool) -> bool:
    """Return whether a noun group ends before a word; "that mug" may begin one."""
    if not begun and (plains[index] in ("that", "up", "down") or plains[index] in PARTICIPLES):
        return False
    return plains[index] in _ENDS or tuple(plains[index : index + 3]) == ("all", "the", "way")


def _is_only_place(group: Sequence[str], dropped: str) -> bool:
    """Return whether the last word says where: "trees left", "bottom corner", not "the hand"."""
    if group[-1] not in PLACE_WORDS or (group[-1] == "hand" and dropped != "side"):
        return False
    return group[-1] not in _PLACE_NOUNS or (len(group) > 1 and group[-2] in PLACE_WORDS)


def _is_counted(group: Sequence[str]) -> bool:
    """Return whether a number stands before a noun: "2 mug", "two red mug", not "cup 2"."""
    for index, word in enumerate(group[:-1]):
        if word in NUMBERS or (word.isdecimal() and len(word) < 3 and 2 <= int(word) <= 20):
            return all(other in ADJECTIVES for other in group[index + 1 : -1])
    return False


def _joins_things(plains: Sequence[str], start: int) -> bool:
    """Return whether "and" joins two things before any other thing is mentioned."""
    for index in range(start, len(plains) - 1):
        word, after = plains[index], plains[index + 1]
        if word == "and" and index > start:
            if after in DETERMINERS or after in NUMBERS:
                return True
            before = plains[index - 1]
            described = before in ADJECTIVES and (after in ADJECTIVES or before not in _THINGS)
            if described or before in PLACE_WORDS or before in PREPOSITIONS:
                continue
            return after not in ADJECTIVES and not any(w in _ENDS for w in plains[start:index])
        ends = word in _ENDS and not (index == start and word == "that")
        if ends and not _is_place_phrase(plains, index):
            return False
    return False


def _is_place_phrase(plains: Sequence[str], at: int) -> bool:
    """Return whether "on the left" and no thing stands at a preposition."""
    index = at + 1
    while index < len(plains) and plains[index] in DETERMINERS:
        index += 1
    return index < len(plains) and plains[index] in PLACE_WORDS
