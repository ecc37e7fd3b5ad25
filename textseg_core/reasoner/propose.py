"""Instances of a noun: what proposers return, and the protocol that they follow."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Protocol

import numpy as np

from textseg_core.arrays import BoolArray, Float32Array, UInt8Array
from textseg_core.reasoner.grammar import Description

#: Two masks that overlap so much (intersection over union) show the same thing.
SAME_IOU = 0.5


@dataclass(frozen=True, slots=True)
class NounPhrase:
    """What instances are asked for.

    Attributes:
        noun: In the singular; empty for anything.
        names: What the noun may be called, the longest first: "paper roll", "roll".
        attributes: Colours and materials that are to be judged for each instance, as in
            `Description`.
    """

    noun: str
    names: tuple[str, ...] = ()
    attributes: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True, eq=False)
class Instance:
    """One thing that may be meant.

    Attributes:
        mask: Its pixels, (H, W).
        score: How sure it is that the noun fits it, in [0, 1].
        fits: How well each attribute that was asked for fits it, in [0, 1].
        response: How well each pixel fits the noun, (H, W) in [0, 1]; None for the mask itself.
        box: (x0, y0, x1, y1) in pixels, x1 and y1 outside.
        area: Its pixels' number.
    """

    mask: BoolArray
    score: float = 1.0
    fits: Mapping[str, float] = field(default_factory=dict)
    response: Float32Array | None = None
    box: tuple[float, float, float, float] = field(init=False)
    area: int = field(init=False)

    def __post_init__(self) -> None:
        rows = np.flatnonzero(self.mask.any(axis=1))
        columns = np.flatnonzero(self.mask.any(axis=0))
        if not rows.size:
            raise ValueError("an instance needs at least one pixel, got an empty mask")
        x0, y0, x1, y1 = columns[0], rows[0], columns[-1] + 1, rows[-1] + 1
        object.__setattr__(self, "box", (float(x0), float(y0), float(x1), float(y1)))
        object.__setattr__(self, "area", int(np.count_nonzero(self.mask)))

    @property
    def center(self) -> tuple[float, float]:
        """Centre of the box, (u, v) in pixels."""
        x0, y0, x1, y1 = self.box
        return (x0 + x1) / 2.0, (y0 + y1) / 2.0

    def is_same(self, other: "Instance") -> bool:
        """Tell whether two instances show the same thing."""
        if self is other:
            return True
        (ax0, ay0, ax1, ay1), (bx0, by0, bx1, by1) = self.box, other.box
        if min(ax1, bx1) <= max(ax0, bx0) or min(ay1, by1) <= max(ay0, by0):
            return False
        shared = int(np.count_nonzero(self.mask & other.mask))
        return shared >= SAME_IOU * (self.area + other.area - shared)


class Proposer(Protocol):
    """Finds instances of nouns in an image; knows nothing of places and relations."""

    def propose(
        self, image: UInt8Array, phrases: Sequence[NounPhrase]
    ) -> list[tuple[Instance, ...]]:
        """Return the instances of each phrase, in the order of the phrases.

        Args:
            image: RGB, (H, W, 3).
            phrases: What is asked for; each is looked for alone.
        """
        ...


def noun_phrases(description: Description) -> dict[str, NounPhrase]:
    """Return what a description and all that it is related to ask for, by noun.

    Attributes of all mentions of a noun are joined, so that each noun is looked for once.
    """
    found: dict[str, NounPhrase] = {}
    for part in _parts(description):
        # "With green handles": where no handles are found, the thing is green.
        having = (
            color
            for link in part.links
            if link.key == "with"
            for anchor in link.anchors
            for color in anchor.colors
        )
        asked = (*part.colors, *part.materials, *having)
        name = " ".join((*part.materials, part.noun)) if part.noun else ""
        known = found.get(name)
        joined = tuple(dict.fromkeys((*(known.attributes if known else ()), *asked)))
        found[name] = NounPhrase(part.noun, part.compounds, joined)
    return found


def phrase_key(description: Description) -> str:
    """Return under which key of `noun_phrases` a description's instances are."""
    return " ".join((*description.materials, description.noun)) if description.noun else ""


def _parts(description: Description) -> list[Description]:
    """Return a description and every one in it that has instances of its own."""
    parts = [description]
    for link in description.links:
        for anchor in link.anchors:
            parts += _parts(anchor)
    for other in description.excluded:
        # "Not the red one": judged on the instances of the noun itself.
        parts += _parts(_with_noun(other, description))
    for other in description.joined:
        parts += _parts(other)
    return parts


def _with_noun(other: Description, of: Description) -> Description:
    """Return what is excluded with the noun of what it is excluded from, if it has none."""
    return other if other.noun else replace(other, noun=of.noun)
