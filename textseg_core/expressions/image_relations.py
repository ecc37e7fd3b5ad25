"""When relations hold between two things of a photograph, judged from their boxes in it."""

from math import hypot, sqrt

from textseg_core.scenes.scene import SceneObject

_SUPPORTS = frozenset(
    (
        *("dining table", "bed", "couch", "chair", "bench", "plate", "tray", "cutting board"),
        *("book", "horse", "motorcycle", "bicycle", "skateboard", "surfboard", "boat"),
        "elephant",
    )
)
_CONTAINERS = frozenset(("bowl", "pan", "tray", "storage box", "sink", "tote", "vase"))


def overlap(a0: float, a1: float, b0: float, b1: float) -> float:
    """Return the overlap of two intervals as a share of the shorter one; negative if apart."""
    return (min(a1, b1) - max(a0, b0)) / max(1e-6, min(a1 - a0, b1 - b0))


def box_gap(a: SceneObject, b: SceneObject) -> float:
    """Return the distance between two boxes in pixels, 0 if they touch."""
    gap_u = max(a.box[0] - b.box[2], b.box[0] - a.box[2], 0.0)
    gap_v = max(a.box[1] - b.box[3], b.box[1] - a.box[3], 0.0)
    return hypot(gap_u, gap_v)


def holds_in_image(relation: str, a: SceneObject, b: SceneObject, slack: float) -> bool:
    """Tell whether `a` stands in `relation` to `b` in the picture.

    Args:
        relation: Key of `relations.RELATIONS`.
        a: The object that would be meant.
        b: The object it is related to.
        slack: 0 demands a clear case; 1 accepts a doubtful one.
    """
    if relation in ("right", "below", "behind"):
        opposite = {"right": "left", "below": "above", "behind": "front"}[relation]
        return holds_in_image(opposite, b, a, slack)
    (ax0, ay0, ax1, ay1), (bx0, by0, bx1, by1) = a.box, b.box
    au, av = (ax0 + ax1) / 2, (ay0 + ay1) / 2
    bu, bv = (bx0 + bx1) / 2, (by0 + by1) / 2
    size = (sqrt((ax1 - ax0) * (ay1 - ay0)) + sqrt((bx1 - bx0) * (by1 - by0))) / 2
    near = box_gap(a, b) < (2.5 + 2.0 * slack) * size
    columns, rows = overlap(ax0, ax1, bx0, bx1), overlap(ay0, ay1, by0, by1)
    play = slack * size / 2
    if relation == "left":
        return near and rows > 0.15 - 0.6 * slack and au < bx0 + play and bu > ax1 - play
    if relation == "above":
        return near and columns > 0.15 - 0.6 * slack and av < by0 + play and bv > ay1 - play
    if relation == "next":
        contained = columns > 0.8 and rows > 0.8
        return box_gap(a, b) < (0.35 + 0.6 * slack) * size and (slack > 0 or not contained)
    if relation == "front":
        return (
            a.upright_base
            and b.upright_base
            and columns > 0.35 - 0.3 * slack
            and ay1 - by1 > (0.12 - 0.1 * slack) * size
            and box_gap(a, b) < (0.4 + slack) * size
        )
    if relation == "on":
        if slack:
            # A thing of any sort may hold another: a dog on a car.
            return columns > 0 and by0 - 0.1 * (by1 - by0) < ay1 < by1 + 0.1 * (by1 - by0)
        fits = b.names[0] in _SUPPORTS and a.area < 0.8 * (bx1 - bx0) * (by1 - by0)
        return fits and bx0 < au < bx1 and by0 + 0.05 * (by1 - by0) < ay1 < by1 and av < bv
    if relation == "in":
        if slack:
            return columns > 0 and rows > 0
        inside = bx0 < au < bx1 and by0 < av < by1
        return b.names[0] in _CONTAINERS and inside and a.area < 0.7 * b.area
    raise ValueError(f"unknown relation {relation!r} in a picture")


def lies_between(item: SceneObject, a: SceneObject, b: SceneObject, slack: float) -> bool:
    """Tell whether a thing lies between two others, one left and one right of it."""
    left, right = (a, b) if a.center[0] < b.center[0] else (b, a)
    if slack:
        return left.box[0] < item.center[0] < right.box[2]
    return holds_in_image("left", left, item, 0.0) and holds_in_image("left", item, right, 0.0)
