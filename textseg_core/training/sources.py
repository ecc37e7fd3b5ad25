"""Where training scenes come from: each source draws one scene, by its own means, on demand."""

import hashlib
import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import NamedTuple, Protocol

import cv2
import numpy as np
from pycocotools import mask as coco_mask

from textseg_core.datasets.described import Described
from textseg_core.datasets.grocery import LabelledPhoto
from textseg_core.datasets.photos import Photo
from textseg_core.expressions.draw_queries import write_expressions
from textseg_core.scenes.scene import Query, Scene, SceneObject
from textseg_core.scenes.stuff import is_stuff, stuff_queries, with_stuff
from textseg_core.training.compose import (
    SceneBuilder,
    SceneSources,
    Sprite,
    paste_things,
    table_scene,
)
from textseg_core.training.framing import Window, draw_window, frame_scene, visibility

_VALIDATION_SHARE = 0.08
_NOT_A_PICTURE = np.empty((0, 0, 4), np.uint8)


class Drawn(NamedTuple):
    """A scene to learn from.

    Attributes:
        scene: Image and objects, of any size.
        queries: Expressions that belong to it; none where they are still to be written.
        weak: Only the presence of the targets is known, not their place.
    """

    scene: Scene
    queries: tuple[Query, ...] = ()
    weak: bool = False


class Source(Protocol):
    """Draws scenes of one sort."""

    def draw(self, rng: np.random.Generator, size_px: int) -> Drawn:
        """Return a scene for a network input of side `size_px`."""
        ...


class SceneStore(Protocol):
    """Rendered scenes on disk, as `scenes.cache.RenderedScenes`."""

    def __getitem__(self, index: int) -> Scene: ...


def is_validation(name: str) -> bool:
    """Tell whether a scene of the training split is kept for choosing the best weights.

    The digest of its name decides; all views of a scene fall on the same side.
    """
    scene = re.sub(r"_[0-9]+$", "", name)
    digest = hashlib.sha256(f"validation {scene}".encode()).digest()
    return int.from_bytes(digest[:4], "big") / 2**32 < _VALIDATION_SHARE


@dataclass(frozen=True, slots=True)
class RenderedSource:
    """Rendered scenes, framed anew each time.

    Attributes:
        store: Of all views.
        views: Indices of those to learn from.
    """

    store: SceneStore
    views: Sequence[int]

    def draw(self, rng: np.random.Generator, size_px: int) -> Drawn:
        """Return a part of a rendered scene."""
        scene = self.store[self.views[int(rng.integers(len(self.views)))]]
        height, width = scene.image.shape[:2]
        return Drawn(frame_scene(scene, draw_window(height, width, rng, whole=0.5, zoom=1.5)))


@dataclass(frozen=True, slots=True)
class StuffSource:
    """Rendered scenes that are asked for table, floor and wall besides things.

    Attributes:
        store: Of all views, with depth.
        views: Indices of those to learn from.
        asked: Most expressions about things; the others ask for stuff, there or not.
    """

    store: SceneStore
    views: Sequence[int]
    asked: int = 4

    def draw(self, rng: np.random.Generator, size_px: int) -> Drawn:
        """Return a part of a rendered scene with its expressions."""
        whole = with_stuff(self.store[self.views[int(rng.integers(len(self.views)))]])
        height, width = whole.image.shape[:2]
        scene = frame_scene(whole, draw_window(height, width, rng, whole=0.5, zoom=1.5))
        # Stuff stands behind the things, so these keep their numbers without it.
        things = replace(scene, objects=tuple(o for o in scene.objects if not is_stuff(o)))
        queries = write_expressions(things, self.asked, rng, compositions="train")
        queries += stuff_queries(scene)
        order = rng.permutation(len(queries))
        return Drawn(scene, tuple(queries[int(index)] for index in order))


def photo_scene(photo: Photo, closed_names: frozenset[str], window: Window | None = None) -> Scene:
    """Return what a window shows of a photograph, all of it if None, at its own resolution.

    The same as to frame the whole scene, without building that first.
    """
    window = window or Window(0, 0, photo.image.shape[1], photo.image.shape[0])
    rows = slice(window.top, window.top + window.height)
    columns = slice(window.left, window.left + window.width)
    things = []
    hidden: set[str] = set()
    for instance in photo.instances:
        mask = instance.mask()[rows, columns]
        seen = visibility(mask, int(coco_mask.area(instance.rle)), window)
        if seen != "whole":
            hidden.update((*instance.names, *instance.hypernyms))
        if seen != "gone":
            countable = not instance.crowd and seen == "whole"
            things.append(
                SceneObject(instance.names, mask, instance.hypernyms, countable=countable)
            )
    return Scene(
        photo.image[rows, columns],
        tuple(things),
        closed_names,
        frozenset(hidden),
        f"photo-{photo.image_id}",
    )


@dataclass(frozen=True, slots=True)
class PhotoSource:
    """Photographs, framed anew each time."""

    photos: Sequence[Photo]
    closed_names: frozenset[str]

    def draw(self, rng: np.random.Generator, size_px: int) -> Drawn:
        """Return a part of a photograph."""
        photo = self.photos[int(rng.integers(len(self.photos)))]
        height, width = photo.image.shape[:2]
        window = draw_window(height, width, rng, whole=0.4, zoom=2.2)
        return Drawn(photo_scene(photo, self.closed_names, window))


def shrink_scene(scene: Scene, size_px: int) -> Scene:
    """Return a scene whose longer side is `size_px`, averaged over areas as inference does."""
    height, width = scene.image.shape[:2]
    scale = size_px / max(height, width)
    size = (max(1, round(width * scale)), max(1, round(height * scale)))
    method = cv2.INTER_AREA if scale < 1 else cv2.INTER_LINEAR
    image = cv2.resize(np.ascontiguousarray(scene.image), size, interpolation=method)
    things = []
    for thing in scene.objects:
        soft = cv2.resize(
            np.ascontiguousarray(thing.mask).view(np.uint8) * 255, size, interpolation=method
        )
        mask = soft > 127
        if mask.any():
            things.append(replace(thing, mask=mask, support=None, inside=False))
    return replace(
        scene, image=image.astype(np.uint8), objects=tuple(things), depth=None, intrinsics=None
    )


@dataclass(frozen=True, slots=True)
class PastedSource:
    """Photographs with things pasted into them, cut from other photographs or rendered."""

    photographs: PhotoSource
    sources: SceneSources

    def draw(self, rng: np.random.Generator, size_px: int) -> Drawn:
        """Return a photograph that shows more than was photographed."""
        scene = shrink_scene(self.photographs.draw(rng, size_px).scene, size_px)
        builder = SceneBuilder(scene.image.copy())
        builder.hide(sorted(scene.hidden_names))
        for thing in scene.objects:
            what = Sprite(_NOT_A_PICTURE, thing.names, thing.hypernyms, thing.colors)
            builder.add(what, thing.mask, thing.area, thing.upright_base, thing.countable)
        paste_things(builder, self.sources, size_px, rng)
        return Drawn(builder.build(scene.closed_names))


@dataclass(frozen=True, slots=True)
class TableSource:
    """Rendered things composed on a table in two dimensions."""

    sources: SceneSources

    def draw(self, rng: np.random.Generator, size_px: int) -> Drawn:
        """Return a composed table."""
        return Drawn(table_scene(self.sources, size_px, rng))


@dataclass(frozen=True, slots=True)
class DescribedSource:
    """Published data sets: whole pictures with the expressions that people wrote."""

    pictures: Sequence[Described]

    def draw(self, rng: np.random.Generator, size_px: int) -> Drawn:
        """Return a picture with its expressions in random order."""
        while True:
            scene, queries = self.pictures[int(rng.integers(len(self.pictures)))].load()
            if queries or scene.objects:
                break
        order = rng.permutation(len(queries))
        return Drawn(scene, tuple(queries[int(index)] for index in order))


@dataclass(frozen=True, slots=True)
class WeakSource:
    """Photographs of which only the main content is known.

    Goods of the same group may stand beside it, so only names of other groups are absent.
    """

    pictures: Sequence[LabelledPhoto]
    asked: int = 4

    def draw(self, rng: np.random.Generator, size_px: int) -> Drawn:
        """Return a photograph with names that are present and names that are not."""
        shown = self.pictures[int(rng.integers(len(self.pictures)))]
        others = sorted({p.category for p in self.pictures if p.group != shown.group})
        queries = [Query(f"the {name}", (0,), "weak") for name in shown.names]
        queries += [
            Query(f"the {others[int(index)]}", (), "weak")
            for index in rng.choice(
                len(others), size=min(len(others), len(queries)), replace=False
            )
        ]
        order = rng.permutation(len(queries))
        scene = Scene(shown.load(), (), frozenset())
        return Drawn(scene, tuple(queries[int(index)] for index in order), weak=True)


@dataclass(frozen=True, slots=True)
class SourceSet:
    """All sources of a run and what belongs to them.

    Attributes:
        by_name: Sources by their name in the mixture.
        nouns: Nouns that may be asked for.
        texts: Expressions that people wrote, for their words.
        validation: Returns scenes kept for choosing the best weights, by source.
        counts: How many scenes or pictures each source learns from, for the record.
    """

    by_name: Mapping[str, Source]
    nouns: tuple[str, ...]
    texts: tuple[str, ...] = ()
    validation: Callable[[int], dict[str, list[Scene]]] = lambda most: {}
    counts: Mapping[str, int] = field(default_factory=dict)

    def draw(
        self, mixture: Mapping[str, float], rng: np.random.Generator, size_px: int
    ) -> tuple[str, Drawn]:
        """Draw a source by its weight, and a scene from it."""
        names = [name for name, weight in mixture.items() if weight > 0]
        weights = np.array([mixture[name] for name in names])
        name = names[int(rng.choice(len(names), p=weights / weights.sum()))]
        return name, self.by_name[name].draw(rng, size_px)
