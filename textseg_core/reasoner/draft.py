"""A description in the making, as the parser fills it word by word."""

from dataclasses import dataclass, field

from textseg_core.language.number import is_plural_noun, singular_of
from textseg_core.reasoner.grammar import Description, Link, Place, Rank
from textseg_core.reasoner.words import COLORS, MATERIALS


@dataclass(slots=True)
class Draft:
    """A description in the making; fields as in `Description`."""

    nouns: list[str] = field(default_factory=list)
    thing: bool = False
    alike: bool = False
    plural: bool = False
    count: int | None = None
    colors: list[str] = field(default_factory=list)
    materials: list[str] = field(default_factory=list)
    sizes: list[str] = field(default_factory=list)
    adjectives: list[str] = field(default_factory=list)
    extremes: list[str] = field(default_factory=list)
    places: list[Place] = field(default_factory=list)
    rank: Rank | None = None
    links: list[Link] = field(default_factory=list)
    excluded: list[Description] = field(default_factory=list)
    joined: list[Description] = field(default_factory=list)
    late: tuple[str, str] | None = None  # last modifier that may be the noun: field and word

    @property
    def described(self) -> bool:
        """Whether a noun, or a word that stands for one, was read."""
        return bool(self.nouns) or self.thing or self.any_said

    @property
    def described_by_noun(self) -> bool:
        """Whether a noun, or a word that stands for one, was read."""
        return bool(self.nouns) or self.thing

    @property
    def any_said(self) -> bool:
        """Whether anything but a noun was read."""
        return bool(
            self.colors or self.materials or self.sizes or self.adjectives or self.extremes
            or self.places or self.rank or self.links or self.excluded
        )  # fmt: skip

    def look_alone(self) -> None:
        """Make of a single noun that is a colour or material what it looks like: "orange"."""
        (word,) = self.nouns if len(self.nouns) == 1 else ("",)
        if word in COLORS and not self.colors:
            self.nouns, self.colors = [], [COLORS[word]]
        elif word in MATERIALS and not self.materials:
            self.nouns, self.materials = [], [word]

    def add_alternative(self, other: "Draft") -> None:
        """Take what "or" offers: the first name stays, "the mug or cup on the left" lies there."""
        self.nouns = self.nouns or other.nouns
        self.places += [] if self.places else other.places
        self.rank = self.rank or other.rank

    def add_detail(self, detail: "Draft") -> None:
        """Take what follows a comma: more of the same thing, or something that it has."""
        if detail.nouns and self.nouns:
            self.links.append(Link("with", (detail.finish(),)))
            return
        for name in ("nouns", "colors", "materials", "sizes", "adjectives", "extremes", "places"):
            getattr(self, name).extend(getattr(detail, name))
        self.excluded += detail.excluded
        self.rank = self.rank or detail.rank
        self.plural = self.plural or detail.plural

    def finish(self) -> Description:
        """Return what was read."""
        noun = " ".join(self.nouns)
        last = self.nouns[-1] if self.nouns else ""
        many = bool(last) and is_plural_noun(last) and "of" not in self.nouns
        plural = self.plural or many or (self.count or 1) > 1
        if many:
            noun = " ".join((*self.nouns[:-1], singular(last)))
        return Description(
            noun, plural, self.count, tuple(dict.fromkeys(self.colors)),
            tuple(dict.fromkeys(self.materials)), tuple(self.sizes), tuple(self.adjectives),
            tuple(self.extremes), tuple(dict.fromkeys(self.places)), self.rank, tuple(self.links),
            tuple(self.excluded), tuple(self.joined), self.alike and not noun,
        )  # fmt: skip


def singular(noun: str) -> str:
    """Return the likeliest singular of a plural noun: tomatoes, tomato; vases, vase."""
    found = singular_of(noun)
    if not found:
        return noun
    return found[-1] if noun.endswith(("xes", "ches", "shes", "oes", "sses", "zzes")) else found[0]
