"""Photographs with instance masks in COCO format, and the third of them kept out of training."""

import hashlib
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from pycocotools import mask as coco_mask

from textseg_core.arrays import BoolArray, UInt8Array
from textseg_core.datasets.coco import COCO, CocoImage, read_coco
from textseg_core.datasets.files import read_rgb
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


def picture_path(folder: Path, file_name: str) -> Path:
    """Return where a photograph lies, in `images/` or beside the annotation."""
    path = folder / "images" / file_name
    return path if path.exists() else folder / file_name


def chosen(
    record: CocoImage, held_out: bool | None = None, licences: frozenset[int] | None = None
) -> bool:
    """Tell whether a photograph belongs to a part of the split and to the admitted licences."""
    if held_out is not None and is_held_out(record.image_id) != held_out:
        return False
    return licences is None or record.licence in licences


def load_photos(
    folder: Path, held_out: bool | None = None, licences: frozenset[int] | None = None
) -> list[Photo]:
    """Read `instances.json` and the pictures beside it, all at once.

    Args:
        folder: Holds `instances.json` and `images/` (or the pictures themselves).
        held_out: True for the kept-out third, False for the rest, None for all.
        licences: COCO licence ids to admit, all if None.

    Raises:
        ValueError: A file is missing or damaged; the message names it.
    """
    index = read_coco(folder / "instances.json")
    photos: list[Photo] = []
    for record in index.images.values():
        if not chosen(record, held_out, licences):
            continue
        image = read_rgb(picture_path(folder, record.file_name), COCO, record.size)
        height, width = image.shape[:2]
        instances = tuple(
            Instance(item.category, item.run_lengths(height, width), item.crowd)
            for item in record.annotations
        )
        photos.append(Photo(record.image_id, image, instances))
    if not photos:
        raise ValueError(f"{folder}: no photograph is left for held_out={held_out}, {licences=}")
    return photos


def category_names(folder: Path) -> tuple[str, ...]:
    """Return the categories of an instances file."""
    return read_coco(folder / "instances.json").categories
