"""Puts into words what the judge weighs, for explanations."""

from textseg_core.reasoner.grammar import Description, Place

_WORDS = {
    "left": "left of", "right": "right of", "front": "in front of", "next": "next to",
    "at": "at", "with": "with", "holds": "holding",
}  # fmt: skip


def said_of(key: str) -> str:
    """Return how a relation is said: "in front of" for `front`."""
    return _WORDS.get(key, key)


def excluded_words(other: Description) -> str:
    """Return what a thing is not, in words: "red mug", "next to bowl", "holding food"."""
    if other.noun or other.colors or not other.links:
        return other.words if other.noun or other.colors else "that"
    return " and ".join(
        f"{said_of(link.key)} {' and '.join(one.words for one in link.anchors)}"
        for link in other.links
    )


def place_words(place: Place) -> str:
    """Return where something lies, in words: "at the left"."""
    sides = " ".join(place.sides)
    return f"furthest {sides}" if place.most else f"at the {sides}"
