"""ReferIt as prepared for Hu et al. 2016: expressions about regions of IAPR TC-12 pictures.

Source: Kazemzadeh et al., "ReferItGame", EMNLP 2014; Hu, Rohrbach and Darrell, "Segmentation
from Natural Language Expressions", ECCV 2016, arXiv:1603.06180.
"""

from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import Any

import numpy as np
import scipy.io  # type: ignore[import-untyped]

from textseg_core.arrays import BoolArray
from textseg_core.datasets.described import Asked, Described, Loaded, to_queries
from textseg_core.datasets.files import Origin, read_json, read_rgb
from textseg_core.scenes.scene import Scene, SceneObject

WORDS = Origin("ReferIt", "https://github.com/ronghanghu/text_objseg (folder exp-referit/data)")
PICTURES = Origin(
    "ReferIt",
    "http://www.eecs.berkeley.edu/~ronghang/projects/cvpr16_text_obj_retrieval/"
    "referitdata.tar.gz (exp-referit/referit-dataset/download_referit_dataset.sh of "
    "https://github.com/ronghanghu/text_objseg fetches it)",
)
SPLITS = ("train", "val", "trainval", "test")
MASK_KEY = "segimg_t"


@dataclass(frozen=True, slots=True)
class ReferItIndex:
    """The language of a split.

    Attributes:
        regions: Regions of each picture ("38685.jpg") that have expressions.
        expressions: Of each region ("38685_1").
        boxes: Of each region, (x0, y0, x1, y1) in pixels, x1 and y1 outside.
        sizes: Of each picture, (width, height) in pixels.
    """

    regions: dict[str, tuple[str, ...]]
    expressions: dict[str, tuple[str, ...]]
    boxes: dict[str, tuple[float, float, float, float]]
    sizes: dict[str, tuple[int, int]]


def _table(folder: Path, name: str, expected: str) -> dict[str, Any]:
    path = folder / name
    content = read_json(path, expected, WORDS)
    if not isinstance(content, dict):
        raise WORDS.damaged(path, expected, f"it holds a {type(content).__name__}")
    return content


def read_referit(folder: Path, split: str) -> ReferItIndex:
    """Read the language of a split; pictures and masks are not needed.

    Args:
        folder: Holds `referit_query_<split>.json`, `referit_bbox.json`,
            `referit_imcrop.json` and `referit_imsize.json`.
        split: Of `SPLITS`.

    Raises:
        ValueError: A file is missing or damaged.
    """
    if split not in SPLITS:
        raise ValueError(f"ReferIt's splits are {', '.join(SPLITS)}, got {split!r}")
    query_name = f"referit_query_{split}.json"
    queries = _table(folder, query_name, "expressions by region")
    boxes = _table(folder, "referit_bbox.json", "boxes by region")
    crops = _table(folder, "referit_imcrop.json", "regions by picture")
    sizes = _table(folder, "referit_imsize.json", "sizes by picture")
    regions: dict[str, tuple[str, ...]] = {}
    try:
        for region in queries:
            picture = region.split("_", 1)[0] + ".jpg"
            if picture not in regions:
                regions[picture] = tuple(name for name in crops[picture] if name in queries)
        return ReferItIndex(
            regions,
            {region: tuple(map(str, texts)) for region, texts in queries.items()},
            {region: _box(*boxes[region]) for region in queries},
            {picture: (int(sizes[picture][0]), int(sizes[picture][1])) for picture in regions},
        )
    except (KeyError, TypeError, IndexError) as error:
        raise WORDS.damaged(
            folder / query_name, "of one release with the other tables", repr(error)
        ) from error


def _box(x0: float, y0: float, x1: float, y1: float) -> tuple[float, float, float, float]:
    """Return a box whose last column and row were inside with them outside."""
    return float(x0), float(y0), float(x1 + 1), float(y1 + 1)


def read_mask(path: Path) -> BoolArray:
    """Return a region's mask, (H, W); the file has 0 where the region is.

    Raises:
        ValueError: The file is missing or damaged.
    """
    expected = f"a MATLAB file with the matrix {MASK_KEY}"
    if not path.is_file():
        raise PICTURES.missing(path, expected)
    try:
        values = np.asarray(scipy.io.loadmat(path, variable_names=[MASK_KEY])[MASK_KEY])
    except KeyError as error:
        raise PICTURES.damaged(path, expected, "it has no such matrix") from error
    # SciPy meets a damaged file with whatever its parts raise.
    except Exception as error:
        raise PICTURES.damaged(path, expected, repr(error)) from error
    if values.ndim != 2 or values.dtype.kind not in "buif":
        raise PICTURES.damaged(path, expected, f"it is {values.dtype} {values.shape}")
    mask: BoolArray = values == 0
    return mask


@dataclass(frozen=True, slots=True)
class _Reader:
    index: ReferItIndex
    folder: Path

    def read(self, picture: str) -> Loaded:
        mask_folder = self.folder / "mask"
        if not mask_folder.is_dir():
            raise PICTURES.missing(mask_folder, "the folder of the regions' masks")
        masks = {
            region: read_mask(mask_folder / f"{region}.mat")
            for region in self.index.regions[picture]
        }
        size = self.index.sizes[picture]
        image = read_rgb(self.folder / "images" / picture, PICTURES, size)
        objects: list[SceneObject] = []
        places: dict[str, int] = {}
        for region, mask in masks.items():
            if mask.shape != image.shape[:2]:
                raise PICTURES.damaged(
                    mask_folder / f"{region}.mat",
                    f"of the picture's {size[0]} x {size[1]} pixels",
                    f"it has {mask.shape[1]} x {mask.shape[0]}",
                )
            if mask.any():
                places[region] = len(objects)
                objects.append(SceneObject((), mask))
        asked = [
            Asked(text, (region,)) for region in masks for text in self.index.expressions[region]
        ]
        name = f"referit/{picture}"
        scene = Scene(image, tuple(objects), frozenset(), scene_id=name)
        return scene, to_queries(asked, places, name)


def load_referit(
    folder: Path, split: str = "train", *, images: Path | None = None
) -> tuple[Described, ...]:
    """Index ReferIt; its objects have masks and no names.

    Args:
        folder: As in `read_referit`.
        split: Of `SPLITS`.
        images: Folder that holds `images/` and `mask/`; `folder` or `referit-dataset` in or
            beside it if None. Needed only by `load`.

    Raises:
        ValueError: A file of the language is missing or damaged.
    """
    index = read_referit(folder, split)
    usual = (folder, folder / "referit-dataset", folder.parent / "referit-dataset")
    pictures = images or next((place for place in usual if (place / "mask").is_dir()), folder)
    reader = _Reader(index, pictures)
    return tuple(
        Described(
            "referit",
            picture,
            pictures / "images" / picture,
            tuple(text for region in regions for text in index.expressions[region]),
            partial(reader.read, picture),
        )
        for picture, regions in index.regions.items()
    )
