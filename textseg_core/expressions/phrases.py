"""The words of all expressions but nouns, colours and relations."""

from collections.abc import Iterable

# direction: (words behind the noun, words before it). Both may single out the one of several
# that lies furthest in the direction; the words behind also say in which part of the view.
PLACES: dict[str, tuple[tuple[str, ...], tuple[str, ...]]] = {
    "left": (
        (
            *("on the left", "on left", "left", "to the left", "at the left", "far left"),
            "on the far left",
        ),
        ("left", "far left", "left hand", "left side"),
    ),
    "right": (
        (
            *("on the right", "on right", "right", "to the right", "at the right", "far right"),
            "on the far right",
        ),
        ("right", "far right", "right hand", "right side"),
    ),
    "top": (
        ("at the top", "on top", "top", "at top", "up top", "highest up"),
        ("top", "upper", "highest"),
    ),
    "bottom": (
        ("at the bottom", "on bottom", "bottom", "at bottom", "on the bottom", "lowest down"),
        ("bottom", "lower", "lowest"),
    ),
    "middle": (
        ("in the middle", "in middle", "middle", "in the center", "in the centre", "center"),
        ("middle", "center", "central"),
    ),
    "nearest": (
        (
            *("nearest to the camera", "closest to the camera", "nearest to us", "closest to us"),
            *("near the camera", "in front", "at the front", "in the foreground", "up front"),
        ),
        ("front", "near"),
    ),
    "farthest": (
        (
            *("farthest from the camera", "furthest from the camera", "farthest away"),
            *("furthest away", "furthest from us", "at the back", "in the back", "in back"),
            "in the background",
        ),
        ("back", "rear", "far"),
    ),
}  # fmt: skip

# Which part of the view, also of one thing alone; said to be absent where nothing is there.
ZONES: dict[str, tuple[str, ...]] = {
    "left": (
        *("on the left", "on the left side", "on left side", "on the left half"),
        *("on the left side of the picture", "on the left side of the image"),
    ),
    "right": (
        *("on the right", "on the right side", "on right side", "on the right half"),
        *("on the right side of the picture", "on the right side of the image"),
    ),
    "top": ("at the top", "in the upper part", "in the top half", "at the top of the picture"),
    "bottom": (
        *("at the bottom", "in the lower part", "in the bottom half"),
        "at the bottom of the picture",
    ),
    "middle": ("in the middle", "in the center", "in the middle of the picture", "in middle"),
}
CORNERS: dict[tuple[str, str], tuple[str, ...]] = {
    (v, h): (
        *(f"in the {word} {h}" for word in words),
        *(f"in the {word} {h} corner" for word in words),
        *(f"{word} {h}" for word in words),
        *(f"{word} {h} corner" for word in words),
    )
    for v, words in (("top", ("top", "upper")), ("bottom", ("bottom", "lower")))
    for h in ("left", "right")
}

ORDINALS = ("first", "second", "third", "fourth", "fifth")
SHORT_ORDINALS = ("1st", "2nd", "3rd", "4th", "5th")
# Whence one counts: the direction of `PLACES` in which the first lies, and its words.
ENDS: dict[str, tuple[str, ...]] = {
    "left": ("from the left", "from left", "counting from the left"),
    "right": ("from the right", "from right", "counting from the right"),
    "nearest": ("from the front", "from front"),
    "farthest": ("from the back", "from back"),
}

LARGE = ("large", "big", "bigger", "larger")
SMALL = ("small", "little", "smaller", "tiny")
SIZES = (*LARGE, *SMALL)
SUPERLATIVES: dict[str, tuple[str, ...]] = {
    "largest": ("largest", "biggest"),
    "smallest": ("smallest", "littlest"),
    "tallest": ("tallest",),
    "shortest": ("shortest",),
    "left": ("leftmost", "left most"),
    "right": ("rightmost", "right most"),
    "top": ("topmost", "uppermost"),
    "bottom": ("bottommost", "lowermost", "bottom most"),
    "nearest": ("nearest", "closest", "front most"),
    "farthest": ("farthest", "furthest", "most distant"),
}  # fmt: skip

# Adjectives of a material; one that is not listed is its own.
MATERIALS: dict[str, tuple[str, ...]] = {
    "wood": ("wooden", "wood"),
    "metal": ("metal", "metallic"),
    "glass": ("glass",),
    "plastic": ("plastic",),
    "paper": ("paper",),
    "cardboard": ("cardboard",),
    "ceramic": ("ceramic", "porcelain"),
    "fabric": ("fabric", "cloth"),
    "wicker": ("wicker", "woven"),
    "rubber": ("rubber",),
    "leather": ("leather",),
}

THINGS = ("one", "thing", "object", "item")  # said of anything
NUMBERS = {2: "two", 3: "three", 4: "four", 5: "five", 6: "six"}

# Between a noun and what is said of its place.
LINKS = ("", "", "", "", "", "", "that is", "which is")
TABLE_LINKS = (
    *LINKS,
    *LINKS,
    *LINKS,
    "standing",
    "sitting",
    "placed",
    "located",
    "that stands",
    "that sits",
)
# First words of places behind a noun that take one.
LINKABLE = frozenset(
    """
    on in at to by near next beside close closest nearest farthest furthest between behind above
    over below under beneath underneath inside left right alongside
    """.split()  # noqa: SIM905
)
BETWEEN = ("between", "in between")
NEAREST = ("nearest to", "closest to", "nearest", "closest to", "nearest")
NOT = ("that is not", "which is not", "not", "that isn't")
NOT_MANY = ("that are not", "which are not", "not", "that aren't")
EXCEPT = ("except", "but", "except for", "other than")

_FRAME = """
    the a an all both every each of from that is are which one ones and to on in at two three four
    five six everything except but for other than not isn't aren't with it only any these those
    colored coloured made out things objects items
"""


def words_of(phrases: Iterable[str]) -> set[str]:
    """Return the single words of phrases."""
    return {word for phrase in phrases for word in phrase.split()}


def template_words() -> tuple[str, ...]:
    """Return, sorted, every word that any template may put beside nouns, colours and relations."""
    tables: tuple[Iterable[str], ...] = (
        *(words for pair in PLACES.values() for words in pair),
        *(*ZONES.values(), *CORNERS.values(), *ENDS.values()),
        *(*SUPERLATIVES.values(), *MATERIALS.values()),
        *(ORDINALS, SHORT_ORDINALS, SIZES, THINGS, NUMBERS.values(), TABLE_LINKS),
        *(BETWEEN, NEAREST, NOT, NOT_MANY, EXCEPT, _FRAME.split()),
    )
    return tuple(sorted(set().union(*(words_of(table) for table in tables))))


GENERATED_WORDS = template_words()
