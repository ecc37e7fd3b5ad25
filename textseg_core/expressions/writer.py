"""Draws noun phrases for a scene, each with everything that it fits, and makes queries of them."""

import random
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from typing import Literal, TypeAlias, TypeVar

import numpy as np

from textseg_core.expressions.colors import color_verdict
from textseg_core.expressions.names import MASS, PERSON_WORDS, plural
from textseg_core.expressions.phrases import LINKABLE, LINKS, TABLE_LINKS, THINGS
from textseg_core.expressions.relations import MAYBE, YES, relation_verdict
from textseg_core.scenes.scene import Query, Scene

# What an expression is to fit: one thing, several where one was asked for, or nothing.
Want: TypeAlias = Literal["one", "several", "none"]
Pairs: TypeAlias = tuple[tuple[str, str], ...]
Option = TypeVar("Option")


@dataclass(frozen=True, slots=True)
class Group:
    """A noun with its adjective, and what it fits.

    Attributes:
        noun: Singular.
        adjective: Colour, or empty.
        members: Everything that it fits; nothing else may be meant.
        pairs: What it combines, as `Query.compositions`.
    """

    noun: str
    adjective: str
    members: tuple[int, ...]
    pairs: Pairs = ()

    @property
    def words(self) -> str:
        """Adjective and noun."""
        return f"{self.adjective} {self.noun}" if self.adjective else self.noun

    @property
    def many(self) -> str:
        """Adjective and noun in the plural."""
        return f"{self.adjective} {plural(self.noun)}" if self.adjective else plural(self.noun)


class ExpressionWriter:
    """What the kinds of expressions share about one scene.

    Attributes:
        scene: What is described.
        objects: Its objects.
        rng: Source of every choice.
        countable: Indices of the objects that can be told apart.
        placed: All objects have placements.
        held: Indices of the objects that lie on others or carry them.
        plain: Always the first of several ways to say a thing, so that two expressions
            differ only in what they say.
        absent: Nouns of which nothing is there, once they are known.
    """

    def __init__(self, scene: Scene, rng: np.random.Generator, *, plain: bool = False) -> None:
        self.scene = scene
        self.objects = scene.objects
        # Thousands of small draws a second: the standard library's are several times faster.
        self.rng = random.Random(int(rng.integers(2**63)))
        self.plain = plain
        self.height = int(scene.image.shape[0])
        self.width = int(scene.image.shape[1])
        self.countable = [i for i, item in enumerate(self.objects) if item.countable]
        self.placed = bool(self.objects) and all(o.placement for o in self.objects)
        supports = {self.objects[i].support for i in self.countable}
        self.held = [
            i for i in self.countable if self.objects[i].support is not None or i in supports
        ]
        self._by_name: dict[str, list[int]] = {}
        for i in self.countable:
            self._by_name.setdefault(self.objects[i].names[0], []).append(i)
        self.absent: list[str] | None = None
        self._named: dict[str, tuple[int, ...]] = {}
        self._verdicts: dict[tuple[str, int, int], int] = {}
        # Without colours or places a photograph has more in it than is annotated.
        all_known = all(o.placement or o.colors for o in self.objects)
        self._things = all_known and not scene.hidden_names
        self._things = self._things and len(self.countable) == len(self.objects)

    def pick(self, options: Sequence[Option]) -> Option:
        """Draw one of several things to say."""
        return self.rng.choice(options)

    def words(self, options: Sequence[str]) -> str:
        """Draw one of several ways to say the same; the first if plain."""
        return options[0] if self.plain else self.rng.choice(options)

    def chance(self, share: float) -> bool:
        """Return True in that share of calls, never if plain."""
        return not self.plain and self.rng.random() < share

    def named(self, noun: str) -> tuple[int, ...]:
        """Return the objects that a noun may mean."""
        found = self._named.get(noun)
        if found is None:
            name = "person" if noun in PERSON_WORDS else noun
            everything = noun in THINGS
            items = enumerate(self.objects)
            found = tuple(i for i, item in items if everything or item.answers_to(name))
            self._named[noun] = found
        return found

    def clean(self, noun: str) -> bool:
        """Tell whether all things of that name are annotated one by one."""
        if noun in THINGS:
            return self._things
        noun = "person" if noun in PERSON_WORDS else noun
        uncut = noun not in self.scene.hidden_names
        return uncut and all(self.objects[i].countable for i in self.named(noun))

    def draw(self) -> int | None:
        """Draw an object, its name first."""
        if not self.countable:
            return None
        # Evening out names keeps a shelf of forty bottles from filling the training set.
        return self.rng.choice(self.rng.choice(list(self._by_name.values())))

    def noun_of(self, index: int) -> str:
        """Draw a noun for an object; the usual name most of the time."""
        item = self.objects[index]
        chance = self.rng.random()
        if self.plain or chance < 0.7:
            return item.names[0]
        if chance < 0.78 and self._things:
            return self.rng.choice(THINGS)
        alone = item.names[0] == "person" and len(self.named("person")) == 1
        if alone and self.rng.random() < 0.7:
            return self.rng.choice(PERSON_WORDS)
        return self.rng.choice([*item.names[1:], *item.hypernyms] or [item.names[0]])

    def group(self, index: int, *, colored: float = 0.12, noun: str = "") -> Group | None:
        """Draw a phrase for an object: noun, sometimes with its colour.

        Args:
            index: The object.
            colored: Share with a colour.
            noun: To be used; drawn if empty.

        Returns:
            The phrase; None where what it fits is in doubt.
        """
        noun = noun or self.noun_of(index)
        if not self.clean(noun):
            return None
        group = Group(noun, "", self.named(noun))
        colors = self.objects[index].colors
        if not colors or self.rng.random() >= colored:
            return group
        return self.colored_group(group, colors[0])

    def colored_group(self, group: Group, color: str) -> Group | None:
        """Return the members of a colour, None where that is in doubt."""
        members = self.select(group, lambda i: color_verdict(self.objects[i], color))
        if members is None:
            return None
        pairs = self.pairs((color,), members or group.members)
        return Group(group.noun, color, members, pairs)

    def group_of_several(self, least: int = 2, *, colored: float = 0.12) -> Group | None:
        """Draw a phrase that fits at least so many things."""
        full = [members for members in self._by_name.values() if len(members) >= least]
        if full and (self.plain or self.rng.random() < 0.8):
            index = self.rng.choice(self.rng.choice(full))
            synonyms = [
                n
                for n in self.objects[index].names[1:]
                if len(self.named(n)) == len(self.named(self.objects[index].names[0]))
            ]
            noun = self.objects[index].names[0]
            if synonyms and self.chance(0.25):
                noun = self.rng.choice(synonyms)
            group = self.group(index, colored=colored, noun=noun)
        else:
            drawn = self.draw()
            group = None if drawn is None else self.group(drawn, colored=colored)
        return group if group is not None and len(group.members) >= least else None

    def select(self, group: Group, verdict: Callable[[int], int]) -> tuple[int, ...] | None:
        """Return the members for which a verdict is `YES`, None if any is in doubt."""
        chosen = []
        for i in group.members:
            found = verdict(i)
            if found == MAYBE:
                return None
            if found == YES:
                chosen.append(i)
        return tuple(chosen)

    def verdict(self, relation: str, i: int, j: int) -> int:
        """Return `relation_verdict`, kept once known."""
        key = (relation, i, j)
        found = self._verdicts.get(key)
        if found is None:
            found = self._verdicts[key] = relation_verdict(self.objects, relation, i, j)
        return found

    def pairs(self, keys: Iterable[str], members: Iterable[int]) -> Pairs:
        """Return what words combine with the categories of objects."""
        names = dict.fromkeys(self.objects[i].names[0] for i in members)
        return tuple((key, name) for key in keys for name in names)

    def phrase(self, words: str, *, indefinite: bool = False) -> str:
        """Put an article before a noun phrase, or none."""
        chance = 0.0 if self.plain else self.rng.random()
        if chance < 0.55:
            return f"the {words}"
        last = words.split()[-1]
        if indefinite and chance > 0.92 and last not in MASS and last not in THINGS:
            return f"{'an' if words[0] in 'aeiou' else 'a'} {words}"
        return words

    def linked(self, place: str, noun: str) -> str:
        """Put a link before words of place where English has one: `that is on the left`."""
        if place.split()[0] not in LINKABLE:
            return place
        link = self.words(TABLE_LINKS if self.placed else LINKS)
        if noun in MASS:
            link = ""  # scissors are, bread is
        return f"{link} {place}" if link else place

    def query(
        self, want: Want, kind: str, text: str, chosen: tuple[int, ...] | None, pairs: Pairs
    ) -> Query | None:
        """Return the query if it fits as many things as wanted, None if not or in doubt."""
        if chosen is None or min(len(chosen), 2) != ("none", "one", "several").index(want):
            return None
        kind = {"one": kind, "several": "ambiguous", "none": "absent"}[want]
        return Query(text, chosen, kind, want == "several", tuple(dict.fromkeys(pairs)))
