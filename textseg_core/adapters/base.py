"""What every pretrained model gives: a response to each text, and its instances if it has any."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Protocol

import numpy as np

from textseg_core.arrays import BoolArray, Float32Array, UInt8Array
from textseg_core.reasoner.propose import Instance
from textseg_core.runtime.base import BackendReport

#: How sure a detection is that only just reaches its model's threshold.
LEAST_SURE = 0.6


@dataclass(frozen=True, slots=True, eq=False)
class Found:
    """What a model says of one text.

    Attributes:
        response: How well each pixel fits, (H, W) in [0, 1].
        instances: The things that fit, best first; empty from a model that does not tell things
            apart.
        truncated: Words beyond the longest text that the model reads.
    """

    response: Float32Array
    instances: tuple[Instance, ...] = ()
    truncated: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True, eq=False)
class Answers:
    """What a model says about one image.

    Attributes:
        expressions: Of each whole expression that was asked.
        nouns: Of each noun, with an attribute or without.
    """

    expressions: tuple[Found, ...]
    nouns: tuple[Found, ...]


class OpenVocabularyModel(Protocol):
    """A pretrained model; knows nothing of places, relations, cameras or ROS.

    Attributes:
        name: Key of `cards.CARDS`.
        threshold: Least response counted as foreground, in (0, 1).
        tells_apart: Whether it gives instances.
    """

    name: str
    threshold: float
    tells_apart: bool

    def find(
        self, image: UInt8Array, expressions: Sequence[str], nouns: Sequence[str] = ()
    ) -> Answers:
        """Return what fits each text, in their order.

        Args:
            image: RGB, (H, W, 3).
            expressions: Answered as a whole.
            nouns: Every instance of them is wanted, as far as the model tells them apart.

        Raises:
            ValueError: If the network answers with NaN or infinity.
        """
        ...

    def report(self) -> BackendReport:
        """Return what runs where."""
        ...

    def close(self) -> None:
        """Give back memory and device."""
        ...


def sureness(score: float, threshold: float) -> float:
    """Return a detection's score on the scale that the reasoner judges by.

    Models differ in what they call sure: SAM 3 keeps scores from 0.5, OWLv2 from 0.1. A score at
    its model's threshold becomes `LEAST_SURE`, 1 stays 1, straight between.
    """
    share = (score - threshold) / (1.0 - threshold)
    return LEAST_SURE + (1.0 - LEAST_SURE) * min(max(share, 0.0), 1.0)


def found_of(masks: Sequence[BoolArray], sure: Sequence[float], shape: tuple[int, int]) -> Found:
    """Return masks with how sure each is as an answer; one thing found twice is kept once.

    Args:
        masks: Foreground, (H, W) each; empty ones are left out.
        sure: Of each mask, in [0, 1].
        shape: (H, W).
    """
    order = sorted(range(len(masks)), key=lambda place: -sure[place])
    kept: list[Instance] = []
    response = np.zeros(shape, np.float32)
    for place in order:
        if not masks[place].any():
            continue
        one = Instance(masks[place], sure[place])
        if any(one.is_same(other) for other in kept):
            continue
        kept.append(one)
        np.maximum(response, one.mask * np.float32(one.score), out=response)
    return Found(response, tuple(kept))


def fit_of(one: Instance, attributed: Sequence[Instance]) -> float:
    """Return how well an attribute fits an instance of a noun, in [0, 1].

    Args:
        one: Instance of the noun ("mug").
        attributed: Instances of the noun with the attribute ("red mug").

    Returns:
        How sure the model is of the same thing with the attribute, as a share of how sure it is
        without; 0 if it does not find it.
    """
    best = max((other.score for other in attributed if other.is_same(one)), default=0.0)
    return min(1.0, best / max(one.score, 1e-6))


def checked(values: Float32Array, who: str) -> Float32Array:
    """Return an output, refused if it holds NaN or infinity.

    Raises:
        ValueError: Naming the model.
    """
    if not np.isfinite(values).all():
        raise ValueError(
            f"{who} answered with NaN or infinity, expected finite numbers; the result is "
            "refused, check the weights, and choose fp32 if it runs in fp16"
        )
    return values
