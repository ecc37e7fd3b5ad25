"""The modules that judge instances: noun, attributes, relations, exclusions, ranks and places."""

from collections.abc import Mapping, Sequence
from dataclasses import replace

from textseg_core.reasoner.geometry import View
from textseg_core.reasoner.grammar import Description, Link
from textseg_core.reasoner.judged import ALIKE_SHARE, Judged, Reason, part_of
from textseg_core.reasoner.negation import complement, is_graded
from textseg_core.reasoner.places import by_size, in_row, lies_in_all, lies_there, zone
from textseg_core.reasoner.propose import Instance, phrase_key
from textseg_core.reasoner.reasons import excluded_words, place_words, said_of
from textseg_core.reasoner.relations import (
    RELATIONS,
    distance,
    nearness,
)
from textseg_core.reasoner.stage import MEMBER_SHARE, STANDING, Stage

#: Counts for an attribute that the proposer cannot judge.
UNKNOWN_FIT = 0.7


def judge_all(
    said: Description, proposed: Mapping[str, Sequence[Instance]], view: View
) -> list[Judged]:
    """Return every instance of a description's noun with its score, in the order proposed."""
    return Judge(proposed, view).judge(said)


class Judge(Stage):
    """The modules, over all instances of one image."""

    def judge(self, said: Description) -> list[Judged]:
        """Return every instance of a description's noun with its score."""
        places = self.members.get(phrase_key(said), [])
        if not said.noun and said.places and any(link.key == "of" for link in said.links):
            return self._parts(said)
        scores, reasons = self._weigh(said, places)
        return [
            Judged(self.names[i], self.instances[i], scores[i], tuple(reasons[i])) for i in places
        ]

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
                judged = self._link(link, places)
                nearest = self._nearest_there(link, judged) if link.close else {}
                for i, (words, score) in judged.items():
                    weigh(i, words, score * nearest.get(i, 1.0))
        for other in said.excluded:
            for i, score in self._excluded(other, said, places).items():
                weigh(i, f"not {excluded_words(other)}", score)
        if not relative:
            for place in said.places:
                for i in places:
                    weigh(i, place_words(place), zone(self.instances[i], place, self.view))
            return scores, reasons
        for words, verdicts in self._compare(said, scores):
            for i in places:
                weigh(i, words, verdicts.get(i, 0.0))
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
        told_apart = said.plural or said.rank or said.places or found
        for link in said.links:
            if link.key in ("front", "behind") and not told_apart:
                line = self.in_line(
                    link.key, {i: scores[i] for i in crowd}, self._anchors(link.anchors[0])
                )
                if line:
                    note(f"straight {said_of(link.key)} it", [line[i] for i in crowd])
        if said.rank is not None:
            words = f"number {said.rank.number} from the {said.rank.side or 'left'}"
            note(words, in_row(members, spots, said.rank, self.view))
        if len(said.places) > 1 and not (said.plural or said.rank):
            note(
                " ".join(place_words(place) for place in said.places),
                lies_in_all(members, spots, said.places, self.view),
            )
            return found
        for place in said.places:
            several = said.plural or said.rank is not None
            judged = lies_there(members, spots, place, self.view, several=several)
            note(place_words(place), judged)
        return found

    def _anchors(self, said: Description, but: Sequence[int] = ()) -> dict[int, float]:
        """Return how well each instance is what is related to.

        Of a part that was not found itself ("the roof of the truck"), the whole is taken.
        """
        places = self.members.get(phrase_key(said), [])
        whole = next((link for link in said.links if link.key == "of"), None)
        if not places and whole is not None:
            return self._anchors(whole.anchors[0], but)
        scores, _ = self._weigh(said, places)
        return {i: score for i, score in scores.items() if i not in but}

    def _link(self, link: Link, places: Sequence[int]) -> dict[int, tuple[str, float]]:
        """Return how well each instance stands in a relation, and in what words."""
        if link.key == "between":
            return self._between(link, places)
        result: dict[int, tuple[str, float]] = dict.fromkeys(places, ("", 1.0))
        for said in link.anchors:
            anchors = self._anchors(said)
            looks = said.colors if link.key == "with" and not anchors else ()
            for i in places:
                if looks:
                    fit = min(self.instances[i].fits.get(word, UNKNOWN_FIT) for word in looks)
                    result[i] = (f"with {said.words}", min(fit, result[i][1]))
                    continue
                others = {
                    j: score for j, score in anchors.items()
                    if not self.instances[j].is_same(self.instances[i])
                }  # fmt: skip
                words, score = self.related(
                    link.key, i, others, plural=said.plural, counted=said.count is not None
                )
                before, so_far = result[i]
                result[i] = (f"{before} and {words}" if before else words, min(score, so_far))
        return result

    def _nearest_there(
        self, link: Link, judged: Mapping[int, tuple[str, float]]
    ) -> dict[int, float]:
        """Return for those that stand in a relation how near they are, beside the nearest."""
        standing = [i for i, (_, score) in judged.items() if score >= STANDING]
        anchors = self._anchors(link.anchors[0], standing)
        if len(standing) < 2 or not anchors:
            return {}
        j = max(anchors, key=anchors.__getitem__)
        near = nearness([distance(self.pair(i, j)) for i in standing])
        return {i: 0.3 + 0.7 * one for i, one in zip(standing, near, strict=True)}

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
                    score = min(one, other) * self.amid(i, j, k)
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
        fits = {
            i: max((sure[j] for j in theirs
                    if i == j or self.instances[i].is_same(self.instances[j])), default=0.0)
            for i in places
        }  # fmt: skip
        share = MEMBER_SHARE if said.plural else ALIKE_SHARE
        return complement(fits, share if is_graded(other) else 0.0)

    def _parts(self, said: Description) -> list[Judged]:
        """Return the parts of things that a side names: "the top of the box"."""
        link = next(link for link in said.links if link.key == "of")
        judged = []
        for i, score in self._anchors(link.anchors[0]).items():
            side = said.places[0].sides[0]
            part = part_of(self.instances[i], side)
            if part.any():
                words = f"{side} of {self.names[i]}"
                judged.append(Judged(words, Instance(part), score, (Reason(words, score),)))
        return judged
