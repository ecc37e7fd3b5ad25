"""Finds out what holds what after things came to rest, and what fell."""

from collections.abc import Collection, Sequence

import numpy as np

from textseg_core.arrays import Float64Array
from textseg_core.scenes.object_model import ObjectModel

_RIM_M = 0.03
_GREATEST_TILT_DEG = 12.0


def find_supports(
    objects: Sequence[ObjectModel], boxes: Float64Array, touching: Collection[tuple[int, int]]
) -> tuple[list[int | None], list[bool]]:
    """Return what holds each object, None for the table, and whether it lies in it.

    An object lies in a hollow one if its middle is over that one and its base below the rim by
    at least a seventh of the height; it stands on another one that it touches if its middle is
    over that one and its base no lower than the other's top, rims of plates and trays (3 cm)
    aside.

    Args:
        objects: The things.
        boxes: Least and greatest corners of their bounding boxes, (N, 2, 3) metres.
        touching: Pairs in contact, each both ways.
    """
    low, high = boxes[:, 0], boxes[:, 1]
    middle = (low + high) / 2
    support: list[int | None] = [None] * len(objects)
    inside = [False] * len(objects)
    for a in range(len(objects)):
        highest = -np.inf
        for b, other in enumerate(objects):
            over = np.all((middle[a, :2] > low[b, :2]) & (middle[a, :2] < high[b, :2]))
            if a == b or not over:
                continue
            base, top, height = low[a, 2], high[b, 2], high[b, 2] - low[b, 2]
            lies_in = other.holds == "in" and low[b, 2] - 0.005 < base < top - 0.15 * height
            stands_on = (a, b) in touching and base > top - min(_RIM_M, 0.6 * height) - 0.002
            if lies_in and not inside[a]:
                support[a], inside[a] = b, True
            elif stands_on and not inside[a] and low[b, 2] > highest:
                support[a], highest = b, float(low[b, 2])
    return support, inside


def find_fallen(
    objects: Sequence[ObjectModel],
    positions: Float64Array,
    rotations: Float64Array,
    half_m: tuple[float, float],
    support: Sequence[int | None],
) -> set[int]:
    """Return those that left the table or fell over, and those that stood on such.

    What is round, lies in something or leans on it may have turned.

    Args:
        objects: The things.
        positions: Of the middles of their bases, (N, 3) metres.
        rotations: (N, 3, 3).
        half_m: Half extents of the table.
        support: As from `find_supports`.
    """
    gone = set()
    for index, model in enumerate(objects):
        x, y, z = positions[index]
        tilt_deg = np.degrees(np.arccos(np.clip(rotations[index, 2, 2], -1, 1)))
        may_turn = support[index] is not None or any(
            solid.kind == "ellipsoid" for solid in model.solids
        )
        off = abs(x) > half_m[0] or abs(y) > half_m[1] or z < -0.02
        if off or (tilt_deg > _GREATEST_TILT_DEG and not may_turn):
            gone.add(index)
    for _ in objects:
        gone |= {index for index, below in enumerate(support) if below in gone}
    return gone
