"""Bodies that several made things are put together from: ellipsoids, slabs, lying tubes."""

from collections.abc import Sequence

import numpy as np

from textseg_core.arrays import Float64Array
from textseg_core.scenes.shapes.mesh import Patch, circle, lathe, tube


def ellipsoid(
    half: tuple[float, float, float],
    slot: str,
    at: tuple[float, float, float] = (0.0, 0.0, 0.0),
    rows: int = 9,
    segments: int = 16,
) -> list[Patch]:
    """Return an ellipsoid about a point, half axes in metres."""
    angle = np.linspace(-np.pi / 2, np.pi / 2, rows)
    profile = np.stack([np.cos(angle), np.sin(angle)], axis=1)
    profile[[0, -1], 0] = 0
    return [p.scaled(*half).moved(*at) for p in lathe(profile, slot, circle(segments))]


def slab(
    outline: Float64Array,
    height: float,
    bevel: float,
    slots: tuple[str, str, str] = ("side", "top", "base"),
) -> list[Patch]:
    """Return a flat body with softened edges, its base on z = 0.

    Args:
        outline: Closed, (M, 2), metres, counter-clockwise about the origin.
        height: Metres.
        bevel: Width of the softened edge, metres.
        slots: Of side, top and base.
    """
    reach = float(np.abs(outline).max(axis=0).min())
    inset = 1 - bevel / reach
    soft = 1 - 0.3 * bevel / reach
    side = [(inset, 0.0), (soft, 0.3 * bevel), (1.0, bevel), (1.0, height - bevel),
            (soft, height - 0.3 * bevel), (inset, height)]  # fmt: skip
    return [
        *lathe([(0.0, 0.0), (inset, 0.0)], slots[2], outline, flat=True),
        *lathe(side, slots[0], outline),
        *lathe([(inset, height), (0.0, height)], slots[1], outline, flat=True),
    ]


def bar(
    profile: Sequence[tuple[float, float]] | Float64Array,
    slot: str,
    cross: Float64Array | None = None,
) -> list[Patch]:
    """Return a turned body that lies along x: (r, x) pairs from its left end to its right."""
    return [patch.turned("y", 90) for patch in lathe(profile, slot, cross)]


def ribbon(
    stations: Sequence[tuple[float, float, float]] | Float64Array,
    thick: float,
    slot: str,
    *,
    offset: float = 0.0,
) -> list[Patch]:
    """Return a flat strip along x with softened edges.

    Args:
        stations: (x, z, half width) along it, metres.
        thick: Metres.
        slot: Its slot.
        offset: Shift along y, metres.
    """
    points = np.asarray(stations, np.float64)
    path = np.stack([points[:, 0], np.full(len(points), offset), points[:, 1]], axis=1)
    half = np.stack([points[:, 2], np.full(len(points), thick / 2)], axis=1)
    corner = np.array(
        [[1, 0.0], [0.85, 1], [-0.85, 1], [-1, 0.0], [-0.85, -1], [0.85, -1], [1, 0.0]]
    )
    return tube(path, half, (0.0, 1.0, 0.0), slot, corner)


def upright_tube(
    points: Sequence[tuple[float, float]] | Float64Array, radius: float | Float64Array, slot: str
) -> list[Patch]:
    """Return a round tube along (x, z) points in the plane y = 0."""
    flat = np.asarray(points, np.float64)
    path = np.stack([flat[:, 0], np.zeros(len(flat)), flat[:, 1]], axis=1)
    return tube(path, radius, (0.0, 1.0, 0.0), slot, circle(8))
