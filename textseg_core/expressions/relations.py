"""Relations between two things in a picture: their words, and when they hold."""

import numpy as np

from textseg_core.scenes.scene import SceneObject

RELATIONS: dict[str, tuple[str, ...]] = {
    "left": ("left of", "to the left of", "on the left of", "on the left side of"),
    "right": ("right of", "to the right of", "on the right of", "on the right side of"),
    "above": ("above", "over", "higher than"),
    "below": ("below", "under", "beneath", "underneath"),
    "next": ("next to", "beside", "near", "by", "close to", "nearest to", "closest to"),
    "front": ("in front of", "before"),
    "behind": ("behind", "in back of"),
    "on": ("on", "on top of"),
    "in": ("in", "inside"),
}
OPPOSITE = {"left": "right", "right": "left", "above": "below", "below": "above"}
_SUPPORTS = frozenset(
    (
        *("dining table", "bed", "couch", "chair", "bench", "plate", "tray", "cutting board"),
        *("book", "horse", "motorcycle", "bicycle", "skateboard", "surfboard", "boat"),
        "elephant",
    )
)
_CONTAINERS = frozenset(("bowl", "pan", "tray", "storage box", "sink", "tote", "vase"))


def _overlap(a: tuple[float, float], b: tuple[float, float]) -> float:
    """Return the overlap of two intervals as a share of the shorter one."""
    shared = min(a[1], b[1]) - max(a[0], b[0])
    return shared / max(1e-6, min(a[1] - a[0], b[1] - b[0]))


def box_gap(a: SceneObject, b: SceneObject) -> float:
    """Return the distance between two boxes in pixels, 0 if they touch."""
    gap_u = max(a.box[0] - b.box[2], b.box[0] - a.box[2], 0.0)
    gap_v = max(a.box[1] - b.box[3], b.box[1] - a.box[3], 0.0)
    return float(np.hypot(gap_u, gap_v))


def holds(relation: str, a: SceneObject, b: SceneObject, slack: float = 0.0) -> bool:
    """Tell whether `a` stands in `relation` to `b` in the picture.

    Args:
        relation: Key of `RELATIONS`.
        a: The object that would be meant.
        b: The object it is related to.
        slack: 0 demands a clear case; 1 accepts a doubtful one, which callers use
            to make sure that a rival is clearly *not* in the relation.
    """
    (ax0, ay0, ax1, ay1), (bx0, by0, bx1, by1) = a.box, b.box
    (au, av), (bu, bv) = a.center, b.center
    size = (np.sqrt((ax1 - ax0) * (ay1 - ay0)) + np.sqrt((bx1 - bx0) * (by1 - by0))) / 2
    reach = (2.5 + 2.0 * slack) * size
    side = _overlap((ay0, ay1), (by0, by1)) > (0.15 - 0.6 * slack)
    stack = _overlap((ax0, ax1), (bx0, bx1)) > (0.15 - 0.6 * slack)
    near = box_gap(a, b) < reach
    if relation == "left":
        return bool(near and side and au < bx0 + slack * size / 2 and bu > ax1 - slack * size / 2)
    if relation == "right":
        return holds("left", b, a, slack)
    if relation == "above":
        return bool(near and stack and av < by0 + slack * size / 2 and bv > ay1 - slack * size / 2)
    if relation == "below":
        return holds("above", b, a, slack)
    if relation == "next":
        contained = (
            _overlap((ax0, ax1), (bx0, bx1)) > 0.8 and _overlap((ay0, ay1), (by0, by1)) > 0.8
        )
        return bool(box_gap(a, b) < (0.35 + 0.6 * slack) * size and (slack > 0 or not contained))
    if relation == "front":
        upright = a.upright_base and b.upright_base
        return bool(
            upright
            and _overlap((ax0, ax1), (bx0, bx1)) > 0.35 - 0.3 * slack
            and ay1 - by1 > (0.12 - 0.1 * slack) * size
            and box_gap(a, b) < (0.4 + slack) * size
        )
    if relation == "behind":
        return holds("front", b, a, slack)
    if relation == "on":
        fits = b.names[0] in _SUPPORTS and a.area < 0.8 * (bx1 - bx0) * (by1 - by0)
        return bool(fits and bx0 < au < bx1 and by0 + 0.05 * (by1 - by0) < ay1 < by1 and av < bv)
    if relation == "in":
        inside = bx0 < au < bx1 and by0 < av < by1
        return bool(b.names[0] in _CONTAINERS and inside and a.area < 0.7 * b.area)
    raise ValueError(f"unknown relation {relation!r}; expected one of {sorted(RELATIONS)}")
