"""The words that the compact network learns: those its training expressions are made of."""

import json
from collections.abc import Iterable
from pathlib import Path

from textseg_core.expressions import common_words, phrases, relations
from textseg_core.expressions.names import HYPERNYMS, PERSON_WORDS, SYNONYMS, plural
from textseg_core.scenes import shapes

RESERVED = ("<pad>", "<go>", "<eos>", "<unk>")
COLORS = (
    "red orange yellow green blue purple pink brown black white gray silver beige".split()  # noqa: SIM905
)
NUMBERS = ("two", "three", "four", "five")


def object_nouns(manifest: Path) -> list[str]:
    """Return all nouns of an object pack."""
    nouns: dict[str, None] = {}
    for item in json.loads(manifest.read_text(encoding="utf-8")):
        for noun in (item["category"], *item.get("synonyms", ()), *item.get("hypernyms", ())):
            nouns.setdefault(noun.lower())
    return list(nouns)


def photo_nouns(categories: Iterable[str]) -> list[str]:
    """Return the COCO categories with their synonyms and hypernyms."""
    nouns: dict[str, None] = {}
    for name in categories:
        for noun in (name, *SYNONYMS.get(name, ()), *HYPERNYMS.get(name, ())):
            nouns.setdefault(noun)
    return [*nouns, *PERSON_WORDS]


def build_vocabulary(nouns: Iterable[str], more_nouns: Iterable[str] = ()) -> list[str]:
    """Return the vocabulary, reserved entries first, each word once.

    Args:
        nouns: Nouns of the training pictures; their plurals are added, and the nouns of the
            shapes that the project makes itself.
        more_nouns: Nouns known from the ImageNet labels alone.
    """
    words: dict[str, None] = dict.fromkeys(RESERVED)
    for table in (*relations.RELATIONS.values(), *sum(phrases.PLACES.values(), ())):
        for phrase in table:
            words.update(dict.fromkeys(phrase.split()))
    words.update(dict.fromkeys(phrases.GENERATED_WORDS))
    words.update(dict.fromkeys((*phrases.SIZES, *phrases.ORDINALS, *COLORS, *NUMBERS)))
    for noun in (*nouns, *shapes.nouns()):
        words.update(dict.fromkeys((noun, plural(noun))))
        words.update(dict.fromkeys((*noun.split(), *plural(noun).split())))
    words.update(dict.fromkeys((*more_nouns, *common_words.COMMON_WORDS)))
    return list(words)
