"""A data folder with everything that training reads, as small as it may be."""

import json
from pathlib import Path

import cv2
import numpy as np
from drawn import flat_sprite, polygon, write_photos
from drawn_scenes import BLOCKS, write_scenes

RED, GREEN = (200, 0, 0), (0, 200, 0)
TRAINING = (0, 1, 5)  # neither of the held-out third nor of those for validation
VALIDATION = (2, 9)


def write_data(folder: Path) -> Path:
    """Write photos/, surfaces/, sprites/, scenes/ and grocery/."""
    image = np.full((90, 120, 3), 90, np.uint8)
    image[20:80, 20:70] = RED
    instances = [
        ("dog", polygon((20, 20, 70, 80)), False),
        ("cup", polygon((100, 5, 118, 85)), True),
    ]
    photos = [(number, image, instances) for number in (*TRAINING, *VALIDATION)]
    write_photos(folder / "photos", ["dog", "cup"], *photos, licences={1: 2})
    (folder / "surfaces").mkdir()
    cv2.imwrite(str(folder / "surfaces" / "grey.jpg"), np.full((64, 64, 3), 128, np.uint8))
    sprites = folder / "sprites"
    sprites.mkdir()
    rgba = flat_sprite("mug", GREEN).rgba
    cv2.imwrite(str(sprites / "mug.png"), cv2.cvtColor(rgba, cv2.COLOR_RGBA2BGRA))
    mug = {"file": "mug.png", "names": ["mug"], "hypernyms": [], "colors": ["green"]}
    records = [{**mug, "elevation_deg": a, "pixels_per_metre": 400} for a in (20, 35, 50, 65)]
    (sprites / "sprites.json").write_text(json.dumps(records), encoding="utf-8")
    write_scenes(folder / "scenes", "train", *(BLOCKS[i % 3] for i in range(10)))
    labels = [
        {"image": f"{name}.jpg", "fine": fine, "category": name, "group": group}
        for name, fine, group in (
            ("apple", "granny smith", "fruit"),
            ("pear", "anjou", "fruit"),
            ("milk", "oat milk", "packages"),
        )
    ]
    (folder / "grocery").mkdir()
    (folder / "grocery" / "labels.json").write_text(json.dumps(labels), encoding="utf-8")
    for label in labels:
        cv2.imwrite(str(folder / "grocery" / label["image"]), image)
    return folder
