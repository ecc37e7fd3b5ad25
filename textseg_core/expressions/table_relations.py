"""When relations hold between two things on a table, judged by the viewer from their places."""

from math import hypot, sqrt

from textseg_core.expressions.image_relations import overlap
from textseg_core.scenes.scene import Placement, SceneObject

REACH_M = 0.30  # further apart, nobody relates one to the other
LEAST_DISTANCE_M = 0.04  # that one thing must be nearer than another


def footprint_gap(a: Placement, b: Placement) -> float:
    """Return the distance between two footprints in metres, 0 if they touch."""
    gap_x = abs(a.center[0] - b.center[0]) - (a.size[0] + b.size[0]) / 2
    gap_y = abs(a.center[1] - b.center[1]) - (a.size[1] + b.size[1]) / 2
    return hypot(max(gap_x, 0.0), max(gap_y, 0.0))


def footprint_overlap(a: Placement, b: Placement) -> float:
    """Return the overlap of two footprints as a share of the smaller; 0 if they are apart."""
    shares = [
        overlap(
            *(a.center[k] - a.size[k] / 2, a.center[k] + a.size[k] / 2),
            *(b.center[k] - b.size[k] / 2, b.center[k] + b.size[k] / 2),
        )
        for k in (0, 1)
    ]
    return max(0.0, shares[0]) * max(0.0, shares[1])


def holds_on_table(
    relation: str, a: SceneObject, b: SceneObject, slack: float, *, held: bool = False
) -> bool:
    """Tell whether `a` is left of, right of, in front of, behind or next to `b`.

    Args:
        relation: "left", "right", "front", "behind" or "next".
        a: The object that would be meant; both have placements.
        b: The object it is related to.
        slack: 0 demands a clear case; 1 accepts a doubtful one.
        held: One carries the other.
    """
    if relation in ("right", "behind"):
        opposite = {"right": "left", "behind": "front"}[relation]
        return holds_on_table(opposite, b, a, slack, held=held)
    pa, pb = a.placement, b.placement
    if pa is None or pb is None:
        raise ValueError("expected two things with placements")
    if held and not slack:
        return False
    dx, dy = pb.center[0] - pa.center[0], pb.center[1] - pa.center[1]
    wide, deep = pa.size[0] + pb.size[0], pa.size[1] + pb.size[1]
    gap_x, gap_y = abs(dx) - wide / 2, abs(dy) - deep / 2
    beside_x = -gap_x / max(1e-6, min(pa.size[0], pb.size[0]))  # share of the columns in common
    beside_y = -gap_y / max(1e-6, min(pa.size[1], pb.size[1]))
    if relation == "left":
        if slack:
            return dx > 0 and (abs(dy) < 2.2 * dx or beside_y > 0)
        straight = abs(dy) < 0.6 * dx or beside_y > 0.5
        apart = dx > 0.45 * wide and gap_x >= gap_y
        return apart and straight and gap_x < REACH_M and a.center[0] < b.center[0]
    if relation == "front":
        if slack:
            return dy > 0 and (abs(dx) < 1.8 * dy or beside_x > 0)
        straight = abs(dx) < 0.45 * dy or beside_x > 0.5
        apart = dy > 0.45 * deep and gap_y >= gap_x
        return apart and straight and gap_y < REACH_M and a.box[3] > b.box[3]
    if relation == "next":
        size = (sqrt(pa.size[0] * pa.size[1]) + sqrt(pb.size[0] * pb.size[1])) / 2
        gap = hypot(max(gap_x, 0.0), max(gap_y, 0.0))
        clear = min(0.5 * size, 0.08)
        if slack:
            return gap < 2 * clear + 0.05
        level = abs(pa.center[2] - pb.center[2]) < (pa.size[2] + pb.size[2]) / 2
        return level and gap < clear and abs(dx) > 0.5 * abs(dy)
    raise ValueError(f"unknown relation {relation!r} on a table")


def lies_between(item: Placement, a: Placement, b: Placement, slack: float) -> bool:
    """Tell whether a place lies between two others, near the line that joins them."""
    dx, dy = b.center[0] - a.center[0], b.center[1] - a.center[1]
    length = hypot(dx, dy)
    if length < 1e-6:
        return False
    px, py = item.center[0] - a.center[0], item.center[1] - a.center[1]
    along = (px * dx + py * dy) / length**2
    aside = abs(px * dy - py * dx) / length**2
    if slack:
        return 0.0 < along < 1.0 and aside < 0.5
    return 0.2 < along < 0.8 and aside < 0.22 and length < 2 * REACH_M
