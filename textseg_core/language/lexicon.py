"""Word lists that several parts of the reading of commands share."""

from textseg_core.language.words import Phrases, phrase_list, word_set

NUMBERS = word_set("two three four five six seven eight nine ten eleven twelve dozen")
DETERMINERS = word_set(
    """
    the a an this that these those my your his her its our their both all every each any
    some another either neither several
    """
)
PRONOUNS = word_set(
    """
    it me us him them you one everything something anything everyone someone that this
    these those mine yours
    """
)
RECIPIENTS = word_set("me us")
COPULAS = word_set(
    """
    is are was were am be been being isn't aren't wasn't has have had having that's
    which's who's it's they're
    """
)
RELATIVES = word_set("that which who whom whose where when")
CONJUNCTIONS = word_set("and or but & nor than")

# Words that say where in the picture and can follow a noun: "man in blue shirt right".
PLACE_WORDS = word_set(
    """
    left right top bottom middle center centre central front back rear upper lower
    uppermost lowermost leftmost rightmost left-most right-most topmost bottommost far
    very most corner edge side half foreground background left-hand right-hand near
    nearest closest furthest farthest top-left top-right bottom-left bottom-right
    upper-left upper-right lower-left lower-right lefthand righthand center-left
    center-right mid way part hand end only there here close just directly slightly rt lft
    btm
    """
)
# Words with which a place phrase can go on: "on the far left side of the picture".
PLACE_LINKS = word_set("the your my our its of on in at to side and just a picture image photo")

PREPOSITIONS = word_set(
    """
    on in inside at by near beside beneath underneath under below above over behind
    between among atop upon within along alongside beyond past through around against
    opposite across into onto to toward towards of off from out with without for as about
    like up down next outside besides amid during before after w/ w via per
    """
)

# Participles that end a noun group: "people walking left" is about people.
PARTICIPLES = word_set(
    """
    wearing holding sitting standing lying laying walking looking facing carrying hanging
    leaning riding running showing containing having touching pointing kneeling using
    playing talking eating drinking reading covering surrounding sticking coming going
    resting waiting hiding smiling swimming flying floating jumping climbing crossing
    watching bending crouching taking making getting doing saying reaching supporting
    blocking overlooking posing dancing covered surrounded filled parked placed located
    painted made dressed lined shaped
    """
)

# Colours, sizes and materials: what follows a verb and cannot continue a compound noun.
ADJECTIVES = word_set(
    """
    red green blue yellow white black brown orange purple pink grey gray golden gold
    silver beige turquoise violet cyan magenta maroon tan teal dark light bright pale
    colored coloured big small large little tiny huge tall short long thin thick wide
    narrow round square flat wooden metal metallic plastic glass paper ceramic rubber
    leather striped shiny transparent clear full empty open closed old new dirty clean
    broken heavy soft hard sharp
    """
)

# Set aside wherever they stand.
POLITENESS = Phrases(
    phrase_list(
        """
    please; pls; plz; plss; kindly; thanks; thx; thank you; thanks a lot; thank you very
    much; many thanks;
    thanks robot; thank you robot; please robot; if you please; if you don't mind;
    if you do not mind; if you
    wouldn't mind; if it's not too much trouble; if possible; if you can; if you could;
    when you can; when you have a moment
    """
    )
)

# Set aside at the beginning of any text.
GREETINGS = Phrases(
    phrase_list(
        """
    hey; hi; hello; ok; okay; um; umm; uh; uhm; uhh; erm; hmm; excuse me; good morning;
    good afternoon; good evening; hey robot; hi robot; hello robot; ok robot; okay robot;
    dear robot; hey there; hi there; hello there; i mean; i meant; i said
    """
    )
)

# Set aside at the beginning where a comma or the end of a sentence follows.
INTERJECTIONS = Phrases(
    phrase_list(
        """
    yes; no; yeah; yep; nope; nah; well; so; robot; robot arm; alright; all right; sorry;
    great; good; fine
    """
    )
)

# Set aside before a verb only: elsewhere they may carry meaning ("first mug", "right one").
FILLERS = Phrases(
    phrase_list(
        """
    now; next; first; firstly; then; and; and then; after that; afterwards; also; so;
    well; just; simply; quickly; slowly; carefully; gently; alright; all right; yes; yeah;
    yep; no; nope; sorry; finally; lastly; again; robot; robot arm; but; really;
    immediately
    """
    )
)

# Set aside at the end of a command.
ENDINGS = Phrases(
    phrase_list(
        """
    for me; for us; to me; to us; over to me; back to me; right now; right away;
    immediately; at once; now; again; too; as well; then; quickly; slowly; carefully;
    gently; very carefully; very slowly; very gently; would you; could you; will you; can
    you; won't you; ok; okay; robot; first; next; for a moment; as soon as possible; asap
    """
    )
)

# What introduces a verb: "could you please hand me ...".
LEAD_INS = Phrases(
    phrase_list(
        """
    can you; could you; would you; will you; might you; may you; can u; could u; would u;
    will u; can't you; couldn't you; won't you; can we; could we; shall we; can i ask you
    to; could i ask you to; may i ask you to; you can; you could; you should; you must;
    you need to; you have to; you may; you are to; you will; i want you to; i need you to;
    i would like you to; i'd like you to; i'd love you to; i'd like to; i would like to; i
    want to; i need to; i ask you to; i am asking you to; i'm asking you to; we need to;
    we want to; would you like to; could you try to; try to; try and; attempt to; proceed
    to; please to; go ahead and; go and; go; come and; come; help me; help me to; let us;
    let's; lets; let me; be so kind as to; be kind enough to; be so kind and; is it
    possible to; would it be possible to; i was wondering if you could; i wonder if you
    could; do you think you could; are you able to; would you be able to; would you be so
    kind as to; could you be so kind as to; would you be kind enough to; would you mind;
    do you mind; your task is to; your job is to; your goal is to; the task is to; the
    goal is to; remember to; make sure to; make sure you; be sure to; start to; start by;
    start; begin to; begin by; begin; continue to
    """
    )
)
NEGATIONS = Phrases(["do not", "don't", "dont", "don not", "never", "not"])
