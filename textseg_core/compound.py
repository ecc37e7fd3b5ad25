"""A command with two places in it: what to take, and where it is to go."""

from collections.abc import Sequence
from dataclasses import dataclass

from textseg_core.command import Command, parse_command
from textseg_core.language.lexicon import (
    DETERMINERS,
    PLACE_LINKS,
    PLACE_WORDS,
    PREPOSITIONS,
    PRONOUNS,
)
from textseg_core.language.number import noun_group
from textseg_core.language.words import split_words
from textseg_core.segmentation import Segmentation

_NO_THINGS = PLACE_WORDS | PLACE_LINKS | PREPOSITIONS | DETERMINERS | PRONOUNS | {"other"}


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class CompoundAnswer:
    """The answers to a command in one image.

    Attributes:
        target: What to take; its `command` is the whole command.
        destination: Where it is to go; None if the command names no thing to put it.
    """

    target: Segmentation
    destination: Segmentation | None


def destination_expression(command: Command) -> str | None:
    """Return the expression to segment for where something is to go.

    None where no place is named, and where one is named that is no thing in the image: "here",
    "to the left", "into it".
    """
    place = command.destination
    if place is None:
        return None
    names_thing = any(word.plain not in _NO_THINGS for word in split_words(place))
    # Of the words of place, "hand" is a thing too, but not in "the left hand side".
    return place if names_thing or noun_group(place)[-1:] == ("hand",) else None


class CompoundTexts:
    """Turns commands into the texts to segment, and what was found into answers.

    Each different text occurs once, so that the commands "put the mug on the tray" and "put the
    jar on the tray" need three, not four.

    Attributes:
        texts: For `Segmenter.segment_many`.

    Args:
        commands: Commands or expressions, as typed.
    """

    def __init__(self, commands: Sequence[str]) -> None:
        places: dict[str, int] = {}
        self._pairs: list[tuple[int, int | None]] = []
        for text in commands:
            destination = destination_expression(parse_command(text))
            target = places.setdefault(text, len(places))
            self._pairs.append(
                (
                    target,
                    None if destination is None else places.setdefault(destination, len(places)),
                )
            )
        self.texts = tuple(places)

    def join(self, found: Sequence[Segmentation]) -> list[CompoundAnswer]:
        """Return the answer to each command, in their order.

        Args:
            found: What was found for each of `texts`, in their order.

        Raises:
            ValueError: If there are more or fewer of them.
        """
        if len(found) != len(self.texts):
            raise ValueError(
                f"expected one segmentation for each of {len(self.texts)} texts, got {len(found)}"
            )
        return [
            CompoundAnswer(
                target=found[target],
                destination=None if destination is None else found[destination],
            )
            for target, destination in self._pairs
        ]
