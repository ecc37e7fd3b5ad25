"""Decides what stands where: groups, rows, pairs, things between, on and in others."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from textseg_core.scenes.object_model import ObjectModel
from textseg_core.scenes.stock import Stock
from textseg_core.scenes.support import find_floor

DROP_M = 0.01
_GAP_M = 0.008
_BIG_M = 0.3
_REACH_M = 0.42


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


@dataclass(frozen=True, slots=True)
class Arrangement:
    """What is put on the table.

    Attributes:
        placed: Those that hold others come before what they hold.
        row_rad: Direction of a row on the table, None without one; cameras look across it.
    """

    placed: tuple[Placed, ...]
    row_rad: float | None


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


def _single(model: ObjectModel, rng: np.random.Generator) -> Placed:
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
        thing = _single(model, rng)
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
    """Put things in or on a holder, beside each other where there is room, else above."""
    floor = find_floor(holder.model)
    cos, sin = np.cos(holder.yaw_rad), np.sin(holder.yaw_rad)
    x = holder.x + float(cos * floor.center[0] - sin * floor.center[1])
    y = holder.y + float(sin * floor.center[0] + cos * floor.center[1])
    placed: list[Placed] = []
    for model in models:
        across = float(np.hypot(model.size_m[0], model.size_m[1]))
        free = max(0.0, (0.9 * holder.model.inner_m - across) / 2)
        best = _single(model, rng)
        for _ in range(12):
            angle, radius = rng.uniform(0, 2 * np.pi), free * float(np.sqrt(rng.random()))
            best = _single(model, rng).moved(
                x + float(radius * np.cos(angle)), y + float(radius * np.sin(angle))
            )
            if not any(overlaps(best, other) for other in placed):
                break
        z = holder.z + holder.model.size_m[2] + 0.002
        if holder.model.holds == "in":
            # Let go inside, so that little rolls out.
            z = holder.z + 0.35 * holder.model.size_m[2]
        stacked = [other for other in placed if overlaps(best, other, 0.002)]
        z = max([z, *(other.z + other.model.size_m[2] + 0.002 for other in stacked)])
        placed.append(Placed(model, best.x, best.y, z, best.yaw_rad))
    return placed


class _Table:
    """Finds free places for groups, close to the middle first."""

    def __init__(self, rng: np.random.Generator) -> None:
        self._rng = rng
        self.standing: list[Placed] = []
        self.held: list[Placed] = []

    def put(self, group: Sequence[Placed], held: Sequence[Placed] = ()) -> bool:
        """Put a group down; False if there is no room for it."""
        for attempt in range(60):
            spread = 0.05 + 0.3 * attempt / 60
            x, y = (float(value) for value in self._rng.normal(0, spread, 2))
            moved = [thing.moved(x, y) for thing in group]
            if any(np.hypot(thing.x, thing.y) > _REACH_M for thing in moved):
                continue
            if any(overlaps(a, b) for a in moved for b in self.standing):
                continue
            self.standing += moved
            self.held += [thing.moved(x, y) for thing in held]
            return True
        return False


def _draw_others(stock: Stock, count: int, rng: np.random.Generator) -> list[ObjectModel]:
    """Draw clutter, at most one big thing among it."""
    others: list[ObjectModel] = []
    while len(others) < count:
        model = stock.draw(rng)
        big = max(model.size_m[:2]) > _BIG_M
        if not big or (rng.random() < 0.3 and not any(max(o.size_m[:2]) > _BIG_M for o in others)):
            others.append(model)
    return others


def _draw_holder(
    stock: Stock, focus: list[ObjectModel], rng: np.random.Generator
) -> tuple[ObjectModel, list[ObjectModel]] | None:
    """Draw something with one to three things in or on it.

    Where they fit, the holder or what it holds is one of the rivals (taken from `focus`), so
    that being held, or holding, tells them apart.
    """
    holding = [model for model in focus if model.holds]
    if holding and rng.random() < 0.6:
        holder = holding[0]
    elif stock.holders:
        category = stock.holders[int(rng.integers(len(stock.holders)))]
        holder = stock.draw(rng, category)
    else:
        return None
    count = int(rng.choice([1, 2, 3], p=[0.6, 0.3, 0.1]))
    held = [model for model in focus if fits(holder, model)][: 1 if rng.random() < 0.6 else 0]
    for _ in range(15):
        if len(held) >= count:
            break
        model = stock.draw(rng)
        if fits(holder, model):
            held.append(model)
    if not held:
        return None
    taken = [id(holder), *map(id, held)]
    kept = []
    for model in focus:
        # One thing may occur several times, and is taken once.
        if id(model) in taken:
            taken.remove(id(model))
        else:
            kept.append(model)
    focus[:] = kept
    return holder, held


def arrange(stock: Stock, rng: np.random.Generator) -> Arrangement:
    """Draw a scene's objects and put them on the table.

    One category occurs two to five times, often a second one twice, since relations, ordinals
    and colours decide between things of one name.
    """
    count = int(rng.integers(5, 11))
    rivals = int(rng.choice([2, 3, 4, 5], p=[0.4, 0.3, 0.2, 0.1]))
    focus = stock.draw_group(rng, rivals)
    table = _Table(rng)
    row_rad = None
    if rivals >= 3 and rng.random() < 0.4:
        row_rad = float(rng.uniform(-np.pi, np.pi))
        if table.put(line_up(focus, row_rad, (0.01, 0.05), rng)):
            focus = []
        else:
            row_rad = None
    if rng.random() < 0.4:
        focus += stock.draw_group(rng, 2)
    for _ in range(int(rng.choice([0, 1, 2], p=[0.35, 0.5, 0.15]))):
        held = _draw_holder(stock, focus, rng)
        if held is not None:
            below = _single(held[0], rng)
            table.put([below], fill(below, held[1], rng))
    there = len(table.standing) + len(table.held) + len(focus)
    others = _draw_others(stock, max(1, count - there), rng)
    for model in focus:
        _put_focus(table, model, others, rng)
    for model in sorted(others, key=lambda model: -max(model.size_m[:2])):
        table.put([_single(model, rng)])
    return Arrangement((*table.standing, *table.held), row_rad)


def _put_focus(
    table: _Table, model: ObjectModel, others: list[ObjectModel], rng: np.random.Generator
) -> None:
    """Put one of several rivals beside or between some of `others`, or alone."""
    draw = rng.random()
    direction = float(rng.uniform(-np.pi, np.pi))
    if len(others) >= 2 and draw < 0.2:
        a, b = others.pop(), others.pop()
        if table.put(line_up([a, model, b], direction, (0.01, 0.06), rng)):
            return
        others += [a, b]
    elif others and draw < 0.6:
        other = others.pop()
        if table.put(line_up([model, other], direction, (0.004, 0.03), rng)):
            return
        others.append(other)
    table.put([_single(model, rng)])
