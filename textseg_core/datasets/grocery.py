"""Photographs of goods whose main content is known, but not where it is: weak labels.

Source: Klasson, Zhang and Kjellström, "A Hierarchical Grocery Store Image Dataset", WACV 2019.
"""

import hashlib
from dataclasses import dataclass
from pathlib import Path

from textseg_core.arrays import UInt8Array
from textseg_core.datasets.files import Origin, read_json, read_rgb

GROCERY = Origin("Grocery Store Dataset", "https://github.com/marcusklasson/GroceryStoreDataset")
SPLITS: dict[str, bool | None] = {"train": False, "held_out": True, "all": None}
EXPECTED = "a list of image, fine, category and group"


@dataclass(frozen=True, slots=True)
class LabelledPhoto:
    """A photograph with the names of what fills much of it.

    Attributes:
        image_path: The picture.
        fine: Narrowest name, "granny smith".
        category: Usual name, "apple".
        group: Most general name, "fruit".
    """

    image_path: Path
    fine: str
    category: str
    group: str

    @property
    def names(self) -> tuple[str, ...]:
        """Its names from the usual one to the most general, without repetition."""
        return tuple(dict.fromkeys((self.category, self.fine, self.group)))

    def load(self) -> UInt8Array:
        """Read the picture, RGB (H, W, 3).

        Raises:
            ValueError: It is missing or damaged.
        """
        return read_rgb(self.image_path, GROCERY)


def is_held_out(image: str) -> bool:
    """Tell whether a photograph belongs to the fifth kept out of training, by its name's digest.

    Neighbours in a shop's shelf may fall on either side: this is a check of learning, no test.
    """
    return hashlib.sha256(image.encode()).digest()[0] % 5 == 0


def load_grocery(folder: Path, split: str = "train") -> tuple[LabelledPhoto, ...]:
    """Index a folder of labelled photographs, in the order of the list.

    Args:
        folder: Holds `labels.json`, whose paths are relative to it.
        split: A key of `SPLITS`.

    Raises:
        ValueError: The list is missing or damaged.
    """
    if split not in SPLITS:
        raise ValueError(f"grocery photographs are split into {', '.join(SPLITS)}, got {split!r}")
    path = folder / "labels.json"
    photos: list[tuple[str, LabelledPhoto]] = []
    try:
        for record in read_json(path, EXPECTED, GROCERY):
            image, fine, category, group = (
                str(record[key]) for key in ("image", "fine", "category", "group")
            )
            photos.append((image, LabelledPhoto(folder / image, fine, category, group)))
    except (KeyError, TypeError) as error:
        raise GROCERY.damaged(path, EXPECTED, repr(error)) from error
    wanted = SPLITS[split]
    return tuple(photo for image, photo in photos if wanted in (None, is_held_out(image)))
