"""The words of look, number and grammar that the reasoner understands; see `place_words` too."""

from textseg_core.language.words import Phrases, phrase_list, word_set
from textseg_core.reasoner.place_words import table

#: Something that its subject has, holds or wears.
HAVING = word_set("""
    wearing holding carrying using touching eating drinking reading riding playing driving pushing
    pulling kicking throwing catching watching leading grabbing hugging petting feeding serving
    showing making taking smoking doing swinging lifting hitting climbing lighting washing wears
    holds hold contain contains dressed clothed
""")
#: May stand between a thing and its place without saying anything that masks could show.
POSING = word_set("""
    standing sitting lying laying placed located resting hanging leaning situated positioned
    stands sits lies hangs rests stood sat seated parked found floating stacked walking running
    looking going flying jumping kneeling bending crouching squatting swimming sleeping posing
    smiling talking waiting pointing moving heading turned bent dancing growing rising showing
    hidden hiding tucked propped perched nestled balanced leant supported
    kinda running sticking coming seen visible shown displayed mounted set laid crossing
""")
RELATIVES = word_set("that which who whom whose where when what it they he she there here")
COPULAS = word_set("is are was were be being am been isn aren looks seems appears")
DETERMINERS = word_set(
    "the a an this these those my your his her its our their some any da teh th"
)
NEGATIONS = Phrases(["not", "no", "never", "neither", "nor", "minus", "without"])
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
MATERIALS = table(
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
SIZES = table(
    large="large; big; bigger; larger; huge; giant; great; massive; enormous; fat; fatter",
    small="small; little; smaller; tiny; mini; littler; tinier; teeny; smallish",
    tall="tall; taller",
    short="short; shorter",
    wide="wide; wider; broad; thick; thicker",
    narrow="narrow; thin; thinner; skinny; slim; skinnier",
    long="long; longer",
)
EXTREMES = table(
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
    other another odd emptied vacant unoccupied
""")
#: Adjectives that say that something holds nothing.
EMPTY = word_set("empty emptied vacant unoccupied")
#: Name anything.
THINGS = word_set("""
    one ones others thing things object objects item items something anything everything stuff
    whatever it them dude's
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
CLOTHES = word_set("""
    shirt tshirt t-shirt hat cap dress jacket coat pants shorts jeans skirt vest suit tie scarf
    sunglasses glasses shoe boot sock glove helmet uniform sweater hoodie top tank blouse robe
    bikini swimsuit trunk backpack bag jersey poncho apron outfit clothes clothing costume shorts
    tee pullover sweatshirt trousers gown kimono beard headscarf bandana
""")
