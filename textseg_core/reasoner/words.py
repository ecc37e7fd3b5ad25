"""The words of place, relation, rank and look that the reasoner understands."""

from textseg_core.language.words import Phrases, phrase_list, word_set


def _table(**keys: str) -> dict[str, str]:
    """Return each phrase of lists that semicolons separate, with its key."""
    return {phrase: key for key, phrases in keys.items() for phrase in phrase_list(phrases)}


SIDE_WORDS = {
    **_table(
        left="left; lefthand; lft; lefty; leftward",
        right="right; righthand; rt; rgt",
        top="top; upper; up; high; higher; topside; upward; uppermost",
        bottom="bottom; lower; low; down; btm; bottm; underside",
        middle="middle; center; centre; central; mid; ctr; centered; centred; halfway",
        near="front; foreground; forefront; near; close",
        far="back; background; rear; distance; distant",
    ),
}
MOST_WORDS = _table(
    left="leftmost; furthest left; farthest left; most left; left most; far left; leftest",
    right="rightmost; furthest right; farthest right; most right; right most; far right",
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
PLACE_PHRASES = _table(
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
    img foto painting
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

RELATIONS = _table(
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
#: Something that its subject has, holds or wears.
HAVING = word_set("""
    wearing holding carrying using touching eating drinking reading riding playing driving pushing
    pulling kicking throwing catching watching leading grabbing hugging petting feeding serving
    showing making taking smoking doing swinging lifting hitting climbing lighting washing wears
    holds dressed clothed
""")
#: May stand between a thing and its place without saying anything that masks could show.
POSING = word_set("""
    standing sitting lying laying placed located resting hanging leaning situated positioned
    stands sits lies hangs rests stood sat seated parked found floating stacked walking running
    looking going flying jumping kneeling bending crouching squatting swimming sleeping posing
    smiling talking waiting pointing moving heading turned bent dancing growing rising showing
    kinda running sticking coming seen visible shown displayed mounted set laid crossing
""")
RELATIVES = word_set("that which who whom whose where when what it they he she there here")
COPULAS = word_set("is are was were be being am been isn aren looks seems appears")
DETERMINERS = word_set(
    "the a an this these those my your his her its our their some any da teh th"
)
NEGATIONS = Phrases(["not", "no", "never", "nor", "minus", "without"])
EXCEPTIONS = Phrases(
    phrase_list(
        """except; except for; but; but not; other than; apart from; besides for; rather than;
        instead of; anything but; everything but; excluding"""
    )
)
JOINTS = word_set("and & plus + n")
NUMBERS = {
    **dict(zip("two three four five six seven eight nine ten".split(), range(2, 11))),  # noqa: B905, SIM905
    **{str(number): number for number in range(2, 21)},
}
_ORDINALS = "first second third fourth fifth sixth seventh eighth ninth tenth"
ORDINALS = {
    **{word: number for number, word in enumerate(_ORDINALS.split(), 1)},
    **{"1st": 1, "2nd": 2, "3rd": 3, "last": -1, "2d": 2, "secound": 2, "forth": 4},
    **{f"{number}th": number for number in range(4, 21)},
}
SEVERAL = Phrases(
    phrase_list(
        """all; all of; all the; both; both of; every one of; every; each; each of; several; many;
        a few; few; a couple of; a couple; couple of; a pair of; pair of; group of; a group of;
        bunch of; a bunch of; row of; a row of; stack of; lots of; set of; a set of; all of the;
        multiple; various; any of; all three"""
    )
)
SINGLE = Phrases(
    phrase_list("one of; any one of; any of; either of; one; only; just; any; single")
)

COLORS = {
    **{
        color: color
        for color in word_set("""
            red green blue yellow white black brown orange purple pink gray silver beige
            gold turquoise violet maroon tan teal navy cream khaki blond
        """)
    },
    **{"grey": "gray", "golden": "gold", "blonde": "blond", "reddish": "red", "bluish": "blue"},
    **{"greenish": "green", "yellowish": "yellow", "brownish": "brown", "whitish": "white"},
    **{"purplish": "purple", "pinkish": "pink", "grayish": "gray", "greyish": "gray"},
    **{"magenta": "pink", "crimson": "red", "lavender": "purple", "orangish": "orange"},
    **{"blu": "blue", "wht": "white", "blk": "black", "yello": "yellow", "gren": "green"},
    **{"cyan": "turquoise", "aqua": "turquoise", "multicolored": "multicolored"},
}
SHADES = word_set("light dark bright pale deep darker lighter brighter hot neon")
COLORED = word_set("colored coloured color colour colors painted tinted")
MATERIALS = _table(
    wood="wooden; wood",
    metal="metal; metallic; steel; iron; aluminum; aluminium; tin; brass; copper",
    glass="glass",
    plastic="plastic",
    paper="paper",
    cardboard="cardboard",
    ceramic="ceramic; porcelain; clay; pottery",
    fabric="fabric; cloth; cotton; wool; woolen; denim",
    wicker="wicker; woven; straw",
    rubber="rubber",
    leather="leather",
    stone="stone; brick; marble; concrete; rock",
)
#: Name things as often as they say what one is made of or how it looks.
ALSO_NOUNS = word_set("""
    orange glass paper plastic metal wood rubber leather cloth fabric tin brick stone rock straw
    iron copper marble clay concrete pottery gold silver blond wool cotton tan white navy cream
""")
SIZES = _table(
    large="large; big; bigger; larger; huge; giant; great; massive; enormous; fat; fatter",
    small="small; little; smaller; tiny; mini; littler; tinier; teeny; smallish",
    tall="tall; taller",
    short="short; shorter",
    wide="wide; wider; broad; thick; thicker",
    narrow="narrow; thin; thinner; skinny; slim; skinnier",
    long="long; longer",
)
EXTREMES = _table(
    largest="largest; biggest; fattest; the most large; fullest",
    smallest="smallest; littlest; tiniest; least",
    tallest="tallest",
    shortest="shortest",
    widest="widest; thickest; broadest",
    narrowest="narrowest; thinnest; skinniest",
    longest="longest",
    brightest="brightest; lightest; whitest; palest",
    darkest="darkest; blackest",
)
ADJECTIVES = word_set("""
    striped stripy plaid checkered spotted dotted round square flat old young new open closed empty
    full clear shiny transparent blurry dirty clean bald bearded asian indian african american
    pretty male female dry wet green-ish tan curved pointed pointy wavy curly broken colorful
    snowy grassy rocky cloudy sandy leafy bare naked topless shirtless bushy plain solid
    rectangular circular oval triangular arched steep muddy lit shaded shadowy visible partial
    cut-off furry fluffy hairy rounded tiled same different similar main whole entire
    other another odd
""")
#: Name anything.
THINGS = word_set("""
    one ones thing things object objects item items something anything everything stuff whatever
    it them dude's
""")
#: Say nothing of what is meant.
FRAME = word_set("""
    please pls lol sorry ok oh um umm uhm uh uhh hmm hey yes yeah yep so then also too
    again now click find
    select see i you we me think mean guess maybe probably looking look like as how if do does did
    could would should get got go want im i'm let's duh haha hehe wow geez omg yup again
    okay thanks actually really basically anywhere somewhere there here
    both either each these those your my own up out to an a the
""")
#: Misspellings and words written together, from general knowledge of English.
SPELLED = {
    **{"infront": "in front", "inbetween": "in between", "ontop": "on top", "nextto": "next to"},
    **{"farleft": "far left", "farright": "far right", "topleft": "top left"},
    **{"topright": "top right", "bottomleft": "bottom left", "bottomright": "bottom right"},
    **{"upperleft": "upper left", "upperright": "upper right", "lowerleft": "lower left"},
    **{"lowerright": "lower right", "leftside": "left side", "rightside": "right side"},
    **{"middleleft": "middle left", "middleright": "middle right", "lefthand": "left"},
    **{"righthand": "right", "rigth": "right", "rihgt": "right", "rght": "right"},
    **{"letf": "left", "lef": "left", "leftt": "left", "iddle": "middle", "fron": "front"},
    **{"botom": "bottom", "mid-left": "middle left", "mid-right": "middle right"},
    **{
        "ont": "on the",
        "onthe": "on the",
        "inthe": "in the",
        "tothe": "to the",
        "ofthe": "of the",
    },
    **{"betwen": "between", "behing": "behind", "behnd": "behind", "abve": "above"},
    **{"w/": "with", "w/o": "without", "@": "at", "frm": "from", "nxt": "next", "b/w": "between"},
    **{"btwn": "between", "btw": "between", "uper": "upper", "loer": "lower", "iin": "in"},
    **{"cornor": "corner", "conner": "corner", "picure": "picture", "lhs": "left side"},
    **{"rhs": "right side", "backround": "background", "backgroud": "background"},
    **{"can't": "can not", "won't": "will not", "cannot": "can not", "dont": "do not"},
    **{"isnt": "is not", "arent": "are not", "nearst": "nearest", "closet": "closest"},
}
# "Closet" is furniture far more often than a misspelling.
del SPELLED["closet"]
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

CLOTHES = word_set("""
    shirt tshirt t-shirt hat cap dress jacket coat pants shorts jeans skirt vest suit tie scarf
    sunglasses glasses shoe boot sock glove helmet uniform sweater hoodie top tank blouse robe
    bikini swimsuit trunk backpack bag jersey poncho apron outfit clothes clothing costume shorts
    tee pullover sweatshirt trousers gown kimono beard headscarf bandana
""")
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
