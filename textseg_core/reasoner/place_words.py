"""The words of place, rank and relation that the reasoner understands."""

from textseg_core.language.words import Phrases, phrase_list, word_set


def table(**keys: str) -> dict[str, str]:
    """Return each phrase of lists that semicolons separate, with its key."""
    return {phrase: key for key, phrases in keys.items() for phrase in phrase_list(phrases)}


SIDE_WORDS = {
    **table(
        left="left; lefthand; lft; lefty; leftward",
        right="right; righthand; rt; rgt",
        top="top; upper; up; high; higher; topside; upward; uppermost",
        bottom="bottom; lower; low; down; btm; bottm; underside",
        middle="middle; center; centre; central; mid; ctr; centered; centred; halfway",
        near="front; foreground; forefront; near; close",
        far="back; background; rear; distance; distant",
    ),
}
MOST_WORDS = table(
    left="""leftmost; furthest left; farthest left; most left; left most; far left; leftest;
        furthest to the left; farthest to the left; furthest on the left; farthest on the left;
        most to the left; all the way to the left; all the way on the left""",
    right="""rightmost; furthest right; farthest right; most right; right most; far right;
        furthest to the right; farthest to the right; furthest on the right; farthest on the right;
        most to the right; all the way to the right; all the way on the right""",
    top="topmost; uppermost; highest; top most; upper most; furthest up; highest up",
    bottom="bottommost; lowermost; lowest; bottom most; lower most; lowest down",
    middle="middlemost; most central; centermost; most centered",
    near="""nearest; closest; front most; frontmost; nearest to us; closest to us; closest to me;
        nearest to me; closest up; furthest forward; furthest front; most front; nearest us;
        closest us; closest in""",
    far="""farthest; furthest; most distant; farthest away; furthest away; farthest back;
        furthest back; back most; backmost; rearmost; furthest from us; farthest from us;
        furthest from me; far back; far away; far off; farther; further; most far; furthest off""",
)
#: Said of the view as a whole, without a side word before them.
PLACE_PHRASES = table(
    near="""in front; up front; out front; at front; in the front; at the front; in the
        foreground; in foreground; close up; up close; nearby""",
    far="""in back; in the back; at the back; at back; in the background; in background; in the
        distance; in distance; in the rear; far away; way back; on the horizon; at the rear""",
    top="on top; up top; at the top; on the top; at top; up high; high up; overhead; up above",
    bottom="at the bottom; on the bottom; on bottom; at bottom; down low; low down; down below",
    middle="in the middle; in middle; in the center; in the centre; in center; dead center",
)
#: The viewer, to whom something is near or from whom it is far.
VIEWERS = word_set("camera us me viewer you photographer cameraman screen lens observer front")
#: What a side of which is a side of the view.
VIEWS = word_set("""
    picture pic pics image photo photograph screen frame view scene photgraph pict shot page pix
    img foto painting row
""")
#: May follow a side: "left hand side", "upper right corner", "bottom half".
PARTS = word_set("""
    side corner edge half part area end hand most section portion quadrant quarter third border
    sides corners side's bit region row position margin
""")
#: Only strengthen or soften what follows.
STRESS = word_set("""
    very far extreme way just slightly directly right immediately almost more most all over only
    closest exactly straight completely entire a little bit toward towards partially partly sort
    kind even
""")
PLACE_PREPOSITIONS = word_set("on in at to toward towards from near by along of off into onto")

RELATIONS = table(
    left="""left of; to the left of; on the left of; on the left side of; to left of; on left of;
        left side of; to the left side of; on left side of; on the left hand side of; leftof;
        to the immediate left of; to the far left of; on the far left of; at the left of;
        to the left from; left from; left to; to the left to; in the left of""",
    right="""right of; to the right of; on the right of; on the right side of; to right of;
        on right of; right side of; to the right side of; on right side of; rightof; rt of;
        on the right hand side of; to the immediate right of; to the far right of; at the right of;
        on the far right of; to the right from; right to; to the right to; to rt of; in the right
        of""",
    above="above; over; higher than; up from; on over; overtop; over top of; over the top of",
    below="""below; under; beneath; underneath; lower than; down from; underneath of; bellow;
        under of; the under""",
    next="""next to; beside; besides; near; by; close to; alongside; near to; adjacent to;
        nearby; next; against; up against; closer to; to the side of; on the side of; at the side
        of; along; touching; along side of; along side; side by side with; leaning on; leaning
        against; nearer to; nearer; surrounded by; attached to; not far from; towards; toward;
        next too; close by; on side of; along with; joined to; connected to; nest to""",
    front="""in front of; infront of; front of; in front; at the front of; in the front of;
        ahead of""",
    behind="""behind; in back of; at the back of; back of; in the back of; beyond; past;
        in behind; backside of""",
    on="""on; on top of; upon; atop; onto; ontop of; atop of; on top; top of;
        covering; covered by; on to""",
    **{"in": "in; inside; inside of; within; into; in to; in side of; amid; amidst; out of"},
    between="between; in between; in the middle of; inbetween; among; amongst; middle of",
    nearest="""nearest to; closest to; nearest; closest; the nearest to; the closest to;
        most near to; closest too""",
    farthest="""farthest from; furthest from; farthest away from; furthest away from; away from;
        far from; farthest to; furthest to""",
    around="around; surrounding; all around; encircling; framing",
    at="""at; at the bottom of; at the top of; bottom of; on the bottom of; at the edge of; at the
        side; at the end of; at the foot of; in the center of; in center of; center of; outside;
        outside of; on the edge of; edge of; on edge of; on the end of; end of; at the center of;
        in the corner of; corner of; at the base of; at end of; at base of; at edge of; in the
        centre of; on the back of; on the front of; on the outside of; on bottom of""",
    **{"with": "with; w; having; containing; w/; has; have; had; including; featuring; full of"},
    of="of; part of; off; off of; belonging to",
    across="across; across from; opposite; opposite of; facing; facing away from; face to face",
    **{"from": "from; coming from; hanging from; since", "for": "for; as; about; like; than"},
    through="through; throughout; thru; during; via; around in",
)
_ORDINALS = "first second third fourth fifth sixth seventh eighth ninth tenth"
ORDINALS = {
    **{word: number for number, word in enumerate(_ORDINALS.split(), 1)},
    **{"1st": 1, "2nd": 2, "3rd": 3, "last": -1, "2d": 2, "secound": 2, "forth": 4},
    **{f"{number}th": number for number in range(4, 21)},
}
#: Words that only place, rank or relation can be meant by, for the report on coverage.
PLACE_AND_RELATION = frozenset(
    {
        *SIDE_WORDS,
        *(word for phrase in (*MOST_WORDS, *RELATIONS) for word in phrase.split()),
        *(word for word in ORDINALS),
    }
    - word_set("""
        the us me most to of as than like up not far with w w/ has have had having for since about
        full edge end foot base sitting standing leaning hanging coming side facing face touching
        joined connected all hand out too immediate attached belonging surrounded part including
        featuring containing covered
        covering you row along center centre middle again of by
    """)
    | word_set("center centre middle by with along")
)
#: Phrases that, at the beginning, name a part of what follows.
PART_OF = {
    phrase: key
    for key, phrases in {
        "left": "left side of; on left side of; on the left side of",
        "right": "right side of; on right side of; on the right side of",
        "top": "top of; at the top of; on top of",
        "bottom": "bottom of; at the bottom of; on the bottom of; at the base of",
        "middle": "middle of; center of; in the middle of; in the center of",
        "near": "front of; in the front of; at the front of",
        "far": "back of; in the back of; at the back of; backside of",
    }.items()
    for phrase in phrase_list(phrases)
}

_EVERY_RELATION = Phrases(RELATIONS)
_EVERY_MOST = Phrases(MOST_WORDS)
_EVERY_PLACE = Phrases(PLACE_PHRASES)


def relation_at(words: list[str], at: int) -> tuple[str, int]:
    """Return the key of the longest relation that begins at a word and its length, or ("", 0)."""
    length = _EVERY_RELATION.match(words, at)
    return (RELATIONS[" ".join(words[at : at + length])], length) if length else ("", 0)


def most_at(words: list[str], at: int) -> tuple[str, int]:
    """Return the side of "leftmost", "far left", ... at a word and its length, or ("", 0)."""
    length = _EVERY_MOST.match(words, at)
    return (MOST_WORDS[" ".join(words[at : at + length])], length) if length else ("", 0)


def place_at(words: list[str], at: int) -> tuple[str, int]:
    """Return the side of a fixed phrase of place ("in the background") and its length."""
    length = _EVERY_PLACE.match(words, at)
    return (PLACE_PHRASES[" ".join(words[at : at + length])], length) if length else ("", 0)
