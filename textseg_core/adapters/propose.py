"""Proposes to the reasoner what a pretrained model finds of each noun."""

from collections.abc import Mapping, Sequence
from dataclasses import replace

from textseg_core.adapters.base import Found, OpenVocabularyModel, fit_of
from textseg_core.arrays import UInt8Array
from textseg_core.reasoner.network import NetworkInstances, texts_of
from textseg_core.reasoner.propose import Instance, NounPhrase


class FoundInstances:
    """Finds the instances of nouns in what a model has answered already; see `Proposer`.

    Of a model that does not tells things apart, the connected pieces of its response are taken, as
    of our own network.

    Args:
        found: Its answer to each of `nouns_of` all phrases.
        tells_apart: Whether it gives instances.
        min_area_px: Smallest instance kept, pixels.
        threshold: Least response that makes an instance of a model that gives none.
    """

    def __init__(
        self, found: Mapping[str, Found], *, tells_apart: bool, min_area_px: int, threshold: float
    ) -> None:
        self._found = found
        self._tells_apart = tells_apart
        self._min_area_px = min_area_px
        self._threshold = threshold

    def propose(
        self, image: UInt8Array, phrases: Sequence[NounPhrase]
    ) -> list[tuple[Instance, ...]]:
        """Return the instances of each phrase; see `Proposer`."""
        if not self._tells_apart:
            pieces = NetworkInstances(
                lambda texts: [self._found[text].response for text in texts],
                self._min_area_px,
                self._threshold,
            )
            return pieces.propose(image, phrases)
        return [self._instances(phrase) for phrase in phrases]

    def _instances(self, phrase: NounPhrase) -> tuple[Instance, ...]:
        noun, *attributed = nouns_of(phrase, tells_apart=True)
        known = [self._found[text].instances for text in attributed]
        return tuple(
            replace(
                one,
                fits={
                    word: fit_of(one, others)
                    for word, others in zip(phrase.attributes, known, strict=True)
                },
            )
            for one in self._found[noun].instances
            if one.area >= self._min_area_px
        )


def nouns_of(phrase: NounPhrase, *, tells_apart: bool) -> list[str]:
    """Return what a model is asked of a phrase: its noun, then the noun with each attribute.

    A model that does not tell things apart is asked for all of them and for one.
    """
    if not tells_apart:
        return texts_of(phrase)
    _, noun, *attributed = texts_of(phrase)
    return [noun, *attributed]


def wanted_nouns(phrases: Sequence[NounPhrase], model: OpenVocabularyModel) -> list[str]:
    """Return everything that a model is to be asked for phrases, each text once."""
    texts = (
        text for phrase in phrases for text in nouns_of(phrase, tells_apart=model.tells_apart)
    )
    return list(dict.fromkeys(texts))
