"""Which object of a frame is which of the frames before: by overlap of masks and by colours."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from textseg_core.appearance import colour_histogram, likeness
from textseg_core.arrays import BoolArray, Float32Array, Float64Array, UInt8Array
from textseg_core.geometry import Box
from textseg_core.segmentation import SegmentedObject

#: Least intersection over union with where an object was, or would be if it went on as before.
MIN_OVERLAP = 0.1
#: Least likeness of the colours.
MIN_LIKENESS = 0.5
#: A pair counts as clear if no rival pair reaches this share of its score.
RIVAL_SHARE = 0.5
#: A piece of an object lies to this share within where the object was.
PIECE_SHARE = 0.8
#: What such a piece counts as an overlap, where less of the object is seen than before.
PIECE_OVERLAP = 0.3
#: Factor on the score for each frame in which the object was not seen.
FADING = 0.9


@dataclass(frozen=True, slots=True, eq=False)
class Look:
    """What is remembered of an object.

    Attributes:
        box: (x, y, width, height), pixels.
        piece: Its mask within the box, (height, width).
        area: Pixels of the mask.
        colours: Histogram of its colours.
        centroid: (u, v), pixels.
    """

    box: Box
    piece: BoolArray
    area: int
    colours: Float32Array
    centroid: tuple[float, float]


@dataclass(frozen=True, slots=True, eq=False)
class Remembered:
    """An object of the frames before.

    Attributes:
        look: How it looked when it was last seen.
        whole: How it looked when more of it was seen not long ago; else as `look`.
        shift: (u, v) pixels that it would have moved since `look` if it went on as before.
        whole_shift: Likewise since `whole`.
        unseen: Frames since in which it was not seen.
    """

    look: Look
    whole: Look
    shift: tuple[float, float]
    whole_shift: tuple[float, float]
    unseen: int


def look_at(image: UInt8Array, found: SegmentedObject) -> Look:
    """Return what is to be remembered of an object in an RGB image (H, W, 3)."""
    x, y, width, height = found.box
    return Look(
        box=found.box,
        piece=found.mask[y : y + height, x : x + width].copy(),
        area=found.area,
        colours=colour_histogram(image, found.mask, found.box),
        centroid=found.centroid,
    )


def common_pixels(first: Look, second: Look, shift: tuple[float, float] = (0.0, 0.0)) -> int:
    """Return how many pixels two masks share if the first moves by `shift` pixels."""
    x, y = first.box[0] + round(shift[0]), first.box[1] + round(shift[1])
    left, top = max(x, second.box[0]), max(y, second.box[1])
    right = min(x + first.box[2], second.box[0] + second.box[2])
    bottom = min(y + first.box[3], second.box[1] + second.box[3])
    if right <= left or bottom <= top:
        return 0
    a = first.piece[top - y : bottom - y, left - x : right - x]
    u, v = second.box[0], second.box[1]
    b = second.piece[top - v : bottom - v, left - u : right - u]
    return int(np.count_nonzero(a & b))


def overlap(first: Look, second: Look, shift: tuple[float, float] = (0.0, 0.0)) -> float:
    """Return the intersection over union of two masks if the first moves by `shift` pixels."""
    common = common_pixels(first, second, shift)
    return common / (first.area + second.area - common)


def associate(remembered: Sequence[Remembered], seen: Sequence[Look]) -> list[int | None]:
    """Return for each object of a frame which of the remembered ones it is.

    A pair is possible if masks and colours agree well enough; its score is overlap times
    likeness. A piece within where the whole object was agrees too, as when it comes out from
    behind something on the other side.

    The best pairs are taken first. A pair with a rival that fits half as well, and that nothing
    else explains, is not taken: when two things that look alike meet or change places, neither is
    known again, rather than one as the other. Pieces of an object that something now parts are no
    rivals of each other; the largest is the object.

    Args:
        remembered: The objects of the frames before.
        seen: The objects of this frame.

    Returns:
        For each of `seen` an index into `remembered`, each at most once, or None.
    """
    scores = _scores(remembered, seen)
    pairs: list[tuple[int, int]] = []
    left = scores.copy()
    while left.size and left.max() > 0.0:
        row, column = (int(index) for index in np.unravel_index(left.argmax(), left.shape))
        pairs.append((row, column))
        left[row, :] = 0.0
        left[:, column] = 0.0
    result: list[int | None] = [None] * len(seen)
    for row, column in pairs:
        if _is_clear(scores, row, column, remembered, seen):
            result[column] = row
    return result


def _scores(remembered: Sequence[Remembered], seen: Sequence[Look]) -> Float64Array:
    """Return how well each remembered object (rows) and each seen one fit, 0 if they do not."""
    scores: Float64Array = np.zeros((len(remembered), len(seen)))
    for row, before in enumerate(remembered):
        for column, now in enumerate(seen):
            share = max(overlap(before.look, now), overlap(before.look, now, before.shift))
            if _is_piece(before, now):
                share = max(share, PIECE_OVERLAP)
            if share < MIN_OVERLAP:
                continue
            alike = likeness(before.look.colours, now.colours)
            if alike >= MIN_LIKENESS:
                scores[row, column] = share * alike * FADING**before.unseen
    return scores


def _is_clear(
    scores: Float64Array,
    row: int,
    column: int,
    remembered: Sequence[Remembered],
    seen: Sequence[Look],
) -> bool:
    """Return whether a pair has no rival that nothing else explains better."""
    least = RIVAL_SHARE * scores[row, column]
    for other, rival in enumerate(scores[row]):
        explained = np.delete(scores[:, other], row).max(initial=0.0) > rival
        if other == column or rival < least or explained:
            continue
        before = remembered[row]
        if not (_is_piece(before, seen[column]) and _is_piece(before, seen[other])):
            return False
    for other, rival in enumerate(scores[:, column]):
        explained = np.delete(scores[other], column).max(initial=0.0) > rival
        if other != row and rival >= least and not explained:
            return False
    return True


def _is_piece(before: Remembered, part: Look) -> bool:
    """Return whether an object lies within where a larger one was, or would be by now."""
    return any(
        common_pixels(before.whole, part, shift) >= PIECE_SHARE * part.area
        for shift in ((0.0, 0.0), before.whole_shift)
    )
