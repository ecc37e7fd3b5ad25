"""Finds out what holds what after things came to rest, and what fell."""

from collections.abc import Collection, Sequence

import numpy as np

from textseg_core.arrays import Float64Array
from textseg_core.scenes.object_model import ObjectModel, Solid

_RIM_M = 0.03
_GREATEST_TILT_DEG = 12.0


def find_floor(model: ObjectModel) -> Solid:
    """Return the solid on which held things stand: the one with the largest base."""
    return max(model.solids, key=_base_area)


def _base_area(solid: Solid) -> float:
    return (
        solid.size[0] * solid.size[min(1, len(solid.size) - 1)]
        if solid.kind
        in (
            "box",
            "ellipsoid",
        )
        else solid.size[0] ** 2
    )


def _over_hollow(model: ObjectModel, local: Float64Array) -> bool:
    """Tell whether a point of the thing's frame is above its hollow."""
    floor = find_floor(model)
    x, y = local[0] - floor.center[0], local[1] - floor.center[1]
    if floor.kind == "box":
        cos, sin = np.cos(floor.yaw_rad), np.sin(floor.yaw_rad)
        x, y = cos * x + sin * y, cos * y - sin * x
        return bool(abs(x) < floor.size[0] and abs(y) < floor.size[1])
    return bool(np.hypot(x, y) < max(floor.size[0], model.inner_m / 2))


def find_supports(
    objects: Sequence[ObjectModel],
    positions: Float64Array,
    rotations: Float64Array,
    boxes: Float64Array,
    touching: Collection[tuple[int, int]],
) -> tuple[list[int | None], list[bool]]:
    """Return what holds each object, None for the table, and whether it lies in it.

    An object lies in a hollow one if its middle is over the hollow and its base below the rim
    by at least a seventh of the height. It stands on another one that it touches if its middle
    is over that one and its base at the other's top, but for the rim of what others may stand
    on, up to 3 cm high.

    Args:
        objects: The things.
        positions: Of the middles of their bases, (N, 3) metres.
        rotations: (N, 3, 3).
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
            local = (middle[a] - positions[b]) @ rotations[b]
            within = other.holds == "in" and _over_hollow(other, local)
            least = low[b, 2] + 0.002 if other.holds == "on" else top - 0.3 * height
            stands = (a, b) in touching and base > max(least, top - _RIM_M)
            if within and low[b, 2] - 0.005 < base < top - 0.15 * height and not inside[a]:
                support[a], inside[a] = b, True
            elif stands and not inside[a] and low[b, 2] > highest:
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
