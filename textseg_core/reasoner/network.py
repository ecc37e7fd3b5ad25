"""Proposes instances by asking a network for all things of a noun, and parting its answer."""

from collections.abc import Callable, Sequence
from dataclasses import replace

import numpy as np

from textseg_core.arrays import BoolArray, Float32Array, UInt8Array
from textseg_core.language.number import is_pair, plural_of
from textseg_core.postprocess import find_objects
from textseg_core.reasoner.propose import Instance, NounPhrase
from textseg_core.segmentation import SegmentedObject

#: Answers texts about one image with response maps, (H, W) in [0, 1] each.
Ask = Callable[[Sequence[str]], Sequence[Float32Array]]

#: Response that makes an instance; nouns answer more sharply than whole expressions.
LEAST_RESPONSE = 0.5
#: Instances kept of a noun.
MOST_INSTANCES = 16
#: Instances with a lower score are not proposed.
LEAST_SCORE = 0.1


class NetworkInstances:
    """Finds instances of nouns with a network that segments expressions.

    Of a noun the plural is asked ("all mugs"), which answers with every one, and the singular
    ("mug"), which is the better judge of whether there is any. An instance is a connected piece
    of the first; its score is the geometric mean of both responses over it. Of an attribute, the
    phrase with it ("red mug") is asked; it fits as well as that answers over the instance.

    Args:
        ask: The network, about the image that `propose` is called with.
        min_area_px: Smallest piece kept, pixels.
        least_response: Response that makes an instance.
    """

    def __init__(
        self, ask: Ask, min_area_px: int = 64, least_response: float = LEAST_RESPONSE
    ) -> None:
        self._ask = ask
        self._min_area_px = min_area_px
        self._least_response = least_response

    def propose(
        self, image: UInt8Array, phrases: Sequence[NounPhrase]
    ) -> list[tuple[Instance, ...]]:
        """Return the instances of each phrase; see `Proposer`."""
        texts = list(dict.fromkeys(text for phrase in phrases for text in texts_of(phrase)))
        answers = dict(zip(texts, self._ask(texts), strict=True))
        return [self._instances(phrase, answers) for phrase in phrases]

    def _instances(
        self, phrase: NounPhrase, answers: dict[str, Float32Array]
    ) -> tuple[Instance, ...]:
        every, single, *attributes = texts_of(phrase)
        pieces = find_objects(
            answers[every], threshold=self._least_response, min_area_px=self._min_area_px,
            max_objects=MOST_INSTANCES,
        )  # fmt: skip
        found = []
        for piece in pieces:
            sure = float((piece.score * mean_response(answers[single], piece.mask)) ** 0.5)
            if sure < LEAST_SCORE:
                continue
            fits = {
                word: mean_response(answers[text], piece.mask)
                for word, text in zip(phrase.attributes, attributes, strict=True)
            }
            response = np.where(piece.mask, answers[every], np.float32(0.0)).astype(np.float32)
            found.append(Instance(piece.mask, sure, fits, response))
        return tuple(found)


def texts_of(phrase: NounPhrase) -> list[str]:
    """Return what is asked about a phrase: all of its noun, one, and one of each attribute."""
    noun = phrase.names[0] if phrase.names else "object"
    bare = phrase.names[-1] if phrase.names else "object"
    return [f"all {many(noun)}", noun, *(f"{word} {bare}" for word in phrase.attributes)]


def many(noun: str) -> str:
    """Return the plural of a noun or compound: "toy cars", "bags of chips"."""
    first, joint, rest = noun.partition(" of ")
    if joint:
        return f"{many(first)}{joint}{rest}"
    head, space, last = noun.rpartition(" ")
    return (
        noun
        if is_pair(last)
        else f"{head}{space}{plural_of(last)[-1 if last.endswith('o') else 0]}"
    )


def pieces_beside(
    known: Sequence[Instance],
    pieces: Sequence[SegmentedObject],
    responses: Sequence[Float32Array],
) -> tuple[Instance, ...]:
    """Return the pieces of an answer that are no known instance.

    Args:
        known: Instances of a noun.
        pieces: What responds to a whole expression about it.
        responses: To all of the noun and to one, (H, W) each, which give the scores.
    """
    every, single = responses
    found = []
    for piece in pieces:
        one = Instance(piece.mask)
        if not any(one.is_same(other) for other in known):
            fit = mean_response(every, piece.mask) * mean_response(single, piece.mask)
            found.append(replace(one, score=max(fit**0.5, 0.02)))
    return tuple(found)


def mean_response(response: Float32Array, mask: BoolArray) -> float:
    """Return the mean response over a mask, in [0, 1]."""
    return float(response[mask].mean())
