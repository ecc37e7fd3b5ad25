"""RefCOCO, RefCOCO+, RefCOCOg and gRefCOCO: expressions that people wrote about COCO's things."""

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import Any

from textseg_core.datasets.coco import CocoImage, CocoIndex, annotated_scene, read_coco
from textseg_core.datasets.described import REFERRING, Asked, Described, Loaded, to_queries
from textseg_core.datasets.files import Origin, first_folder, read_json, read_rgb
from textseg_core.datasets.python2_pickle import read_plain_pickle

REFER = Origin("RefCOCO", "https://github.com/lichengunc/refer (see its section Download)")
GREFCOCO = Origin("gRefCOCO", "https://github.com/henghuiding/gRefCOCO (see its section Download)")
PICTURES = Origin("COCO train2014", "http://images.cocodataset.org/zips/train2014.zip")
#: Who divided each set, the usual division first.
PARTITIONS = {
    "refcoco": ("unc", "google"),
    "refcoco+": ("unc",),
    "refcocog": ("umd", "google"),
    "grefcoco": ("unc",),
}
EXPECTED = "a list of referring expressions"
NO_TARGET = -1


def belongs(split: str, marked: str) -> bool:
    """Tell whether an expression marked so belongs to a split.

    "testA", "testB" and "testC" take in combined marks such as "testAB", and "test" all of
    them, as in the data set's own interface.
    """
    if split in ("testA", "testB", "testC"):
        return marked.startswith("test") and split[-1] in marked
    if split == "test":
        return split in marked
    return split == marked


@dataclass(frozen=True, slots=True)
class _Reader:
    index: CocoIndex
    source: str
    asked: dict[int, list[Asked]]

    def read(self, record: CocoImage, path: Path) -> Loaded:
        image = read_rgb(path, PICTURES, record.size)
        name = f"{self.source}/{record.image_id}"
        scene, places = annotated_scene(image, record.annotations, self.index, name)
        return scene, to_queries(self.asked[record.image_id], places, name)


def _kind(ids: Sequence[int]) -> str:
    if len(ids) == 1:
        return REFERRING
    return "plural" if ids else "absent"


def _asked(reference: dict[str, Any]) -> tuple[int, list[Asked]]:
    """Return a record's picture and expressions.

    Raises:
        KeyError, TypeError: It lacks something.
    """
    meant = reference["ann_id"]
    ids = tuple(
        int(name) for name in (meant if isinstance(meant, list) else [meant]) if name != NO_TARGET
    )
    sentences = [str(sentence["sent"]) for sentence in reference["sentences"]]
    return reference["image_id"], [Asked(text, ids, _kind(ids)) for text in sentences]


def _describe(
    folder: Path,
    path: Path,
    references: Any,
    split: str,
    source: str,
    origin: Origin,
    images: Path | None,
) -> tuple[Described, ...]:
    """Return the pictures of a split in the order of the list of expressions."""
    index = read_coco(folder / "instances.json", origin)
    asked: dict[int, list[Asked]] = {}
    marks: set[str] = set()
    try:
        for reference in references:
            marks.add(reference["split"])
            if belongs(split, reference["split"]):
                image_id, more = _asked(reference)
                asked.setdefault(image_id, []).extend(more)
    except (KeyError, TypeError, ValueError) as error:
        raise origin.damaged(path, EXPECTED, repr(error)) from error
    if not asked:
        raise ValueError(f"{path} has no split {split!r}; it has {', '.join(sorted(marks))}")
    _check_ids(index, asked, path, origin)
    pictures = first_folder(images, _usual_folders(folder))
    reader = _Reader(index, source, asked)
    return tuple(
        _described(reader, index.images[image_id], pictures.joinpath) for image_id in asked
    )


def _described(reader: _Reader, record: CocoImage, path_of: Callable[[str], Path]) -> Described:
    path = path_of(record.file_name)
    expressions = tuple(asked.expression for asked in reader.asked[record.image_id])
    read = partial(reader.read, record, path)
    return Described(reader.source, str(record.image_id), path, expressions, read)


def _check_ids(
    index: CocoIndex, asked: dict[int, list[Asked]], path: Path, origin: Origin
) -> None:
    for image_id, expressions in asked.items():
        record = index.images.get(image_id)
        if record is None:
            raise origin.damaged(
                index.path, f"the annotation of {path.name}", f"it lacks picture {image_id}"
            )
        known = {annotation.annotation_id for annotation in record.annotations}
        unknown = {name for item in expressions for name in item.ids} - known
        if unknown:
            raise origin.damaged(
                index.path,
                f"the annotation of {path.name}",
                f"it lacks annotation {sorted(map(str, unknown))[0]} of picture {image_id}",
            )


def _usual_folders(folder: Path) -> Iterable[Path]:
    """Return where the pictures of COCO train2014 usually lie."""
    above = folder.parent
    return (
        above / "images" / "mscoco" / "images" / "train2014",
        above / "images" / "train2014",
        above / "train2014",
        folder / "train2014",
        folder / "images",
    )


def load_refcoco(
    folder: Path,
    split: str = "train",
    *,
    source: str = "refcoco",
    partition: str | None = None,
    images: Path | None = None,
) -> tuple[Described, ...]:
    """Index RefCOCO, RefCOCO+ or RefCOCOg.

    Args:
        folder: Holds `refs(<partition>).p` and `instances.json`.
        split: "train", "val", "test", "testA" or "testB", as far as the partition has it.
        source: "refcoco", "refcoco+" or "refcocog".
        partition: Who divided it, of `PARTITIONS`; the first if None.
        images: Folder of COCO's train2014 pictures; the usual places beside `folder` if None.

    Raises:
        ValueError: A file is missing or damaged, or has no such split.
    """
    if source not in PARTITIONS:
        raise ValueError(f"expected one of {', '.join(PARTITIONS)}, got {source!r}")
    partition = partition or PARTITIONS[source][0]
    if partition not in PARTITIONS[source]:
        raise ValueError(
            f"{source} is divided by {' or '.join(PARTITIONS[source])}, got {partition!r}"
        )
    path = folder / f"refs({partition}).p"
    references = read_plain_pickle(path, EXPECTED, REFER)
    return _describe(folder, path, references, split, source, REFER, images)


def load_grefcoco(
    folder: Path, split: str = "train", *, images: Path | None = None
) -> tuple[Described, ...]:
    """Index gRefCOCO, whose expressions mean one thing, several or none.

    Args:
        folder: Holds `grefs(unc).json` and `instances.json`.
        split: "train", "val", "testA" or "testB".
        images: Folder of COCO's train2014 pictures; the usual places beside `folder` if None.

    Raises:
        ValueError: A file is missing or damaged, or has no such split.
    """
    path = folder / "grefs(unc).json"
    references = read_json(path, EXPECTED, GREFCOCO)
    return _describe(folder, path, references, split, "grefcoco", GREFCOCO, images)
