"""Decides what stands where: groups, rows, pairs, things between, on and in others."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from textseg_core.scenes.footprint import Placed, fill, fits, line_up, overlaps, place_alone
from textseg_core.scenes.object_model import ObjectModel
from textseg_core.scenes.stock import Stock

_BIG_M = 0.3
_REACH_M = 0.42


@dataclass(frozen=True, slots=True)
class Arrangement:
    """What is put on the table.

    Attributes:
        placed: Those that hold others come before what they hold.
        row_rad: Direction of a row on the table, None without one; cameras look across it.
    """

    placed: tuple[Placed, ...]
    row_rad: float | None


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
    for _ in range(20 * count):
        if len(others) == count:
            break
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
            below = place_alone(held[0], rng)
            table.put([below], fill(below, held[1], rng))
    there = len(table.standing) + len(table.held) + len(focus)
    others = _draw_others(stock, max(1, count - there), rng)
    for model in focus:
        _put_focus(table, model, others, rng)
    for model in sorted(others, key=lambda model: -max(model.size_m[:2])):
        table.put([place_alone(model, rng)])
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
    table.put([place_alone(model, rng)])
