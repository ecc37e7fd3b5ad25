"""Expressions that relate a thing to what is itself related, or to two things at once."""

from textseg_core.expressions.names import MASS
from textseg_core.expressions.related import draw_anchor, draw_target
from textseg_core.expressions.relations import NO, OPPOSITE, RELATIONS, YES
from textseg_core.expressions.writer import ExpressionWriter, Group, Want
from textseg_core.scenes.scene import Query


def chain(writer: ExpressionWriter, want: Want = "one") -> Query | None:
    """`the mug left of the bowl behind the box`, `the mug left of the bowl and on the tray`."""
    drawn = draw_target(writer)
    if drawn is None or want == "several":
        return None
    index, group = drawn
    maker = _nested if writer.rng.random() < 0.6 or writer.plain else _joint
    for _ in range(4):
        query = maker(writer, want, index, group)
        if query is not None:
            return query
    return None


_CHAINED = ("left", "right", "next", "front", "behind", "on", "in")


def _true_relation(writer: ExpressionWriter, i: int, j: int) -> str | None:
    true = [r for r in _CHAINED if writer.verdict(r, i, j) == YES]
    return writer.pick(true) if true else None


def _nested(writer: ExpressionWriter, want: Want, index: int, group: Group) -> Query | None:
    middle = draw_target(writer, several=0.6)
    if middle is None or want != "one":
        return None
    j, middles = middle
    anchor = draw_anchor(writer, (index, j), single=True)
    if anchor is None or index in middles.members or j in group.members:
        return None
    k = anchor.members[0]
    if k in group.members or k in middles.members:
        return None
    if len(group.members) == 1 and len(middles.members) == 1 and writer.rng.random() < 0.8:
        return None
    first, second = _true_relation(writer, index, j), _true_relation(writer, j, k)
    if first is None or second is None:
        return None
    if writer.select(middles, lambda m: writer.verdict(second, m, k)) != (j,):
        return None
    chosen = writer.select(group, lambda m: writer.verdict(first, m, j))
    # "The mug left of the bowl, behind the box" must not mean another mug.
    for m in group.members:
        either = max(writer.verdict(first, m, other) for other in middles.members)
        if m != index and min(either, writer.verdict(second, m, k)) != NO:
            return None
    inner = "that is " if writer.chance(0.2) and middles.noun not in MASS else ""
    place = (
        f"{writer.words(RELATIONS[first])} the {middles.words} "
        f"{inner}{writer.words(RELATIONS[second])} {anchor.words}"
    )
    text = writer.phrase(f"{group.words} {writer.linked(place, group.noun)}")
    pairs = (
        *writer.pairs((first,), (index,)),
        *writer.pairs((second,), (j,)),
        *(*group.pairs, *middles.pairs, *anchor.pairs),
    )
    return writer.query(want, "chain", text, chosen, pairs)


def _joint(writer: ExpressionWriter, want: Want, index: int, group: Group) -> Query | None:
    one, other = (draw_anchor(writer, (index,), single=True) for _ in range(2))
    if one is None or other is None or one.members == other.members:
        return None
    j, k = one.members[0], other.members[0]
    first = _true_relation(writer, index, j)
    if first is None:
        return None
    if want == "none":
        false = [r for r in _CHAINED if writer.verdict(r, index, k) == NO and r in OPPOSITE]
        second = writer.pick(false) if false else None
    else:
        second = _true_relation(writer, index, k)
    if second is None:
        return None
    chosen = writer.select(
        group, lambda m: min(writer.verdict(first, m, j), writer.verdict(second, m, k))
    )
    place = (
        f"{writer.words(RELATIONS[first])} {one.words} and "
        f"{writer.words(RELATIONS[second])} {other.words}"
    )
    text = writer.phrase(f"{group.words} {writer.linked(place, group.noun)}")
    pairs = writer.pairs((first, second), chosen or group.members)
    pairs = (*pairs, *group.pairs, *one.pairs, *other.pairs)
    return writer.query(want, "chain", text, chosen, pairs)
