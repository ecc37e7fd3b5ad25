"""Surfaces made of grids of points: turned on a lathe, drawn along a path, or boxed."""

import itertools
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace

import numpy as np

from textseg_core.arrays import Float64Array, Int32Array

_SHARP_RAD = np.radians(38.0)


@dataclass(frozen=True, slots=True)
class Patch:
    """A piece of surface that takes its texture from one slot of the atlas.

    Attributes:
        vertices: (V, 3) metres.
        faces: (F, 3), counter-clockwise seen from outside.
        uv: (V, 2) within the slot, 0..1, v upwards.
        slot: Name of the slot.
    """

    vertices: Float64Array
    faces: Int32Array
    uv: Float64Array
    slot: str

    def moved(self, x: float = 0.0, y: float = 0.0, z: float = 0.0) -> "Patch":
        """Return the patch shifted, metres."""
        return replace(self, vertices=self.vertices + np.array([x, y, z]))

    def turned(self, axis: str, degrees: float) -> "Patch":
        """Return the patch turned about the "x", "y" or "z" axis."""
        first, second = {"x": (1, 2), "y": (2, 0), "z": (0, 1)}[axis]
        cosine, sine = np.cos(np.radians(degrees)), np.sin(np.radians(degrees))
        vertices = self.vertices.copy()
        vertices[:, first] = cosine * self.vertices[:, first] - sine * self.vertices[:, second]
        vertices[:, second] = sine * self.vertices[:, first] + cosine * self.vertices[:, second]
        return replace(self, vertices=vertices)

    def warped(self, change: Callable[[Float64Array], Float64Array]) -> "Patch":
        """Return the patch with its vertices, (V, 3), moved by a function."""
        return replace(self, vertices=change(self.vertices))

    def scaled(self, x: float = 1.0, y: float = 1.0, z: float = 1.0) -> "Patch":
        """Return the patch stretched by positive factors."""
        return replace(self, vertices=self.vertices * (x, y, z))


def grid(points: Float64Array, uv: Float64Array, slot: str) -> Patch:
    """Return the surface through a grid of points, without the triangles that have no area.

    Args:
        points: (N, M, 3); seen from outside, columns run rightwards and rows upwards.
        uv: (N, M, 2).
        slot: Name of the slot.
    """
    rows, columns = points.shape[:2]
    index = np.arange(rows * columns).reshape(rows, columns)
    a, b, c, d = index[:-1, :-1], index[:-1, 1:], index[1:, 1:], index[1:, :-1]
    faces = np.stack([a, b, c, a, c, d], axis=-1).reshape(-1, 3)
    vertices = points.reshape(-1, 3)
    corner = vertices[faces]
    normal = np.cross(corner[:, 1] - corner[:, 0], corner[:, 2] - corner[:, 0])
    faces = faces[np.linalg.norm(normal, axis=1) > 2e-10]
    used, renumbered = np.unique(faces, return_inverse=True)
    return Patch(
        vertices[used], renumbered.reshape(-1, 3).astype(np.int32), uv.reshape(-1, 2)[used], slot
    )


def circle(segments: int = 24) -> Float64Array:
    """Return a closed unit circle, (segments + 1, 2), counter-clockwise."""
    angle = np.linspace(0, 2 * np.pi, segments + 1)
    points = np.stack([np.cos(angle), np.sin(angle)], axis=1)
    points[-1] = points[0]
    return points


def rounded_rectangle(
    half_x: float, half_y: float, corner: float, per_corner: int = 5
) -> Float64Array:
    """Return a closed rectangle with round corners, (4 * per_corner + 1, 2), metres."""
    corner = min(corner, 0.999 * half_x, 0.999 * half_y)
    quarter = np.linspace(0, np.pi / 2, per_corner)
    points = []
    for number, (sign_x, sign_y) in enumerate(((1, 1), (-1, 1), (-1, -1), (1, -1))):
        angle = quarter + number * np.pi / 2
        x = sign_x * (half_x - corner) + corner * np.cos(angle)
        y = sign_y * (half_y - corner) + corner * np.sin(angle)
        points.append(np.stack([x, y], axis=1))
    outline = np.concatenate(points)
    # The seam goes to the middle of the +x side, where no corner shows it.
    start = np.array([[half_x, 0.0]])
    return np.concatenate([start, outline, start])


def smooth(points: Sequence[tuple[float, float]], count: int) -> Float64Array:
    """Return `count` points of a Catmull-Rom spline through control points, (count, 2).

    Its height never leaves that of the control points, so that nothing sinks into the table.
    """
    control = np.asarray(points, np.float64)
    padded = np.concatenate(
        [2 * control[:1] - control[1:2], control, 2 * control[-1:] - control[-2:-1]]
    )
    at = np.linspace(0, len(control) - 1, count)
    piece = np.minimum(at.astype(int), len(control) - 2)
    t = (at - piece)[:, None]
    p0, p1, p2, p3 = (padded[piece + k] for k in range(4))
    curve = np.asarray(
        0.5
        * (
            2 * p1
            + (p2 - p0) * t
            + (2 * p0 - 5 * p1 + 4 * p2 - p3) * t**2
            + (3 * p1 - p0 - 3 * p2 + p3) * t**3
        )
    )
    curve[:, 1] = np.clip(curve[:, 1], control[:, 1].min(), control[:, 1].max())
    return curve


def _runs(profile: Float64Array) -> list[slice]:
    """Split a polyline where it turns sharply, so that the edge is not shaded round."""
    step = np.diff(profile, axis=0)
    heading = np.arctan2(step[:, 1], step[:, 0])
    turn = np.abs((np.diff(heading) + np.pi) % (2 * np.pi) - np.pi)
    cuts = [0, *(np.flatnonzero(turn > _SHARP_RAD) + 1).tolist(), len(profile) - 1]
    return [slice(a, b + 1) for a, b in itertools.pairwise(cuts)]


def lathe(
    profile: Sequence[tuple[float, float]] | Float64Array,
    slot: str,
    cross: Float64Array | None = None,
    *,
    flat: bool = False,
) -> list[Patch]:
    """Return the surface that a profile sweeps about the z axis.

    Args:
        profile: (r, z) pairs, followed with the outside on the right: up along an outer
            wall, inwards over a top, down along an inner wall. r = 0 closes the surface.
        slot: Name of the slot.
        cross: Closed outline that r scales, (M, 2); a unit circle if left out.
        flat: Texture seen from above instead of wrapped round the axis.
    """
    points = np.asarray(profile, np.float64)
    outline = circle() if cross is None else cross
    length = np.concatenate([[0], np.cumsum(np.linalg.norm(np.diff(points, axis=0), axis=1))])
    along = length / length[-1]
    around = np.linspace(0, 1, len(outline))
    if cross is not None:
        steps = np.linalg.norm(np.diff(outline, axis=0), axis=1)
        around = np.concatenate([[0], np.cumsum(steps)]) / steps.sum()
    shape = (len(points), len(outline))
    surface = np.empty((*shape, 3))
    surface[..., :2] = points[:, None, :1] * outline[None]
    surface[..., 2] = points[:, None, 1]
    if flat:
        reach = np.abs(surface[..., :2]).reshape(-1, 2).max(axis=0)
        uv = 0.5 + 0.5 * surface[..., :2] / reach
    else:
        uv = np.stack(np.broadcast_arrays(around[None], along[:, None]), axis=-1)
    return [grid(surface[run], uv[run], slot) for run in _runs(points)]


def tube(
    path: Sequence[tuple[float, float, float]] | Float64Array,
    radii: Float64Array | float,
    side: tuple[float, float, float],
    slot: str,
    cross: Float64Array | None = None,
) -> list[Patch]:
    """Return a closed tube along a path that lies in a plane.

    Args:
        path: (N, 3) metres.
        radii: One, (N,), or (N, 2) for the half widths along `side` and across it.
        side: Unit normal of the path's plane.
        slot: Name of the slot; v runs along the path.
        cross: Closed unit outline, (M, 2); a circle of ten if left out.
    """
    points = np.asarray(path, np.float64)
    outline = circle(10) if cross is None else cross
    half = np.asarray(radii, np.float64)
    half = half[:, None] if half.ndim == 1 else half
    half = np.broadcast_to(half, (len(points), 2))
    tangent = np.gradient(points, axis=0)
    tangent /= np.linalg.norm(tangent, axis=1, keepdims=True)
    normal = np.asarray(side, np.float64)
    across = np.cross(tangent, normal)
    ring = (
        points[:, None]
        + (half[:, :1] * outline[None, :, 0])[..., None] * normal
        + (half[:, 1:] * outline[None, :, 1])[..., None] * across[:, None]
    )
    ends = [np.broadcast_to(points[k], (1, len(outline), 3)) for k in (0, -1)]
    length = np.concatenate([[0], np.cumsum(np.linalg.norm(np.diff(points, axis=0), axis=1))])
    u = np.linspace(0, 1, len(outline))
    uv = np.stack(np.broadcast_arrays(u[None], (length / length[-1])[:, None]), axis=-1)
    return [
        grid(ring, uv, slot),
        grid(np.concatenate([ends[0], ring[:1]]), uv[[0, 0]], slot),
        grid(np.concatenate([ring[-1:], ends[1]]), uv[[-1, -1]], slot),
    ]


def box(size: tuple[float, float, float], slots: Sequence[str], base: float = 0.0) -> list[Patch]:
    """Return a box standing on z = `base`.

    Args:
        size: x, y, z, metres.
        slots: Of the front (-y), right (+x), back (+y), left (-x), top and bottom.
        base: Height of its underside.
    """
    x, y, z = size[0] / 2, size[1] / 2, size[2]
    corner = [(-x, -y), (x, -y), (x, y), (-x, y)]
    patches = []
    uv = np.array([[[0.0, 0.0], [1.0, 0.0]], [[0.0, 1.0], [1.0, 1.0]]])
    for number in range(4):
        a, b = corner[number], corner[(number + 1) % 4]
        points = np.array([[(*a, base), (*b, base)], [(*a, base + z), (*b, base + z)]])
        patches.append(grid(points, uv, slots[number]))
    top = np.array(
        [[(-x, -y, base + z), (x, -y, base + z)], [(-x, y, base + z), (x, y, base + z)]]
    )
    bottom = np.array([[(-x, y, base), (x, y, base)], [(-x, -y, base), (x, -y, base)]])
    return [*patches, grid(top, uv, slots[4]), grid(bottom, uv, slots[5])]
