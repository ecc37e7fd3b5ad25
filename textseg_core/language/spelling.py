"""Cuts an expression into pieces for a vocabulary, and gives other spellings of a piece."""

import unicodedata
from collections.abc import Iterator
from typing import NamedTuple

from textseg_core.language.number import plural_of, singular_of
from textseg_core.language.words import phrase_list, split_words, word_set

_CONTRACTIONS = {
    "n't": "not", "'re": "are", "'ve": "have", "'ll": "will", "'m": "am", "'d": "would",
}  # fmt: skip
_WHOLE_CONTRACTIONS = {"can't": ("can", "not"), "won't": ("will", "not"), "cannot": ("can", "not")}
_SIDES = frozenset(("left", "right"))
_HANDED = {f"{side}{joint}hand": side for side in ("left", "right") for joint in ("-", "")}
_PARTS_OF_SIDES = frozenset(("side", "corner", "edge", "half", "most"))
_NUMERALS = phrase_list("zero;one;two;three;four;five;six;seven;eight;nine;ten;eleven;twelve")
_ORDINALS = phrase_list("first;second;third;fourth;fifth;sixth;seventh;eighth;ninth;tenth")
_SAME = {str(number): word for number, word in enumerate(_NUMERALS)} | {
    f"{number}{('st', 'nd', 'rd')[number - 1] if number < 4 else 'th'}": word
    for number, word in enumerate(_ORDINALS, start=1)
}
_PAIRS = """gray grey;color colour;colored coloured;colorful colourful;center centre;
centered centred;meter metre;liter litre;fiber fibre;theater theatre;aluminum aluminium;
mold mould;plow plough;donut doughnut;yogurt yoghurt;ketchup catsup;jewelry jewellery;
mustache moustache;pajamas pyjamas;tire tyre;check cheque;cozy cosy;ax axe;mom mum;
airplane aeroplane;license licence;gray-haired grey-haired;favorite favourite;armor armour;
harbor harbour;flavor flavour;neighbor neighbour;vapor vapour;odor odour;rumor rumour;
catalog catalogue;dialog dialogue;program programme;traveler traveller;labeled labelled;
leveled levelled;pedaled pedalled;whiskey whisky;omelet omelette;chili chilli;curb kerb;
story storey;sulfur sulphur;maneuver manoeuvre;molten moulten;
tv television; rt right; bldg building; mtn mountain; ppl people;
farthest furthest;fridge refrigerator;phone telephone;photo photograph;bike bicycle"""
for _pair in phrase_list(_PAIRS):
    _one, _other = _pair.split()
    _SAME[_one] = _other
_REVERSED = {other: one for one, other in _SAME.items()}


class Piece(NamedTuple):
    """A part of an expression that is looked up: as typed, and folded."""

    typed: str
    plain: str


def fold(text: str) -> str:
    """Return text in one width and case, without joiners: "ＭＵＧ’s" is "mug's"."""
    plain = unicodedata.normalize("NFKC", text).casefold()
    if plain.isascii():
        return plain
    plain = plain.replace("’", "'").replace("ʼ", "'").replace("＇", "'")
    return "".join(c for c in plain if unicodedata.category(c) != "Cf")


def split_pieces(expression: str) -> list[Piece]:
    """Return the pieces of an expression, without punctuation.

    Hyphened words come apart ("left-most", "t-shirt"), so do possessives ("man's") and
    contractions ("isn't" into "is" and "not"); "left hand side" becomes "left side",
    "left-hand" "left".
    """
    pieces: list[Piece] = []
    for word in split_words(expression):
        side = _HANDED.get(fold(word.typed).replace("‐", "-"))
        if side is not None:
            pieces.append(Piece(word.typed, side))
            continue
        for part in _parts(word.typed):
            pieces += _apostrophes(part)
    return _without_hands(pieces)


def spellings(plain: str) -> Iterator[str]:
    """Return other forms of a folded word, the nearest first: number, country, accents, digits."""
    forms = [plain, *_countries(plain)]
    for form in forms:
        yield form
    for form in forms:
        for number in (*singular_of(form), *plural_of(form)):
            yield number
            yield from _countries(number)
    bare = "".join(c for c in unicodedata.normalize("NFD", plain) if not unicodedata.combining(c))
    if bare != plain:
        yield bare
        yield from singular_of(bare)
    if plain.endswith("most") and len(plain) > 4:
        yield plain[:-4]  # leftmost, topmost


def _countries(plain: str) -> tuple[str, ...]:
    return tuple(table[plain] for table in (_SAME, _REVERSED) if plain in table)


def _parts(typed: str) -> list[str]:
    for hyphen in "‐‑_":
        typed = typed.replace(hyphen, "-")
    return [part for part in typed.split("-") if part]


def _apostrophes(typed: str) -> list[Piece]:
    """Return the pieces of a word at its apostrophe; the possessive is a piece of its own."""
    plain = fold(typed)
    if plain in _WHOLE_CONTRACTIONS:
        return [Piece(typed, part) for part in _WHOLE_CONTRACTIONS[plain]]
    if "'" in plain and len(plain) == len(typed):
        if plain.endswith("'s") and len(plain) > 2:
            return [Piece(typed[:-2], plain[:-2]), Piece(typed[-2:], "'s")]
        for ending, word in _CONTRACTIONS.items():
            if plain.endswith(ending) and len(plain) > len(ending):
                cut = len(plain) - len(ending)
                return [Piece(typed[:cut], plain[:cut]), Piece(typed[cut:], word)]
    return [Piece(typed, part) for part in plain.split() or [plain]]


def _without_hands(pieces: list[Piece]) -> list[Piece]:
    """Drop "hand" where it is only part of "left hand side"."""
    kept: list[Piece] = []
    for index, piece in enumerate(pieces):
        after = pieces[index + 1].plain if index + 1 < len(pieces) else ""
        sided = bool(kept) and kept[-1].plain in _SIDES
        if sided and piece.plain == "hand" and after in _PARTS_OF_SIDES:
            continue
        if piece.plain == "most" and kept and kept[-1].plain in _MOST:
            last = kept.pop()
            kept.append(Piece(f"{last.typed} {piece.typed}", last.plain + "most"))
            continue
        kept.append(piece)
    return kept


_MOST = word_set("left right top bottom upper lower front back rear")
