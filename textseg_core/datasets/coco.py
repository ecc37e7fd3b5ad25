"""Annotations in COCO's format: a compact index in memory, and scenes made from it."""

from array import array
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, TypeAlias

import numpy as np
from pycocotools import mask as coco_mask

from textseg_core.arrays import BoolArray, UInt8Array
from textseg_core.datasets.files import Origin, read_json
from textseg_core.expressions.names import HYPERNYMS, SYNONYMS
from textseg_core.scenes.scene import Scene, SceneObject

COCO = Origin("COCO", "https://cocodataset.org/#download")
EXPECTED = "a COCO instances file"
LEAST_SHARE = 0.0005  # of the picture; smaller things are not asked for
_LEAST_NUMBERS = 6  # three corners

#: Polygons as x0, y0, x1, y1, ..., or run lengths, plain or compressed.
Segmentation: TypeAlias = tuple["array[float]", ...] | dict[str, Any]


def _plain_counts(text: str) -> list[int]:
    """Return the run lengths of COCO's text form.

    Each is written in groups of five bits, lowest first, a sixth bit telling that more follow
    and the fifth of the last group its sign; from the fourth on, they are the difference to the
    one before the last. pycocotools reads damaged text without complaint, into any memory.
    """
    counts: list[int] = []
    value = shift = 0
    for letter in text:
        group = ord(letter) - 48
        value |= (group & 31) << shift
        shift += 5
        if group & 32:
            continue
        if group & 16:
            value -= 1 << shift
        counts.append(value + counts[-2] if len(counts) > 2 else value)
        value = shift = 0
    return counts


@dataclass(frozen=True, slots=True)
class Annotation:
    """One annotated thing.

    Attributes:
        annotation_id: As in the file; its position there where the file gives none.
        category: Name in the file.
        segmentation: Its outline, not yet drawn.
        crowd: A region of many that are not told apart.
    """

    annotation_id: int
    category: str
    segmentation: Segmentation
    crowd: bool

    @property
    def names(self) -> tuple[str, ...]:
        """Nouns that name it, the category first."""
        return (self.category, *SYNONYMS.get(self.category, ()))

    @property
    def hypernyms(self) -> tuple[str, ...]:
        """More general nouns."""
        return HYPERNYMS.get(self.category, ())

    def run_lengths(self, height: int, width: int) -> Any:
        """Return COCO's compressed run lengths.

        Raises:
            ValueError: The run lengths in the file are those of another size, or damaged.
        """
        parts: Any
        if isinstance(self.segmentation, tuple):
            parts = [part.tolist() for part in self.segmentation if len(part) >= _LEAST_NUMBERS]
            if not parts:
                return coco_mask.encode(np.zeros((height, width), np.uint8, order="F"))
            return coco_mask.merge(coco_mask.frPyObjects(parts, height, width))
        counts, size = self.segmentation["counts"], list(self.segmentation["size"])
        counts = counts if isinstance(counts, list) else _plain_counts(counts)
        if size != [height, width] or sum(counts) != height * width or min(counts) < 0:
            raise ValueError(
                f"annotation {self.annotation_id}: expected run lengths of {height} rows and "
                f"{width} columns, got {size} with {sum(counts)} pixels"
            )
        plain: Any = {"size": size, "counts": counts}
        return coco_mask.frPyObjects(plain, height, width)

    def mask(self, height: int, width: int) -> BoolArray:
        """Return the mask, (height, width)."""
        decoded: UInt8Array = coco_mask.decode(self.run_lengths(height, width))
        return decoded.astype(np.bool_)


@dataclass(frozen=True, slots=True)
class CocoImage:
    """A picture's entry in the file.

    Attributes:
        image_id: As in the file.
        file_name: Of the picture, without folder.
        size: (width, height) in pixels; None where the file does not give it.
        licence: COCO's licence id; None where the file does not give it.
        annotations: Everything annotated in it.
    """

    image_id: int
    file_name: str
    size: tuple[int, int] | None
    licence: int | None
    annotations: tuple[Annotation, ...]


@dataclass(frozen=True, slots=True)
class CocoIndex:
    """An annotation file, read.

    Attributes:
        path: The file.
        images: By id, in the order of the file.
        categories: Names in the order of the file.
    """

    path: Path
    images: dict[int, CocoImage]
    categories: tuple[str, ...]

    @property
    def closed_names(self) -> frozenset[str]:
        """Nouns that are annotated wherever they occur."""
        return frozenset(self.categories)


def _compact(record: dict[str, Any]) -> dict[str, Any]:
    """Keep polygons as machine numbers, a fifth of the memory that Python's take."""
    outline = record.get("segmentation")
    if isinstance(outline, list):
        record["segmentation"] = tuple(array("d", part) for part in outline)
    return record


def _check_run_lengths(outline: dict[str, Any]) -> None:
    """Raise KeyError or TypeError if an outline is no run lengths."""
    _, counts = outline["size"], outline["counts"]
    if not isinstance(counts, (str, list)):
        raise TypeError(f"expected run lengths as list or text, got {type(counts).__name__}")


def read_coco(path: Path, origin: Origin = COCO) -> CocoIndex:
    """Read an annotation file; no picture is opened and no mask drawn.

    Raises:
        ValueError: The file is missing or damaged.
    """
    try:
        content = read_json(path, EXPECTED, origin, _compact)
        categories = {item["id"]: str(item["name"]) for item in content["categories"]}
        annotations: dict[int, list[Annotation]] = {}
        for position, item in enumerate(content["annotations"]):
            outline = item["segmentation"]
            if isinstance(outline, dict):
                _check_run_lengths(outline)
            annotations.setdefault(item["image_id"], []).append(
                Annotation(
                    item.get("id", position),
                    categories[item["category_id"]],
                    outline,
                    bool(item.get("iscrowd", 0)),
                )
            )
        images = {
            item["id"]: CocoImage(
                item["id"],
                str(item["file_name"]),
                (item["width"], item["height"]) if "width" in item else None,
                item.get("license"),
                tuple(annotations.get(item["id"], ())),
            )
            for item in content["images"]
        }
    except (KeyError, TypeError, AttributeError) as error:
        raise origin.damaged(path, EXPECTED, repr(error)) from error
    return CocoIndex(path, images, tuple(categories.values()))


def annotated_scene(
    image: UInt8Array, annotations: Sequence[Annotation], index: CocoIndex, scene_id: str
) -> tuple[Scene, dict[int, int]]:
    """Return a picture with everything annotated in it, and where each annotation went.

    Args:
        image: RGB, (H, W, 3).
        annotations: Of this picture.
        index: The file that they come from.
        scene_id: Name of the scene.

    Returns:
        The scene, and the place in it of each annotation id that has a pixel.

    Raises:
        ValueError: Run lengths do not fit the picture.
    """
    height, width = image.shape[:2]
    objects: list[SceneObject] = []
    hidden: set[str] = set()
    places: dict[int, int] = {}
    for annotation in annotations:
        try:
            mask = annotation.mask(height, width)
        except ValueError as error:
            raise ValueError(f"{index.path}: {error}") from error
        nouns = (*annotation.names, *annotation.hypernyms)
        small = bool(mask.mean() < LEAST_SHARE)
        if small:
            hidden.update(nouns)
        if not mask.any():
            continue
        places[annotation.annotation_id] = len(objects)
        countable = not (annotation.crowd or small)
        objects.append(
            SceneObject(annotation.names, mask, annotation.hypernyms, countable=countable)
        )
    scene = Scene(image, tuple(objects), index.closed_names, frozenset(hidden), scene_id=scene_id)
    return scene, places
