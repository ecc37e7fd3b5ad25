"""All instances of one image, and how they stand to each other."""

from collections.abc import Mapping, Sequence

from textseg_core.reasoner.geometry import Spot, View, place_instances
from textseg_core.reasoner.judged import ALIKE_SHARE
from textseg_core.reasoner.propose import Instance
from textseg_core.reasoner.reasons import said_of
from textseg_core.reasoner.relations import (
    ASIDE,
    IN_PICTURE,
    RELATIONS,
    Pair,
    between,
    distance,
    overlaps_sideways,
    picture_spot,
    with_it,
)

#: Where several are asked for, each must reach this share of the best score.
MEMBER_SHARE = 0.5
#: From this score on a thing stands in a relation.
STANDING = 0.25
#: Weight of standing so to the nearest of several things ("left of the cups"), beside all of them;
#: less than `judged.ALIKE_SHARE`, so that what stands so to all is meant alone.
NEAREST_MEMBER = 0.7


class Stage:
    """The instances of one image with their places, by indices.

    Args:
        proposed: Instances by the keys of `noun_phrases`.
        view: The picture.

    Attributes:
        view: The picture.
        instances: Of all nouns.
        members: Indices of each noun's instances.
        names: "mug 2": what an instance is called in explanations.
        spots: Where each lies.
    """

    def __init__(self, proposed: Mapping[str, Sequence[Instance]], view: View) -> None:
        self.view = view
        self.instances: list[Instance] = []
        self.members: dict[str, list[int]] = {}
        self.names: dict[int, str] = {}
        for key, found in proposed.items():
            first = len(self.instances)
            self.instances += found
            places = list(range(first, len(self.instances)))
            self.members[key] = places
            order = sorted(places, key=lambda i: self.instances[i].center[0])
            for number, i in enumerate(order, 1):
                noun = key or "thing"
                self.names[i] = f"{noun} {number}" if len(order) > 1 else f"the {noun}"
        self.spots: list[Spot] = place_instances(self.instances, view)
        self._pairs: dict[tuple[int, int], Pair] = {}

    def pair(self, i: int, j: int) -> Pair:
        """Return two instances as a pair, kept once made."""
        found = self._pairs.get((i, j))
        if found is None:
            found = Pair(self.instances[i], self.instances[j], self.spots[i], self.spots[j])
            self._pairs[i, j] = found
        return found

    def relation(self, key: str, i: int, j: int) -> float:
        """Return how well one instance stands in a relation to another."""
        if key == "of":
            return 0.5 + 0.5 * with_it(self.pair(j, i))
        return RELATIONS[key](self.pair(i, j))

    def related(
        self, key: str, i: int, others: dict[int, float], *, plural: bool, counted: bool
    ) -> tuple[str, float]:
        """Return how well one instance stands to the best of others, or to all of several.

        Of several whose number is not said, the nearest is enough, though all are better.
        """
        if not others:
            return f"{key} nothing", 0.0 if key not in ("of", "with") else 0.3
        judged = {j: self.relation(key, i, j) for j in others}
        if plural and key not in ("next", "on", "in", "at", "with", "holds", "of"):
            best = max(others.values())
            members = [j for j in others if others[j] >= MEMBER_SHARE * best]
            worst = min(members, key=judged.__getitem__)
            pairs = {j: self.pair(i, j) for j in members}
            # Nothing is nearer than what carries it: a tie is not behind the people, on one.
            nearest = min(members, key=lambda j: (-pairs[j].held, distance(pairs[j])))
            j, score = worst, judged[worst]
            if not counted and NEAREST_MEMBER * judged[nearest] > score:
                j, score = nearest, NEAREST_MEMBER * judged[nearest]
            return f"{said_of(key)} {self.names[j]}", score
        best_j = max(others, key=lambda j: others[j] * judged[j])
        return f"{said_of(key)} {self.names[best_j]}", others[best_j] * judged[best_j]

    def amid(self, i: int, j: int, k: int) -> float:
        """Return how well one lies between two others, on the surface or in the picture."""
        spots = [self.spots[n] for n in (i, j, k)]
        if any(spot.solid for spot in spots):
            return between(*spots)
        shown = between(*(picture_spot(self.instances[n]) for n in (i, j, k)))
        return max(between(*spots), IN_PICTURE * shown)

    def in_line(
        self, key: str, scores: Mapping[int, float], anchors: Mapping[int, float]
    ) -> dict[int, float]:
        """Return for things that fit alike how well they stand in line with what they stand to.

        Empty where that does not tell them apart.
        """
        best = max(scores.values())
        alike = [i for i, score in scores.items() if score >= ALIKE_SHARE * best]
        line = {
            i for i in scores for j, fit in anchors.items()
            if min(fit, self.relation(key, i, j)) >= STANDING
            and overlaps_sideways(self.instances[i], self.instances[j])
        }  # fmt: skip
        if not line.intersection(alike) or line.issuperset(alike):
            return {}
        return {i: 1.0 if i in line else ASIDE for i in scores}
