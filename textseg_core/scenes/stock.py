"""The things that scenes may hold: pack objects and made shapes of one split."""

from collections.abc import Callable, Collection, Sequence
from dataclasses import dataclass
from typing import Literal

import numpy as np

from textseg_core.scenes.object_model import ObjectModel
from textseg_core.scenes.packs import PackItem
from textseg_core.scenes.split import is_held_out_object

Split = Literal["train", "test", "all"]

SHAPE_SHARE = 0.7
_HOLDERS = frozenset(
    ("bowl", "plate", "tray", "mug", "cup", "pan", "basket", "cutting board", "tote", "glass")
) | frozenset(
    ("ramekin", "book", "storage box", "box", "crate", "saucer", "pot", "bucket", "coaster")
)

Build = Callable[[np.random.Generator, Collection[str] | None], ObjectModel]


@dataclass(frozen=True, slots=True)
class Candidate:
    """One object that may be drawn.

    Attributes:
        color: Main colour where it is fixed, "" where `build` chooses it.
        build: Returns the object, of one of the given colours where it can be chosen.
    """

    object_id: str
    category: str
    color: str
    build: Build


def belongs(object_id: str, split: Split) -> bool:
    """Tell whether an object may occur in the scenes of a split."""
    return split == "all" or is_held_out_object(object_id) == (split == "test")


def _pack_build(item: PackItem) -> Build:
    return lambda _rng, _colors: item.load()


class Stock:
    """Draws objects by category.

    Args:
        packs: Objects of the packs.
        split: Which of all objects may be drawn.
        shapes: Whether shapes are made too; about seven in ten objects are then made ones.

    Raises:
        ValueError: If nothing is left to draw.
    """

    def __init__(self, packs: Sequence[PackItem], split: Split, *, shapes: bool) -> None:
        self._split: Split = split
        self._pack: dict[str, list[Candidate]] = {}
        self._made: dict[str, list[Candidate]] = {}
        self.nouns: frozenset[str] = frozenset(
            noun for item in packs for noun in (*item.names, *item.hypernyms)
        )
        for item in packs:
            if belongs(item.object_id, split):
                color = item.colors[0] if item.colors else ""
                self._pack.setdefault(item.names[0], []).append(
                    Candidate(item.object_id, item.names[0], color, _pack_build(item))
                )
        if shapes:
            self._add_shapes()
        self.categories = tuple(sorted({*self._pack, *self._made}))
        if not self.categories:
            raise ValueError(
                f"no object belongs to split {split!r}: give more packs, allow shapes, "
                "or choose --split all"
            )
        self.holders = tuple(name for name in self.categories if name in _HOLDERS)

    def _add_shapes(self) -> None:
        from textseg_core.scenes import shapes

        self.nouns |= frozenset(shapes.nouns())
        for object_id in shapes.profile_ids():
            if belongs(object_id, self._split):
                category = object_id.rpartition("-")[0]
                self._made.setdefault(category, []).append(
                    Candidate(object_id, category, "", self._shape_build(object_id, category))
                )

    def _shape_build(self, object_id: str, category: str) -> Build:
        from textseg_core.scenes import shapes

        def build(rng: np.random.Generator, colors: Collection[str] | None) -> ObjectModel:
            return shapes.build_shape(object_id, rng, colors=self._allowed(category, colors))

        return build

    def _allowed(self, category: str, colors: Collection[str] | None) -> Collection[str] | None:
        """Return the main colours that a made shape may have; None for any."""
        return colors

    def draw_category(self, rng: np.random.Generator) -> str:
        """Draw a category, of made shapes mostly."""
        made = self._made and (not self._pack or rng.random() < SHAPE_SHARE)
        names = sorted(self._made if made else self._pack)
        return names[int(rng.integers(len(names)))]

    def candidates(self, category: str, rng: np.random.Generator) -> list[Candidate]:
        """Return the pack's or the made objects of a category."""
        made, pack = self._made.get(category, []), self._pack.get(category, [])
        return made if made and (not pack or rng.random() < SHAPE_SHARE) else pack

    def draw(
        self,
        rng: np.random.Generator,
        category: str | None = None,
        colors: Collection[str] | None = None,
    ) -> ObjectModel:
        """Draw one object.

        Args:
            rng: Decides.
            category: Its category; drawn too if None.
            colors: Main colours to prefer; ignored where the category has none of them.
        """
        name = category or self.draw_category(rng)
        pool = self.candidates(name, rng)
        fitting = [item for item in pool if not colors or not item.color or item.color in colors]
        pool = fitting or pool
        return pool[int(rng.integers(len(pool)))].build(rng, colors)

    def draw_group(self, rng: np.random.Generator, count: int) -> list[ObjectModel]:
        """Draw several of one category: of one colour, of different colours, or all alike."""
        category = self.draw_category(rng)
        for _ in range(3):
            if len(self._made.get(category, ())) + len(self._pack.get(category, ())) > 1:
                break
            category = self.draw_category(rng)
        style = rng.random()
        models = [self.draw(rng, category)]
        first = models[0].colors[0] if models[0].colors else ""
        while len(models) < count:
            if style < 0.15:
                models.append(models[0])
            elif style < 0.45:
                models.append(self.draw(rng, category, {first}))
            else:
                models.append(self._differing(rng, category, models))
        return models

    def _differing(
        self, rng: np.random.Generator, category: str, models: Sequence[ObjectModel]
    ) -> ObjectModel:
        """Draw one whose main colour the others do not have, if five tries find one."""
        used = {model.colors[0] for model in models if model.colors}
        model = self.draw(rng, category)
        for _ in range(4):
            if not model.colors or model.colors[0] not in used:
                break
            model = self.draw(rng, category)
        return model
