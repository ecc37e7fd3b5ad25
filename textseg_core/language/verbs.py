"""The verbs of commands, and when a word that may also be a noun is one."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal

from textseg_core.language.lexicon import (
    ADJECTIVES,
    CONJUNCTIONS,
    COPULAS,
    DETERMINERS,
    NUMBERS,
    PLACE_WORDS,
    PREPOSITIONS,
    PRONOUNS,
    RELATIVES,
)
from textseg_core.language.number import is_plural_noun
from textseg_core.language.relations import is_place_phrase, relation_at
from textseg_core.language.words import Phrases, phrase_list, word_set

Destination = Literal["none", "directed", "any"]

# Particles stand after the verb or after its object: "pick up the mug", "pick the mug up".
PARTICLES: dict[str, tuple[str, ...]] = {
    "pick": ("up", "out"), "lift": ("up",), "put": ("down", "back", "away", "aside"),
    "set": ("down", "aside"), "lay": ("down",), "place": ("down", "back"),
    "take": ("out", "away", "off", "back", "down"), "bring": ("over", "back", "along"),
    "hand": ("over",), "give": ("back",), "throw": ("away", "out"), "toss": ("away",),
    "turn": ("on", "off", "around", "over"), "switch": ("on", "off"), "hold": ("up",),
    "pull": ("out", "up"), "push": ("away", "aside"), "open": ("up",), "clean": ("up",),
    "move": ("over", "away", "aside", "back"), "drop": ("off",), "point": ("out",),
    "get": ("out",), "pass": ("over",), "tip": ("over",), "flip": ("over",), "pack": ("up",),
    "single": ("out",), "seek": ("out",), "stand": ("up",),
}  # fmt: skip

# Where what is named second goes: "any" relation, only a "directed" one (to, into), or "none".
_DESTINATIONS: dict[Destination, str] = {
    "any": """put place set lay drop move insert stack hang pour transfer lean mount fit stick
        relocate position dump load store tuck stow deposit arrange align attach install
        pick_and_place pick_and_put throw toss""",
    "directed": """give hand pass bring take carry deliver fetch get return push pull
        slide drag shift roll lead guide convey ship send retrieve""",
    "none": """pick_up pick grab find locate segment show point_at point_to look_at look_for
        search_for search identify detect select choose highlight track follow hold touch press
        open close turn rotate cut wipe clean empty fill lift grip grasp catch squeeze pinch tap
        click click_on tap_on mark outline label see watch spot recognize recognise describe count
        check inspect examine remove collect gather use approach reach_for go_to drive_to move_to
        navigate_to walk_to come_to focus_on zoom_in_on seize clasp clutch raise lower shake stir
        flip tip unscrew screw twist switch kick hit strike single seek stand pack wash rinse dry
        release grab_hold_of get_hold_of take_hold_of get_rid_of take_a_look_at
        have_a_look_at take_a_picture_of tell mask hunt_for point_out indicate
        buy eat drink peel slice chop fold unfold hide scan keep keep_an_eye_on pay_attention_to
        snatch scoop scoop_up pluck acquire obtain isolate extract manipulate handle poke prod
        head_to head_for pickup pick-up""",
}
# Never nouns in such texts: taken for a verb before any noun phrase, "grab red mug".
_PLAIN = word_set(
    """
    put give bring grab hold get_rid_of
    find locate get take fetch retrieve identify detect insert remove
    pour select choose highlight transfer relocate search search_for look_for go_to
    pick_up pick seize grasp collect gather inspect examine approach acquire obtain
    extract isolate raise rotate click segment show move deliver see look_at
    pick_and_place pick_and_put track pick_out put_down put_back put_away take_out
    bring_over give_back hand_over throw_away turn_on turn_off switch_on switch_off
    grab_hold_of get_hold_of take_hold_of describe hunt_for attach deposit recognize
    recognise unscrew snatch lift_up hold_up scoop_up
    """
)
# Placing verbs that are nouns too; "place apple in bowl" is a command for its destination.
_TELEGRAPHIC = word_set("place drop set stack position store load")
_NOUN_LIKE = word_set(
    """
    open empty close clean lower dry clear full closed glass paper orange square plastic
    metal light round
    """
)
_COMPOUNDS = Phrases(
    phrase_list(
        """
    pick up truck; pick up trucks; pick up van; pickup truck; place mat; place mats; place
    card; place cards; place setting; place settings; place name; place holder; drop
    cloth; drop leaf; drop zone; drop box; set square; set piece; set menu; set top; show
    case; show room; take out box; take away box; take away cup; stack of; store front;
    store window; store sign; load cell; find of; move right; move left; show window; show
    horse; get well card; click pen; search light; search box; track suit; track light;
    track lights; turn table; pick axe; pick guard; segment of; put put
    """
    )
)
_ALIASES = {"pickup": "pick up", "pick-up": "pick up"}
_BASES = {
    name.replace("_", " "): kind for kind, names in _DESTINATIONS.items() for name in names.split()
}
_VERBS: dict[str, Destination] = {
    **{
        f"{verb} {particle}": _BASES.get(verb, "none")
        for verb, ps in PARTICLES.items()
        for particle in ps
    },
    **_BASES,
}
# Words before the verb of a wish or question that are set aside, then the verb.
_WISHES = """
i|want;i|need;i would|like;i'd|like;i'd|love;i would|love;we|want;we|need;i|prefer;
i would|prefer;i'd|prefer;i really|want;i really|need;i also|want;i also|need;i just|want;
can i|have;could i|have;may i|have;might i|have;can we|have;could we|have;can i|get;could i|get;
may i|get;can i|see;could i|see;may i|see;can i|borrow;could i|borrow;may i|borrow;can i|use;
could i|use;let me|have;let me|see;do you|see;do you|have;have you|seen;i am|looking for;
i'm|looking for;im|looking for;we are|looking for;i am|searching for;i'm|searching for;
|where is;|where are;|where's;|where're;|wheres;|what is;|what are;|what's;|is there;|are there;
|which is;|which are;|who is;|who's;do you know|where is;do you know|where are;i|see;
i'd like to|have;i would like to|have;i want to|have;i'd like to|see;i would like to|see;
i want to|see
"""
_WISH_ALIASES = {
    "where's": "where is", "where're": "where are", "wheres": "where is", "what's": "what is",
    "who's": "who is",
}  # fmt: skip
_WISH = {
    f"{before} {verb}".strip(): (len(before.split()), verb)
    for before, verb in (entry.strip().split("|") for entry in _WISHES.split(";"))
}
_WISH_PHRASES = Phrases(_WISH)


def _gerund(verb: str) -> str:
    """Return the -ing form: give, giving; put, putting; pick up, picking up."""
    head, _, rest = verb.partition(" ")
    if head.endswith("e") and not head.endswith("ee"):
        stem = head[:-1]
    elif head in _DOUBLING:
        stem = head + head[-1]
    else:
        stem = head
    return f"{stem}ing {rest}".rstrip()


_DOUBLING = word_set(
    "put set get drop grab grip cut tip flip hit tap spot stop fit dip pin scan chop"
)
_GERUNDS = {_gerund(verb): verb for verb in _VERBS}
_VERB_PHRASES = Phrases([*_VERBS, *_GERUNDS])


@dataclass(frozen=True, slots=True)
class Verb:
    """A verb found in a text.

    Attributes:
        canonical: The verb phrase in its base form.
        destination: Which relation may name where the object goes.
        start: Index of its first word.
        end: Index after its last word.
    """

    canonical: str
    destination: Destination
    start: int
    end: int


def find_verb(
    plains: Sequence[str],
    at: int,
    *,
    announced: bool = False,
    continued: bool = False,
    end: int | None = None,
    joins: bool = True,
) -> Verb | None:
    """Return the verb at a word, or None where it is a noun or no verb.

    "hammer", "can" and "box" are never verbs here. A verb that can be a noun ("hand", "set",
    "point", "watch") is one only before a determiner, a pronoun, a number and a noun, or a colour
    or size; "place", "drop", "set" also where a destination follows ("place apple in bowl").
    Every verb needs an object: before a preposition it is a noun ("hand on the left").

    Args:
        plains: Words in lower case.
        at: Index of the word.
        announced: Words such as "could you" stand before it, so that a verb must follow.
        continued: It continues another command, so that its object may be left out.
        end: Index after the last word of its sentence; by default of the text.
        joins: Whether "and" and a second verb may follow: "pick up and hold".
    """
    end = len(plains) if end is None else end
    if at >= end:
        return None
    length = _VERB_PHRASES.match(plains, at)
    if not length or at + length > end:
        return None
    typed = " ".join(plains[at : at + length])
    gerund = typed not in _VERBS
    base = _GERUNDS[typed] if gerund else typed
    canonical = _ALIASES.get(base, base)
    verb = Verb(canonical, _VERBS[base], at, at + length)
    after = list(plains[at + length : end])
    if gerund and not announced:
        return None
    joined = _joined_verb(verb, plains, end) if joins else None
    if joined is not None:
        return joined
    if continued and after and verb.destination == "any" and relation_at(after, 0):
        return verb
    if not announced and _COMPOUNDS.match(plains, at):
        return None
    return verb if _has_object(base, after, announced) else None


def find_wish(plains: Sequence[str], at: int) -> tuple[int, Verb] | None:
    """Return how many words of "can I have", "where is" come before the verb, and the verb."""
    length = _WISH_PHRASES.match(plains, at)
    if not length:
        return None
    before, typed = _WISH[" ".join(plains[at : at + length])]
    after = plains[at + length : at + length + 2]
    if not after or after[0] in ("to", "you") or not _begins_noun_phrase(after):
        return None
    if typed.startswith(("what", "which", "who", "is", "are")) and after[0] not in DETERMINERS:
        return None
    verb = Verb(_WISH_ALIASES.get(typed, typed), "none", at + before, at + length)
    return before, verb


def _joined_verb(first: Verb, plains: Sequence[str], end: int) -> Verb | None:
    """Return "pick up and hold" as one verb where one object follows both."""
    if first.end >= end or plains[first.end] != "and":
        return None
    second = find_verb(plains, first.end + 1, announced=True, end=end, joins=False)
    if second is None:
        return None
    kinds = (first.destination, second.destination)
    destination: Destination = (
        "any" if "any" in kinds else "directed" if "directed" in kinds else "none"
    )
    canonical = f"{first.canonical} and {second.canonical}"
    return Verb(canonical, destination, first.start, second.end)


def _has_object(base: str, after: list[str], announced: bool) -> bool:
    """Return whether what follows a verb makes it one."""
    name = base.replace(" ", "_")
    plain = name in _PLAIN
    if not after:
        return announced or (plain and name not in ("segment", "show", "pick", "track", "move"))
    if name == "put" and relation_at(after, 0):
        return True
    if name in ("point_to", "point_at") and is_place_phrase(["at", *after], 0, 1):
        return False
    if plain or announced:
        return _begins_noun_phrase(after) and (announced or name != "show" or after[0] != "of")
    if after[0] == "one":
        return after[1:2] == ["of"]
    if after[0] in DETERMINERS or after[0] in PRONOUNS:
        return not _is_clause(after)
    if after[0] in NUMBERS or after[0].isdecimal():
        return _counts_things(after)
    if after[0] in ADJECTIVES - _NOUN_LIKE and name not in _NOUN_LIKE:
        return len(after) > 1
    if (
        name in _TELEGRAPHIC
        and after[0] not in PREPOSITIONS | PLACE_WORDS | CONJUNCTIONS | COPULAS
    ):
        return any(relation_at(after, i) for i in range(1, len(after) - 1))
    return False


def _counts_things(after: Sequence[str]) -> bool:
    """Return whether a plural noun follows a number, before any preposition: "two red mugs"."""
    for word in after[1:]:
        if word in PREPOSITIONS:
            return False
        if is_plural_noun(word):
            return True
    return False


def _begins_noun_phrase(after: Sequence[str]) -> bool:
    """Return whether words can begin an object: no preposition, conjunction or copula."""
    if tuple(after[:2]) in (("at", "least"), ("at", "most")):
        return True
    if relation_at(after, 0) and after[0] not in ("left", "right"):
        return False
    return after[0] not in PREPOSITIONS | CONJUNCTIONS | COPULAS and not (
        after[0] in RELATIVES and after[0] not in ("that", "where", "which", "what")
    )


def _is_clause(after: Sequence[str]) -> bool:
    """Return whether "that is touching" or "all the way" and no object follows."""
    if after[0] in ("that", "this") and len(after) > 1:
        word = after[1]
        third_person = word.endswith("s") and not word.endswith("ss") and after[0] == "that"
        return word in COPULAS or word in PREPOSITIONS or third_person
    return tuple(after[:3]) == ("all", "the", "way")
