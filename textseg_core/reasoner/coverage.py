"""Parses every phrase of the ReferIt game and reports what the parser understands of them.

`python -m textseg_core.reasoner.coverage --referit FOLDER [--sample N --seed S]`
"""

import argparse
import random
from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path
from time import perf_counter

from textseg_core.expressions.coverage import read_phrases
from textseg_core.reasoner.grammar import Description
from textseg_core.reasoner.parse import parse_expression
from textseg_core.reasoner.place_words import (
    PLACE_AND_RELATION,
)


@dataclass(frozen=True, slots=True)
class Understanding:
    """What the parser makes of some phrases.

    Attributes:
        phrases: Their number.
        placed: Number of phrases with a word of place, relation or rank.
        placed_words: Number of such words.
        understood: Number of such phrases of which every such word was understood.
        understood_words: Number of such words that were.
        whole: Number of phrases, with or without, of which no word was left unread.
        missed: How often each word of place, relation or rank was not understood.
        unread: How often each word was left unread.
    """

    phrases: int
    placed: int
    placed_words: int
    understood: int
    understood_words: int
    whole: int
    missed: Counter[str]
    unread: Counter[str]


def measure(phrases: Iterable[str]) -> Understanding:
    """Return what the parser makes of phrases.

    A word of `words.PLACE_AND_RELATION` counts as understood if it became part of a place, a
    relation, a rank or a superlative. What became part of a noun ("tank top") does not count as
    understood, since the parser cannot tell it from a miss.
    """
    missed: Counter[str] = Counter()
    unread: Counter[str] = Counter()
    count = placed = placed_words = understood = whole = 0
    for phrase in phrases:
        parsed = parse_expression(phrase)
        count += 1
        whole += not parsed.unread
        unread.update(parsed.unread)
        words = [(word, role) for word, role in parsed.roles if word in PLACE_AND_RELATION]
        placed += bool(words)
        placed_words += len(words)
        lost = [word for word, role in words if role not in ("place", "relation", "rank")]
        understood += bool(words) and not lost
        missed.update(lost)
    known = placed_words - sum(missed.values())
    return Understanding(count, placed, placed_words, understood, known, whole, missed, unread)


def outline(description: Description) -> str:
    """Return a description in one line: `mug[red] left:of(bowl)`."""
    attributes = (
        *(f"{description.count}" for _ in range(description.count is not None)),
        *("several" for _ in range(description.plural and description.count is None)),
        *description.extremes, *description.sizes, *description.colors,
        *description.materials, *description.adjectives,
    )  # fmt: skip
    parts = [(description.noun or "thing") + (f"[{' '.join(attributes)}]" if attributes else "")]
    parts += [
        f"@{'-'.join(place.sides)}{'!' if place.most else ''}" for place in description.places
    ]
    if description.rank is not None:
        parts.append(f"#{description.rank.number} from {description.rank.side or '?'}")
    for link in description.links:
        parts.append(f"{link.key}({', '.join(outline(anchor) for anchor in link.anchors)})")
    parts += [f"not({outline(one)})" for one in description.excluded]
    parts += [f"and({outline(one)})" for one in description.joined]
    return " ".join(parts)


def main(arguments: list[str] | None = None) -> None:
    """Print what is understood and which words are not; with --sample, phrases to read."""
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0] if __doc__ else None)
    parser.add_argument("--referit", type=Path, required=True, help="folder with the query files")
    parser.add_argument("--missing", type=int, default=25, help="how many words to list")
    parser.add_argument("--sample", type=int, default=0, help="print so many phrases as parsed")
    parser.add_argument("--seed", type=int, default=0, help="which phrases to print")
    given = parser.parse_args(arguments)
    try:
        phrases = read_phrases(given.referit)
    except ValueError as error:
        parser.error(str(error))
    if given.sample:
        for phrase in random.Random(given.seed).sample(phrases, min(given.sample, len(phrases))):
            parsed = parse_expression(phrase)
            lost = f"   unread: {' '.join(parsed.unread)}" if parsed.unread else ""
            print(f"{' '.join(phrase.split())}\n    {outline(parsed.target)}{lost}")
        return
    started = perf_counter()
    found = measure(phrases)
    spent = perf_counter() - started
    print(
        f"{found.phrases} phrases parsed without an error in {spent:.0f} s "
        f"({spent / max(found.phrases, 1) * 1e6:.0f} us each)\n"
        f"phrases of which no word is left unread: {found.whole / max(found.phrases, 1):.1%}\n"
        f"phrases with a word of place, relation or rank: {found.placed}; every such word "
        f"understood in {found.understood / max(found.placed, 1):.1%}\n"
        f"such words: {found.placed_words}, understood "
        f"{found.understood_words / max(found.placed_words, 1):.1%}"
    )
    for title, words in (("not understood", found.missed), ("unread", found.unread)):
        listed = ", ".join(f"{word} {n}" for word, n in words.most_common(given.missing))
        print(f"{title}: {listed}")


if __name__ == "__main__":
    main()
