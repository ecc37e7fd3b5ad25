"""Derives simple collision bodies of a mesh from its extents and from what it is called."""

from collections.abc import Collection
from dataclasses import dataclass
from typing import Literal

import numpy as np

from textseg_core.arrays import Float32Array, Float64Array, Int32Array
from textseg_core.scenes.object_model import Solid


def _words(text: str) -> frozenset[str]:
    return frozenset(text.split(", "))


_HOLLOW = _words(
    "bowl, mug, cup, pan, saucepan, basket, tray, ramekin, tote, wicker tray, crate, pot, "
    "open box, vase, bucket"
)
_LIDDED = _words("teapot, moka pot, coffee pot")
_SQUARE = _words("tray, tote, basket, crate, box, wicker tray")
_FLAT = _words("plate, cutting board, board, book, saucer, plank, lunchbox, notebook, tray")
_ROUND = _words("ball, fruit, vegetable, egg, onion, potato, tomato, garlic, donut, lemon, apple")
_UPRIGHT = _words("bottle, can, glass, jar, candle, tin, pot, teapot")
_RING_SIDES = 8


@dataclass(frozen=True, slots=True)
class CollisionShape:
    """What collides of a thing, and what it can hold; see `ObjectModel`."""

    solids: tuple[Solid, ...]
    holds: Literal["", "on", "in"]
    inner_m: float


def surface_height(
    vertices: Float32Array, faces: Int32Array, point: tuple[float, float]
) -> float | None:
    """Return the greatest height of the surface above a point of the ground, None beside it."""
    corners = vertices[faces].astype(np.float64)
    a, b, c = (corners[:, i, :2] for i in range(3))
    double_area = _cross(b - a, c - a)
    flat = np.abs(double_area) > 1e-12
    a, b, c, z = a[flat], b[flat], c[flat], corners[flat, :, 2]
    p = np.asarray(point, np.float64)
    wb = _cross(p - a, c - a) / double_area[flat]
    wc = _cross(b - a, p - a) / double_area[flat]
    weights = np.stack([1 - wb - wc, wb, wc], axis=1)
    inside = (weights >= -1e-6).all(axis=1)
    return float((weights * z)[inside].sum(axis=1).max()) if inside.any() else None


def _cross(a: Float64Array, b: Float64Array) -> Float64Array:
    crossed: Float64Array = a[:, 0] * b[:, 1] - a[:, 1] * b[:, 0]
    return crossed


def _body_center(vertices: Float32Array, axis: int, width_m: float) -> float:
    """Return the middle of the wide part along the longer side, so that a handle is left out."""
    along, across = vertices[:, axis], vertices[:, 1 - axis]
    edges = np.linspace(along.min(), along.max(), 13)
    wide = [
        (edges[i] + edges[i + 1]) / 2
        for i in range(12)
        if (across[(along >= edges[i]) & (along <= edges[i + 1])].size > 1)
        and np.ptp(across[(along >= edges[i]) & (along <= edges[i + 1])]) > 0.45 * width_m
    ]
    return float((wide[0] + wide[-1]) / 2) if wide else float((edges[0] + edges[-1]) / 2)


def ring(
    outer: tuple[float, float], wall_m: float, bottom_m: float, top_m: float, round_: bool
) -> list[Solid]:
    """Return upright boxes that stand around a hollow.

    Args:
        outer: Half extents in x and y.
        wall_m: Thickness.
        bottom_m: Height at which the wall begins.
        top_m: Height at which it ends.
        round_: Eight boxes around an ellipse, else four along a rectangle.
    """
    half, middle = (top_m - bottom_m) / 2, (top_m + bottom_m) / 2
    rx, ry = outer[0] - wall_m / 2, outer[1] - wall_m / 2
    if not round_:
        return [
            Solid("box", (wall_m / 2, outer[1], half), (rx, 0.0, middle)),
            Solid("box", (wall_m / 2, outer[1], half), (-rx, 0.0, middle)),
            Solid("box", (outer[0], wall_m / 2, half), (0.0, ry, middle)),
            Solid("box", (outer[0], wall_m / 2, half), (0.0, -ry, middle)),
        ]
    solids = []
    side = max(rx, ry) * float(np.tan(np.pi / _RING_SIDES))
    for index in range(_RING_SIDES):
        angle = 2 * np.pi * index / _RING_SIDES
        center = (float(rx * np.cos(angle)), float(ry * np.sin(angle)), middle)
        solids.append(Solid("box", (wall_m / 2, side, half), center, float(angle)))
    return solids


def _moved(solids: list[Solid], x: float, y: float) -> tuple[Solid, ...]:
    return tuple(
        Solid(s.kind, s.size, (s.center[0] + x, s.center[1] + y, s.center[2]), s.yaw_rad)
        for s in solids
    )


def _hollow(
    half: tuple[float, float], height: float, floor: float, round_: bool, bowl: bool
) -> list[Solid]:
    floor = float(np.clip(floor, 0.003, 0.8 * height))
    base = 0.7 if bowl else 1.0
    if round_:
        radius = min(half) * base
        solids = [Solid("cylinder", (radius, floor / 2), (0.0, 0.0, floor / 2))]
    else:
        solids = [Solid("box", (*half, floor / 2), (0.0, 0.0, floor / 2))]
    wall = 0.08 * min(half)
    if bowl:
        middle = (floor + height) / 2
        lower = (0.8 * half[0], 0.8 * half[1])
        solids += ring(lower, wall, floor / 2, middle, round_)
        solids += ring(half, wall, middle, height, round_)
    else:
        solids += ring(half, wall, floor / 2, height, round_)
    return solids


def derive_solids(
    names: Collection[str], vertices: Float32Array, faces: Int32Array
) -> CollisionShape:
    """Return bodies that roughly fill a mesh but for its hollow.

    Bowls, mugs, pans, baskets and trays whose surface lies low in the middle get a floor and
    a ring of boxes; fruit and balls an ellipsoid; bottles and cans a cylinder; all others a box.

    Args:
        names: Nouns that name the thing, general ones too.
        vertices: (V, 3) metres, standing on z = 0 around the origin.
        faces: (F, 3).
    """
    said = set(names)
    low, high = vertices.min(axis=0), vertices.max(axis=0)
    size = high - low
    height = float(size[2])
    axis = int(size[1] > size[0])
    width = float(min(size[0], size[1]))
    center = [float((low[i] + high[i]) / 2) for i in range(2)]
    handled = size[axis] > 1.12 * width and not said & _SQUARE
    if said & _HOLLOW and handled:
        center[axis] = _body_center(vertices, axis, width)
    floor = surface_height(vertices, faces, (center[0], center[1]))
    if (said & _HOLLOW) and not (said & _LIDDED) and floor is not None and floor < 0.75 * height:
        round_ = not said & _SQUARE
        half = (width / 2, width / 2) if handled else (float(size[0]) / 2, float(size[1]) / 2)
        solids = _hollow(half, height, floor, round_, bool(said & {"bowl", "ramekin"}))
        if handled:
            # The handle stands out on the longer side, at about two thirds of the height.
            end = high[axis] if high[axis] - center[axis] > center[axis] - low[axis] else low[axis]
            edge = center[axis] + np.sign(end - center[axis]) * width / 2
            place, extent = [0.0, 0.0, 0.65 * height], [0.008, 0.008, 0.1 * height]
            place[axis] = float((end + edge) / 2 - center[axis])
            extent[axis] = max(0.004, float(abs(end - edge)) / 2)
            solids.append(
                Solid("box", (extent[0], extent[1], extent[2]), (place[0], place[1], place[2]))
            )
        inner = 0.85 * 2 * min(half)
        return CollisionShape(_moved(solids, *center), "in", float(inner))
    middle = (center[0], center[1], height / 2)
    half_extents = tuple(float(extent) / 2 for extent in size)
    if said & _FLAT:
        thick = floor if floor is not None and "plate" in said else height
        thick = max(0.004, thick)
        flat = Solid("box", (*half_extents[:2], thick / 2), (*middle[:2], thick / 2))
        if "plate" in said:
            flat = Solid("cylinder", (width / 2, thick / 2), (*middle[:2], thick / 2))
        return CollisionShape((flat,), "on", 0.75 * width)
    if said & _ROUND and size.max() < 1.8 * size.min():
        return CollisionShape((Solid("ellipsoid", half_extents, middle),), "", 0.0)
    if said & _UPRIGHT and size[axis] < 1.25 * width and height > 0.5 * width:
        return CollisionShape((Solid("cylinder", (width / 2, height / 2), middle),), "", 0.0)
    top = "on" if "box" in said and height < 0.15 and width > 0.09 else ""
    boxed = Solid("box", half_extents, middle)
    return CollisionShape((boxed,), "on" if top else "", 0.8 * width if top else 0.0)
