"""The fixed part of a made thing: its surface laid out in an atlas, and what it collides with."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal

import numpy as np

from textseg_core.arrays import Float32Array, Int32Array, Int64Array
from textseg_core.scenes.object_model import Solid
from textseg_core.scenes.shapes.mesh import Patch

TEXTURE_PX = 256
_CELL_PX = 16
_CELLS = TEXTURE_PX // _CELL_PX
_SAMPLES = 3000


@dataclass(frozen=True, slots=True)
class Slot:
    """A rectangle of the atlas.

    Attributes:
        columns: Width in cells of 16 px.
        rows: Height in cells.
        seen: How much of it is seen from where cameras stand; 0 for an underside.
    """

    columns: int
    rows: int
    seen: float = 1.0


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Form:
    """Geometry of one profile.

    Attributes:
        vertices: (V, 3) metres.
        faces: (F, 3).
        uv: (V, 2) in the atlas, v = 0 at its bottom.
        rects: Of each slot, (row, column, height, width) in pixels.
        texels: Row and column of points spread evenly over the visible surface, (S, 2).
        solids: What collides.
        mass_kg: Mass.
        holds: As in `ObjectModel`.
        inner_m: As in `ObjectModel`.
        variant: Key of `ShapeKind.variants`; empty for the usual form.
    """

    vertices: Float32Array
    faces: Int32Array
    uv: Float32Array
    rects: dict[str, tuple[int, int, int, int]]
    texels: Int64Array
    solids: tuple[Solid, ...]
    mass_kg: float
    holds: Literal["", "on", "in"]
    inner_m: float
    variant: str


def _pack(slots: dict[str, Slot]) -> dict[str, tuple[int, int, int, int]]:
    """Place slots in the atlas, the tallest first, each in the first gap that takes it."""
    taken = np.zeros((_CELLS, _CELLS), np.bool_)
    rects: dict[str, tuple[int, int, int, int]] = {}
    for name, slot in sorted(
        slots.items(), key=lambda item: -item[1].rows * 100 - item[1].columns
    ):
        places = (
            (row, column)
            for row in range(_CELLS - slot.rows + 1)
            for column in range(_CELLS - slot.columns + 1)
            if not taken[row : row + slot.rows, column : column + slot.columns].any()
        )
        try:
            row, column = next(places)
        except StopIteration:
            raise ValueError(
                f"the slots do not fit {_CELLS} x {_CELLS} cells: {slots}; make some smaller"
            ) from None
        taken[row : row + slot.rows, column : column + slot.columns] = True
        rects[name] = tuple(  # type: ignore[assignment]
            _CELL_PX * value for value in (row, column, slot.rows, slot.columns)
        )
    return rects


def _spread(
    vertices: Float32Array, faces: Int32Array, uv: Float32Array, seen: Float32Array
) -> Int64Array:
    """Return the texels under points spread evenly over the visible surface, (S, 2)."""
    rng = np.random.default_rng(0)
    corner = vertices[faces].astype(np.float64)
    area = np.linalg.norm(
        np.cross(corner[:, 1] - corner[:, 0], corner[:, 2] - corner[:, 0]), axis=1
    )
    total = np.cumsum(area * seen)
    face = np.searchsorted(total, (np.arange(_SAMPLES) + 0.5) / _SAMPLES * total[-1])
    a, b = np.sqrt(rng.random(_SAMPLES)), rng.random(_SAMPLES)
    weight = np.stack([1 - a, a * (1 - b), a * b], axis=1)
    at = (uv[faces[face]] * weight[..., None]).sum(axis=1)
    column = np.clip(at[:, 0] * TEXTURE_PX, 0, TEXTURE_PX - 1)
    row = np.clip((1 - at[:, 1]) * TEXTURE_PX, 0, TEXTURE_PX - 1)
    return np.stack([row, column], axis=1).astype(np.int64)


def assemble(
    patches: Sequence[Patch],
    slots: dict[str, Slot],
    solids: Sequence[Solid],
    *,
    mass_kg: float,
    holds: Literal["", "on", "in"] = "",
    inner_m: float = 0.0,
    variant: str = "",
    centered: bool = False,
) -> Form:
    """Return the form of a thing whose lowest point is put on z = 0.

    Args:
        patches: Its surface.
        slots: Of all patches.
        solids: In the frame of the patches.
        mass_kg: Mass.
        holds: As in `ObjectModel`.
        inner_m: As in `ObjectModel`.
        variant: As in `Form`.
        centered: Put the middle of the bounding box over the origin; otherwise the origin
            of the patches stays, which is the middle of a hollow.
    """
    rects = _pack(slots)
    vertices = np.concatenate([patch.vertices for patch in patches])
    low, high = vertices.min(axis=0), vertices.max(axis=0)
    shift = np.array([0.0, 0.0, -low[2]])
    if centered:
        shift[:2] = -(low[:2] + high[:2]) / 2
    starts = np.cumsum([0, *(len(patch.vertices) for patch in patches[:-1])])
    faces = np.concatenate([p.faces + start for p, start in zip(patches, starts, strict=True)])
    uv = []
    for patch in patches:
        row, column, height, width = rects[patch.slot]
        # A pixel and a half stays free round a slot, or its neighbour would show at the edges.
        x = column + 1.5 + np.clip(patch.uv[:, 0], 0, 1) * (width - 3)
        y = row + height - 1.5 - np.clip(patch.uv[:, 1], 0, 1) * (height - 3)
        uv.append(np.stack([x, TEXTURE_PX - y], axis=1) / TEXTURE_PX)
    moved = (vertices + shift).astype(np.float32)
    coordinates = np.concatenate(uv).astype(np.float32)
    triangles = faces.astype(np.int32)
    seen = np.concatenate([np.full(len(p.faces), slots[p.slot].seen, np.float32) for p in patches])
    for array in (moved, coordinates, triangles):
        array.setflags(write=False)
    return Form(
        vertices=moved,
        faces=triangles,
        uv=coordinates,
        rects=rects,
        texels=_spread(moved, triangles, coordinates, seen),
        solids=tuple(
            Solid(
                solid.kind,
                tuple(float(value) for value in solid.size),
                (
                    float(solid.center[0] + shift[0]),
                    float(solid.center[1] + shift[1]),
                    float(solid.center[2] + shift[2]),
                ),
                float(solid.yaw_rad),
            )
            for solid in solids
        ),
        mass_kg=float(mass_kg),
        holds=holds,
        inner_m=float(inner_m),
        variant=variant,
    )
