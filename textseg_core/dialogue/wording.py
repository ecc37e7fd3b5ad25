"""The short sentences that the node says: which one is meant, and what is not in view."""

from collections.abc import Sequence

from textseg_core.expressions.names import MASS, plural
from textseg_core.language.lexicon import DETERMINERS, PRONOUNS
from textseg_core.language.number import is_pair, noun_group
from textseg_core.language.words import split_words

#: More labels than these are not read out.
MOST_LABELS = 4
_NUMBERS = ("no", "one", "two", "three", "four", "five", "six", "seven", "eight", "nine", "ten")


def question(expression: str, labels: Sequence[str]) -> str:
    """Return what to ask: "two mugs: left or right?".

    Args:
        expression: What was asked for.
        labels: Of the candidates, two or more.
    """
    count = len(labels)
    number = _NUMBERS[count] if count < len(_NUMBERS) else str(count)
    several = f"{number} {_several(expression)}"
    # Of a long row each label is long too, and people count by themselves.
    side = next(
        (label.partition(" from the ")[2] for label in labels if " from the " in label), ""
    )
    if side or count > MOST_LABELS:
        return f"{several}: which one{f' from the {side}' if side else ''}?"
    return f"{several}: {', '.join(labels[:-1])} or {labels[-1]}?"


def not_in_view(expression: str, unknown_words: Sequence[str] = ()) -> str:
    """Return that nothing fits: "no red mug in view"; words that are not known are named.

    Args:
        expression: What was asked for.
        unknown_words: Words of it that the network does not know.
    """
    thing = _bare(expression)
    sentence = f"no {thing} in view" if thing else "nothing of that kind in view"
    if unknown_words:
        words = " and ".join(f'"{word}"' for word in unknown_words)
        sentence += f"; {words} {'is' if len(unknown_words) == 1 else 'are'} unknown to me"
    return sentence


def no_other(expression: str) -> str:
    """Return that nothing else fits: "no other red mug in view"."""
    thing = _bare(expression)
    return f"no other {thing} in view" if thing else "nothing else of that kind in view"


def hidden(expression: str) -> str:
    """Return that the object, which was in view, is not seen now: "the mug is hidden"."""
    thing = _bare(expression)
    return f"the {thing} is hidden" if thing else "it is hidden"


def _several(expression: str) -> str:
    """Return the plural of what is asked for with its adjectives: "red mugs"."""
    *adjectives, noun = noun_group(expression) or ("one",)
    if noun == "one":
        return " ".join((*adjectives, "ones")) if adjectives else "things"
    many = noun if noun in MASS or is_pair(noun) else plural(noun)
    return " ".join((*adjectives, many))


def _bare(expression: str) -> str:
    """Return an expression without its article; "" if it only points: "that one", "it"."""
    words = split_words(expression)
    while words and words[0].plain in DETERMINERS:
        words = words[1:]
    if all(word.plain in PRONOUNS for word in words):
        return ""
    return expression[words[0].start :].rstrip(" .!?,;:")
