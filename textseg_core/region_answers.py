"""What is told of proposed regions to a network, and how the best one becomes a mask."""

from typing import Literal

import numpy as np

from textseg_core.arrays import BoolArray, Float32Array, UInt8Array
from textseg_core.proposals import (
    PLACES,
    Kind,
    Proposals,
    box_places,
    box_shares,
    content,
    grab_cut,
    segment_shares,
)

Answer = Literal["box", "grabcut", "segment"]

#: Of each answer: whether regions are told apart, and pooled, by their boxes or their pixels.
ANSWERS: dict[Answer, Kind] = {"box": "box", "grabcut": "box", "segment": "segment"}
#: The logit of a pixel that is answered; the others have its negative.
CERTAIN = 8.0


def regions_of(
    image: UInt8Array, proposals: Proposals, count: int, kind: Kind, cells: int
) -> tuple[Float32Array, Float32Array, Float32Array]:
    """Return what a network is told of a picture's proposals.

    Args:
        image: Letterboxed RGB, (S, S, 3).
        proposals: Of it.
        count: Rows N to fill; at least as many as there are proposals.
        kind: Whether a proposal is its box or its pixels.
        cells: Along each side of the network's map.

    Returns:
        Shares (N, cells ** 2), places (N, 8) and present (N,), 0 in the rows that are left.
    """
    shares = np.zeros((count, cells * cells), np.float32)
    places = np.zeros((count, PLACES), np.float32)
    present = np.zeros(count, np.float32)
    found = len(proposals)
    if found:
        shares[:found] = (
            box_shares(proposals.boxes, len(image), cells)
            if kind == "box"
            else segment_shares(proposals, cells)
        )
        places[:found] = box_places(proposals.boxes, content(image))
        present[:found] = 1.0
    return shares, places, present


def answer_mask(image: UInt8Array, proposals: Proposals, index: int, answer: Answer) -> BoolArray:
    """Return the mask of one proposal, (S, S)."""
    if answer == "segment":
        return proposals.segment(index)
    if answer == "box":
        return proposals.box(index)
    return grab_cut(image, proposals.boxes[index])
