"""Expressions about what is not in the scene."""

from collections.abc import Callable

from textseg_core.expressions.names import confusable, plural
from textseg_core.expressions.phrases import PLACES, pick
from textseg_core.expressions.relations import OPPOSITE, RELATIONS, holds
from textseg_core.expressions.writer import ExpressionWriter
from textseg_core.scenes.scene import Query

# Colours that one may call the other.
NEAR_COLORS: dict[str, set[str]] = {
    "orange": {"red", "yellow", "brown"},
    "silver": {"gray", "white"},
    "gray": {"silver", "white", "black"},
    "beige": {"white", "yellow", "brown"},
    "purple": {"pink", "blue"},
    "pink": {"red", "purple"},
    "brown": {"orange", "red", "beige"},
    "yellow": {"orange", "beige"},
    "white": {"beige", "silver", "gray"},
    "red": {"orange", "pink", "brown"},
    "black": {"gray", "blue"},
    "blue": {"purple", "black"},
    "green": set(),
}


def absent(writer: ExpressionWriter) -> Query | None:
    """Something that is not there: a noun, a colour, or a relation turned round."""
    makers: tuple[Callable[[ExpressionWriter], Query | None], ...] = (
        _absent_noun,
        _absent_noun,
        _absent_colour,
        _absent_relation,
    )
    return makers[int(writer.rng.integers(len(makers)))](writer)


def _absent_noun(writer: ExpressionWriter) -> Query | None:
    present = {name for item in writer.objects for name in (*item.names, *item.hypernyms)}
    present |= writer.scene.hidden_names
    known = frozenset(present)
    options = sorted(
        name for name in writer.scene.closed_names - known if not confusable(name, known)
    )
    if not options:
        return None
    noun = pick(writer.rng, options)
    draw = writer.rng.random()
    if draw < 0.2:
        return Query(writer.place_words(noun, pick(writer.rng, tuple(PLACES))), (), "absent")
    if draw < 0.4 and writer.objects:
        anchor = writer.objects[int(writer.rng.integers(len(writer.objects)))].names[0]
        words = pick(writer.rng, RELATIONS[pick(writer.rng, tuple(RELATIONS))])
        return Query(f"{writer.article()}{noun} {words} the {anchor}", (), "absent")
    return Query(writer.article() + noun, (), "absent")


def _absent_colour(writer: ExpressionWriter) -> Query | None:
    colored = [i for i in writer.countable if writer.objects[i].colors]
    if not colored:
        return None
    index = int(writer.rng.choice(colored))
    noun = writer.objects[index].names[0]
    same = writer.named(noun)
    if any(not writer.objects[i].colors for i in same) or not writer.clean(noun):
        return None
    used = {color for i in same for color in writer.objects[i].colors}
    safe = [c for c in NEAR_COLORS if c not in used and not NEAR_COLORS[c] & used]
    if not safe:
        return None
    return Query(f"{writer.article()}{pick(writer.rng, safe)} {noun}", (), "absent")


def _absent_relation(writer: ExpressionWriter) -> Query | None:
    """Turn a relation round where nothing that the words may mean stands in the opposite one."""
    drawn = writer.relation()
    if drawn is None:
        return None
    for relation, opposite in OPPOSITE.items():
        # Longest first: "to the left of" also ends in "left of".
        for words in sorted(RELATIONS[relation], key=len, reverse=True):
            head, found, anchor = drawn.expression.partition(f" {words} the ")
            if not found:
                continue
            # The noun as written, which may be more general than the target's name.
            same = writer.named(head.removeprefix("the ").removeprefix("a "))
            anchors = [
                item
                for item in writer.objects
                if any(anchor in (n, plural(n)) for n in (*item.names, *item.hypernyms))
            ]
            if any(
                holds(opposite, writer.objects[i], b, slack=1.0) for i in same for b in anchors
            ):
                return None
            words = pick(writer.rng, RELATIONS[opposite])
            return Query(f"{head} {words} the {anchor}", (), "absent")
    return None
