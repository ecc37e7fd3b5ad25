"""What an expression says, once read: a description with its places, ranks and relations."""

from dataclasses import dataclass, field

#: Sides of the view; `near` and `far` are towards the viewer and away.
SIDES = ("left", "right", "top", "bottom", "middle", "near", "far")
#: "A pair of scissors" is called "scissors" too.
MEASURES = ("pair", "piece", "bunch", "slice", "set", "stack", "pile", "row", "group")
#: Relations that geometry can judge.
JUDGED = (
    *("left", "right", "above", "below", "front", "behind", "next", "on", "in"),
    *("between", "nearest", "farthest", "around", "at", "with", "holds"),
)
#: Relations that are read, but say nothing about place that masks could show.
VAGUE = ("of", "across", "from", "through", "for")


@dataclass(frozen=True, slots=True)
class Place:
    """Where in the view something lies.

    Attributes:
        sides: One or two of `SIDES`; two are a corner.
        most: It is the furthest to that side: "leftmost", "far left".
    """

    sides: tuple[str, ...]
    most: bool = False


@dataclass(frozen=True, slots=True)
class Rank:
    """Which it is in a row.

    Attributes:
        number: From 1; -1 is the last.
        side: Of `SIDES`, where one begins to count; empty if it is not said.
    """

    number: int
    side: str = ""


@dataclass(frozen=True, slots=True)
class Link:
    """A relation to other things.

    Attributes:
        key: Of `JUDGED` or `VAGUE`.
        anchors: What it is related to; two for "between" unless they are one plural.
        close: It is the nearest that stands so: "just behind", "directly above".
    """

    key: str
    anchors: "tuple[Description, ...]"
    close: bool = False


@dataclass(frozen=True, slots=True)
class Description:
    """What one noun phrase says of what it means.

    Attributes:
        noun: In the singular, lower case, compounds whole ("toy car"); empty for "one", "thing"
            and where no noun is said.
        plural: It asks for several.
        count: How many are asked for; None if that is not said.
        colors: Named colours; a thing has to have each of them.
        materials: What it is made of, as typed: "wooden"; see `words.MATERIALS`.
        sizes: "large", "small", "tall", "short", "wide", "narrow", "long".
        adjectives: Other words that describe it.
        extremes: "largest", "smallest", "tallest", ...; see `words.EXTREMES`.
        places: Where in the view it lies.
        rank: Which it is in a row.
        links: How it stands to other things.
        excluded: What it is not.
        joined: Further things that are asked for: "the mug and the bowl".
        alike: Its noun is "one", which means the noun of what is described: "the mug behind the
            blue one".
    """

    noun: str = ""
    plural: bool = False
    count: int | None = None
    colors: tuple[str, ...] = ()
    materials: tuple[str, ...] = ()
    sizes: tuple[str, ...] = ()
    adjectives: tuple[str, ...] = ()
    extremes: tuple[str, ...] = ()
    places: tuple[Place, ...] = ()
    rank: Rank | None = None
    links: tuple[Link, ...] = ()
    excluded: "tuple[Description, ...]" = ()
    joined: "tuple[Description, ...]" = ()
    alike: bool = False

    @property
    def words(self) -> str:
        """Attributes and noun, as one says them: "red wooden bowl"."""
        noun = self.noun or "thing"
        return " ".join((*self.sizes, *self.colors, *self.adjectives, *self.materials, noun))

    @property
    def compounds(self) -> tuple[str, ...]:
        """Names that the noun may have, the longest first: "paper roll", "roll"."""
        if not self.noun:
            return ()
        parts = (*self.materials, self.noun)
        names = [" ".join(parts[at:]) for at in range(len(parts))]
        head, _, rest = self.noun.partition(" of ")
        return (*names, rest) if head in MEASURES else tuple(names)

    @property
    def is_bare(self) -> bool:
        """Whether it says nothing but what the thing is and how it looks."""
        said = (self.extremes, self.places, self.rank, self.links, self.excluded, self.joined)
        return not any(said) and not self.sizes


@dataclass(frozen=True, slots=True)
class Parsed:
    """An expression, read.

    Attributes:
        text: As typed.
        target: What it means.
        unread: Words of which nothing was made, in their order.
        roles: Every word of the text with what was made of it: "noun", "place", "relation",
            "rank", "attribute", "frame" or "unread".
    """

    text: str
    target: Description
    unread: tuple[str, ...] = ()
    roles: tuple[tuple[str, str], ...] = field(default=(), repr=False)
