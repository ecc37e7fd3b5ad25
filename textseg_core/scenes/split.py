"""Which objects and which combinations of words training never sees."""

import hashlib
from collections.abc import Iterable
from functools import cache
from typing import Literal, TypeAlias

Compositions: TypeAlias = Literal["train", "test", "all"]

_OBJECT_SHARE = 0.2
_COMPOSITION_SHARE = 0.15


def _draw(text: str) -> float:
    """Return a number in [0, 1) that the text alone decides."""
    return int.from_bytes(hashlib.sha256(text.encode()).digest()[:4], "big") / 2**32


@cache
def is_held_out_object(object_id: str) -> bool:
    """Tell whether a mesh or profile is kept for the test scenes.

    The digest of the id decides, so the split stays the same when objects are added.
    """
    return _draw(f"object {object_id}") < _OBJECT_SHARE


@cache
def is_held_out_composition(word: str, category: str) -> bool:
    """Tell whether a colour, place, rank or relation is never said of a category in training.

    Args:
        word: Key of what is said: a colour, a material, a direction of
            `expressions.phrases.PLACES`, a rank ("second"), a key of `SUPERLATIVES`, "between",
            or a key of `expressions.relations.RELATIONS`.
        category: First name of the object it is said of.
    """
    return _draw(f"composition {word} {category}") < _COMPOSITION_SHARE


def admits(compositions: Compositions, pairs: Iterable[tuple[str, str]]) -> bool:
    """Tell whether an expression may be used in a part of the split.

    Args:
        compositions: "train" admits no held-out pair; "test" admits what combines nothing
            or combines at least one held-out pair; "all" admits everything.
        pairs: (word, category) that the expression combines, as `Query.compositions`.

    Raises:
        ValueError: If `compositions` is none of the three.
    """
    if compositions == "all":
        return True
    held_out = [is_held_out_composition(*pair) for pair in pairs]
    if compositions == "train":
        return not any(held_out)
    if compositions == "test":
        return not held_out or any(held_out)
    raise ValueError(f"compositions must be 'train', 'test' or 'all', got {compositions!r}")
