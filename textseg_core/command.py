"""Reads a command: what to do, the expression it is about, and where that is to go."""

from collections import Counter
from dataclasses import dataclass

from textseg_core.language.number import is_plural
from textseg_core.language.reader import Reading, Role, read_words
from textseg_core.language.words import Word, split_words

_CLOSING = {'"': '"', "”": "“", "’": "‘", ")": "(", "]": "[", "»": "«", "」": "「"}


@dataclass(frozen=True, slots=True)
class Command:
    """What was made of a text; every word of it is in at least one of these parts.

    Attributes:
        text: The text as typed.
        action: Verb phrase in lower case and base form ("pick up"), "do not ..." where it is
            forbidden, verbs that act on the same thing joined ("pick up and put"); None where
            the text only describes ("man in blue shirt right").
        expression: What is to be segmented, as typed; "" if the text names nothing.
        destination: Expression for where it is to go, as typed, or None.
        destination_relation: How it is to lie there, in lower case ("on", "next to"); None
            without a destination, and where no such word was typed ("give the man the mug",
            "put it here").
        plural: Whether the expression asks for several things.
        ignored: Words set aside, as typed and in order: politeness, names for the robot, "me",
            other commands in the same text, and verbs typed in another form than `action` has
            ("passing" for "pass").
    """

    text: str
    action: str | None
    expression: str
    destination: str | None
    destination_relation: str | None
    plural: bool
    ignored: tuple[str, ...]


def parse_command(text: str) -> Command:
    """Read a command or a bare description.

    Rules:
        * A text is a command only where a verb has an object; "hand on the left", "can on the
          table", "place mat" and "set of knives" are descriptions (`language.verbs.find_verb`).
        * Verbs of placing (put, place, move, drop, ...) take the last plausible relation as
          their destination: "put the red mug on the left | on the plate"; into, onto, to and
          towards come before all others (`language.relations.find_destination`). Verbs of
          giving and pushing (give, hand, bring, push, ...) take these directed ones only;
          others (pick up, grab, find, ...) none, so that "pick up the jar next to the apples"
          is about "the jar next to the apples".
        * Pronouns stay in the expression, unless the same text says what they stand for.
        * No word is lost: what is in no other part is in `ignored`.

    Args:
        text: Words in any case, script and length; empty text gives an empty expression.

    Returns:
        The parts of the command.

    Raises:
        TypeError: If `text` is not a string.
    """
    if not isinstance(text, str):
        raise TypeError(
            f"a command must be text (str), got {type(text).__name__}; "
            "decode bytes as UTF-8 before passing them"
        )
    reading = read_words(split_words(text))
    expression = _joined(text, reading, Role.TARGET)
    relation = [word.plain for word in _with_role(reading, Role.RELATION)]
    return Command(
        text=text,
        action=_action(reading),
        expression=expression,
        destination=_joined(text, reading, Role.DESTINATION) or None,
        destination_relation=" ".join(relation) or None,
        plural=is_plural(expression),
        ignored=_ignored(reading),
    )


def require_target(text: str) -> Command:
    """Read a command or a bare description that names what is to be segmented.

    Raises:
        ValueError: If the text is no string or names nothing.
    """
    if not isinstance(text, str):
        raise ValueError(f"text must be a string, got {type(text).__name__}")
    command = parse_command(text)
    if not command.expression:
        raise ValueError(
            "text must name what to segment, such as 'the red mug' or 'pick up the red mug', "
            f"got {text[:80]!r}"
        )
    return command


def _with_role(reading: Reading, role: Role) -> list[Word]:
    return [word for word, has in zip(reading.words, reading.roles, strict=True) if has is role]


def _action(reading: Reading) -> str | None:
    if not reading.actions:
        return None
    return ("do not " if reading.negated else "") + " and ".join(reading.actions)


def _ignored(reading: Reading) -> tuple[str, ...]:
    """Return the words set aside and those that the action has in another form, in order."""
    said = Counter((_action(reading) or "").split())
    ignored: list[str] = []
    for word, role in zip(reading.words, reading.roles, strict=True):
        if role is Role.ACTION and said[word.plain]:
            said[word.plain] -= 1
        elif role in (Role.ACTION, Role.IGNORED):
            ignored.append(word.typed)
    return tuple(ignored)


def _joined(text: str, reading: Reading, role: Role) -> str:
    """Return the words with a role as typed, with the punctuation between neighbours."""
    runs: list[list[int]] = []
    for index, has in enumerate(reading.roles):
        if has is role:
            if runs and runs[-1][-1] == index - 1:
                runs[-1].append(index)
            else:
                runs.append([index])
    return " ".join(
        _span(text, reading.words[run[0]].start, reading.words[run[-1]].end) for run in runs
    )


def _span(text: str, start: int, end: int) -> str:
    """Return a part of a text, with the quote or bracket that closes one inside it."""
    closing = text[end : end + 1]
    span = text[start:end]
    opening = _CLOSING.get(closing)
    if opening is None:
        return span
    if opening == closing:
        return span + closing if span.count(closing) % 2 else span
    return span + closing if span.count(opening) > span.count(closing) else span
