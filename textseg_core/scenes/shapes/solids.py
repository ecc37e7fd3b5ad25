"""Simple bodies that stand for a made thing in collisions."""

import math
from collections.abc import Sequence

import numpy as np

from textseg_core.scenes.object_model import Solid
from textseg_core.scenes.shapes.mesh import Patch

_STAVES = 8


def cylinder(radius: float, low: float, high: float) -> Solid:
    """Return an upright cylinder from z = low to high, metres."""
    return Solid("cylinder", (radius, (high - low) / 2), (0.0, 0.0, (low + high) / 2))


def block(
    size: tuple[float, float, float],
    center: tuple[float, float, float],
    yaw_rad: float = 0.0,
) -> Solid:
    """Return a box of full extents `size`."""
    return Solid("box", (size[0] / 2, size[1] / 2, size[2] / 2), center, yaw_rad)


def ellipsoid(half: tuple[float, float, float], height: float | None = None) -> Solid:
    """Return an ellipsoid that touches the table, or whose centre is at `height`."""
    return Solid("ellipsoid", half, (0.0, 0.0, half[2] if height is None else height))


def around(patches: Sequence[Patch], share: float = 1.0) -> Solid:
    """Return the box that holds patches, its width and depth reduced to a share."""
    vertices = np.concatenate([patch.vertices for patch in patches])
    low, high = vertices.min(axis=0), vertices.max(axis=0)
    x, y, z = (float(value) for value in (low + high) / 2)
    wide, deep, tall = (float(value) for value in high - low)
    return block((share * wide, share * deep, tall), (x, y, z))


def rounded(patches: Sequence[Patch]) -> Solid:
    """Return the ellipsoid that fills the bounding box of patches."""
    fitted = around(patches)
    return Solid("ellipsoid", fitted.size, fitted.center)


def ring(radius: float, wall: float, low: float, high: float) -> list[Solid]:
    """Return upright boxes in a circle, their outer faces at `radius`."""
    middle = radius - wall / 2
    width = 2 * radius * math.tan(math.pi / _STAVES)
    return [
        block(
            (wall, width, high - low),
            (middle * math.cos(angle), middle * math.sin(angle), (low + high) / 2),
            angle,
        )
        for angle in (2 * math.pi * k / _STAVES for k in range(_STAVES))
    ]


def hollow(foot: float, rim: float, height: float, floor: float, wall: float) -> list[Solid]:
    """Return a floor and rings that follow a wall leaning from foot to rim, metres."""
    parts = [cylinder(foot, 0.0, floor)]
    steps = 1 if abs(rim - foot) < 0.25 * height else 2
    for step in range(steps):
        low = height * step / steps if step else floor / 2
        high = height * (step + 1) / steps
        radius = foot + (rim - foot) * (step + 0.75) / steps if steps > 1 else (foot + rim) / 2
        parts += ring(radius, wall, low, high)
    return parts


def fence(half_x: float, half_y: float, wall: float, low: float, high: float) -> Sequence[Solid]:
    """Return four walls of an oblong hollow, outer half extents in metres."""
    height, middle = high - low, (low + high) / 2
    return (
        block((wall, 2 * half_y, height), (half_x - wall / 2, 0.0, middle)),
        block((wall, 2 * half_y, height), (-half_x + wall / 2, 0.0, middle)),
        block((2 * half_x, wall, height), (0.0, half_y - wall / 2, middle)),
        block((2 * half_x, wall, height), (0.0, -half_y + wall / 2, middle)),
    )
