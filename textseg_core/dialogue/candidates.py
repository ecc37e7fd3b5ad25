"""The objects that may be meant, each with a short description that no other has."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from itertools import pairwise
from statistics import mean

from textseg_core.appearance import colour_name
from textseg_core.arrays import UInt8Array
from textseg_core.segmentation import SegmentedObject

#: Neighbours in a row are told apart by place if their centres lie this many mean widths apart.
APART_SIZES = 0.5
#: One is the nearer of two from this difference on, metres.
APART_M = 0.05
#: One is the larger of two from this ratio of their areas on.
LARGER_RATIO = 1.5
ORDINALS = (
    "first", "second", "third", "fourth", "fifth", "sixth", "seventh", "eighth", "ninth", "tenth",
    "eleventh", "twelfth", "thirteenth", "fourteenth", "fifteenth", "sixteenth",
)  # fmt: skip


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Candidate:
    """An object that may be meant.

    Attributes:
        track_id: Its id over the frames.
        found: The object.
        color: What most people call its colour, if it has one.
        distance_m: From the camera, metres; None if unknown.
        label: What no other candidate is called: "left", "red", "second from the left".
    """

    track_id: int
    found: SegmentedObject
    color: str | None = None
    distance_m: float | None = None
    label: str = ""


_FIRST_OF_TWO = ("nearer", "larger")
_Labels = list[str] | None


def find_candidates(
    objects: Sequence[SegmentedObject],
    track_ids: Sequence[int],
    image: UInt8Array,
    distances_m: Sequence[float | None] | None = None,
) -> tuple[Candidate, ...]:
    """Return the objects with their descriptions, in the order given.

    The first of these that tells all of them apart is taken: a row from left to right, a column
    from top to bottom, corners, colours, of two which is nearer or larger; else numbers in the
    order given. A single object has the label "".

    Args:
        objects: Best first.
        track_ids: Their ids.
        image: RGB, (H, W, 3), where they were found.
        distances_m: From the camera, metres, None where unknown; None if there is no depth.
    """
    distances = [None] * len(objects) if distances_m is None else distances_m
    bare = tuple(
        Candidate(
            track_id=track_id,
            found=found,
            color=colour_name(image, found.mask, found.box),
            distance_m=distance_m,
        )
        for found, track_id, distance_m in zip(objects, track_ids, distances, strict=True)
    )
    if len(bare) < 2:
        return bare
    schemes: tuple[Callable[[Sequence[Candidate]], _Labels], ...] = (
        _in_a_row, _in_a_column, _in_corners, _by_color, _by_distance, _by_size,
    )  # fmt: skip
    labels: Sequence[str] = [f"number {rank}" for rank in range(1, len(bare) + 1)]
    for scheme in schemes:
        told = scheme(bare)
        if told is not None and len(set(told)) == len(bare):
            labels = told
            break
    return tuple(replace(one, label=label) for one, label in zip(bare, labels, strict=True))


def reading_order(candidates: Sequence[Candidate]) -> list[str]:
    """Return the labels in the order in which one reads them out: left before right."""
    axis = int(is_apart(candidates, 1) and not is_apart(candidates, 0))

    def place(one: Candidate) -> tuple[float, float]:
        if one.label in _FIRST_OF_TWO:
            return -1.0, 0.0
        kind, _, detail = one.label.partition(" ")
        if kind == "number":
            return float(detail), 0.0
        if kind in ("top", "bottom") and detail:
            return float(kind == "bottom"), float(detail == "right")
        return one.found.centroid[axis], 0.0

    return [one.label for one in sorted(candidates, key=place)]


def is_apart(candidates: Sequence[Candidate], axis: int) -> bool:
    """Return whether the centres lie clearly one after the other along u (0) or v (1).

    Clearly is a gap of `APART_SIZES` times the mean of both sizes along the axis, and for two
    also half as much as they are apart along the other axis: two on top of each other are not
    left and right.
    """
    row = sorted(candidates, key=lambda one: one.found.centroid[axis])
    for before, after in pairwise(row):
        gap = after.found.centroid[axis] - before.found.centroid[axis]
        size = (before.found.box[2 + axis] + after.found.box[2 + axis]) / 2.0
        if gap < APART_SIZES * size:
            return False
    if len(row) != 2:
        return True
    along, across = (
        abs(row[0].found.centroid[which] - row[1].found.centroid[which])
        for which in (axis, 1 - axis)
    )
    return along >= across / 2.0


def _in_a_row(candidates: Sequence[Candidate]) -> _Labels:
    return _ranked(candidates, 0, "left", "right", "leftmost", "rightmost")


def _in_a_column(candidates: Sequence[Candidate]) -> _Labels:
    return _ranked(candidates, 1, "top", "bottom", "topmost", "bottommost")


def _ranked(
    candidates: Sequence[Candidate], axis: int, first: str, last: str, foremost: str, hindmost: str
) -> _Labels:
    """Return places in a row: left, middle, right; from four on counted."""
    count = len(candidates)
    if not is_apart(candidates, axis):
        return None
    if count <= 3:
        names = [first, "middle", last] if count == 3 else [first, last]
    elif count <= len(ORDINALS):
        between = [f"{ordinal} from the {first}" for ordinal in ORDINALS[1 : count - 1]]
        names = [foremost, *between, hindmost]
    else:
        return None
    order = sorted(range(count), key=lambda index: candidates[index].found.centroid[axis])
    labels = [""] * count
    for index, name in zip(order, names, strict=True):
        labels[index] = name
    return labels


def _in_corners(candidates: Sequence[Candidate]) -> _Labels:
    """Return "top left" and the like, of four at most that lie clearly in different ones."""
    if len(candidates) > 4:
        return None
    sides: list[list[str]] = []
    for axis, names in ((1, ("top", "bottom")), (0, ("left", "right"))):
        places = [one.found.centroid[axis] for one in candidates]
        middle = (min(places) + max(places)) / 2.0
        margin = APART_SIZES / 2.0 * mean(one.found.box[2 + axis] for one in candidates)
        if any(abs(place - middle) < margin for place in places):
            return None
        sides.append([names[place > middle] for place in places])
    return [" ".join(pair) for pair in zip(*sides, strict=True)]


def _by_color(candidates: Sequence[Candidate]) -> _Labels:
    names = [one.color for one in candidates if one.color is not None]
    return names if len(names) == len(candidates) else None


def _by_distance(candidates: Sequence[Candidate]) -> _Labels:
    known = [one.distance_m for one in candidates if one.distance_m is not None]
    if len(candidates) != 2 or len(known) != 2 or abs(known[0] - known[1]) < APART_M:
        return None
    return ["nearer", "farther"] if known[0] < known[1] else ["farther", "nearer"]


def _by_size(candidates: Sequence[Candidate]) -> _Labels:
    areas = [one.found.area for one in candidates]
    if len(areas) != 2 or max(areas) < LARGER_RATIO * min(areas):
        return None
    return ["larger", "smaller"] if areas[0] > areas[1] else ["smaller", "larger"]
