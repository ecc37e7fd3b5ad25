"""Writes expressions about a scene from its annotation, each with the objects it means."""

from collections.abc import Sequence
from itertools import pairwise

import numpy as np

from textseg_core.expressions.names import PERSON_WORDS, plural
from textseg_core.expressions.phrases import LARGE, ORDINALS, PLACES, SMALL, pick
from textseg_core.expressions.relations import RELATIONS, holds
from textseg_core.scenes.scene import Query, Scene


class ExpressionWriter:
    """Draws expressions about one scene.

    Every method returns None where the scene has no case for it. An expression is
    only written where the annotation leaves no doubt about what it means.
    """

    def __init__(self, scene: Scene, rng: np.random.Generator) -> None:
        self.scene = scene
        self.objects = scene.objects
        self.rng = rng
        self.countable = [i for i, item in enumerate(scene.objects) if item.countable]

    def _noun_of(self, index: int) -> str:
        """Draw a noun for an object; the usual name half of the time."""
        item = self.objects[index]
        if self.rng.random() < 0.6:
            return item.names[0]
        options = [*item.names[1:], *item.hypernyms] or [item.names[0]]
        if (
            item.names[0] == "person"
            and len(self.named("person")) == 1
            and self.rng.random() < 0.7
        ):
            options = list(PERSON_WORDS)
        return pick(self.rng, options)

    def named(self, noun: str) -> list[int]:
        """Return the objects that a noun may mean."""
        if noun in PERSON_WORDS:
            noun = "person"
        return [i for i, item in enumerate(self.objects) if item.answers_to(noun)]

    def clean(self, noun: str) -> bool:
        """Tell whether all things of that name are annotated one by one."""
        noun = "person" if noun in PERSON_WORDS else noun
        uncut = noun not in self.scene.hidden_names
        return uncut and all(self.objects[i].countable for i in self.named(noun))

    def article(self) -> str:
        """Draw `the `, `a ` or nothing."""
        return pick(self.rng, ("the ", "the ", "the ", "", "", "a "))

    def _draw(self) -> int | None:
        if not self.countable:
            return None
        # Evening out names keeps a shelf of forty bottles from filling the training set.
        names = sorted({self.objects[i].names[0] for i in self.countable})
        name = pick(self.rng, names)
        same = [i for i in self.countable if self.objects[i].names[0] == name]
        return int(self.rng.choice(same))

    def _draw_with_rivals(self) -> tuple[int, str, list[int]] | None:
        """Draw an object that shares its noun with others, for expressions that single out."""
        groups: list[tuple[str, list[int]]] = []
        for noun in sorted({self.objects[i].names[0] for i in self.countable}):
            same = self.named(noun)
            if len(same) > 1 and self.clean(noun):
                groups.append((noun, same))
        if not groups:
            return None
        noun, same = groups[int(self.rng.integers(len(groups)))]
        index = int(self.rng.choice(same))
        synonyms = [n for n in self.objects[index].names[1:] if set(self.named(n)) == set(same)]
        if synonyms and self.rng.random() < 0.3:
            noun = pick(self.rng, synonyms)
        return index, noun, same

    def category(self) -> Query | None:
        """`the cup`: everything of that name; several if one was asked for and more fit."""
        index = self._draw()
        if index is None:
            return None
        noun = self._noun_of(index)
        targets = tuple(self.named(noun))
        count = len(targets) if self.clean(noun) else 2
        return Query(self.article() + noun, targets, "category", several=count > 1)

    def plural(self) -> Query | None:
        """`the cups`, `both cups`, `all cups`: everything of that name."""
        drawn = self._draw_with_rivals()
        if drawn is None:
            return None
        _, noun, same = drawn
        words = ["the", "all", "all the", "every one of the", ""]
        words += {2: ["both", "the two"], 3: ["the three", "all three"]}.get(len(same), [])
        expression = f"{pick(self.rng, words)} {plural(noun)}".strip()
        return Query(expression, tuple(same), "plural")

    def colour(self) -> Query | None:
        """`the red mug`: the one of that name in that colour."""
        colored = [i for i in self.countable if self.objects[i].colors]
        if not colored:
            return None
        index = int(self.rng.choice(colored))
        color = self.objects[index].colors[0]
        if self.rng.random() < 0.12:
            noun, same = (
                pick(self.rng, ("object", "thing", "one", "item")),
                list(range(len(self.objects))),
            )
        else:
            noun = self._noun_of(index)
            same = self.named(noun)
        rivals = [i for i in same if i != index]
        if any(not self.objects[i].colors for i in rivals):
            return None
        main = tuple(i for i in same if self.objects[i].colors[0] == color)
        doubtful = [i for i in rivals if color in self.objects[i].colors[1:]]
        if doubtful or not self.clean(noun):
            return None
        texts = (f"{self.article()}{color} {noun}", f"the {noun} that is {color}")
        several = len(main) > 1
        return Query(texts[0 if self.rng.random() < 0.85 else 1], main, "colour", several)

    def place(self) -> Query | None:
        """`the left cup`, `cup on the right`, `the topmost cup`."""
        drawn = self._draw_with_rivals()
        direction = pick(self.rng, tuple(PLACES))
        height, width = self.scene.image.shape[:2]
        if drawn is None or self.rng.random() < 0.25:
            return self._place_alone(direction, width, height)
        _, noun, same = drawn
        index = self._extreme(same, direction, width, height)
        if index is None:
            return None
        return Query(self.place_words(noun, direction), (index,), "place")

    def place_words(self, noun: str, direction: str) -> str:
        """Draw words for a noun in a direction: `the left cup`, `cup on the left`."""
        after, before = PLACES[direction]
        if self.rng.random() < 0.5:
            return f"{self.article()}{noun} {pick(self.rng, after)}"
        return f"{pick(self.rng, ('the ', ''))}{pick(self.rng, before)} {noun}"

    def _place_alone(self, direction: str, width: int, height: int) -> Query | None:
        index = self._draw()
        if index is None or len(self.named(self.objects[index].names[0])) != 1:
            return None
        u, v = self.objects[index].center
        inside = {
            "left": u < 0.4 * width,
            "right": u > 0.6 * width,
            "top": v < 0.4 * height,
            "bottom": v > 0.6 * height,
            "middle": 0.35 * width < u < 0.65 * width and 0.35 * height < v < 0.65 * height,
        }
        if not inside[direction] or not self.clean(self.objects[index].names[0]):
            return None
        words = self.place_words(self.objects[index].names[0], direction)
        return Query(words, (index,), "place")

    def _extreme(self, same: Sequence[int], direction: str, width: int, height: int) -> int | None:
        """Return the object furthest in a direction, None if it is not clearly so."""
        centers = np.array([self.objects[i].center for i in same])
        if direction == "middle":
            away = np.hypot(centers[:, 0] / width - 0.5, centers[:, 1] / height - 0.5)
            order = np.argsort(away)
            clear = away[order[1]] - away[order[0]] > 0.12 and away[order[0]] < 0.2
            return same[int(order[0])] if clear else None
        axis, sign = {"left": (0, 1), "right": (0, -1), "top": (1, 1), "bottom": (1, -1)}[
            direction
        ]
        along = sign * centers[:, axis] / (width if axis == 0 else height)
        order = np.argsort(along)
        clear = along[order[1]] - along[order[0]] > 0.06
        return same[int(order[0])] if clear else None

    def size(self) -> Query | None:
        """`the biggest bowl`, by area in the picture."""
        drawn = self._draw_with_rivals()
        if drawn is None:
            return None
        _, noun, same = drawn
        large = self.rng.random() < 0.5
        areas = np.array([self.objects[i].area for i in same], float)
        order = np.argsort(-areas if large else areas)
        ratio = areas[order[0]] / areas[order[1]]
        if max(ratio, 1 / ratio) < 1.5:
            return None
        word = pick(self.rng, LARGE if large else SMALL)
        return Query(f"the {word} {noun}", (same[int(order[0])],), "size")

    def ordinal(self) -> Query | None:
        """`the second cup from the left`."""
        drawn = self._draw_with_rivals()
        if drawn is None or not 3 <= len(drawn[2]) <= 5:
            return None
        _, noun, same = drawn
        width = self.scene.image.shape[1]
        from_left = self.rng.random() < 0.5
        order = sorted(same, key=lambda i: self.objects[i].center[0], reverse=not from_left)
        along = [self.objects[i].center[0] for i in order]
        if min(abs(a - b) for a, b in pairwise(along)) < 0.04 * width:
            return None
        rank = int(self.rng.integers(len(order)))
        side = "left" if from_left else "right"
        words = f"the {ORDINALS[rank]} {noun} from the {side}"
        return Query(words, (order[rank],), "ordinal")

    def relation(self) -> Query | None:
        """`the jar next to the apples`: the one of that name in that relation."""
        drawn = self._draw_with_rivals()
        if drawn is not None and self.rng.random() < 0.8:
            index, noun, same = drawn
        else:
            single = self._draw()
            if single is None:
                return None
            index, noun = single, self._noun_of(single)
            same = self.named(noun)
            if not self.clean(noun) or noun in PERSON_WORDS:
                return None
        others = [i for i in self.countable if i not in same]
        self.rng.shuffle(others)
        for anchor in others[:6]:
            anchor_noun = self.objects[anchor].names[0]
            anchors = self.named(anchor_noun)
            if not self.clean(anchor_noun):
                continue
            options = [
                relation
                for relation in RELATIONS
                if any(holds(relation, self.objects[index], self.objects[b]) for b in anchors)
            ]
            if not options:
                continue
            relation = pick(self.rng, options)
            if any(
                holds(relation, self.objects[rival], self.objects[b], slack=1.0)
                for rival in same
                if rival != index
                for b in anchors
            ):
                continue
            many = len(anchors) > 1 and self.rng.random() < 0.7
            anchor_words = plural(anchor_noun) if many else anchor_noun
            words = pick(self.rng, RELATIONS[relation])
            expression = f"{self.article()}{noun} {words} the {anchor_words}"
            return Query(expression, (index,), "relation")
        return None

    def between(self) -> Query | None:
        """`the cup between the bowl and the plate`."""
        index = self._draw()
        if index is None:
            return None
        target = self.objects[index]
        noun = target.names[0]
        same = self.named(noun)
        singles = [
            i
            for i in self.countable
            if i not in same and len(self.named(self.objects[i].names[0])) == 1
        ]
        for a in singles:
            for b in singles:
                left, right = self.objects[a], self.objects[b]
                if a == b or not (holds("left", left, target) and holds("left", target, right)):
                    continue
                rivals = [i for i in same if i != index]
                u = [self.objects[i].center[0] for i in rivals]
                if any(left.box[0] < x < right.box[2] for x in u) or not self.clean(noun):
                    continue
                first, second = (left, right) if self.rng.random() < 0.5 else (right, left)
                ends = f"the {first.names[0]} and the {second.names[0]}"
                return Query(f"{self.article()}{noun} between {ends}", (index,), "between")
        return None
