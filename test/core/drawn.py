"""Scenes, photographs and sprites that the tests of training and evaluation draw themselves."""

import json
from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import Any

import cv2
import numpy as np

from textseg_core.arrays import AnyArray, BoolArray, UInt8Array
from textseg_core.expressions.draw_queries import write_one
from textseg_core.expressions.phrases import TABLE_LINKS
from textseg_core.expressions.writer import ExpressionWriter
from textseg_core.scenes.scene import Placement, Query, Scene, SceneObject
from textseg_core.training.compose import Sprite

Box = tuple[int, int, int, int]
SIDE = 200


def box_mask(box: Box, height: int = SIDE, width: int = SIDE) -> BoolArray:
    """A filled box (x0, y0, x1, y1)."""
    mask = np.zeros((height, width), np.bool_)
    mask[box[1] : box[3], box[0] : box[2]] = True
    return mask


def thing(name: str, box: Box, **more: Any) -> SceneObject:
    """A box-shaped object; `more` as in `SceneObject`, `synonyms` beside the name."""
    names = (name, *more.pop("synonyms", ()))
    return SceneObject(names, box_mask(box), **more)


def stands(
    name: str, x: float, y: float, *, side: float = 0.1, height: float = 0.1, **more: Any
) -> SceneObject:
    """A box on a table at (x, y) metres, y away from the viewer; 150 px a metre, 100 px away."""
    u, base = 100 + 150 * x, 130 - 100 * y
    half, tall = 75 * side, 150 * height
    box = (max(0, round(u - half)), max(0, round(base - tall)), round(u + half), round(base))
    z = more.pop("z", 0.0) + height / 2
    place = Placement((x, y, z), (side, side, height))
    return thing(name, box, placement=place, upright_base=True, **more)


def bare(expression: str) -> str:
    """The expression without its article and without "that is" before its place."""
    for article in ("the ", "an ", "a "):
        if expression.startswith(article):
            expression = expression[len(article) :]
            break
    for link in sorted(filter(None, TABLE_LINKS), key=len, reverse=True):
        if f" {link} not " not in expression:
            expression = expression.replace(f" {link} ", " ", 1)
    return expression


def meanings(queries: Iterable[Query]) -> dict[str, set[tuple[int, ...]]]:
    """What each expression, laid bare, was said to mean."""
    found: dict[str, set[tuple[int, ...]]] = {}
    for query in queries:
        found.setdefault(bare(query.expression), set()).add(query.targets)
    return found


def scene(*things: SceneObject, closed: Iterable[str] = (), hidden: Iterable[str] = ()) -> Scene:
    """A scene of side `SIDE`; its pixels do not matter to its expressions."""
    image = np.zeros((SIDE, SIDE, 3), np.uint8)
    return Scene(image, things, frozenset(closed), frozenset(hidden))


def every(what: Scene, kind: str, draws: int = 150) -> list[Query]:
    """All expressions of one kind that come out of so many draws."""
    writer = ExpressionWriter(what, np.random.default_rng(5))
    drawn = (write_one(writer, kind) for _ in range(draws))
    return [query for query in drawn if query is not None]


def polygon(box: Box) -> list[list[int]]:
    """COCO polygon whose pixels are those of the box."""
    x0, y0, x1, y1 = box
    return [[x0, y0, x1, y0, x1, y1, x0, y1]]


def run_lengths(mask: AnyArray) -> dict[str, Any]:
    """COCO's uncompressed run lengths: down the columns, background first."""
    counts, value = [0], False
    for pixel in mask.ravel(order="F"):
        if bool(pixel) != value:
            counts.append(0)
            value = not value
        counts[-1] += 1
    return {"counts": counts, "size": list(mask.shape)}


def write_photos(
    folder: Path,
    categories: Sequence[str],
    *photos: tuple[int, UInt8Array, Sequence[tuple[str, Any, bool]]],
    licences: dict[int, int] | None = None,
) -> Path:
    """Write a COCO folder of (id, RGB picture, [(category, segmentation, crowd)])."""
    (folder / "images").mkdir(parents=True)
    images, annotations = [], []
    for image_id, image, instances in photos:
        name = f"{image_id:012d}.png"
        cv2.imwrite(str(folder / "images" / name), cv2.cvtColor(image, cv2.COLOR_RGB2BGR))
        record = {"id": image_id, "file_name": name, "license": (licences or {}).get(image_id, 4)}
        images.append(record)
        annotations += [
            {
                "image_id": image_id,
                "category_id": categories.index(category) + 1,
                "segmentation": segmentation,
                "iscrowd": int(crowd),
            }
            for category, segmentation, crowd in instances
        ]
    named = [{"id": index + 1, "name": name} for index, name in enumerate(categories)]
    content = {"images": images, "annotations": annotations, "categories": named}
    (folder / "instances.json").write_text(json.dumps(content), encoding="utf-8")
    return folder


def flat_sprite(name: str, colour: tuple[int, int, int], side: int = 40, **more: Any) -> Sprite:
    """An opaque square of one colour."""
    rgba = np.full((side, side, 4), (*colour, 255), np.uint8)
    return Sprite(rgba, (name,), **more)
