"""Folders of drawn scenes in the form in which rendered ones are kept."""

import json
from collections.abc import Sequence
from pathlib import Path

import numpy as np

from textseg_core.scenes.cache import SETTINGS_FILE, save_view, view_stem
from textseg_core.scenes.scene import Scene, SceneObject

SIDE = 96
COLOURS = {"red": (255, 0, 0), "green": (0, 255, 0), "blue": (0, 0, 255)}
INTRINSICS = np.array([[100.0, 0.0, 47.5], [0.0, 100.0, 47.5], [0.0, 0.0, 1.0]])
Block = tuple[str, tuple[int, int, int, int]]

#: Blocks along the cells of conftest's network; their categories are the colours that it knows.
BLOCKS: tuple[tuple[Block, ...], ...] = (
    (("red", (8, 8, 40, 40)), ("green", (56, 48, 88, 88))),
    (("blue", (8, 8, 32, 32)), ("red", (48, 48, 88, 88))),
    (("green", (16, 24, 64, 64)), ("blue", (72, 72, 88, 88))),
)


def block_scene(scene_id: str, blocks: Sequence[Block]) -> Scene:
    """Coloured blocks on black, a metre away; a category is named like its colour."""
    image = np.zeros((SIDE, SIDE, 3), np.uint8)
    objects = []
    for name, (x0, y0, x1, y1) in blocks:
        mask = np.zeros((SIDE, SIDE), np.bool_)
        mask[y0:y1, x0:x1] = True
        image[mask] = COLOURS[name]
        objects.append(SceneObject((name,), mask))
    depth = np.ones((SIDE, SIDE), np.float32)
    return Scene(
        image,
        tuple(objects),
        frozenset(COLOURS),
        scene_id=scene_id,
        depth=depth,
        intrinsics=INTRINSICS,
    )


def write_scenes(folder: Path, split: str, *tables: Sequence[Block]) -> Path:
    """Write one scene of each list of blocks, each with one view."""
    folder.mkdir(parents=True)
    settings = {"split": split, "nouns": sorted(COLOURS)}
    (folder / SETTINGS_FILE).write_text(json.dumps(settings), encoding="utf-8")
    for number, blocks in enumerate(tables):
        save_view(block_scene(f"{number:06d}_0", blocks), view_stem(folder, number, 0))
    return folder
