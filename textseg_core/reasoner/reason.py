"""Combines what is proposed with what is said of place, rank and relation into an answer."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace

import numpy as np

from textseg_core.arrays import BoolArray, Float32Array, Float64Array, UInt8Array
from textseg_core.reasoner.geometry import Spot, View, place_instances
from textseg_core.reasoner.grammar import Description, Link, Parsed, Place
from textseg_core.reasoner.parse import parse_expression
from textseg_core.reasoner.places import by_size, in_row, lies_there, zone
from textseg_core.reasoner.propose import (
    Instance,
    Proposer,
    noun_phrases,
    phrase_key,
)
from textseg_core.reasoner.relations import (
    RELATIONS,
    Pair,
    between,
    distance,
    nearness,
    with_it,
)
from textseg_core.segmentation import Status

#: Least score with which an instance is what is meant.
FOUND_SCORE = 0.3
#: Where one is asked for, another rivals the best from this share of its score on.
RIVAL_SHARE = 0.6
#: Where several are asked for, each must reach this share of the best score.
MEMBER_SHARE = 0.5
#: Counts for an attribute that the proposer cannot judge.
UNKNOWN_FIT = 0.7


@dataclass(frozen=True, slots=True)
class Reason:
    """One thing that speaks for or against an instance.

    Attributes:
        words: "next to apple 1", "red".
        score: How well it holds, in [0, 1].
    """

    words: str
    score: float


@dataclass(frozen=True, slots=True, eq=False)
class Judged:
    """One instance of the target's noun.

    Attributes:
        name: "jar 2": its noun, and its number from the left.
        instance: What was proposed.
        score: How well everything that is said fits it, in [0, 1].
        reasons: What was judged, in the order of the modules.
    """

    name: str
    instance: Instance
    score: float
    reasons: tuple[Reason, ...]

    @property
    def explanation(self) -> str:
        """In one line: `jar 2: next to apple 1, 0.91`."""
        said = "; ".join(f"{reason.words}, {reason.score:.2f}" for reason in self.reasons)
        return f"{self.name}: {said}" if said else f"{self.name}: {self.score:.2f}"


@dataclass(frozen=True, slots=True, eq=False)
class Reasoned:
    """The answer of the reasoner.

    Attributes:
        parsed: What the expression says.
        mask: Union of what is meant, (H, W).
        response_map: For each pixel the score of the best instance that covers it, (H, W).
        score: Of the best instance, in [0, 1]; 0 without one.
        margin: By how much the worst that is meant outdoes the best that is not, in [0, 1].
        status: Found, not found or ambiguous.
        judged: All instances of the noun, best first.
        meant: How many of them are meant.
    """

    parsed: Parsed
    mask: BoolArray
    response_map: Float32Array
    score: float
    margin: float
    status: Status
    judged: tuple[Judged, ...]
    meant: int

    @property
    def explanation(self) -> str:
        """What is meant and why, one instance a line; the best one that is not, if none is."""
        if not self.judged:
            return f"no {self.parsed.target.words} is in view"
        shown = self.judged[: self.meant] or self.judged[:1]
        return "\n".join(one.explanation for one in shown)


def reason(
    image: UInt8Array,
    expression: str,
    proposer: Proposer,
    *,
    depth: Float32Array | None = None,
    intrinsics: Float64Array | None = None,
) -> Reasoned:
    """Return what an expression means in an image.

    Args:
        image: RGB, (H, W, 3).
        expression: A referring expression.
        proposer: Finds the instances of its nouns.
        depth: (H, W) in metres; None to judge from masks alone.
        intrinsics: Camera matrix in pixels, (3, 3), with `depth`.

    Raises:
        ValueError: If depth does not fit the image or comes without intrinsics.
    """
    parsed = parse_expression(expression)
    view = View(int(image.shape[0]), int(image.shape[1]), depth, intrinsics)
    phrases = noun_phrases(parsed.target)
    proposed = proposer.propose(image, list(phrases.values()))
    return conclude(parsed, dict(zip(phrases, proposed, strict=True)), view)


def conclude(parsed: Parsed, proposed: Mapping[str, Sequence[Instance]], view: View) -> Reasoned:
    """Return what a parsed expression means among instances, by keys of `noun_phrases`."""
    judge = _Judge(proposed, view)
    parts = (parsed.target, *parsed.target.joined)
    judged: list[Judged] = []
    meant: list[Judged] = []
    statuses: list[Status] = []
    margins: list[float] = []
    for part in parts:
        ranked = sorted(judge.judge(part), key=lambda one: -one.score)
        count, status = _choose([one.score for one in ranked], part)
        best_left = ranked[count].score if count < len(ranked) else 0.0
        margins.append(ranked[count - 1].score - best_left if count else 0.0)
        meant += ranked[:count]
        judged += ranked
        statuses.append(status)
    chosen = {id(one) for one in meant}
    judged = [*meant, *(one for one in judged if id(one) not in chosen)]
    shape = (view.height, view.width)
    mask = np.zeros(shape, np.bool_)
    response = np.zeros(shape, np.float32)
    for one in judged:
        drawn = one.instance.response
        layer = one.instance.mask.astype(np.float32) if drawn is None else drawn
        np.maximum(response, layer * np.float32(one.score), out=response)
    for one in meant:
        mask |= one.instance.mask
    status = (
        Status.AMBIGUOUS if Status.AMBIGUOUS in statuses
        else Status.FOUND if meant else Status.NOT_FOUND
    )  # fmt: skip
    score = max((one.score for one in judged), default=0.0)
    return Reasoned(
        parsed, mask, response, score, min(margins, default=0.0), status, tuple(judged), len(meant)
    )


def judge_all(
    said: Description, proposed: Mapping[str, Sequence[Instance]], view: View
) -> list[Judged]:
    """Return every instance of a description's noun with its score, in the order proposed."""
    return _Judge(proposed, view).judge(said)


def _choose(scores: Sequence[float], part: Description) -> tuple[int, Status]:
    """Return how many of the sorted scores are meant, and the status."""
    if not scores or scores[0] < FOUND_SCORE:
        return 0, Status.NOT_FOUND
    if part.plural:
        count = sum(score >= max(FOUND_SCORE, MEMBER_SHARE * scores[0]) for score in scores)
        return min(count, part.count or count), Status.FOUND
    count = sum(score >= RIVAL_SHARE * scores[0] for score in scores)
    return count, Status.AMBIGUOUS if count > 1 else Status.FOUND


class _Judge:
    """The modules, over all instances of one image."""

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

    def judge(self, said: Description) -> list[Judged]:
        """Return every instance of a description's noun with its score."""
        places = self.members.get(phrase_key(said), [])
        if not said.noun and said.places and any(link.key == "of" for link in said.links):
            return self._parts(said)
        scores, reasons = self._weigh(said, places)
        return [
            Judged(self.names[i], self.instances[i], scores[i], tuple(reasons[i])) for i in places
        ]

    def pair(self, i: int, j: int) -> Pair:
        """Return two instances as a pair, kept once made."""
        found = self._pairs.get((i, j))
        if found is None:
            found = Pair(self.instances[i], self.instances[j], self.spots[i], self.spots[j])
            self._pairs[i, j] = found
        return found

    def _weigh(
        self, said: Description, places: Sequence[int], *, relative: bool = True
    ) -> tuple[dict[int, float], dict[int, list[Reason]]]:
        """Return score and reasons of each instance.

        First what each is by itself and to others; then, among those that it leaves, which lies
        furthest, ranks so in the row, or is the largest.
        """
        scores = {i: self.instances[i].score for i in places}
        reasons: dict[int, list[Reason]] = {i: [] for i in places}

        def weigh(i: int, words: str, score: float) -> None:
            scores[i] *= score
            reasons[i].append(Reason(words, score))

        for i in places:
            for word in (*said.colors, *said.materials):
                weigh(i, word, self.instances[i].fits.get(word, UNKNOWN_FIT))
        for link in said.links:
            if link.key in RELATIONS or link.key in ("between", "of"):
                for i, (words, score) in self._link(link, places).items():
                    weigh(i, words, score)
        for other in said.excluded:
            for i, score in self._excluded(other, said, places).items():
                weigh(i, f"not {other.words if other.noun or other.colors else 'that'}", score)
        if not relative:
            for place in said.places:
                for i in places:
                    weigh(i, _place_words(place), zone(self.instances[i], place, self.view))
            return scores, reasons
        for words, judged in self._compare(said, scores):
            for i in places:
                weigh(i, words, judged.get(i, 0.0))
        return scores, reasons

    def _compare(
        self, said: Description, scores: dict[int, float]
    ) -> list[tuple[str, dict[int, float]]]:
        """Return the verdicts that compare instances with each other, in order."""
        found: list[tuple[str, dict[int, float]]] = []
        best = max(scores.values(), default=0.0)
        crowd = [i for i, score in scores.items() if score >= 0.5 * best > 0.0]
        members = [self.instances[i] for i in crowd]
        spots = [self.spots[i] for i in crowd]
        if not crowd:
            return [("", {})] if said.rank or said.places else []

        def note(words: str, judged: Sequence[float]) -> None:
            found.append((words, dict(zip(crowd, judged, strict=True))))

        for word in (*said.sizes, *said.extremes):
            if not said.plural:
                note(word, by_size(members, spots, word))
        for link in said.links:
            if link.key in ("nearest", "farthest"):
                note(*self._nearest(link, crowd))
        if said.rank is not None:
            words = f"number {said.rank.number} from the {said.rank.side or 'left'}"
            note(words, in_row(members, spots, said.rank, self.view))
        for place in said.places:
            several = said.plural or said.rank is not None
            judged = lies_there(members, spots, place, self.view, several=several)
            note(_place_words(place), judged)
        return found

    def _anchors(self, said: Description, but: Sequence[int] = ()) -> dict[int, float]:
        """Return how well each instance is what is related to."""
        places = self.members.get(phrase_key(said), [])
        scores, _ = self._weigh(said, places)
        return {i: score for i, score in scores.items() if i not in but}

    def _link(self, link: Link, places: Sequence[int]) -> dict[int, tuple[str, float]]:
        """Return how well each instance stands in a relation, and in what words."""
        if link.key == "between":
            return self._between(link, places)
        result: dict[int, tuple[str, float]] = dict.fromkeys(places, ("", 1.0))
        for said in link.anchors:
            anchors = self._anchors(said)
            for i in places:
                others = {
                    j: score for j, score in anchors.items()
                    if not self.instances[j].is_same(self.instances[i])
                }  # fmt: skip
                words, score = self._related(link.key, i, others, plural=said.plural)
                before, so_far = result[i]
                result[i] = (f"{before} and {words}" if before else words, min(score, so_far))
        return result

    def _related(
        self, key: str, i: int, others: dict[int, float], *, plural: bool
    ) -> tuple[str, float]:
        """Return how well one instance stands to the best of others, or to all of several."""
        if not others:
            return f"{key} nothing", 0.0 if key not in ("of", "with") else 0.3
        judged = {j: self._relation(key, i, j) for j in others}
        if plural and key not in ("next", "on", "in", "at", "with", "of"):
            best = max(others.values())
            worst = min((j for j in others if others[j] >= MEMBER_SHARE * best), key=judged.get)  # type: ignore[arg-type]
            return f"{_WORDS.get(key, key)} {self.names[worst]}", judged[worst]
        best_j = max(others, key=lambda j: others[j] * judged[j])
        return f"{_WORDS.get(key, key)} {self.names[best_j]}", others[best_j] * judged[best_j]

    def _relation(self, key: str, i: int, j: int) -> float:
        if key == "of":
            return 0.5 + 0.5 * with_it(self.pair(j, i))
        return RELATIONS[key](self.pair(i, j))

    def _between(self, link: Link, places: Sequence[int]) -> dict[int, tuple[str, float]]:
        first = self._anchors(link.anchors[0])
        second = self._anchors(link.anchors[1]) if len(link.anchors) > 1 else first
        result = {}
        for i in places:
            best, words = 0.0, "between nothing"
            for j, one in first.items():
                for k, other in second.items():
                    shown = [self.instances[n] for n in (i, j, k)]
                    if any(
                        a.is_same(b)
                        for a, b in (
                            (shown[0], shown[1]),
                            (shown[0], shown[2]),
                            (shown[1], shown[2]),
                        )
                    ):
                        continue  # fmt: skip
                    score = min(one, other) * between(*(self.spots[n] for n in (i, j, k)))
                    if score > best:
                        best = score
                        words = f"between {self.names[j]} and {self.names[k]}"
            result[i] = (words, best)
        return result

    def _nearest(self, link: Link, crowd: Sequence[int]) -> tuple[str, list[float]]:
        """Return how well each of several is the nearest, or farthest, to the best anchor."""
        anchors = self._anchors(link.anchors[0])
        free = {
            j: score for j, score in anchors.items()
            if not all(self.instances[j].is_same(self.instances[i]) for i in crowd)
        }  # fmt: skip
        if not free:
            return f"{link.key} to nothing", [0.0] * len(crowd)
        j = max(free, key=free.__getitem__)
        far = [distance(self.pair(i, j)) for i in crowd]
        if link.key == "farthest":
            most = max(far)
            judged = nearness([max(most, 1e-6) / max(one, 1e-6) for one in far])
        else:
            same = [self.instances[i].is_same(self.instances[j]) for i in crowd]
            judged = nearness([1e9 if s else one for one, s in zip(far, same, strict=True)])
        return f"{link.key} to {self.names[j]}", [free[j] * one for one in judged]

    def _excluded(
        self, other: Description, said: Description, places: Sequence[int]
    ) -> dict[int, float]:
        """Return how well each instance is *not* what is excluded."""
        named = other if other.noun else replace(other, noun=said.noun, materials=other.materials)
        if not other.noun and not other.materials:
            theirs = list(places)
        else:
            theirs = self.members.get(phrase_key(named), [])
        scores, _ = self._weigh(replace(named, plural=True), theirs, relative=False)
        sure = {j: scores[j] / max(self.instances[j].score, 1e-6) for j in theirs}
        if other.noun and other.noun != said.noun:
            sure = {j: scores[j] for j in theirs}
        return {
            i: 1.0 - max((sure[j] for j in theirs
                          if i == j or self.instances[i].is_same(self.instances[j])), default=0.0)
            for i in places
        }  # fmt: skip

    def _parts(self, said: Description) -> list[Judged]:
        """Return the parts of things that a side names: "the top of the box"."""
        link = next(link for link in said.links if link.key == "of")
        judged = []
        for i, score in self._anchors(link.anchors[0]).items():
            side = said.places[0].sides[0]
            part = _part(self.instances[i], side)
            if part.any():
                words = f"{side} of {self.names[i]}"
                judged.append(Judged(words, Instance(part), score, (Reason(words, score),)))
        return judged


_WORDS = {
    "left": "left of", "right": "right of", "front": "in front of", "next": "next to",
    "at": "at", "with": "with",
}  # fmt: skip


def _place_words(place: Place) -> str:
    sides = " ".join(place.sides)
    return f"furthest {sides}" if place.most else f"at the {sides}"


def _part(one: Instance, side: str) -> BoolArray:
    """Return the half of an instance on a side; the middle third for the middle."""
    x0, y0, x1, y1 = (int(edge) for edge in one.box)
    part = np.zeros_like(one.mask)
    u, v = (x0 + x1) // 2, (y0 + y1) // 2
    if side in ("left", "right"):
        columns = slice(x0, u) if side == "left" else slice(u, x1)
        part[y0:y1, columns] = one.mask[y0:y1, columns]
    elif side == "middle":
        third = slice(x0 + (x1 - x0) // 3, x1 - (x1 - x0) // 3)
        part[y0:y1, third] = one.mask[y0:y1, third]
    else:
        rows = slice(y0, v) if side in ("top", "far") else slice(v, y1)
        part[rows] = one.mask[rows]
    return part
