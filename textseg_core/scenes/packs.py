"""Reads asset packs: folders of textured meshes listed in a manifest.json."""

import functools
import json
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import cv2
import numpy as np

from textseg_core.arrays import Float32Array, Int32Array, UInt8Array
from textseg_core.scenes.object_model import ObjectModel
from textseg_core.scenes.solids import derive_solids

_REQUIRED = ("id", "category", "colors", "size_m", "mesh", "texture")
_TEXTURE_PX = 256
_GLOSS = {"ceramic": 0.5, "glass": 0.7, "metal": 0.6, "plastic": 0.35, "wood": 0.15}
_SPOKEN = frozenset(("glass", "metal", "wood", "plastic", "paper", "ceramic", "fabric"))
_DENSITY_KG_M3 = 300.0


@dataclass(frozen=True, slots=True)
class PackItem:
    """One object of a pack, read when it is needed.

    Attributes:
        mesh: Its OBJ file, metres, +z up, standing on z = 0.
        texture: Its picture.
        size_m: Extents x, y, z.
    """

    object_id: str
    names: tuple[str, ...]
    hypernyms: tuple[str, ...]
    colors: tuple[str, ...]
    material: str
    size_m: tuple[float, float, float]
    mesh: Path
    texture: Path

    def load(self) -> ObjectModel:
        """Read mesh and texture; kept in memory afterwards.

        Raises:
            ValueError: If a file is missing or damaged; it names the file.
        """
        return _load(self)


@functools.lru_cache(maxsize=512)
def _load(item: PackItem) -> ObjectModel:
    vertices, uv, faces = read_obj(item.mesh)
    shape = derive_solids((*item.names, *item.hypernyms), vertices, faces)
    volume = float(np.prod(item.size_m)) * (0.3 if shape.holds == "in" else 0.6)
    return ObjectModel(
        object_id=item.object_id,
        names=item.names,
        hypernyms=item.hypernyms,
        colors=item.colors,
        material=item.material if item.material in _SPOKEN else "",
        size_m=item.size_m,
        vertices=vertices,
        faces=faces,
        uv=uv,
        texture=read_texture(item.texture, _TEXTURE_PX),
        gloss=_GLOSS.get(item.material, 0.1),
        solids=shape.solids,
        mass_kg=float(np.clip(volume * _DENSITY_KG_M3, 0.02, 1.5)),
        holds=shape.holds,
        inner_m=shape.inner_m,
    )


def _item(folder: Path, entry: Mapping[str, Any]) -> PackItem:
    size = tuple(float(extent) for extent in entry["size_m"])
    if len(size) != 3 or min(size) <= 0:
        raise ValueError(f"size_m of {entry['id']!r} must be three positive metres, got {size}")
    names = dict.fromkeys((entry["category"], *entry.get("synonyms", ())))
    return PackItem(
        object_id=str(entry["id"]),
        names=tuple(names),
        hypernyms=tuple(name for name in entry.get("hypernyms", ()) if name not in names),
        colors=tuple(entry["colors"]),
        material=str(entry.get("material", "")),
        size_m=(size[0], size[1], size[2]),
        mesh=folder / entry["mesh"],
        texture=folder / entry["texture"],
    )


def load_pack(folder: Path) -> list[PackItem]:
    """List the objects of a pack; meshes and textures are read when they are used.

    Args:
        folder: Holds manifest.json; see docs/scenes.md for the format.

    Raises:
        ValueError: If the manifest is missing or damaged; it names the file.
    """
    path = folder / "manifest.json"
    try:
        entries = json.loads(path.read_text(encoding="utf-8"))
        if not isinstance(entries, list) or not entries:
            raise TypeError("expected a list of at least one object")
        for entry in entries:
            missing = [key for key in _REQUIRED if key not in entry]
            if missing:
                raise ValueError(f"object {entry.get('id', '?')!r} lacks {', '.join(missing)}")
        items = [_item(folder, entry) for entry in entries]
    except FileNotFoundError as error:
        raise ValueError(f"{path} is missing: expected the manifest of an object pack") from error
    except (OSError, ValueError, TypeError, AttributeError, KeyError) as error:
        raise ValueError(f"{path} is not the manifest of an object pack: {error}") from error
    identities = [item.object_id for item in items]
    twice = sorted({name for name in identities if identities.count(name) > 1})
    if twice:
        raise ValueError(f"{path}: object ids must differ, found twice: {', '.join(twice)}")
    return items


def read_obj(path: Path) -> tuple[Float32Array, Float32Array, Int32Array]:
    """Read a triangle mesh with texture coordinates.

    Polygons are cut into fans. A corner is kept once per (position, coordinate, normal), so
    edges that are sharp in the file stay sharp.

    Returns:
        Vertices (V, 3) in the file's unit, texture coordinates (V, 2), faces (F, 3).

    Raises:
        ValueError: If the file is missing or not such a mesh; it names the file.
    """
    positions: list[list[float]] = []
    coordinates: list[list[float]] = []
    corners: dict[tuple[int, int, str], int] = {}
    faces: list[tuple[int, int, int]] = []
    try:
        for line in path.read_text(encoding="utf-8", errors="replace").splitlines():
            kind, _, rest = line.partition(" ")
            if kind == "v":
                positions.append([float(value) for value in rest.split()[:3]])
            elif kind == "vt":
                coordinates.append([float(value) for value in rest.split()[:2]])
            elif kind == "f":
                polygon = []
                for word in rest.split():
                    v, vt, vn = (*word.split("/"), "", "")[:3]
                    position = int(v) - 1 if int(v) > 0 else len(positions) + int(v)
                    place = int(vt) - 1 if int(vt) > 0 else len(coordinates) + int(vt)
                    polygon.append(corners.setdefault((position, place, vn), len(corners)))
                faces += [
                    (polygon[0], polygon[i], polygon[i + 1]) for i in range(1, len(polygon) - 1)
                ]
        if not faces:
            raise ValueError("no faces")
        vertices = np.array([positions[key[0]] for key in corners], np.float32)
        uv = np.array([coordinates[key[1]] for key in corners], np.float32)
        if vertices.shape[1:] != (3,) or uv.shape[1:] != (2,) or not np.isfinite(vertices).all():
            raise ValueError("incomplete or infinite coordinates")
    except FileNotFoundError as error:
        raise ValueError(f"{path} is missing: the manifest names it as a mesh") from error
    except (OSError, ValueError, IndexError) as error:
        raise ValueError(f"{path}: expected an OBJ mesh with `f v/vt` faces: {error}") from error
    return vertices, uv, np.array(faces, np.int32)


def read_texture(path: Path, longest_px: int) -> UInt8Array:
    """Read a picture as RGB, reduced to `longest_px`; raise ValueError naming a bad file."""
    bgr = cv2.imread(str(path), cv2.IMREAD_COLOR)
    if bgr is None:
        raise ValueError(f"{path} is missing or not a picture: expected JPEG or PNG")
    scale = longest_px / max(bgr.shape[:2])
    if scale < 1:
        bgr = cv2.resize(bgr, None, fx=scale, fy=scale, interpolation=cv2.INTER_AREA)
    return cv2.cvtColor(bgr, cv2.COLOR_BGR2RGB).astype(np.uint8)
