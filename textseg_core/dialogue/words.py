"""The words that answers to "which one?" are made of."""

from textseg_core.appearance import COLOURS as COLOUR_NAMES
from textseg_core.dialogue.candidates import ORDINALS
from textseg_core.language.lexicon import COPULAS, DETERMINERS
from textseg_core.language.words import Phrases, phrase_list, word_set

CANCELS = frozenset(
    phrase_list(
        """
    none; none of them; none of these; none of those; neither; neither one; neither of them;
    cancel; cancel that; cancel it; never mind; nevermind; forget it; forget that; stop; abort;
    quit; no; nope; nothing; no thanks; no thank you; leave it; drop it; not any of them;
    no one; none of the above; not one of them
    """
    )
)
ANYS = frozenset(
    phrase_list(
        """
    any; any one; any of them; anyone; either; either one; either of them; whichever;
    whichever one; whichever you like; you choose; you decide; you pick; doesn't matter;
    does not matter; it doesn't matter; it does not matter; don't care; i don't care;
    no matter; no preference; any will do; either will do; any of these; whatever
    """
    )
)
ALLS = frozenset(
    phrase_list(
        """
    both; both of them; all; all of them; every one; everything; both ones; the two; all three;
    all four; all of these; both of these
    """
    )
)
OPENINGS = word_set("no yes yeah yep nope ok okay right sorry well oh actually sure alright")
NEGATIONS = Phrases(
    phrase_list(
        """
    not; don't; do not; anything but; any but; all but; except; but not; other than;
    anything except; isn't; it isn't; it's not; no not; wrong; wrong one
    """
    )
)
OTHERS = Phrases(["other", "another", "different"])
SAME = word_set("one ones it that this these those them thing object guy")
LINKS = word_set(
    """
    on in at to of from with for by as side end part hand most very far all way the a an my your
    i we you me us mean meant said want is are be that which who who's picture image photo view
    camera us table please one's close up down there over its it's there
    """
)
KNOWN = LINKS | OPENINGS | DETERMINERS | COPULAS
SIDES = {
    **dict.fromkeys(
        ("left", "leftmost", "left-most", "left-hand", "lefthand", "lft", "lefty"), "left"
    ),
    **dict.fromkeys(
        ("right", "rightmost", "right-most", "right-hand", "righthand", "rt"), "right"
    ),
    **dict.fromkeys(("top", "topmost", "upper", "uppermost", "highest", "higher"), "top"),
    **dict.fromkeys(
        ("bottom", "bottommost", "lower", "lowermost", "lowest", "btm", "under"), "bottom"
    ),
    **dict.fromkeys(
        ("middle", "center", "centre", "central", "mid", "middlemost", "centermost"), "middle"
    ),
}
SIZES = {
    **dict.fromkeys(("large", "larger", "largest", "big", "bigger", "biggest"), "large"),
    **dict.fromkeys(
        ("small", "smaller", "smallest", "little", "littlest", "tiny", "tiniest"), "small"
    ),
    **dict.fromkeys(("tall", "taller", "tallest"), "tall"),
    **dict.fromkeys(("short", "shorter", "shortest"), "short"),
    **dict.fromkeys(("wide", "wider", "widest", "broad", "broader", "broadest"), "wide"),
    **dict.fromkeys(("narrow", "narrower", "narrowest", "thin", "thinner", "thinnest"), "narrow"),
}
DEPTHS = {
    **dict.fromkeys(("near", "nearer", "nearest", "closer", "closest", "front"), "near"),
    **dict.fromkeys(
        ("farther", "farthest", "further", "furthest", "back", "rear", "backmost"), "far"
    ),
}
AWAY = {"far": "far", "close": "near"}
BETWEEN = word_set("one from on the to in at")
COLOURS = {color: color for color in COLOUR_NAMES} | {
    "grey": "gray", "violet": "purple", "navy": "blue", "silver": "gray", "golden": "yellow",
    "gold": "yellow", "crimson": "red", "cyan": "blue", "magenta": "pink", "beige": "brown",
}  # fmt: skip
NUMERALS = {
    **{ordinal: rank for rank, ordinal in enumerate(ORDINALS, 1)},
    **{f"{rank}{'st' if rank == 1 else 'nd' if rank == 2 else 'rd' if rank == 3 else 'th'}": rank
       for rank in range(1, 17)},
    "last": -1,
}  # fmt: skip
CARDINALS = {
    **{str(rank): rank for rank in range(1, 17)},
    **dict(zip("one two three four five six seven eight nine ten".split(), range(1, 11))),  # noqa: B905, SIM905
}
