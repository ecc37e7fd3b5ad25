"""Expressions that nothing in the scene fits, and such as fit several where one is meant."""

from collections.abc import Callable

from textseg_core.expressions import attributes, chains, places, related
from textseg_core.expressions.colors import NEAR_COLORS
from textseg_core.expressions.confusable import GENERAL, confusable
from textseg_core.expressions.phrases import PLACES, ZONES
from textseg_core.expressions.relations import RELATIONS
from textseg_core.expressions.writer import ExpressionWriter, Pairs, Want
from textseg_core.scenes.scene import Query

_Maker = Callable[[ExpressionWriter, Want], Query | None]
_FALSE: tuple[_Maker, ...] = (
    *(attributes.colour, attributes.colour, attributes.colour),
    *(related.relation, related.relation, related.relation),
    *(places.place, places.place, related.support, related.support),
    *(attributes.material, places.ordinal, related.between, chains.chain),
)
_AMBIGUOUS: tuple[_Maker, ...] = (
    *(attributes.category, attributes.category, attributes.category, attributes.synonym),
    *(attributes.colour, attributes.colour, attributes.material),
    *(related.relation, related.support),
)


def absent(writer: ExpressionWriter) -> Query | None:
    """Something that is not there: a noun, a colour, a place, or a relation turned round."""
    if writer.rng.random() < 0.4:
        return _absent_noun(writer)
    return writer.pick(_FALSE)(writer, "none")


def ambiguous(writer: ExpressionWriter) -> Query | None:
    """One is asked for and several fit: `the mug`, `the red can`, `the cup on the tray`."""
    return writer.pick(_AMBIGUOUS)(writer, "several")


def absent_nouns(writer: ExpressionWriter) -> list[str]:
    """Return the nouns of which nothing is there, nor anything that could pass for it."""
    present = {name for item in writer.objects for name in (*item.names, *item.hypernyms)}
    known = frozenset(present | writer.scene.hidden_names)
    candidates = writer.scene.closed_names - known - GENERAL
    return sorted(name for name in candidates if not confusable(name, known))


def _absent_noun(writer: ExpressionWriter) -> Query | None:
    options = writer.absent
    if options is None:
        options = writer.absent = absent_nouns(writer)
    if not options:
        return None
    noun = writer.pick(options)
    draw = writer.rng.random()
    text = writer.phrase(noun, indefinite=True)
    pairs: Pairs = ()
    if draw < 0.12:
        key = writer.pick(tuple(PLACES))
        text = writer.phrase(f"{writer.words(PLACES[key][1])} {noun}")
        pairs = ((key, noun),)
    elif draw < 0.2:
        key = writer.pick(tuple(ZONES))
        text = writer.phrase(f"{noun} {writer.linked(writer.words(ZONES[key]), noun)}")
        pairs = ((key, noun),)
    elif draw < 0.3:
        key = writer.pick(tuple(NEAR_COLORS))
        text = writer.phrase(f"{key} {noun}", indefinite=True)
        pairs = ((key, noun),)
    elif draw < 0.55:
        key = writer.pick(tuple(RELATIONS))
        anchor = related.draw_anchor(writer, ())
        if anchor is None:
            return None
        place = f"{writer.words(RELATIONS[key])} {anchor.words}"
        words = f"{noun} {writer.linked(place, noun)}"
        text = writer.phrase(words, indefinite=True)
        pairs = ((key, noun), *anchor.pairs)
    elif draw < 0.68:
        drawn = related.draw_target(writer)
        if drawn is None:
            return None
        _, group = drawn
        key = writer.pick(tuple(RELATIONS))
        place = f"{writer.words(RELATIONS[key])} the {noun}"
        words = f"{group.words} {writer.linked(place, group.noun)}"
        text = writer.phrase(words, indefinite=True)
        pairs = (*writer.pairs((key,), group.members), *group.pairs)
    return Query(text, (), "absent", compositions=tuple(dict.fromkeys(pairs)))
