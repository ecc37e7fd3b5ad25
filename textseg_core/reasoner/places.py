"""How well instances lie where an expression says, or deserve a rank or a superlative."""

from collections.abc import Sequence

import numpy as np

from textseg_core.reasoner.geometry import Spot, View
from textseg_core.reasoner.grammar import Place, Rank
from textseg_core.reasoner.propose import Instance
from textseg_core.reasoner.relations import ramp

#: Centre's offset from the middle of the view, as a share of the side, from which on a thing
#: does not lie on a side of the view, and up to which it does.
ZONE = (0.03, -0.1)
#: The same for the middle of the view: largest offset along an axis.
MIDDLE_ZONE = (0.26, 0.15)
#: What lies so much less far to a side than the furthest, as a share of the side, is not it.
FURTHEST = 0.06
#: The same for distances from the middle.
CENTRAL = 0.1
#: The same towards the viewer, in mean sizes.
NEAREST_SIZES = 0.8
#: Ratio of areas, or heights, from which on the larger is clearly larger.
LARGER, TALLER = 1.2, 1.1
#: Places in a row that differ by less, in shares of the side, may be swapped.
ROW = 0.02


def along(one: Instance, spot: Spot, side: str, view: View) -> float:
    """Return how far a thing is from a side: shares of the view; mean sizes for near and far."""
    u, v = one.center
    if side in ("near", "far"):
        return spot.y if side == "near" else -spot.y
    if side == "middle":
        return float(np.hypot(u / view.width - 0.5, v / view.height - 0.5))
    share = u / view.width if side in ("left", "right") else v / view.height
    return share if side in ("left", "top") else 1.0 - share


def zone(one: Instance, place: Place, view: View) -> float:
    """How well a thing lies in a part of the view; 1 for near and far, which are no parts."""
    u, v = one.center
    du, dv = u / view.width - 0.5, v / view.height - 0.5
    found = 1.0
    for side in place.sides:
        if side in ("near", "far"):
            continue
        if side == "middle" and len(place.sides) == 1:
            found = min(found, ramp(max(abs(du), abs(dv)), *MIDDLE_ZONE))
        elif side == "middle":
            across = place.sides[0] in ("left", "right")
            found = min(found, ramp(abs(dv if across else du), *MIDDLE_ZONE))
        else:
            offset = {"left": du, "right": -du, "top": dv, "bottom": -dv}[side]
            found = min(found, ramp(offset, *ZONE))
    return found


def furthest(
    members: Sequence[Instance], spots: Sequence[Spot], side: str, view: View
) -> list[float]:
    """Return 1 for the member furthest to a side, and less for others the less far they are."""
    places = np.array(
        [along(one, spot, side, view) for one, spot in zip(members, spots, strict=True)]
    )
    if side == "middle" and len(members) % 2 and len(members) > 2:
        row = [one.center[0] for one in members]
        central = np.argsort(row)[len(row) // 2]
        best = int(places.argmin())
        if best != central and places[central] - places[best] < 2 * CENTRAL:
            places[central] = places[best] - CENTRAL  # the middle one of the row
    play = FURTHEST
    if side == "middle":
        play = CENTRAL
    elif side in ("near", "far"):
        play = NEAREST_SIZES * float(np.mean([spot.size for spot in spots]))
    least = places.min()
    return [ramp(float(place - least), play, 0.0) for place in places]


def lies_there(
    members: Sequence[Instance], spots: Sequence[Spot], place: Place, view: View, *, several: bool
) -> list[float]:
    """Return how well each of several members lies in a place.

    Asked for several things, or where there is one alone, the part of the view decides; asked for
    one of several, which lies furthest there, and the part of the view a little.
    """
    zones = [zone(one, place, view) for one in members]
    if several or (len(members) == 1 and not place.most):
        return zones
    if len(members) == 1:
        return [1.0]
    ranks = [furthest(members, spots, side, view) for side in place.sides]
    if len(place.sides) > 1:
        sums = [
            sum(along(o, s, side, view) for side in place.sides)
            for o, s in zip(members, spots, strict=True)
        ]
        ranks = [[ramp(total - min(sums), 2 * FURTHEST, 0.0) for total in sums]]
        in_corner = [share >= 0.5 for share in zones]
        if sum(in_corner) == 1:
            return zones
    share = 0.0 if place.most else 0.5
    return [
        min(rank[i] for rank in ranks) * (1.0 - share + share * zones[i])
        for i in range(len(members))
    ]


def lies_in_all(
    members: Sequence[Instance], spots: Sequence[Spot], places: Sequence[Place], view: View
) -> list[float]:
    """Return 1 for the member that is the best in several places together, less for others.

    "In the back on the left" is the one that lies the least far from the back and from the left,
    each as a share of how far they all spread.
    """
    sums = np.zeros(len(members))
    for side in (side for place in places for side in place.sides):
        far = np.array([along(o, s, side, view) for o, s in zip(members, spots, strict=True)])
        sums += (far - far.min()) / max(float(np.ptp(far)), 1e-9)
    return [ramp(float(total - sums.min()), SPREAD, 0.0) for total in sums]


def in_row(
    members: Sequence[Instance], spots: Sequence[Spot], rank: Rank, view: View
) -> list[float]:
    """Return 1 for the member of a rank, else 0; all 0 if the row is shorter.

    Members that lie almost equally far share the rank: each gets one half.
    """
    side = rank.side or ("left" if rank.number > 0 else "right")
    number = rank.number if rank.side or rank.number > 0 else -rank.number
    places = [along(one, spot, side, view) for one, spot in zip(members, spots, strict=True)]
    order = sorted(range(len(members)), key=places.__getitem__)
    at = number - 1 if number > 0 else len(order) + number
    if not 0 <= at < len(order):
        return [0.0] * len(members)
    scores = [0.0] * len(members)
    scores[order[at]] = 1.0
    play = 0.1 * float(np.mean([s.size for s in spots])) if side in ("near", "far") else ROW
    for step in (-1, 1):
        if 0 <= at + step < len(order):
            gap = abs(places[order[at + step]] - places[order[at]])
            share = 0.5 * ramp(gap, play, 0.0)
            scores[order[at + step]] = share
            scores[order[at]] -= share / 2.0
    return scores


#: The same for several places together, as a share of how far members spread.
SPREAD = 0.25

#: What a word of size compares, and in which direction.
MEASURES = {
    **{"large": ("area", 1), "largest": ("area", 1), "small": ("area", -1)},
    **{"smallest": ("area", -1), "tall": ("height", 1), "tallest": ("height", 1)},
    **{"short": ("height", -1), "shortest": ("height", -1), "wide": ("width", 1)},
    **{"widest": ("width", 1), "narrow": ("width", -1), "narrowest": ("width", -1)},
    **{"long": ("length", 1), "longest": ("length", 1)},
}


def by_size(members: Sequence[Instance], spots: Sequence[Spot], word: str) -> list[float]:
    """Return 1 for the member that deserves a word of size most, and less for others.

    All 1 for a word that compares nothing that masks show, and where one is alone.
    """
    measure = MEASURES.get(word)
    if measure is None or len(members) < 2:
        return [1.0] * len(members)
    name, sign = measure
    values = [_measured(one, spot, name) for one, spot in zip(members, spots, strict=True)]
    best = max(values) if sign > 0 else min(values)
    limit = LARGER if name == "area" else TALLER
    ratios = [best / value if sign > 0 else value / best for value in values]
    return [ramp(ratio, limit, 1.0) for ratio in ratios]


def _measured(one: Instance, spot: Spot, name: str) -> float:
    """Return an area, or an extent, above 0."""
    x0, y0, x1, y1 = one.box
    if name == "area":
        if spot.solid:
            volume = spot.width * spot.depth * max(spot.height, 1e-3)
            return float(max(volume, 1e-9) ** (1.0 / 3.0) * one.area**0.5)
        return float(one.area)
    if name == "height":
        return max(spot.height if spot.solid else y1 - y0, 1e-3)
    return max(x1 - x0 if name == "width" else max(x1 - x0, y1 - y0), 1.0)
