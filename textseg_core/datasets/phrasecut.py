"""PhraseCut: phrases about Visual Genome pictures, and the regions that people drew for them.

Source: Wu et al., "PhraseCut: Language-based Image Segmentation in the Wild", CVPR 2020,
arXiv:2008.01187.
"""

from array import array
from collections import Counter
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np
from PIL import Image, ImageDraw

from textseg_core.arrays import BoolArray
from textseg_core.datasets.described import Asked, Described, Loaded, to_queries
from textseg_core.datasets.files import Origin, read_json, read_rgb
from textseg_core.language.number import is_plural_noun
from textseg_core.scenes.scene import Scene, SceneObject

PHRASECUT = Origin(
    "PhraseCut", "https://github.com/ChenyunWu/PhraseCutDataset (its download_dataset.py)"
)
SPLITS = ("train", "val", "test", "miniv")
IMAGE_DATA = ("image_data_split3000.json", "image_data_split.json")


class Phrase(NamedTuple):
    """One phrase of a picture.

    Attributes:
        task_id: As in the file.
        phrase: The words.
        name: Noun of the things meant.
        kind: Sort of phrase by what it is made of.
        instances: Polygons of each thing, as x0, y0, x1, y1, ...
        parts: Role, of `language.word_roles.ROLES`, and words of each part.
    """

    task_id: str
    phrase: str
    name: str
    kind: str
    instances: tuple[tuple["array[float]", ...], ...]
    parts: tuple[tuple[str, str], ...]


def draw_polygons(polygons: tuple["array[float]", ...], height: int, width: int) -> BoolArray:
    """Return the pixels of polygons, outline included, (height, width).

    Corners are cut to whole pixels and the outline belongs to the region, as in the data
    set's own evaluation, whose masks these have to equal; polygons of one corner are nothing.
    """
    picture = Image.new("1", (width, height))
    pencil = ImageDraw.Draw(picture)
    for polygon in polygons:
        corners = [int(value) for value in polygon]
        if len(corners) >= 4:
            pencil.polygon(corners, fill=1, outline=1)
    return np.array(picture, np.bool_)


def _compact(record: dict[str, Any]) -> dict[str, Any]:
    """Keep polygons as machine numbers, a fraction of the memory that nested lists take."""
    if "Polygons" in record:
        record["Polygons"] = tuple(
            tuple(array("d", [value for point in part for value in point]) for part in instance)
            for instance in record["Polygons"]
        )
    return record


def _kind(structure: dict[str, Any]) -> str:
    """Return what a phrase is made of beside its noun, as the paper's tables group them."""
    attributes = bool(structure.get("attributes"))
    relations = bool(structure.get("relation_descriptions"))
    if attributes and relations:
        return "attribute and relation"
    return "relation" if relations else "attribute" if attributes else "category"


def _parts(structure: dict[str, Any]) -> tuple[tuple[str, str], ...]:
    """Return the parts of a phrase; of several relations, which are rare, the first."""
    parts = [("attribute", str(words)) for words in structure.get("attributes") or ()]
    if structure.get("name"):
        parts.append(("category", str(structure["name"])))
    for relation in (structure.get("relation_descriptions") or ())[:1]:
        if len(relation) != 2:
            raise TypeError(f"a relation is [predicate, name], got {relation!r}")
        parts += [("predicate", str(relation[0])), ("support", str(relation[1]))]
    return tuple(parts)


def count_parts(folder: Path, split: str = "train") -> dict[str, Counter[str]]:
    """Return how often each name and each attribute occurs in the phrases, by role.

    Args:
        folder: As for `load_phrasecut`.
        split: Likewise.

    Raises:
        ValueError: A file is missing or damaged.
    """
    counts: dict[str, Counter[str]] = {}
    for part in split.split("_"):
        for phrases in _read_phrases(folder / f"refer_{part}.json").values():
            for role, words in (found for phrase in phrases for found in phrase.parts):
                counts.setdefault(role, Counter())[words.lower()] += 1
    return counts


def _read_phrases(path: Path) -> dict[int, list[Phrase]]:
    expected = "a list of PhraseCut tasks"
    phrases: dict[int, list[Phrase]] = {}
    try:
        for task in read_json(path, expected, PHRASECUT, _compact):
            structure = task["phrase_structure"] or {}
            phrases.setdefault(int(task["image_id"]), []).append(
                Phrase(
                    str(task["task_id"]),
                    str(task["phrase"]),
                    str(structure.get("name", "")),
                    _kind(structure),
                    task["Polygons"],
                    _parts(structure),
                )
            )
    except (KeyError, TypeError, AttributeError) as error:
        raise PHRASECUT.damaged(path, expected, repr(error)) from error
    return phrases


def _read_sizes(folder: Path) -> dict[int, tuple[int, int]]:
    paths = [folder / name for name in IMAGE_DATA]
    path = next((path for path in paths if path.exists()), None)
    expected = "the list of pictures"
    if path is None:
        raise PHRASECUT.missing(paths[0], f"{expected} under this name or {paths[1].name}")
    try:
        return {
            int(item["image_id"]): (int(item["width"]), int(item["height"]))
            for item in read_json(path, expected, PHRASECUT)
        }
    except (KeyError, TypeError) as error:
        raise PHRASECUT.damaged(path, expected, repr(error)) from error


@dataclass(frozen=True, slots=True)
class _Reader:
    phrases: dict[int, list[Phrase]]
    sizes: dict[int, tuple[int, int]]

    def read(self, image_id: int, path: Path) -> Loaded:
        image = read_rgb(path, PHRASECUT, self.sizes[image_id])
        height, width = image.shape[:2]
        objects: list[SceneObject] = []
        places: dict[tuple[str, int], int] = {}
        asked: list[Asked] = []
        for phrase in self.phrases[image_id]:
            ids = tuple((phrase.task_id, number) for number in range(len(phrase.instances)))
            for name, polygons in zip(ids, phrase.instances, strict=True):
                mask = draw_polygons(polygons, height, width)
                if mask.any():
                    places[name] = len(objects)
                    objects.append(SceneObject((phrase.name,) if phrase.name else (), mask))
            last_word = phrase.name.split()[-1:]
            one = not any(is_plural_noun(word.lower()) for word in last_word)
            several = one and len(ids) > 1
            asked.append(Asked(phrase.phrase, ids, phrase.kind, several, phrase.parts))
        scene_id = f"phrasecut/{image_id}"
        scene = Scene(image, tuple(objects), frozenset(), scene_id=scene_id)
        return scene, to_queries(asked, places, scene_id)


def load_phrasecut(
    folder: Path, split: str = "train", *, images: Path | None = None
) -> tuple[Described, ...]:
    """Index PhraseCut; things that several phrases mean occur once for each of them.

    Args:
        folder: Holds `refer_<split>.json`, `image_data_split3000.json` (or
            `image_data_split.json`) and `images/`.
        split: Of `SPLITS`, or some joined as in "val_miniv".
        images: Folder of the pictures; `images` in `folder` if None.

    Raises:
        ValueError: A file is missing or damaged.
    """
    parts = split.split("_")
    if not set(parts) <= set(SPLITS):
        raise ValueError(f"PhraseCut's splits are {', '.join(SPLITS)}, got {split!r}")
    phrases: dict[int, list[Phrase]] = {}
    for part in parts:
        for image_id, found in _read_phrases(folder / f"refer_{part}.json").items():
            phrases.setdefault(image_id, []).extend(found)
    sizes = _read_sizes(folder)
    unknown = phrases.keys() - sizes.keys()
    if unknown:
        raise PHRASECUT.damaged(
            folder / IMAGE_DATA[0],
            f"of one release with refer_{parts[0]}.json",
            f"it lacks picture {min(unknown)}",
        )
    reader = _Reader(phrases, {image_id: sizes[image_id] for image_id in phrases})
    pictures = images or folder / "images"
    described = []
    for image_id, found in phrases.items():
        path = pictures / f"{image_id}.jpg"
        read = partial(reader.read, image_id, path)
        expressions = tuple(phrase.phrase for phrase in found)
        described.append(Described("phrasecut", str(image_id), path, expressions, read))
    return tuple(described)
