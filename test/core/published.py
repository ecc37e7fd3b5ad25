"""Small data sets in the true formats of the published ones, written by the tests themselves."""

import json
import struct
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import cv2
import numpy as np
import scipy.io

from textseg_core.arrays import BoolArray

Box = tuple[int, int, int, int]
WIDTH, HEIGHT = 60, 40


def box_mask(box: Box, height: int = HEIGHT, width: int = WIDTH) -> BoolArray:
    """A filled box (x0, y0, x1, y1)."""
    mask = np.zeros((height, width), np.bool_)
    mask[box[1] : box[3], box[0] : box[2]] = True
    return mask


def polygon(box: Box) -> list[list[float]]:
    """COCO polygon whose pixels are those of the box."""
    x0, y0, x1, y1 = map(float, box)
    return [[x0, y0, x1, y0, x1, y1, x0, y1]]


def run_lengths(mask: BoolArray) -> dict[str, Any]:
    """COCO's uncompressed run lengths: down the columns, background first."""
    flat = np.concatenate([[False], mask.ravel(order="F"), [not mask[-1, -1]]])
    ends = np.flatnonzero(flat[1:] != flat[:-1])
    return {"counts": np.diff(ends, prepend=0).tolist(), "size": list(mask.shape)}


def write_picture(path: Path, level: int = 90, width: int = WIDTH, height: int = HEIGHT) -> Path:
    """A grey picture of one level."""
    path.parent.mkdir(parents=True, exist_ok=True)
    cv2.imwrite(str(path), np.full((height, width, 3), level, np.uint8))
    return path


def python2_pickle(value: Any) -> bytes:
    """What Python 2's `cPickle.dump(value, file, 2)` writes: byte strings, not text."""
    return b"\x80\x02" + _opcodes(value) + b"."


def _opcodes(value: Any) -> bytes:
    if isinstance(value, dict):
        items = b"".join(_opcodes(key) + _opcodes(item) for key, item in value.items())
        return b"}(" + items + b"u"
    if isinstance(value, list):
        return b"](" + b"".join(map(_opcodes, value)) + b"e"
    if isinstance(value, tuple):
        return b"(" + b"".join(map(_opcodes, value)) + b"t"
    if isinstance(value, str):
        data = value.encode("latin1")
        return b"T" + struct.pack("<i", len(data)) + data
    if isinstance(value, int) and abs(value) < 2**31:
        return b"J" + struct.pack("<i", value)
    if isinstance(value, int):
        data = value.to_bytes(16, "little", signed=True)
        return b"\x8a" + bytes([len(data)]) + data
    assert isinstance(value, float), value
    return b"G" + struct.pack(">d", value)


def write_instances(
    path: Path,
    categories: Sequence[str],
    images: Sequence[tuple[int, str]],
    annotations: Sequence[tuple[int, int, str, Any]],
    **more: Any,
) -> Path:
    """COCO's annotation of (id, file name) pictures; (id, picture, category, outline) things.

    `crowds` names the annotations that are crowds, `licences` the licence of each picture.
    """
    licences = more.get("licences", {})
    content = {
        "info": {"year": 2014},
        "images": [
            {
                "id": image_id,
                "file_name": name,
                "width": WIDTH,
                "height": HEIGHT,
                "license": licences.get(image_id, 4),
            }
            for image_id, name in images
        ],
        "annotations": [
            {
                "id": annotation_id,
                "image_id": image_id,
                "category_id": 10 + categories.index(category),
                "segmentation": outline,
                "iscrowd": int(annotation_id in more.get("crowds", ())),
                "area": 1.0,
                "bbox": [0, 0, 1, 1],
            }
            for annotation_id, image_id, category, outline in annotations
        ],
        "categories": [
            {"id": 10 + number, "name": name, "supercategory": "thing"}
            for number, name in enumerate(categories)
        ],
    }
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(json.dumps(content), encoding="utf-8")
    return path


def reference(ref_id: int, image_id: int, ann_id: Any, split: str, *texts: str) -> dict[str, Any]:
    """A record of RefCOCO's list."""
    return {
        "ref_id": ref_id,
        "ann_id": ann_id,
        "category_id": 10,
        "image_id": image_id,
        "split": split,
        "file_name": f"COCO_train2014_{image_id:012d}_{ref_id}.jpg",
        "sent_ids": list(range(len(texts))),
        "sentences": [
            {"sent": text, "raw": text.upper(), "tokens": text.split(), "sent_id": number}
            for number, text in enumerate(texts)
        ],
    }


#: Boxes of the things of picture 581857 by annotation id; 40 is in picture 7.
CUPS: dict[int, Box] = {20: (2, 5, 12, 15), 30: (20, 5, 30, 15)}


def write_refer_folder(root: Path, name: str = "refcoco") -> Path:
    """`root/<name>/instances.json` and the pictures where the data set's interface wants them.

    Picture 581857 has two cups and a dog of run lengths, 7 one cup and a dog without a pixel.
    """
    images = [(581857, "COCO_train2014_000000581857.jpg"), (7, "COCO_train2014_000000000007.jpg")]
    dog = run_lengths(box_mask((40, 20, 55, 35)))
    write_instances(
        root / name / "instances.json",
        ["cup", "dog"],
        images,
        [
            (10, 581857, "dog", dog),
            (20, 581857, "cup", polygon(CUPS[20])),
            (30, 581857, "cup", polygon(CUPS[30])),
            (40, 7, "cup", polygon((0, 0, 10, 10))),
            (50, 7, "dog", [[3.0, 3.0, 3.0, 3.0, 3.0, 3.0]]),
        ],
    )
    for _, file_name in images:
        write_picture(root / "images" / "mscoco" / "images" / "train2014" / file_name)
    return root / name


def write_referit(folder: Path, *, pictures: bool = True) -> Path:
    """Pictures 5 (two regions with three expressions) and 38 (one region), in split "train"."""
    queries = {"38_1": ["sky"], "5_2": ["Tallest BLDNG", "red roof"], "5_1": ["the  man"]}
    tables = {
        "referit_query_train.json": queries,
        "referit_bbox.json": {"38_1": [0, 0, 59, 9], "5_1": [0, 0, 9, 9], "5_2": [20, 4, 29, 13]},
        "referit_imcrop.json": {"5.jpg": ["5_1", "5_3", "5_2"], "38.jpg": ["38_1"]},
        "referit_imsize.json": {"5.jpg": [WIDTH, HEIGHT], "38.jpg": [WIDTH, HEIGHT]},
    }
    folder.mkdir(parents=True, exist_ok=True)
    for name, content in tables.items():
        (folder / name).write_text(json.dumps(content), encoding="utf-8")
    if pictures:
        (folder / "mask").mkdir()
        boxes = {"38_1": (0, 0, 60, 10), "5_1": (0, 0, 10, 10), "5_2": (20, 4, 30, 14)}
        for region, box in boxes.items():
            write_region_mask(folder / "mask" / f"{region}.mat", box_mask(box))
        for number in (5, 38):
            write_picture(folder / "images" / f"{number}.jpg")
    return folder


def write_region_mask(path: Path, mask: BoolArray) -> None:
    """ReferIt's mask file: compressed MATLAB 5, 0 where the region is."""
    outside = np.where(mask, 0, 1).astype(np.uint8)
    scipy.io.savemat(path, {"segimg_t": outside}, do_compression=True)


def task(
    image_id: int, task_id: str, phrase: str, instances: Sequence[Any], **structure: Any
) -> dict[str, Any]:
    """A record of PhraseCut; `structure` beside the name, which is the phrase's last word."""
    parts = {
        "name": phrase.split()[-1],
        "attributes": [],
        "relation_ids": [],
        "relation_descriptions": [],
        "type": "name",
    }
    return {
        "task_id": task_id,
        "image_id": image_id,
        "ann_ids": [1],
        "instance_boxes": [[0, 0, 1, 1]] * len(instances),
        "Polygons": instances,
        "phrase": phrase,
        "phrase_structure": parts | structure,
    }


def corners(box: Box) -> list[list[float]]:
    """PhraseCut polygon of a box whose last column and row are x1 and y1."""
    x0, y0, x1, y1 = box
    return [[x0, y0], [x1, y0], [x1, y1], [x0, y1]]


def write_phrasecut(
    folder: Path,
    tasks: Sequence[dict[str, Any]],
    split: str = "val",
    image_data: str = "image_data_split3000.json",
) -> Path:
    """A split of PhraseCut with its pictures."""
    folder.mkdir(parents=True, exist_ok=True)
    (folder / f"refer_{split}.json").write_text(json.dumps(tasks), encoding="utf-8")
    ids = sorted({record["image_id"] for record in tasks})
    data = [
        {"image_id": image_id, "width": WIDTH, "height": HEIGHT, "split": split, "url": ""}
        for image_id in ids
    ]
    (folder / image_data).write_text(json.dumps(data), encoding="utf-8")
    for image_id in ids:
        write_picture(folder / "images" / f"{image_id}.jpg")
    return folder
