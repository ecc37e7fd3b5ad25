"""Masks as COCO writes them in JSON: run lengths down the columns, as text."""

from typing import TypedDict

import numpy as np

from textseg_core.arrays import BoolArray

_GROUP_BITS, _MORE, _SIGN, _FIRST_LETTER = 5, 0x20, 0x10, 48
_PLAIN = 3
"""From this run on, the difference to the one before the last is written."""


class Rle(TypedDict):
    """A mask as pycocotools and COCO's JSON files have it.

    Attributes:
        size: Height and width, pixels.
        counts: Lengths of runs, background first, as text.
    """

    size: list[int]
    counts: str


def mask_to_rle(mask: BoolArray) -> Rle:
    """Return a mask, (H, W), in COCO's compressed form.

    Source:
        COCO API, common/maskApi.c: rleEncode and rleToString.
    """
    if mask.ndim != 2:
        raise ValueError(f"mask must be (H, W), got shape {mask.shape}")
    return {"size": [int(side) for side in mask.shape], "counts": _text(_runs(mask))}


def _runs(mask: BoolArray) -> list[int]:
    """Return the lengths of runs down the columns, the first one of background."""
    down = np.asarray(mask, np.bool_).ravel(order="F")
    ends = np.flatnonzero(down[1:] != down[:-1]) + 1
    edges = np.concatenate(([0], ends, [down.size]))
    lengths = [int(length) for length in np.diff(edges)]
    return [0, *lengths] if down.size and down[0] else lengths


def _text(runs: list[int]) -> str:
    letters: list[str] = []
    for place, run in enumerate(runs):
        left = run - runs[place - 2] if place >= _PLAIN else run
        more = True
        while more:
            group = left & (_MORE - 1)
            left >>= _GROUP_BITS
            more = left != (-1 if group & _SIGN else 0)
            letters.append(chr((group | _MORE if more else group) + _FIRST_LETTER))
    return "".join(letters)
