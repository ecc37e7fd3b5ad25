"""Words for places, sizes and ranks, as training expressions use them."""

from collections.abc import Sequence

import numpy as np

_LEFT = ("on the left", "on the left side", "left", "to the left", "at the left", "on left")
_RIGHT = ("on the right", "on the right side", "right", "to the right", "at the right", "on right")
_TOP = ("at the top", "on top", "in the upper part", "top", "up top")
_BOTTOM = ("at the bottom", "on the bottom", "in the lower part", "bottom", "down low")
_MIDDLE = ("in the middle", "in the center", "middle", "center", "in the centre")

PLACES: dict[str, tuple[tuple[str, ...], tuple[str, ...]]] = {
    # direction: (words behind the noun, words before it)
    "left": (_LEFT, ("left", "leftmost", "far left", "left most")),
    "right": (_RIGHT, ("right", "rightmost", "far right", "right most")),
    "top": (_TOP, ("top", "topmost", "upper", "highest")),
    "bottom": (_BOTTOM, ("bottom", "lower", "lowest", "bottommost")),
    "middle": (_MIDDLE, ("middle", "central", "center")),
}

ORDINALS = ("first", "second", "third", "fourth", "fifth")
LARGE = ("largest", "biggest", "large", "big", "bigger", "larger")
SMALL = ("smallest", "small", "little", "smaller", "tiny")
SIZES = (*LARGE, *SMALL)
THINGS = ("object", "thing", "one", "item")  # said of anything

GENERATED_WORDS = (
    *("the", "a", "an", "all", "both", "every", "two", "three", "four", "of", "from", "that"),
    *("is", "which", "one", "ones", "and", "between", "to", "on", "in", "at", "side", "part"),
    *("far", "most", "than", "up", "down", "low", *THINGS, *(f"{thing}s" for thing in THINGS)),
)


def pick(rng: np.random.Generator, options: Sequence[str]) -> str:
    """Draw one of the options."""
    return options[int(rng.integers(len(options)))]
