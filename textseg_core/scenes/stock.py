"""The things that scenes may hold: pack objects and made shapes of one split."""

from collections.abc import Callable, Collection, Sequence
from dataclasses import dataclass
from typing import Literal

import numpy as np

from textseg_core.scenes.object_model import ObjectModel
from textseg_core.scenes.packs import PackItem
from textseg_core.scenes.shapes import build_shape, possible_colors, profile_ids
from textseg_core.scenes.shapes import nouns as shape_nouns
from textseg_core.scenes.split import is_held_out_composition, is_held_out_object

Split = Literal["train", "test", "all"]

SHAPE_SHARE = 0.7
_HOLDERS = frozenset(
    ("bowl", "plate", "tray", "mug", "cup", "pan", "basket", "cutting board", "tote", "glass")
) | frozenset(
    ("ramekin", "book", "storage box", "box", "crate", "saucer", "pot", "bucket", "coaster")
)

Build = Callable[[np.random.Generator, Collection[str]], ObjectModel]


@dataclass(frozen=True, slots=True)
class Candidate:
    """One object that may be drawn.

    Attributes:
        colors: Main colours that it may have: one where it is fixed, none where unknown.
        build: Returns the object in one of the given colours of these.
    """

    object_id: str
    colors: frozenset[str]
    build: Build


def belongs(object_id: str, split: Split) -> bool:
    """Tell whether an object may occur in the scenes of a split."""
    return split == "all" or is_held_out_object(object_id) == (split == "test")


def allowed_colors(category: str, colors: Collection[str], split: Split) -> frozenset[str]:
    """Return the main colours that made shapes of a category may have in a split.

    Training scenes show no held-out pair of colour and category; the others show all.
    """
    if split != "train":
        return frozenset(colors)
    return frozenset(c for c in colors if not is_held_out_composition(c, category))


def _of_pack(item: PackItem) -> Candidate:
    return Candidate(item.object_id, frozenset(item.colors[:1]), lambda _rng, _colors: item.load())


def _made(object_id: str, colors: frozenset[str]) -> Candidate:
    return Candidate(
        object_id, colors, lambda rng, wanted: build_shape(object_id, rng, colors=wanted)
    )


class Stock:
    """Draws objects by category.

    Args:
        packs: Objects of the packs.
        split: Which of all objects may be drawn.
        shapes: Whether shapes are made too; about seven in ten objects are then made ones.

    Attributes:
        nouns: All nouns of the packs and shapes, those of other splits too.
        categories: What may be drawn.
        holders: Those of the categories that often hold others.

    Raises:
        ValueError: If nothing is left to draw.
    """

    def __init__(self, packs: Sequence[PackItem], split: Split, *, shapes: bool) -> None:
        self._pack: dict[str, list[Candidate]] = {}
        self._made: dict[str, list[Candidate]] = {}
        said = {noun for item in packs for noun in (*item.names, *item.hypernyms)}
        for item in packs:
            if belongs(item.object_id, split):
                self._pack.setdefault(item.names[0], []).append(_of_pack(item))
        if shapes:
            said |= set(shape_nouns())
            for object_id in profile_ids():
                category = object_id.rpartition("-")[0]
                colors = allowed_colors(category, possible_colors(category), split)
                if colors and belongs(object_id, split):
                    self._made.setdefault(category, []).append(_made(object_id, colors))
        self.nouns = frozenset(said)
        self.categories = tuple(sorted({*self._pack, *self._made}))
        self.holders = tuple(name for name in self.categories if name in _HOLDERS)
        if not self.categories:
            raise ValueError(
                f"no object belongs to split {split!r}: give more packs, allow shapes, "
                "or choose the split 'all'"
            )

    def draw_category(self, rng: np.random.Generator) -> str:
        """Draw a category, of made shapes mostly."""
        made = self._made and (not self._pack or rng.random() < SHAPE_SHARE)
        names = sorted(self._made if made else self._pack)
        return names[int(rng.integers(len(names)))]

    def draw(
        self,
        rng: np.random.Generator,
        category: str | None = None,
        *,
        prefer: Collection[str] = (),
        avoid: Collection[str] = (),
    ) -> ObjectModel:
        """Draw one object.

        Args:
            rng: Decides.
            category: Its category; drawn too if None.
            prefer: Main colours to choose from, where the category has one of them.
            avoid: Main colours to keep from, where the category has others.
        """
        name = category or self.draw_category(rng)
        made, pack = self._made.get(name, []), self._pack.get(name, [])
        pool = made if made and (not pack or rng.random() < SHAPE_SHARE) else pack
        fitting = [item for item in pool if _choice(item, prefer, avoid)] or pool
        chosen = fitting[int(rng.integers(len(fitting)))]
        return chosen.build(rng, _choice(chosen, prefer, avoid) or chosen.colors)

    def _colors(self, category: str) -> frozenset[str]:
        candidates = (*self._made.get(category, ()), *self._pack.get(category, ()))
        return frozenset().union(*(item.colors for item in candidates))

    def draw_group(self, rng: np.random.Generator, count: int) -> list[ObjectModel]:
        """Draw several of one category: of one colour, of different colours, or all alike."""
        category = self.draw_category(rng)
        for _ in range(3):
            # Colours can tell apart only what has several.
            if len(self._colors(category)) > 2 or rng.random() < 0.35:
                break
            category = self.draw_category(rng)
        style = rng.random()
        models = [self.draw(rng, category)]
        while len(models) < count:
            used = [model.colors[0] for model in models if model.colors]
            if style < 0.12:
                models.append(models[0])
            elif style < 0.4:
                models.append(self.draw(rng, category, prefer=used[:1]))
            else:
                # In every fifth such group two may share a colour.
                models.append(self.draw(rng, category, avoid=used if style < 0.88 else ()))
        return models


def _choice(
    candidate: Candidate, prefer: Collection[str], avoid: Collection[str]
) -> frozenset[str]:
    """Return the colours of a candidate that fit, perhaps none."""
    fitting = candidate.colors - frozenset(avoid)
    return fitting & frozenset(prefer) if prefer else fitting
