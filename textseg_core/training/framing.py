"""Framing a scene anew: which part of a picture is shown, and what can then be asked for."""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Literal

import numpy as np

from textseg_core.arrays import BoolArray
from textseg_core.scenes.scene import Query, Scene, SceneObject
from textseg_core.training.compose import LEAST_AREA_PX, LEAST_VISIBLE

_USUAL_PX = 320  # the input side that LEAST_AREA_PX is counted in


@dataclass(frozen=True, slots=True)
class Window:
    """A part of a picture in whole pixels.

    Attributes:
        left: First column.
        top: First row.
        width: Columns.
        height: Rows.
    """

    left: int
    top: int
    width: int
    height: int


def draw_window(
    height: int, width: int, rng: np.random.Generator, *, whole: float, zoom: float
) -> Window:
    """Draw what is shown of a picture, of an aspect between upright 4:3 and wide 16:9.

    Args:
        height: Of the picture, pixels.
        width: Of the picture, pixels.
        rng: Source of the choice.
        whole: Probability of showing all of it.
        zoom: Most enlargement, at least 1.
    """
    if rng.random() < whole:
        return Window(0, 0, width, height)
    aspect = float(np.exp(rng.uniform(np.log(3 / 4), np.log(16 / 9))))
    scale = float(np.exp(-rng.uniform(0.0, np.log(zoom))))
    full_width = min(width, height * aspect)
    w = min(width, max(8, round(full_width * scale)))
    h = min(height, max(8, round(full_width / aspect * scale)))
    left, top = int(rng.integers(width - w + 1)), int(rng.integers(height - h + 1))
    return Window(left, top, w, h)


def visibility(
    mask: BoolArray, full_area: int, window: Window
) -> Literal["whole", "hidden", "gone"]:
    """Tell what can be said of a thing that a window shows.

    Args:
        mask: Its pixels within the window.
        full_area: Its pixels in the whole picture.
        window: Whose longer side will be shown at the usual size.

    Returns:
        "whole" if it can be asked for; "hidden" if it is there but cut off or too small to be
        asked for; "gone" if hardly anything of it is left.
    """
    visible = int(np.count_nonzero(mask))
    shown = visible * (_USUAL_PX / max(window.width, window.height)) ** 2
    if not visible or shown < LEAST_AREA_PX / 3:
        return "gone"
    if shown < LEAST_AREA_PX or visible < LEAST_VISIBLE * full_area:
        return "hidden"
    return "whole"


def frame_scene(scene: Scene, window: Window) -> Scene:
    """Return what a window shows of a scene, at the scene's own resolution.

    Things that are mostly cut off or too small are no longer asked for: their nouns become
    hidden names. Support and placement stay those of the scene; a support that is out of
    view is unknown.
    """
    rows = slice(window.top, window.top + window.height)
    columns = slice(window.left, window.left + window.width)
    hidden = set(scene.hidden_names)
    kept: list[SceneObject] = []
    index: dict[int, int] = {}
    for old, thing in enumerate(scene.objects):
        mask = thing.mask[rows, columns]
        seen = visibility(mask, thing.area, window)
        if seen != "whole":
            hidden.update((*thing.names, *thing.hypernyms))
        if seen != "gone":
            index[old] = len(kept)
            countable = thing.countable and seen == "whole"
            kept.append(replace(thing, mask=mask, countable=countable))
    objects = tuple(
        thing
        if thing.support is None
        else replace(
            thing,
            support=index.get(thing.support),
            inside=thing.inside and thing.support in index,
        )
        for thing in kept
    )
    intrinsics = scene.intrinsics
    if intrinsics is not None:
        intrinsics = intrinsics.copy()
        intrinsics[0, 2] -= window.left
        intrinsics[1, 2] -= window.top
    return replace(
        scene,
        image=scene.image[rows, columns],
        objects=objects,
        hidden_names=frozenset(hidden),
        depth=None if scene.depth is None else scene.depth[rows, columns],
        intrinsics=intrinsics,
    )


def shown_targets(scene: Scene, queries: Sequence[Query]) -> list[int]:
    """Return the indices of the objects that some query means, each once, in order."""
    return sorted({index for query in queries for index in query.targets})
