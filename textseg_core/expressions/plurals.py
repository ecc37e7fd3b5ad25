"""Expressions that mean several things, or all but some."""

from collections.abc import Callable

from textseg_core.expressions.colors import NEAR_COLORS, color_verdict
from textseg_core.expressions.names import MASS, plural
from textseg_core.expressions.phrases import EXCEPT, NOT, NOT_MANY, NUMBERS, ZONES
from textseg_core.expressions.places import zone_verdict
from textseg_core.expressions.related import anchor_verdict, draw_anchor
from textseg_core.expressions.relations import RELATIONS, YES
from textseg_core.expressions.writer import ExpressionWriter, Group, Pairs, Want
from textseg_core.scenes.scene import Query


def several(writer: ExpressionWriter, want: Want = "one") -> Query | None:
    """`the cups`, `both cans`, `all the red mugs`, `the mugs on the tray`."""
    group = writer.group_of_several(colored=0.3)
    if group is None or want != "one" or group.noun in MASS:
        return None
    members, tail, pairs = group.members, "", group.pairs
    chance = 1.0 if writer.plain else writer.rng.random()
    if chance < 0.15:
        direction = writer.pick(tuple(ZONES))
        found = writer.select(group, lambda i: zone_verdict(writer, i, direction))
        tail = " " + writer.words(ZONES[direction])
        pairs = (*pairs, *writer.pairs((direction,), found or ()))
    elif chance < 0.4:
        anchor = draw_anchor(writer, group.members, single=True)
        if anchor is None:
            return None
        keys = [
            key
            for key in ("on", "in", "left", "right", "front", "behind", "next")
            if any(writer.verdict(key, i, anchor.members[0]) == YES for i in members)
        ]
        if not keys:
            return None
        key = writer.pick(keys)
        found = writer.select(group, lambda i: anchor_verdict(writer, key, i, anchor))
        tail = f" {writer.words(RELATIONS[key])} {anchor.words}"
        pairs = (*pairs, *writer.pairs((key,), found or ()), *anchor.pairs)
    else:
        found = members
    if found is None or len(found) < 2:
        return None
    text = _counted(writer, group.many, len(found)) + tail
    return Query(text, found, "plural", compositions=tuple(dict.fromkeys(pairs)))


def _counted(writer: ExpressionWriter, many: str, count: int) -> str:
    heads = [f"the {many}", f"all {many}", f"all the {many}", f"all of the {many}", many]
    if not many.endswith(("ones", "things", "objects", "items")):
        heads.append(f"every one of the {many}")
    if count == 2:
        heads += [f"both {many}", f"both of the {many}", f"both the {many}"]
    if count in NUMBERS:
        heads += [f"the {NUMBERS[count]} {many}", f"{NUMBERS[count]} {many}"]
        heads += [f"all {NUMBERS[count]} {many}"] if count > 2 else []
    return writer.words(heads)


def exclusion(writer: ExpressionWriter, want: Want = "one") -> Query | None:
    """`the mug that is not red`, `the can not on the plate`, `the other mug, not the red one`."""
    group = writer.group_of_several(colored=0.0)
    if group is None or want != "one":
        return None
    if writer.rng.random() < 0.5:
        return _not_colored(writer, group)
    return _not_there(writer, group)


def _rest(
    writer: ExpressionWriter, group: Group, verdict: Callable[[int], int]
) -> tuple[tuple[int, ...], tuple[int, ...]] | None:
    """Return which members a verdict is true of and which not; None if that splits nothing."""
    true = writer.select(group, verdict)
    if not true or len(true) == len(group.members):
        return None
    return true, tuple(i for i in group.members if i not in true)


def _not_colored(writer: ExpressionWriter, group: Group) -> Query | None:
    colors = [writer.objects[i].colors[0] for i in group.members if writer.objects[i].colors]
    if not colors:
        return None
    color = writer.pick(colors)
    parts = _rest(writer, group, lambda i: color_verdict(writer.objects[i], color))
    if parts is None or color not in NEAR_COLORS:
        return None
    said, rest = parts
    pairs = writer.pairs((color,), (*rest, *said))
    noun, many = group.noun, plural(group.noun)
    if len(rest) == 1:
        texts = [writer.phrase(f"{noun} {writer.words(NOT)} {color}")] * 4
        if len(said) == 1 and noun != "one":
            texts += [
                f"not the {color} one, the other {noun}",
                f"the other {noun}, not the {color} one",
                f"the {noun} other than the {color} one",
            ]
        return _query(writer.words(texts), rest, pairs)
    if noun in MASS:
        return None
    texts = [f"{writer.words(('the', 'all', 'all the'))} {many} {writer.words(NOT_MANY)} {color}"]
    if len(said) == 1:
        texts.append(f"all {many} {writer.words(EXCEPT)} the {color} one")
        texts.append(f"every {noun} {writer.words(EXCEPT)} the {color} one")
    return _query(writer.words(texts), rest, pairs)


def _not_there(writer: ExpressionWriter, group: Group) -> Query | None:
    noun, many = group.noun, plural(group.noun)
    pairs: Pairs = ()
    if writer.chance(0.25):
        key = writer.pick(("left", "right"))
        words = writer.words(ZONES[key])
        parts = _rest(writer, group, lambda i: zone_verdict(writer, i, key))
    else:
        anchor = draw_anchor(writer, group.members, single=True)
        if anchor is None:
            return None
        held = [
            key
            for key in ("on", "in", "next")
            if any(writer.verdict(key, i, anchor.members[0]) == YES for i in group.members)
        ]
        if not held:
            return None
        key, pairs = writer.pick(held), anchor.pairs
        words = f"{writer.words(RELATIONS[key])} {anchor.words}"
        parts = _rest(writer, group, lambda i: writer.verdict(key, i, anchor.members[0]))
    if parts is None:
        return None
    rest = parts[1]
    pairs = (*writer.pairs((key,), rest), *pairs)
    if len(rest) == 1:
        text = writer.phrase(f"{noun} {writer.words(NOT)} {words}")
    elif noun in MASS:
        return None
    else:
        text = f"{writer.words(('the', 'all', 'all the'))} {many} {writer.words(NOT_MANY)} {words}"
    return _query(text, rest, pairs)


def _query(text: str, targets: tuple[int, ...], pairs: Pairs) -> Query:
    return Query(text, targets, "exclusion", compositions=tuple(dict.fromkeys(pairs)))
