"""Which of the candidates have the traits that an answer names."""

from collections.abc import Sequence

from textseg_core.dialogue.candidates import APART_SIZES, Candidate, is_apart
from textseg_core.dialogue.follow_up import Trait

#: Sizes that differ by less than this share count as equal.
ALIKE_SHARE = 0.1
_GREAT = ("large", "tall", "wide")
_SIZES = {
    "large": "large", "small": "large", "tall": "tall", "short": "tall", "wide": "wide",
    "narrow": "wide",
}  # fmt: skip
_AXES = {"left": 0, "right": 0, "top": 1, "bottom": 1}


def choose(candidates: Sequence[Candidate], traits: Sequence[Trait]) -> tuple[Candidate, ...]:
    """Return the candidates that have all of the traits, in their order.

    Colours are looked at first; every other trait compares those that are left: "the left red
    one" is the leftmost of the red ones. Two sides ("top left") name a corner.

    Args:
        candidates: All that may be meant.
        traits: What is said, in the order of the words.
    """
    left = list(candidates)
    for trait in traits:
        if trait.kind == "color":
            left = [one for one in left if one.color == trait.value]
    sides = [trait.value for trait in traits if trait.kind == "side"]
    across = [side for side in sides if _AXES.get(side) == 0]
    down = [side for side in sides if _AXES.get(side) == 1]
    if len(across) == len(down) == 1 and left:
        left = _in_corner(left, across[0], down[0])
        traits = [trait for trait in traits if trait.kind != "side"]
    for trait in traits:
        if trait.kind != "color" and left:
            left = _compare(left, trait)
    return tuple(left)


def _compare(candidates: list[Candidate], trait: Trait) -> list[Candidate]:
    """Return those that have a trait most."""
    if trait.kind == "ordinal":
        return _counted(candidates, trait)
    if trait.kind == "depth":
        return _by_depth(candidates)[:1] if trait.value == "near" else _by_depth(candidates)[-1:]
    if trait.kind == "size":
        return _by_size(candidates, trait.value)
    if trait.value == "middle":
        return _middle(candidates)
    axis = _AXES[trait.value]
    sign = 1 if trait.value in ("left", "top") else -1
    return _foremost(candidates, axis, sign)


def _foremost(candidates: list[Candidate], axis: int, sign: int) -> list[Candidate]:
    """Return the one furthest to a side, with those that lie not clearly less far."""
    first = min(candidates, key=lambda one: sign * one.found.centroid[axis])
    return [
        one
        for one in candidates
        if sign * (one.found.centroid[axis] - first.found.centroid[axis])
        < APART_SIZES * (one.found.box[2 + axis] + first.found.box[2 + axis]) / 2.0
    ]


def _middle(candidates: list[Candidate]) -> list[Candidate]:
    """Return the middle one of a row, the two middle ones of an even row."""
    row = sorted(candidates, key=lambda one: one.found.centroid[_spread_axis(candidates)])
    return row[(len(row) - 1) // 2 : len(row) // 2 + 1]


def _in_corner(candidates: list[Candidate], across: str, down: str) -> list[Candidate]:
    """Return the candidate furthest into a corner, distances in shares of how far they spread."""
    places: dict[int, float] = dict.fromkeys((one.track_id for one in candidates), 0.0)
    for side in (across, down):
        axis, sign = _AXES[side], 1 if side in ("left", "top") else -1
        along = [sign * one.found.centroid[axis] for one in candidates]
        spread = max(max(along) - min(along), 1.0)
        for one, place in zip(candidates, along, strict=True):
            places[one.track_id] += (place - min(along)) / spread
    return [min(candidates, key=lambda one: places[one.track_id])]


def _counted(candidates: list[Candidate], trait: Trait) -> list[Candidate]:
    """Return the one at a place in the row, none if the row is shorter."""
    if trait.value in ("near", "far"):
        row = _by_depth(candidates)
    elif trait.value in _SIZES:
        row = sorted(candidates, key=lambda one: _measure(one, trait.value))
    elif not trait.value and all(one.label.startswith("number ") for one in candidates):
        row = sorted(candidates, key=lambda one: int(one.label.split()[1]))
    else:
        axis = _AXES[trait.value] if trait.value else _spread_axis(candidates)
        row = sorted(candidates, key=lambda one: one.found.centroid[axis])
    if trait.value in ("right", "bottom", "far", *_GREAT):
        row.reverse()
    if trait.number == -1:
        return row[-1:]
    return row[trait.number - 1 : trait.number]


def _spread_axis(candidates: Sequence[Candidate]) -> int:
    """Return the axis along which candidates lie in a row: v (1) if they do and not along u."""
    return int(is_apart(candidates, 1) and not is_apart(candidates, 0))


def _by_depth(candidates: list[Candidate]) -> list[Candidate]:
    """Return the candidates from near to far.

    By distance if all are known; else by their lower ends in the image, as on a table.
    """
    if all(one.distance_m is not None for one in candidates):
        return sorted(candidates, key=lambda one: one.distance_m or 0.0)
    return sorted(candidates, key=lambda one: -(one.found.box[1] + one.found.box[3]))


def _by_size(candidates: list[Candidate], size: str) -> list[Candidate]:
    """Return the largest, smallest, tallest ... with those that differ too little from it."""
    sizes = [_measure(one, size) for one in candidates]
    if size in _GREAT:
        least = max(sizes) * (1.0 - ALIKE_SHARE)
        return [one for one, mine in zip(candidates, sizes, strict=True) if mine > least]
    most = min(sizes) / (1.0 - ALIKE_SHARE)
    return [one for one, mine in zip(candidates, sizes, strict=True) if mine < most]


def _measure(one: Candidate, size: str) -> float:
    """Return the height or width of a box, or the area, pixels."""
    return float(
        {"tall": one.found.box[3], "wide": one.found.box[2]}.get(_SIZES[size], one.found.area)
    )
