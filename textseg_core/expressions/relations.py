"""Relations between two things: their words, and whether they hold, do not, or are in doubt."""

from collections.abc import Sequence

from textseg_core.expressions import image_relations, table_relations
from textseg_core.expressions.image_relations import holds_in_image
from textseg_core.expressions.table_relations import (
    footprint_gap,
    footprint_overlap,
    holds_on_table,
)
from textseg_core.scenes.scene import SceneObject

RELATIONS: dict[str, tuple[str, ...]] = {
    "left": ("left of", "to the left of", "on the left of", "on the left side of"),
    "right": ("right of", "to the right of", "on the right of", "on the right side of"),
    "above": ("above", "over", "higher than"),
    "below": ("below", "under", "beneath", "underneath"),
    "next": ("next to", "beside", "near", "by", "close to", "alongside"),
    "front": ("in front of",),
    "behind": ("behind", "in back of"),
    "on": ("on", "on top of"),
    "in": ("in", "inside", "inside of"),
}
OPPOSITE = {
    **{"left": "right", "right": "left", "above": "below", "below": "above"},
    **{"front": "behind", "behind": "front"},
}
DIRECTIONS = ("left", "right", "above", "below", "next", "front", "behind")
SUPPORT = ("on", "in", "below")

YES, MAYBE, NO = 1, 0, -1


def holds(relation: str, a: SceneObject, b: SceneObject, slack: float = 0.0) -> bool:
    """Tell whether `a` stands in `relation` to `b` in the picture.

    Args:
        relation: Key of `RELATIONS`.
        a: The object that would be meant.
        b: The object it is related to.
        slack: 0 demands a clear case; 1 accepts a doubtful one, which callers use
            to make sure that a rival is clearly *not* in the relation.
    """
    if relation not in RELATIONS:
        raise ValueError(f"unknown relation {relation!r}; expected one of {sorted(RELATIONS)}")
    return holds_in_image(relation, a, b, slack)


def _graded(clear: bool, doubtful: bool) -> int:
    return YES if clear else MAYBE if doubtful else NO


def _carries(objects: Sequence[SceneObject], i: int, j: int) -> int:
    """Return how many steps of support lead from i down to j, 0 if it does not hold i."""
    steps, at = 1, objects[i].support
    while at is not None and steps <= len(objects):
        if at == j:
            return steps
        steps, at = steps + 1, objects[at].support
    return 0


def relation_verdict(objects: Sequence[SceneObject], relation: str, i: int, j: int) -> int:
    """Return whether object i stands in a relation to object j: `YES`, `MAYBE` or `NO`.

    Where both have placements these and their supports decide, else their boxes in the picture.
    """
    if i == j:
        return NO
    a, b = objects[i], objects[j]
    if a.placement is None or b.placement is None:
        clear = holds(relation, a, b)
        return _graded(clear, clear or holds(relation, a, b, slack=1.0))
    if relation == "above":
        return MAYBE  # in the picture, or in the room?
    if relation == "below":
        return relation_verdict(objects, "on", j, i)
    steps = _carries(objects, i, j)
    if relation in ("on", "in"):
        if steps == 1 and a.inside == (relation == "in"):
            return YES
        above = a.placement.center[2] > b.placement.center[2]
        resting = footprint_overlap(a.placement, b.placement) > 0.25
        return MAYBE if steps or (resting and (above or relation == "in")) else NO
    held = bool(steps or _carries(objects, j, i))
    clear = holds_on_table(relation, a, b, 0.0, held=held)
    return _graded(clear, clear or holds_on_table(relation, a, b, 1.0, held=held))


def between_verdict(objects: Sequence[SceneObject], i: int, j: int, k: int) -> int:
    """Return whether object i lies between j and k: `YES`, `MAYBE` or `NO`."""
    item, a, b = objects[i], objects[j], objects[k]
    if item.placement is None or a.placement is None or b.placement is None:
        clear, doubtful = (image_relations.lies_between(item, a, b, s) for s in (0.0, 1.0))
    else:
        places = (item.placement, a.placement, b.placement)
        clear, doubtful = (table_relations.lies_between(*places, s) for s in (0.0, 1.0))
        # A plate is not between the things on it, nor a thing between two parts of its plate.
        apart = not any(
            _carries(objects, *pair) for m in (j, k) for pair in ((i, m), (m, i), (j + k - m, m))
        )
        clear = clear and apart and min(footprint_gap(item.placement, p) for p in places[1:]) > 0
    return _graded(clear, clear or doubtful)


def nearest_of(objects: Sequence[SceneObject], members: Sequence[int], anchor: int) -> int | None:
    """Return which of several objects is nearest to another, None if it is not clearly one.

    None also where one of them carries the other: what lies on a plate is not nearest to it.
    """
    item = objects[anchor]
    if any(_carries(objects, i, anchor) or _carries(objects, anchor, i) for i in members):
        return None
    ranked: list[tuple[float, float, int]] = []
    metric = item.placement is not None and all(objects[i].placement for i in members)
    for i in members:
        other = objects[i]
        if metric and item.placement and other.placement:
            (x, y, _), (ax, ay, _) = other.placement.center, item.placement.center
            gap = table_relations.footprint_gap(other.placement, item.placement)
        else:
            (x, y), (ax, ay) = other.center, item.center
            gap = image_relations.box_gap(other, item)
        ranked.append((((x - ax) ** 2 + (y - ay) ** 2) ** 0.5, gap, i))
    ranked.sort()
    (first, gap, best), others = ranked[0], ranked[1:]
    size = max(item.box[2] - item.box[0], item.box[3] - item.box[1])
    least = table_relations.LEAST_DISTANCE_M if metric else 0.5 * size
    clear = all(far - first > least and far > 1.35 * first for far, _, _ in others)
    return best if clear and all(other > gap + least / 2 for _, other, _ in others) else None
