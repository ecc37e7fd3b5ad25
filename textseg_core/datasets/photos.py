"""Photographs with instance masks in COCO format, and the third of them kept out of training."""

import hashlib
import json
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import cv2
import numpy as np
from pycocotools import mask as coco_mask

from textseg_core.arrays import BoolArray, UInt8Array
from textseg_core.expressions.names import HYPERNYMS, SYNONYMS


@dataclass(frozen=True, slots=True)
class Instance:
    """One annotated thing.

    Attributes:
        category: Name in the annotation file.
        rle: COCO run lengths of its mask.
        crowd: A region of many that are not told apart.
    """

    category: str
    rle: Any
    crowd: bool

    def mask(self) -> BoolArray:
        """Return the mask, (H, W)."""
        decoded: UInt8Array = coco_mask.decode(self.rle)
        return decoded.astype(np.bool_)

    @property
    def names(self) -> tuple[str, ...]:
        """Nouns that name it, the category first."""
        return (self.category, *SYNONYMS.get(self.category, ()))

    @property
    def hypernyms(self) -> tuple[str, ...]:
        """More general nouns."""
        return HYPERNYMS.get(self.category, ())


@dataclass(frozen=True, slots=True)
class Photo:
    """One photograph with its instances.

    Attributes:
        image_id: As in the annotation file.
        image: RGB, (H, W, 3).
        instances: Everything annotated in it.
    """

    image_id: int
    image: UInt8Array
    instances: tuple[Instance, ...]


def is_held_out(image_id: int) -> bool:
    """Tell whether a photograph belongs to the third that training never sees.

    The digest of the id decides, so the split stays the same when pictures are added.
    """
    return hashlib.sha256(str(image_id).encode()).digest()[0] % 3 == 0


def _read_instances(path: Path) -> dict[str, Any]:
    try:
        content = json.loads(path.read_text(encoding="utf-8"))
        for key in ("images", "annotations", "categories"):
            content[key]
    except FileNotFoundError as error:
        raise ValueError(f"{path} is missing: expected a COCO instances file") from error
    except (KeyError, TypeError, json.JSONDecodeError, UnicodeDecodeError) as error:
        raise ValueError(f"{path} is not a COCO instances file: {error!r}") from error
    return dict(content)


def _to_rle(segmentation: Any, height: int, width: int) -> Any:
    """Return the run lengths of polygons, of plain or of compressed run lengths."""
    if isinstance(segmentation, list):
        return coco_mask.merge(coco_mask.frPyObjects(segmentation, height, width))
    counts = segmentation["counts"]
    if isinstance(counts, str):
        return {"size": segmentation["size"], "counts": counts.encode("ascii")}
    return coco_mask.frPyObjects(segmentation, height, width)


def load_photos(
    folder: Path, held_out: bool | None = None, licences: frozenset[int] | None = None
) -> list[Photo]:
    """Read `instances.json` and the pictures beside it.

    Args:
        folder: Holds `instances.json` and `images/` (or the pictures themselves).
        held_out: True for the kept-out third, False for the rest, None for all.
        licences: COCO licence ids to admit, all if None.

    Raises:
        ValueError: A file is missing or damaged; the message names it.
    """
    content = _read_instances(folder / "instances.json")
    categories = {item["id"]: item["name"] for item in content["categories"]}
    by_image: dict[int, list[Any]] = {}
    for annotation in content["annotations"]:
        by_image.setdefault(annotation["image_id"], []).append(annotation)
    photos: list[Photo] = []
    for record in content["images"]:
        if held_out is not None and is_held_out(record["id"]) != held_out:
            continue
        if licences is not None and record.get("license") not in licences:
            continue
        path = folder / "images" / record["file_name"]
        path = path if path.exists() else folder / record["file_name"]
        bgr = cv2.imread(str(path), cv2.IMREAD_COLOR)
        if bgr is None:
            raise ValueError(f"{path}: expected a readable picture listed in instances.json")
        height, width = bgr.shape[:2]
        instances = tuple(
            Instance(
                categories[item["category_id"]],
                _to_rle(item["segmentation"], height, width),
                bool(item["iscrowd"]),
            )
            for item in by_image.get(record["id"], [])
        )
        image = cv2.cvtColor(bgr, cv2.COLOR_BGR2RGB).astype(np.uint8)
        photos.append(Photo(record["id"], image, instances))
    if not photos:
        raise ValueError(f"{folder}: no photograph is left for held_out={held_out}, {licences=}")
    return photos


def category_names(folder: Path) -> tuple[str, ...]:
    """Return the categories of an instances file."""
    content = _read_instances(folder / "instances.json")
    return tuple(item["name"] for item in content["categories"])
