"""Expressions that say what a thing is: its name, colour, material and size."""

from textseg_core.expressions.colors import (
    NEAR_COLORS,
    UNSPOKEN,
    color_verdict,
    material_verdict,
)
from textseg_core.expressions.phrases import LARGE, MATERIALS, SMALL, SUPERLATIVES
from textseg_core.expressions.places import furthest
from textseg_core.expressions.relations import NO
from textseg_core.expressions.writer import ExpressionWriter, Group, Want
from textseg_core.scenes.scene import Query

_LARGER = 1.2  # clear ratio of lengths in the room
_LARGER_IN_VIEW = 1.2  # and of areas in the picture, so that the eye agrees
_LARGER_AREA = 1.5  # clear ratio of areas where nothing else is known


def category(writer: ExpressionWriter, want: Want = "one") -> Query | None:
    """`the mug`, by its usual name."""
    index = writer.draw()
    return (
        None
        if index is None
        else _bare(writer, want, "category", [writer.objects[index].names[0]])
    )


def synonym(writer: ExpressionWriter, want: Want = "one") -> Query | None:
    """`the tin`, `the container`: by another or by a more general name."""
    index = writer.draw()
    if index is None:
        return None
    item = writer.objects[index]
    return _bare(writer, want, "synonym", [*item.names[1:], *item.hypernyms])


def _bare(writer: ExpressionWriter, want: Want, kind: str, nouns: list[str]) -> Query | None:
    if not nouns:
        return None
    noun = writer.pick(nouns)
    if noun in writer.scene.hidden_names:
        return None
    chosen = writer.named(noun)
    if want != "several" and not writer.clean(noun):
        return None
    return writer.query(want, kind, writer.phrase(noun, indefinite=True), chosen, ())


def _base(writer: ExpressionWriter, colored: float = 0.0) -> tuple[int, Group] | None:
    """Draw an object and a phrase for it, preferably one that it shares with others."""
    if writer.chance(0.6) or writer.plain:
        group = writer.group_of_several(colored=colored)
        if group is not None:
            return writer.pick(group.members), group
    index = writer.draw()
    group = None if index is None else writer.group(index, colored=colored)
    return None if index is None or group is None or not group.members else (index, group)


def colour(writer: ExpressionWriter, want: Want = "one") -> Query | None:
    """`the red mug`: what is of that name and in that colour."""
    drawn = _base(writer)
    if drawn is None:
        return None
    index, group = drawn
    if want == "none":
        used = [writer.objects[i] for i in group.members]
        safe = [c for c in NEAR_COLORS if all(color_verdict(o, c) == NO for o in used)]
        if not safe:
            return None
        color = writer.pick(safe)
    elif writer.objects[index].colors:
        color = writer.objects[index].colors[0]
    else:
        return None
    found = writer.colored_group(group, color)
    if found is None:
        return None
    noun = group.noun
    texts = (
        *(writer.phrase(f"{color} {noun}", indefinite=True),) * 8,
        *(f"the {noun} that is {color}", f"the {noun} which is {color}"),
        *(writer.phrase(f"{color} colored {noun}"), f"the {noun} colored {color}"),
    )
    return writer.query(want, "colour", writer.words(texts), found.members, found.pairs)


def material(writer: ExpressionWriter, want: Want = "one") -> Query | None:
    """`the wooden bowl`: what is of that name and made of that."""
    drawn = _base(writer, colored=0.1)
    if drawn is None:
        return None
    index, group = drawn
    made_of = writer.pick(tuple(MATERIALS)) if want == "none" else writer.objects[index].material
    if made_of in UNSPOKEN:
        return None
    chosen = writer.select(group, lambda i: material_verdict(writer.objects[i], made_of))
    adjectives = MATERIALS.get(made_of, (made_of,))
    words = f"{writer.words(adjectives)} {group.noun}"
    if group.adjective:
        words = f"{group.adjective} {words}"
    texts = (
        *(writer.phrase(words, indefinite=True),) * 8,
        f"the {group.words} made of {made_of}",
        f"the {group.words} made out of {made_of}",
    )
    pairs = (*writer.pairs((made_of,), chosen or group.members), *group.pairs)
    return writer.query(want, "material", writer.words(texts), chosen, pairs)


def size(writer: ExpressionWriter, want: Want = "one") -> Query | None:
    """`the big mug`: the one that is clearly larger than every other of its name."""
    return _by_size(writer, want, "size", {"largest": LARGE, "smallest": SMALL})


def superlative(writer: ExpressionWriter, want: Want = "one") -> Query | None:
    """`the tallest mug`, `the leftmost can`."""
    return _by_size(writer, want, "superlative", SUPERLATIVES)


def _by_size(
    writer: ExpressionWriter, want: Want, kind: str, table: dict[str, tuple[str, ...]]
) -> Query | None:
    group = writer.group_of_several()
    if group is None or want != "one":
        return None
    key = writer.pick(tuple(table))
    index = extreme(writer, group.members, key)
    if index is None:
        return None
    text = writer.phrase(f"{writer.words(table[key])} {group.words}")
    pairs = (*writer.pairs((key,), (index,)), *group.pairs)
    return writer.query(want, kind, text, (index,), pairs)


def extreme(writer: ExpressionWriter, members: tuple[int, ...], key: str) -> int | None:
    """Return the member that clearly deserves a superlative, None if none does."""
    if key in ("largest", "smallest"):
        return _extreme_size(writer, members, 1 if key == "largest" else -1)
    if key in ("tallest", "shortest"):
        return _extreme_height(writer, members, 1 if key == "tallest" else -1)
    return furthest(writer, members, key)


def _extreme_size(writer: ExpressionWriter, members: tuple[int, ...], sign: int) -> int | None:
    objects = writer.objects
    order = sorted(members, key=lambda i: -sign * objects[i].area)
    best = objects[order[0]]
    placement = best.placement
    for i in order[1:]:
        other = objects[i].placement
        in_view = (best.area / objects[i].area) ** sign
        if placement is None or other is None:
            clear = in_view > _LARGER_AREA
        else:
            volume = placement.size[0] * placement.size[1] * placement.size[2]
            rival = other.size[0] * other.size[1] * other.size[2]
            clear = in_view > _LARGER_IN_VIEW and (volume / rival) ** (sign / 3) > _LARGER
        if not clear:
            return None
    return order[0]


def _extreme_height(writer: ExpressionWriter, members: tuple[int, ...], sign: int) -> int | None:
    heights = []
    for i in members:
        item = writer.objects[i]
        if item.placement is None:
            return None
        heights.append((-sign * item.placement.size[2], i, item.box[3] - item.box[1]))
    heights.sort()
    (first, best, pixels), others = heights[0], heights[1:]
    clear = all(
        (first / height) ** sign > _LARGER and (pixels / seen) ** sign > 1.1
        for height, _, seen in others
    )
    return best if clear else None
