"""Pictures with COCO annotation, and expressions that are written from it while loading."""

from collections.abc import Callable
from dataclasses import dataclass
from functools import partial
from pathlib import Path

import numpy as np

from textseg_core.datasets.coco import COCO, CocoImage, CocoIndex, annotated_scene, read_coco
from textseg_core.datasets.described import Described, Loaded
from textseg_core.datasets.files import first_folder, read_rgb
from textseg_core.datasets.photos import chosen, picture_path
from textseg_core.expressions.draw_queries import write_expressions
from textseg_core.scenes.split import Compositions

#: Parts of a folder of photographs: kept out of training or not, or both (None).
PHOTO_SPLITS: dict[str, bool | None] = {"train": False, "held_out": True, "all": None}
COCO_YEARS = ("2017", "2014")


@dataclass(frozen=True, slots=True)
class _Writer:
    """Reads a picture and writes expressions about it, the same at every call."""

    index: CocoIndex
    source: str
    compositions: Compositions
    count: int
    seed: int

    def read(self, record: CocoImage, path: Path) -> Loaded:
        image = read_rgb(path, COCO, record.size)
        name = f"{self.source}/{record.image_id}"
        scene, _ = annotated_scene(image, record.annotations, self.index, name)
        rng = np.random.default_rng([self.seed, record.image_id])
        queries = write_expressions(scene, self.count, rng, compositions=self.compositions)
        return scene, tuple(queries)


def _compositions(split: str) -> Compositions:
    """Return which combinations of words to use: training keeps away from those held out."""
    return "train" if split == "train" else "all"


def _describe(
    writer: _Writer,
    path_of: Callable[[str], Path],
    admit: Callable[[CocoImage], bool],
) -> tuple[Described, ...]:
    described = []
    for record in writer.index.images.values():
        if admit(record):
            path = path_of(record.file_name)
            read = partial(writer.read, record, path)
            described.append(Described(writer.source, str(record.image_id), path, (), read))
    if not described:
        raise ValueError(
            f"{writer.index.path}: no picture is left; choose another split or more licences"
        )
    return tuple(described)


def load_coco(
    folder: Path,
    split: str = "train",
    *,
    images: Path | None = None,
    licences: frozenset[int] | None = None,
    count: int = 8,
    seed: int = 2016,
) -> tuple[Described, ...]:
    """Index COCO's instances, 2017 or else 2014.

    Args:
        folder: Holds `annotations/instances_train2017.json` and `train2017/`.
        split: "train" or "val".
        images: Folder of the pictures, where it is not in `folder`.
        licences: COCO licence ids to admit, all if None.
        count: Expressions to try for in each picture.
        seed: The same seed gives the same expressions.

    Raises:
        ValueError: The annotation is missing or damaged, or no picture is left.
    """
    if split not in ("train", "val"):
        raise ValueError(f"COCO's splits with masks are train and val, got {split!r}")
    names = [f"{split}{year}" for year in COCO_YEARS]
    paths = [folder / "annotations" / f"instances_{name}.json" for name in names]
    name, path = next(
        ((name, path) for name, path in zip(names, paths, strict=True) if path.exists()),
        (names[0], paths[0]),
    )
    pictures = first_folder(images, (folder / name, folder / "images" / name, folder / "images"))
    writer = _Writer(read_coco(path), "coco", _compositions(split), count, seed)
    return _describe(writer, pictures.joinpath, lambda record: chosen(record, licences=licences))


def load_written_photos(
    folder: Path,
    split: str = "train",
    *,
    licences: frozenset[int] | None = None,
    count: int = 8,
    seed: int = 2016,
) -> tuple[Described, ...]:
    """Index a folder of photographs with `instances.json`; see `photos`.

    Args:
        folder: Holds `instances.json` and `images/` (or the pictures themselves).
        split: A key of `PHOTO_SPLITS`.
        licences: COCO licence ids to admit, all if None.
        count: Expressions to try for in each picture.
        seed: The same seed gives the same expressions.

    Raises:
        ValueError: The annotation is missing or damaged, or no picture is left.
    """
    if split not in PHOTO_SPLITS:
        raise ValueError(f"photographs are split into {', '.join(PHOTO_SPLITS)}, got {split!r}")
    index = read_coco(folder / "instances.json")
    writer = _Writer(index, "photos", _compositions(split), count, seed)
    return _describe(
        writer,
        partial(picture_path, folder),
        lambda record: chosen(record, PHOTO_SPLITS[split], licences),
    )
