"""Expressions that say how a thing stands to others."""

from dataclasses import dataclass
from itertools import combinations

from textseg_core.expressions.phrases import BETWEEN, NEAREST
from textseg_core.expressions.relations import (
    DIRECTIONS,
    MAYBE,
    NO,
    OPPOSITE,
    RELATIONS,
    SUPPORT,
    YES,
    between_verdict,
    nearest_of,
)
from textseg_core.expressions.writer import ExpressionWriter, Group, Pairs, Want
from textseg_core.scenes.scene import Query


@dataclass(frozen=True, slots=True)
class Anchor:
    """What a thing is related to.

    Attributes:
        words: With article.
        members: The objects that the words fit.
        every: The relation must hold to all of them, else to any.
        pairs: What the words combine.
    """

    words: str
    members: tuple[int, ...]
    every: bool
    pairs: Pairs


def draw_anchor(
    writer: ExpressionWriter,
    taken: tuple[int, ...],
    *,
    single: bool = False,
    fixed: int | None = None,
) -> Anchor | None:
    """Draw a phrase for something beside those taken.

    Args:
        writer: Of the scene.
        taken: Objects that the phrase must not fit.
        single: It must fit one thing.
        fixed: The object; drawn if None.
    """
    index = writer.draw() if fixed is None else fixed
    if index is None or index in taken:
        return None
    group = writer.group(index, colored=0.25)
    if group is None or not set(taken).isdisjoint(group.members):
        return None
    if len(group.members) == 1:
        return Anchor(f"the {group.words}", group.members, False, group.pairs)
    if single:
        return None
    if writer.chance(0.5):
        return Anchor(f"the {group.many}", group.members, True, group.pairs)
    an = "an" if group.words[0] in "aeiou" else "a"
    if group.noun == "one":
        return None
    return Anchor(f"{an} {group.words}", group.members, False, group.pairs)


def anchor_verdict(writer: ExpressionWriter, relation: str, i: int, anchor: Anchor) -> int:
    """Return whether a thing stands in a relation to what an anchor means."""
    found = [writer.verdict(relation, i, j) for j in anchor.members]
    if not anchor.every:
        return max(found)
    # "Next to the apples" is said of any of them, "left of the apples" of all.
    worst = max(found) if relation == "next" else min(found)
    return MAYBE if worst == NO and max(found) != NO else worst


def draw_target(writer: ExpressionWriter, several: float = 0.75) -> tuple[int, Group] | None:
    """Draw an object and a phrase for it; in that share one that others share."""
    if writer.rng.random() < several:
        group = writer.group_of_several()
        if group is not None:
            return writer.pick(group.members), group
    index = writer.draw()
    group = None if index is None else writer.group(index)
    if index is None or group is None or index not in group.members:
        return None
    return index, group


def relation(writer: ExpressionWriter, want: Want = "one") -> Query | None:
    """`the jar next to the apples`: the one of that name in that relation."""
    return _relate(writer, want, "relation", DIRECTIONS)


def support(writer: ExpressionWriter, want: Want = "one") -> Query | None:
    """`the can on the tray`, `the apple in the bowl`, `the plate under the mug`."""
    if writer.placed and want != "none" and not writer.held:
        return None
    return _relate(writer, want, "support", SUPPORT)


def _relate(
    writer: ExpressionWriter, want: Want, kind: str, relations: tuple[str, ...]
) -> Query | None:
    carried = relations is SUPPORT and want != "none" and writer.placed
    if carried:
        # Few things lie on others; to draw anything would hardly ever find one.
        index = writer.pick(writer.held)
        drawn_group = writer.group(index)
        drawn = None if drawn_group is None else (index, drawn_group)
    else:
        drawn = draw_target(writer)
    if drawn is None:
        return None
    index, group = drawn
    for _ in range(4):
        anchor = draw_anchor(
            writer, (index,), fixed=_other_end(writer, index) if carried else None
        )
        if anchor is None:
            continue
        if not set(anchor.members).isdisjoint(group.members) and len(anchor.members) > 1:
            continue
        key = _draw_relation(writer, want, index, anchor, relations)
        if key is None:
            continue
        chosen = writer.select(group, lambda i: anchor_verdict(writer, key, i, anchor))  # noqa: B023
        place = f"{writer.words(RELATIONS[key])} {anchor.words}"
        words = f"{group.words} {writer.linked(place, group.noun)}"
        pairs = writer.pairs((key,), chosen or group.members)
        pairs = (*pairs, *group.pairs, *anchor.pairs)
        text = writer.phrase(words, indefinite=True)
        query = writer.query(want, kind, text, chosen, pairs)
        if query is not None:
            return query
    return None


def _other_end(writer: ExpressionWriter, index: int) -> int:
    """Return what carries a thing, or else something that it carries."""
    support = writer.objects[index].support
    carried = [i for i in writer.countable if writer.objects[i].support == index]
    return writer.pick(carried) if support is None else support


def _draw_relation(
    writer: ExpressionWriter,
    want: Want,
    index: int,
    anchor: Anchor,
    relations: tuple[str, ...],
) -> str | None:
    """Draw a relation that holds, or one of which the opposite does if none is to hold."""
    if not writer.placed:
        relations = tuple(r for r in relations if r != "below" or relations is DIRECTIONS)
    elif relations is DIRECTIONS:
        relations = tuple(r for r in relations if r not in ("above", "below"))
    true = [r for r in relations if anchor_verdict(writer, r, index, anchor) == YES]
    if want == "none":
        swapped = [OPPOSITE[r] for r in true if r in OPPOSITE]
        if relations is not SUPPORT and (swapped or not true) and writer.rng.random() < 0.8:
            return writer.pick(swapped) if swapped else None
        false = [r for r in relations if anchor_verdict(writer, r, index, anchor) == NO]
        return writer.pick(false) if false else None
    return writer.pick(true) if true else None


def between(writer: ExpressionWriter, want: Want = "one") -> Query | None:
    """`the cup between the bowl and the plate`."""
    drawn = draw_target(writer, several=0.5)
    if drawn is None or want == "several":
        return None
    index, group = drawn
    singles = [
        i
        for i in writer.countable
        if i not in group.members and len(writer.named(writer.objects[i].names[0])) == 1
    ]
    wanted = YES if want == "one" else NO
    pairs_of_ends = [
        (a, b)
        for a, b in combinations(singles, 2)
        if between_verdict(writer.objects, index, a, b) == wanted
    ]
    if not pairs_of_ends:
        return None
    ends = writer.pick(pairs_of_ends)
    if writer.chance(0.5):
        ends = ends[::-1]
    phrases = [writer.group(i, noun=writer.objects[i].names[0], colored=0.2) for i in ends]
    first, second = phrases
    if first is None or second is None:
        return None
    chosen = writer.select(group, lambda i: between_verdict(writer.objects, i, *ends))
    place = f"{writer.words(BETWEEN)} the {first.words} and the {second.words}"
    text = writer.phrase(f"{group.words} {writer.linked(place, group.noun)}")
    pairs = writer.pairs(("between",), chosen or group.members)
    pairs = (*pairs, *group.pairs, *first.pairs, *second.pairs)
    return writer.query(want, "between", text, chosen, pairs)


def nearest(writer: ExpressionWriter, want: Want = "one") -> Query | None:
    """`the mug closest to the box`: nearer than every other of its name."""
    group = writer.group_of_several()
    if group is None or want != "one":
        return None
    anchor = draw_anchor(writer, group.members, single=True)
    if anchor is None:
        return None
    index = nearest_of(writer.objects, group.members, anchor.members[0])
    if index is None:
        return None
    place = f"{writer.words(NEAREST)} {anchor.words}"
    text = writer.phrase(f"{group.words} {writer.linked(place, group.noun)}")
    pairs = (*writer.pairs(("nearest",), (index,)), *group.pairs, *anchor.pairs)
    return writer.query(want, "nearest", text, (index,), pairs)
