"""A small run that needs no data: pictures of flat shapes, drawn here, and settings to match."""

import json
from pathlib import Path

import cv2
import numpy as np
import yaml

from textseg_core.arrays import BoolArray, UInt8Array
from textseg_core.reproduce.systems import System
from textseg_core.scenes.cache import SETTINGS_FILE, save_view, view_stem
from textseg_core.scenes.scene import Scene, SceneObject

#: The name of these pictures, which no published data set has.
DRAWN = "drawn"
SIDE_PX = 128
TRAIN_SCENES, TEST_SCENES = 120, 24
COLOURS = {
    "red": (210, 40, 40),
    "green": (50, 170, 60),
    "blue": (40, 70, 210),
    "yellow": (230, 210, 50),
    "purple": (140, 50, 170),
    "white": (240, 240, 240),
}
SHAPES = ("circle", "square", "triangle")
_INTRINSICS = np.array([[120.0, 0.0, 63.5], [0.0, 120.0, 63.5], [0.0, 0.0, 1.0]])


def drawn_scene(number: int, seed: int) -> Scene:
    """Return a picture of two to four shapes; the same for the same numbers."""
    rng = np.random.default_rng([seed, number])
    image = np.full((SIDE_PX, SIDE_PX, 3), 110, np.uint8)
    image += rng.integers(0, 25, image.shape, dtype=np.uint8)
    objects = []
    half = SIDE_PX // 2
    for place in rng.permutation(4)[: rng.integers(2, 5)]:
        size = int(rng.integers(34, 56))
        left = int(place % 2) * half + int(rng.integers(4, half - size - 2))
        top = int(place // 2) * half + int(rng.integers(4, half - size - 2))
        shape = SHAPES[rng.integers(len(SHAPES))]
        colour = list(COLOURS)[rng.integers(len(COLOURS))]
        mask = shape_mask(shape, left, top, size)
        image[mask] = np.clip(np.array(COLOURS[colour]) + rng.integers(-12, 13, 3), 0, 255)
        objects.append(SceneObject((shape,), mask, colors=(colour,)))
    return Scene(
        image,
        tuple(objects),
        frozenset(SHAPES),
        scene_id=f"{number:06d}_0",
        depth=np.ones((SIDE_PX, SIDE_PX), np.float32),
        intrinsics=_INTRINSICS,
    )


def shape_mask(shape: str, left: int, top: int, size: int) -> BoolArray:
    """Return the pixels of a shape within a square."""
    canvas: UInt8Array = np.zeros((SIDE_PX, SIDE_PX), np.uint8)
    right, bottom = left + size - 1, top + size - 1
    if shape == "circle":
        cv2.circle(canvas, (left + size // 2, top + size // 2), size // 2 - 1, 1, -1)
    elif shape == "square":
        cv2.rectangle(canvas, (left, top), (right, bottom), 1, -1)
    else:
        corners = np.array([[left, bottom], [right, bottom], [(left + right) // 2, top]])
        cv2.fillPoly(canvas, [corners.astype(np.int32)], 1)
    mask: BoolArray = canvas.astype(np.bool_)
    return mask


def write_drawn(folder: Path, split: str, scenes: int) -> Path:
    """Write drawn scenes as `textseg_core.scenes.generate` writes rendered ones; return where."""
    made = folder / split
    made.mkdir(parents=True, exist_ok=True)
    settings = {"split": split, "nouns": sorted(SHAPES)}
    (made / SETTINGS_FILE).write_text(json.dumps(settings), encoding="utf-8")
    seed = ("train", "test").index(split)
    for number in range(scenes):
        save_view(drawn_scene(number, seed), view_stem(made, number, 0))
    return made


def write_small_settings(path: Path, system: System, steps: int) -> Path:
    """Write training settings for drawn scenes; return the file."""
    stage = {"input_px": SIDE_PX, "batch": 6, "queries": 4, "mixture": {"scenes": 1.0}}
    settings: dict[str, object] = {
        "network": system.network,
        "model": dict(system.small),
        "steps": steps,
        "rate": system.rate,
        "backbone_share": 1.0,
        "weight_decay": 0.0005,
        "average": 0.9,
        "clip": 10,
        "precision": "fp32",
        "ablate": ["backbone"],
        "workers": 0,
        "validation_scenes": 4,
        "stages": [{**stage, **dict(own)} for own in system.stages],
    }
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(yaml.safe_dump(settings, sort_keys=False), encoding="utf-8")
    return path
