"""Keeps rendered scenes on disk: picture, instance ids, depth and a description of each view."""

import json
import os
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import cv2
import numpy as np

from textseg_core.arrays import AnyArray, Float32Array
from textseg_core.scenes.scene import Placement, Scene, SceneObject

SETTINGS_FILE = "scenes.json"
_DEPTH_UNIT_M = 1e-4
_GRAPH, _IMAGE, _IDS, _DEPTH = ".json", ".jpg", ".ids.png", ".depth.png"


def view_stem(folder: Path, scene: int, view: int) -> Path:
    """Return the path of a view's files without their endings; a thousand scenes a folder."""
    return folder / f"{scene // 1000:03d}" / f"{scene:06d}_{view}"


def write_atomically(path: Path, content: bytes) -> None:
    """Write a file so that it is either there whole or not at all."""
    path.parent.mkdir(parents=True, exist_ok=True)
    partial = path.with_name(f"{path.name}.{os.getpid()}.part")
    partial.write_bytes(content)
    partial.replace(path)


def _encoded(ending: str, picture: AnyArray, *parameters: int) -> bytes:
    done, buffer = cv2.imencode(ending, picture, list(parameters))
    if not done:
        raise RuntimeError(f"OpenCV could not encode a {ending}")
    return bytes(buffer.tobytes())


def _graph_of(item: SceneObject) -> dict[str, Any]:
    place = item.placement
    return {
        "names": item.names,
        "hypernyms": item.hypernyms,
        "colors": item.colors,
        "material": item.material,
        "object_id": item.object_id,
        "countable": item.countable,
        "upright_base": item.upright_base,
        "support": item.support,
        "inside": item.inside,
        "center_m": None if place is None else [round(v, 4) for v in place.center],
        "size_m": None if place is None else [round(v, 4) for v in place.size],
    }


def save_view(scene: Scene, stem: Path) -> None:
    """Write a view; its description comes last, so a view with one is complete.

    Raises:
        ValueError: If the scene lacks depth or intrinsics or has over 254 objects.
    """
    if scene.depth is None or scene.intrinsics is None:
        raise ValueError("a rendered scene needs depth and intrinsics")
    if len(scene.objects) > 254:
        raise ValueError(f"at most 254 objects can be kept, got {len(scene.objects)}")
    ids = np.zeros(scene.image.shape[:2], np.uint8)
    for index, item in enumerate(scene.objects):
        ids[item.mask] = index + 1
    depth = np.rint(scene.depth / _DEPTH_UNIT_M)
    depth = np.where(depth < 65535, depth, 0).astype(np.uint16)
    graph = {
        "scene_id": scene.scene_id,
        "hidden_names": sorted(scene.hidden_names),
        "intrinsics": scene.intrinsics.tolist(),
        "objects": [_graph_of(item) for item in scene.objects],
    }
    bgr = scene.image[..., ::-1]
    files = {
        _IMAGE: _encoded(".jpg", bgr, cv2.IMWRITE_JPEG_QUALITY, 95),
        _IDS: _encoded(".png", ids, cv2.IMWRITE_PNG_COMPRESSION, 6),
        _DEPTH: _encoded(".png", depth, cv2.IMWRITE_PNG_COMPRESSION, 3),
        _GRAPH: json.dumps(graph, separators=(",", ":")).encode(),
    }
    for ending, content in files.items():
        write_atomically(Path(f"{stem}{ending}"), content)


def is_complete(stem: Path) -> bool:
    """Tell whether all files of a view are there."""
    return all(Path(f"{stem}{ending}").exists() for ending in (_GRAPH, _IMAGE, _IDS, _DEPTH))


def _picture(path: Path, flags: int) -> AnyArray:
    picture = cv2.imread(str(path), flags)
    if picture is None:
        raise ValueError(
            f"{path} is missing or damaged: delete the files {path.name.split('.')[0]}.* and run "
            "textseg_core.scenes.generate again, which renders what is missing"
        )
    return picture


def read_settings(folder: Path) -> dict[str, Any]:
    """Return what a folder of scenes was generated with; ValueError names a bad file."""
    path = folder / SETTINGS_FILE
    try:
        settings = json.loads(path.read_text(encoding="utf-8"))
        for key in ("split", "nouns"):
            settings[key]
    except FileNotFoundError as error:
        raise ValueError(
            f"{path} is missing: expected a folder that textseg_core.scenes.generate wrote"
        ) from error
    except (OSError, ValueError, KeyError, TypeError) as error:
        raise ValueError(f"{path} does not describe rendered scenes: {error!r}") from error
    return dict(settings)


@dataclass(frozen=True, slots=True)
class _Graph:
    data: Mapping[str, Any]

    def item(self, index: int, mask: AnyArray) -> SceneObject:
        entry = self.data["objects"][index]
        place = None
        if entry["center_m"] is not None:
            place = Placement(tuple(entry["center_m"]), tuple(entry["size_m"]))
        return SceneObject(
            tuple(entry["names"]),
            mask,
            tuple(entry["hypernyms"]),
            tuple(entry["colors"]),
            upright_base=entry["upright_base"],
            countable=entry["countable"],
            material=entry["material"],
            object_id=entry["object_id"],
            placement=place,
            support=entry["support"],
            inside=entry["inside"],
        )


class RenderedScenes:
    """The views of a folder, read when they are asked for.

    Args:
        folder: What `textseg_core.scenes.generate` wrote, finished or not.
        depth: Whether depth is read too; training does without.

    Attributes:
        split: "train", "test" or "all".
        nouns: Nouns whose absence from a scene is certain if nothing in it answers to them.
        names: `scene_id` of every view, without reading it: scene number, "_", view.

    Raises:
        ValueError: If the folder or a file in it is missing or damaged; it names the file.
    """

    def __init__(self, folder: Path, *, depth: bool = True) -> None:
        settings = read_settings(folder)
        self._folder, self._depth = folder, depth
        self.split: str = settings["split"]
        self.nouns: frozenset[str] = frozenset(settings["nouns"])
        self._stems = sorted(
            str(path)[: -len(_GRAPH)] for path in folder.glob(f"[0-9]*/*{_GRAPH}")
        )
        if not self._stems:
            raise ValueError(f"{folder} holds no finished scene: run textseg_core.scenes.generate")
        self.names: tuple[str, ...] = tuple(Path(stem).name for stem in self._stems)

    def __len__(self) -> int:
        return len(self._stems)

    def __getitem__(self, index: int) -> Scene:
        stem = self._stems[index]
        path = Path(stem + _GRAPH)
        image = _picture(Path(stem + _IMAGE), cv2.IMREAD_COLOR)[..., ::-1]
        ids = _picture(Path(stem + _IDS), cv2.IMREAD_UNCHANGED)
        depth: Float32Array | None = None
        if self._depth:
            raw = _picture(Path(stem + _DEPTH), cv2.IMREAD_UNCHANGED)
            depth = raw.astype(np.float32) * np.float32(_DEPTH_UNIT_M)
        try:
            graph = json.loads(path.read_text(encoding="utf-8"))
            objects = tuple(
                _Graph(graph).item(number, ids == number + 1)
                for number in range(len(graph["objects"]))
            )
            return Scene(
                np.ascontiguousarray(image).astype(np.uint8),
                objects,
                self.nouns,
                frozenset(graph["hidden_names"]),
                graph["scene_id"],
                depth,
                np.asarray(graph["intrinsics"], np.float64),
            )
        except (OSError, ValueError, KeyError, TypeError) as error:
            raise ValueError(f"{path} does not describe a rendered scene: {error!r}") from error
