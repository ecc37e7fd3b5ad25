"""How well one instance stands in a relation to another, in [0, 1].

Defined anew and without the generator of expressions, which would else judge itself. Lengths
are compared with the things' own sizes, so that pixels and metres serve alike. Limits were chosen
on scenes of the training split, see docs/reasoner.md.
"""

from collections.abc import Callable
from functools import cached_property
from math import atan2, degrees, hypot

from textseg_core.reasoner.geometry import Spot, held_share
from textseg_core.reasoner.propose import Instance

#: Up to the first angle from straight a direction holds, from the second on not, degrees.
SIDEWAYS_DEG = (34.0, 64.0)
AHEAD_DEG = (30.0, 58.0)
#: Sideways overlap from which on one stands straight before another.
LEAST_OVERLAP = 0.1
#: Weight of standing in front of or behind something but to one side of it, where another thing
#: that fits as well stands straight; less than `judged.ALIKE_SHARE`, so that this one is meant.
ASIDE = 0.7
#: Share of the mean extent by which centres must differ: not at all, and clearly.
APART = (0.25, 0.75)
#: Gap between footprints in mean sizes: next to each other, and not.
NEXT_GAP = (0.45, 1.6)
#: Without depth, weight of how two things lie in the picture, beside how they would on a table: a
#: fridge is left of a sink on the wall.
IN_PICTURE = 0.6
#: Share of the footprint that lies within what holds it: not held, and held.
HELD_SHARE = (0.4, 0.75)
#: Weight of standing on something, as masks alone show it.
STACKED = 0.5
#: Distance in mean sizes at which a direction counts half.
FAR_SIZES = 12.0
#: Ratio of distances from which on the nearer is clearly nearer.
NEARER = 1.35


def ramp(value: float, low: float, high: float) -> float:
    """Return 0 up to `low`, 1 from `high` on, straight between; falling if low > high."""
    share = (value - low) / (high - low)
    return min(max(share, 0.0), 1.0)


class Pair:
    """Two instances and what their relations are computed from."""

    def __init__(self, a: Instance, b: Instance, at: Spot, to: Spot) -> None:
        self.a, self.b, self.at, self.to = a, b, at, to
        self.dx, self.dy = to.x - at.x, to.y - at.y
        self.size = max((at.size + to.size) / 2.0, 1e-6)
        self.gap_x = abs(self.dx) - (at.width + to.width) / 2.0
        self.gap_y = abs(self.dy) - (at.depth + to.depth) / 2.0
        self.gap = hypot(max(self.gap_x, 0.0), max(self.gap_y, 0.0))

    @cached_property
    def in_picture(self) -> "Pair | None":
        """The two as flat boxes in the picture; None of things whose depth is known."""
        if self.at.solid or self.to.solid:
            return None
        return Pair(self.a, self.b, picture_spot(self.a), picture_spot(self.b))

    @cached_property
    def held(self) -> float:
        """How well the first lies on or in the second."""
        return _held(self)

    @cached_property
    def swapped(self) -> "Pair":
        """The pair the other way round."""
        return Pair(self.b, self.a, self.to, self.at)


def _held(pair: Pair) -> float:
    """How well the first lies on or in the second."""
    at, to = pair.at, pair.to
    if not at.solid:
        share = ramp(held_share(pair.a, pair.b), *HELD_SHARE)
        # What is held hides its holder, so a thing much larger than its holder's outline is not.
        return share * ramp(pair.a.area / max(pair.b.area, 1), 2.5, 1.2)
    across = _covered(at.x, at.width, to.x, to.width)
    along = _covered(at.y, at.depth, to.y, to.depth)
    share = ramp(across * along, *HELD_SHARE)
    # It reaches higher than the floor of what holds it, and is not beneath it.
    above = ramp(at.height + at.base - to.height - to.base, -1.2 * to.height, -0.4 * to.height)
    return share * above


def _covered(center: float, extent: float, of: float, within: float) -> float:
    """Return the share of an extent that lies within another."""
    low = max(center - extent / 2.0, of - within / 2.0)
    high = min(center + extent / 2.0, of + within / 2.0)
    return min(max((high - low) / max(extent, 1e-9), 0.0), 1.0)


def _apart(pair: Pair) -> float:
    """How sure it is that neither carries the other."""
    return 1.0 - max(pair.held, pair.swapped.held)


def _direction(
    ahead: float, aside: float, gap: float, gap_aside: float, extents: tuple[float, float],
    limits: tuple[float, float], size: float,
) -> float:  # fmt: skip
    """How well a thing lies in a direction.

    Args:
        ahead: How far its centre lies that way.
        aside: How far to the side of it.
        gap: Between the two, that way.
        gap_aside: Between the two, sideways; negative where they overlap.
        extents: Mean extent that way, and smaller extent sideways.
        limits: Angles, degrees.
        size: Mean size of the two.
    """
    if ahead <= 0.0:
        return 0.0
    angle = degrees(atan2(abs(aside), ahead))
    overlap = -gap_aside / max(extents[1], 1e-6)
    straight = max(ramp(angle, limits[1], limits[0]), ramp(overlap, LEAST_OVERLAP, 0.6))
    clear = ramp(ahead / max(extents[0], 1e-6), *APART)
    distance = max(gap, 0.0) / size
    return straight * clear / (1.0 + (distance / FAR_SIZES) ** 2)


def picture_spot(one: Instance) -> Spot:
    """Return where an instance lies in the picture, as if this were a table seen from above."""
    (u, v), (x0, y0, x1, y1) = one.center, one.box
    return Spot(u, -v, x1 - x0, y1 - y0, y1 - y0)


def left(pair: Pair) -> float:
    """How well the first lies left of the second, as the viewer sees them."""
    shown = _sideways(pair.in_picture) if pair.in_picture else 0.0
    return _apart(pair) * max(_sideways(pair), IN_PICTURE * shown)


def _sideways(pair: Pair) -> float:
    """How well the first lies left of the second on the plane of their spots."""
    at, to = pair.at, pair.to
    return _direction(
        pair.dx, pair.dy, pair.gap_x, pair.gap_y,
        ((at.width + to.width) / 2.0, min(at.depth, to.depth)), SIDEWAYS_DEG, pair.size,
    )  # fmt: skip


def right(pair: Pair) -> float:
    """How well the first lies right of the second."""
    return left(pair.swapped)


def front(pair: Pair) -> float:
    """How well the first stands before the second, nearer to the viewer."""
    at, to = pair.at, pair.to
    return _apart(pair) * _direction(
        pair.dy, pair.dx, pair.gap_y, pair.gap_x,
        ((at.depth + to.depth) / 2.0, min(at.width, to.width)), AHEAD_DEG, pair.size,
    )  # fmt: skip


def overlaps_sideways(one: Instance, other: Instance) -> bool:
    """Tell whether two things share columns of the picture, so that one may hide the other."""
    (ax0, _, ax1, _), (bx0, _, bx1, _) = one.box, other.box
    return min(ax1, bx1) - max(ax0, bx0) >= LEAST_OVERLAP * min(ax1 - ax0, bx1 - bx0)


def behind(pair: Pair) -> float:
    """How well the first stands behind the second."""
    return front(pair.swapped)


def next_to(pair: Pair) -> float:
    """How near the two are, side by side."""
    shown = _near(pair.in_picture) if pair.in_picture else 0.0
    return _apart(pair) * max(_near(pair), IN_PICTURE * shown)


def _near(pair: Pair) -> float:
    """How near the two are on the plane of their spots."""
    return ramp(pair.gap / pair.size, NEXT_GAP[1], NEXT_GAP[0])


def on(pair: Pair) -> float:
    """How well the first lies on or in the second."""
    return max(pair.held, STACKED * _stacked(pair))


def _stacked(pair: Pair) -> float:
    """How well the first seems to stand on the second, which it hides in part; without depth.

    It ends below within the second's upper half, over its columns. What stands behind looks the
    same, so this counts for less than lying within the outline.
    """
    if pair.at.solid:
        return 0.0
    (ax0, _, ax1, ay1), (bx0, by0, bx1, by1) = pair.a.box, pair.b.box
    shared = (min(ax1, bx1) - max(ax0, bx0)) / max(1.0, min(ax1 - ax0, bx1 - bx0))
    depth = (ay1 - by0) / max(1.0, by1 - by0)
    touches = ramp(depth, -0.15, 0.0) * ramp(depth, 0.8, 0.55)
    return ramp(shared, 0.5, 0.8) * touches * ramp(pair.b.center[1] - pair.a.center[1], 0.0, 2.0)


def above(pair: Pair) -> float:
    """How well the first is seen above the second, or lies on it."""
    (ax0, ay0, ax1, ay1), (bx0, by0, bx1, by1) = pair.a.box, pair.b.box
    shared = min(ax1, bx1) - max(ax0, bx0)
    over_columns = ramp(shared / max(1.0, min(ax1 - ax0, bx1 - bx0)), 0.0, 0.4)
    tall = max(1.0, (by1 - by0 + ay1 - ay0) / 2.0)
    higher = ramp((pair.b.center[1] - pair.a.center[1]) / tall, *APART)
    far = max(by0 - ay1, 0.0) / tall
    return max(pair.held, over_columns * higher / (1.0 + (far / FAR_SIZES) ** 2))


def below(pair: Pair) -> float:
    """How well the first carries the second, or is seen below it."""
    return max(pair.swapped.held, 0.7 * above(pair.swapped))


def with_it(pair: Pair) -> float:
    """How well the second belongs to the first: it lies within its outline, or touches it."""
    share = held_share(pair.b, pair.a)
    return max(ramp(share, 0.2, 0.7), 0.6 * ramp(pair.gap / pair.size, 0.5, 0.0))


def holds(pair: Pair) -> float:
    """How well the second lies on or in the first."""
    return on(pair.swapped)


def at_it(pair: Pair) -> float:
    """How well the first is at, on or right beside the second."""
    return max(pair.held, next_to(pair))


RELATIONS: dict[str, Callable[[Pair], float]] = {
    "left": left, "right": right, "front": front, "behind": behind, "next": next_to, "on": on,
    "in": on, "above": above, "below": below, "with": with_it, "at": at_it, "around": at_it,
    "holds": holds,
}  # fmt: skip


def between(item: Spot, a: Spot, b: Spot) -> float:
    """How well a place lies between two others, near the line that joins them."""
    dx, dy = b.x - a.x, b.y - a.y
    length = hypot(dx, dy)
    if length < 1e-6:
        return 0.0
    px, py = item.x - a.x, item.y - a.y
    along = (px * dx + py * dy) / length**2
    aside = abs(px * dy - py * dx) / length**2
    return ramp(min(along, 1.0 - along), 0.02, 0.18) * ramp(aside, 0.5, 0.24)


def nearness(distances: list[float]) -> list[float]:
    """Return 1 for the least distance, less the farther, 0 from `NEARER` times the least on."""
    least = max(min(distances), 1e-6) if distances else 0.0
    return [ramp(distance / least, NEARER, 1.0) for distance in distances]


def distance(pair: Pair) -> float:
    """Return how far two things are from each other, from centre to centre."""
    return hypot(pair.dx, pair.dy)
