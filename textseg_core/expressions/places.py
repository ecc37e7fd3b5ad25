"""Expressions that say where in the view a thing is, or which it is in a row."""

from itertools import pairwise

from textseg_core.expressions.phrases import (
    CORNERS,
    ENDS,
    ORDINALS,
    PLACES,
    SHORT_ORDINALS,
    ZONES,
)
from textseg_core.expressions.relations import MAYBE, NO, YES
from textseg_core.expressions.writer import ExpressionWriter, Want
from textseg_core.scenes.scene import Query

_APART = 0.06  # share of the picture's side between the first and the second
_APART_IN_ROW = 0.04  # and between neighbours of a row
_APART_M = 0.05  # towards the camera


def _along(writer: ExpressionWriter, index: int, direction: str) -> float | None:
    """Return how far a thing is from the end that a direction names, in shares or metres."""
    item = writer.objects[index]
    if direction in ("nearest", "farthest"):
        if item.placement is None:
            return None
        return item.placement.center[1] * (1 if direction == "nearest" else -1)
    u, v = item.center
    along = u / writer.width if direction in ("left", "right") else v / writer.height
    return along if direction in ("left", "top") else -along


def furthest(writer: ExpressionWriter, members: tuple[int, ...], direction: str) -> int | None:
    """Return the member furthest in a direction, None if it is not clearly so."""
    if direction == "middle":
        return _most_central(writer, members)
    found: list[tuple[float, int]] = []
    for i in members:
        along = _along(writer, i, direction)
        if along is None:
            return None
        found.append((along, i))
    found.sort()
    least = _APART_M if direction in ("nearest", "farthest") else _APART
    if found[1][0] - found[0][0] <= least:
        return None
    best = writer.objects[found[0][1]]
    if direction in ("nearest", "farthest"):
        # The eye judges by where things stand in the picture.
        sign = 1 if direction == "nearest" else -1
        if any(sign * (best.box[3] - writer.objects[i].box[3]) <= 0 for _, i in found[1:]):
            return None
    return found[0][1]


def _most_central(writer: ExpressionWriter, members: tuple[int, ...]) -> int | None:
    away: list[tuple[float, int]] = []
    for i in members:
        u, v = writer.objects[i].center
        du, dv = u / writer.width - 0.5, v / writer.height - 0.5
        away.append(((du * du + dv * dv) ** 0.5, i))
    away.sort()
    (first, index), (second, _) = away[:2]
    if first >= 0.2 or second - first <= 0.12:
        return None
    if len(members) % 2:
        row = sorted(writer.objects[i].center[0] for i in members)
        if abs(row[len(row) // 2] - writer.objects[index].center[0]) > _APART * writer.width:
            return None  # the middle one of the row is another
    return index


def zone_verdict(writer: ExpressionWriter, index: int, direction: str) -> int:
    """Return whether a thing lies in a part of the view."""
    u, v = writer.objects[index].center
    du, dv = u / writer.width - 0.5, v / writer.height - 0.5
    if direction == "middle":
        off = max(abs(du), abs(dv))
        return YES if off < 0.15 else MAYBE if off < 0.25 else NO
    along = {"left": du, "right": -du, "top": dv, "bottom": -dv}[direction]
    return YES if along < -0.1 else MAYBE if along < 0.03 else NO


def place(writer: ExpressionWriter, want: Want = "one") -> Query | None:
    """`the left cup`, `cup on the right`, `mug in the bottom left corner`."""
    chance = writer.rng.random()
    if want == "one" and chance < 0.7:
        return _place_among(writer)
    if chance > 0.88:
        return _corner(writer, want)
    index = writer.draw()
    group = None if index is None else writer.group(index)
    if group is None or not group.members or want == "several":
        return None
    direction = writer.pick(tuple(ZONES))
    chosen = writer.select(group, lambda i: zone_verdict(writer, i, direction))
    if chosen is None:
        return None
    words = f"{group.words} {writer.linked(writer.words(ZONES[direction]), group.noun)}"
    text = writer.phrase(words, indefinite=True)
    pairs = (*writer.pairs((direction,), chosen or group.members), *group.pairs)
    return writer.query(want, "place", text, chosen, pairs)


def _place_among(writer: ExpressionWriter) -> Query | None:
    group = writer.group_of_several()
    if group is None:
        return None
    direction = writer.pick(tuple(PLACES))
    index = furthest(writer, group.members, direction)
    if index is None:
        return None
    after, before = PLACES[direction]
    in_zone = direction not in ZONES or zone_verdict(writer, index, direction) != NO
    if in_zone and writer.chance(0.5):
        text = writer.phrase(f"{group.words} {writer.linked(writer.words(after), group.noun)}")
    else:
        text = writer.phrase(f"{writer.words(before)} {group.words}")
    pairs = (*writer.pairs((direction,), (index,)), *group.pairs)
    return writer.query("one", "place", text, (index,), pairs)


def _corner(writer: ExpressionWriter, want: Want) -> Query | None:
    index = writer.draw()
    group = None if index is None else writer.group(index)
    if group is None or not group.members:
        return None
    corner = writer.pick(tuple(CORNERS))
    chosen = writer.select(group, lambda i: min(zone_verdict(writer, i, side) for side in corner))
    words = writer.words(CORNERS[corner])
    if not words.startswith("in ") and not words.endswith("corner") and writer.chance(0.5):
        text = writer.phrase(f"{words} {group.words}")
    else:
        text = writer.phrase(f"{group.words} {writer.linked(words, group.noun)}")
    pairs = (*writer.pairs(corner, chosen or group.members), *group.pairs)
    return writer.query(want, "place", text, chosen, pairs)


def row_from(
    writer: ExpressionWriter, members: tuple[int, ...], end: str
) -> tuple[int, ...] | None:
    """Return the members in their order from an end, None if two are too close to tell."""
    found: list[tuple[float, int]] = []
    for i in members:
        along = _along(writer, i, end)
        if along is None:
            return None
        found.append((along, i))
    found.sort()
    least = _APART_M if end in ("nearest", "farthest") else _APART_IN_ROW
    if any(b[0] - a[0] < least for a, b in pairwise(found)):
        return None
    return tuple(i for _, i in found)


def ordinal(writer: ExpressionWriter, want: Want = "one") -> Query | None:
    """`the second cup from the left`; none if the row is shorter than the number."""
    group = writer.group_of_several(2 if want == "none" else 3)
    if group is None or len(group.members) > 6 or want == "several":
        return None
    ends = tuple(ENDS) if writer.placed else ("left", "right")
    end = writer.pick((*ends, "left", "right"))
    if want == "none":
        if len(group.members) > 4:
            return None
        rank = writer.rng.randrange(len(group.members), 5)
        chosen: tuple[int, ...] = ()
    else:
        row = row_from(writer, group.members, end)
        if row is None:
            return None
        rank = writer.rng.randrange(min(5, len(row)))
        chosen = (row[rank],)
    number = (SHORT_ORDINALS if writer.chance(0.2) else ORDINALS)[rank]
    source = writer.words(ENDS[end])
    texts = (
        *(writer.phrase(f"{number} {group.words} {source}"),) * 6,
        writer.phrase(f"{group.words} that is {number} {source}"),
    )
    pairs = (*writer.pairs((ORDINALS[rank],), chosen or group.members), *group.pairs)
    return writer.query(want, "ordinal", writer.words(texts), chosen, pairs)
