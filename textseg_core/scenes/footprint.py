"""Bases of things on a table: whether they overlap, rows of them, and filled holders."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from textseg_core.scenes.object_model import ObjectModel
from textseg_core.scenes.support import find_floor

DROP_M = 0.01
_GAP_M = 0.008
_TRIES = 16


@dataclass(frozen=True, slots=True)
class Placed:
    """An object and where it is let go.

    Attributes:
        x: On the table, metres.
        y: On the table, metres.
        z: Height of its base when it is let go.
        yaw_rad: Turn about the vertical.
    """

    model: ObjectModel
    x: float
    y: float
    z: float
    yaw_rad: float

    @property
    def half(self) -> tuple[float, float]:
        """Half extents of the base."""
        return self.model.size_m[0] / 2, self.model.size_m[1] / 2

    def moved(self, x: float, y: float) -> "Placed":
        """Return it moved by (x, y)."""
        return Placed(self.model, self.x + x, self.y + y, self.z, self.yaw_rad)


def _reach(placed: Placed, direction_rad: float) -> float:
    """Return how far the base extends in a direction."""
    angle = direction_rad - placed.yaw_rad
    return float(placed.half[0] * abs(np.cos(angle)) + placed.half[1] * abs(np.sin(angle)))


def overlaps(a: Placed, b: Placed, gap_m: float = _GAP_M) -> bool:
    """Tell whether two turned bases come closer than a gap (separating axes)."""
    dx, dy = b.x - a.x, b.y - a.y
    for axis in (a.yaw_rad, a.yaw_rad + np.pi / 2, b.yaw_rad, b.yaw_rad + np.pi / 2):
        distance = abs(dx * np.cos(axis) + dy * np.sin(axis))
        if distance > _reach(a, axis) + _reach(b, axis) + gap_m:
            return False
    return True


def place_alone(model: ObjectModel, rng: np.random.Generator) -> Placed:
    """Return a thing at the origin, turned at random."""
    return Placed(model, 0.0, 0.0, DROP_M, float(rng.uniform(-np.pi, np.pi)))


def line_up(
    models: Sequence[ObjectModel],
    direction_rad: float,
    gaps_m: tuple[float, float],
    rng: np.random.Generator,
) -> list[Placed]:
    """Put things one after another along a line through the origin.

    Args:
        models: In their order.
        direction_rad: Of the line.
        gaps_m: Least and greatest gap between two neighbours.
        rng: Draws gaps, turns and small steps out of the line.
    """
    placed: list[Placed] = []
    along = 0.0
    for model in models:
        thing = place_alone(model, rng)
        reach = _reach(thing, direction_rad)
        along += reach + (float(rng.uniform(*gaps_m)) if placed else 0.0)
        aside = float(rng.normal(0, 0.004))
        x = along * np.cos(direction_rad) - aside * np.sin(direction_rad)
        y = along * np.sin(direction_rad) + aside * np.cos(direction_rad)
        placed.append(thing.moved(float(x), float(y)))
        along += reach
    x = sum(thing.x for thing in placed) / len(placed)
    y = sum(thing.y for thing in placed) / len(placed)
    return [thing.moved(-x, -y) for thing in placed]


def fits(holder: ObjectModel, model: ObjectModel) -> bool:
    """Tell whether a thing finds room in or on another."""
    if not holder.holds or model.holds == "in":
        return False
    across = float(np.hypot(model.size_m[0], model.size_m[1]))
    if holder.holds == "on":
        return min(model.size_m[:2]) < 0.8 * holder.inner_m and across < 1.3 * holder.inner_m
    return across < 0.95 * holder.inner_m and model.size_m[2] < 3 * holder.size_m[2] + 0.06


def fill(holder: Placed, models: Sequence[ObjectModel], rng: np.random.Generator) -> list[Placed]:
    """Put things in or on a holder, side by side; those that find no room are left out."""
    floor = find_floor(holder.model)
    cos, sin = np.cos(holder.yaw_rad), np.sin(holder.yaw_rad)
    x = holder.x + float(cos * floor.center[0] - sin * floor.center[1])
    y = holder.y + float(sin * floor.center[0] + cos * floor.center[1])
    # Let go inside a hollow, so that little rolls out.
    share = 0.35 if holder.model.holds == "in" else 1.0
    z = holder.z + share * holder.model.size_m[2] + 0.002
    placed: list[Placed] = []
    for model in models:
        across = float(np.hypot(model.size_m[0], model.size_m[1]))
        free = max(0.0, (0.9 * holder.model.inner_m - across) / 2)
        for _ in range(_TRIES):
            # Several keep to the edge, so that they find room.
            least = 0.0 if len(models) == 1 else 0.8
            angle = rng.uniform(0, 2 * np.pi)
            radius = free * float(np.sqrt(rng.uniform(least**2, 1.0)))
            yaw_rad = float(rng.uniform(-np.pi, np.pi))
            beside = (x + float(radius * np.cos(angle)), y + float(radius * np.sin(angle)))
            thing = Placed(model, *beside, z, yaw_rad)
            if not any(overlaps(thing, other, 0.002) for other in placed):
                placed.append(thing)
                break
    return placed
