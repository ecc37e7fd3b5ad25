"""Renders a pack of textured meshes into cut-out pictures (sprites) for composed scenes.

Command: `python -m textseg_core.training.sprites --objects FOLDER --out FOLDER`.
Needs MuJoCo with an offscreen OpenGL (EGL, or OSMesa with `MUJOCO_GL=osmesa`).
"""

import argparse
import io
import json
from collections.abc import Iterator
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

import cv2
import mujoco
import numpy as np
from PIL import Image
from tqdm import tqdm

from textseg_core.arrays import UInt8Array

ELEVATIONS_DEG = (20, 35, 50, 65)
AZIMUTHS = 5
RENDER_PX = 256

_SCENE = """
<mujoco>
  <visual>
    <global offwidth="{px}" offheight="{px}" fovy="40"/>
    <headlight ambient="0.45 0.45 0.45" diffuse="0.35 0.35 0.35" specular="0.1 0.1 0.1"/>
    <map znear="0.005"/>
  </visual>
  <asset>
    <mesh name="mesh" file="mesh.obj"/>
    <texture name="texture" type="2d" file="texture.png"/>
    <material name="material" texture="texture" specular="0.2" shininess="0.3"/>
  </asset>
  <worldbody>
    <light pos="0.6 0.4 2" dir="-0.3 -0.2 -1" diffuse="0.55 0.55 0.55"/>
    <geom type="mesh" mesh="mesh" material="material"/>
  </worldbody>
</mujoco>
"""


@dataclass(frozen=True, slots=True, kw_only=True)
class SpriteRecord:
    """One cut-out as listed in sprites.json.

    Attributes:
        file: PNG with alpha, cropped to the object, relative to the list.
        object_id: Object of the pack.
        names: Category first, then synonyms.
        hypernyms: More general nouns that also name it.
        colors: Main named colours, largest first.
        material: As in the manifest.
        elevation_deg: Camera above the horizon.
        pixels_per_metre: At the object's centre.
    """

    file: str
    object_id: str
    names: tuple[str, ...]
    hypernyms: tuple[str, ...]
    colors: tuple[str, ...]
    material: str
    elevation_deg: float
    pixels_per_metre: float


def read_manifest(folder: Path) -> list[dict[str, Any]]:
    """Return the objects of a pack; raise ValueError naming the file if it is damaged."""
    path = folder / "manifest.json"
    try:
        objects = json.loads(path.read_text(encoding="utf-8"))
        for item in objects:
            for key in ("id", "category", "colors", "size_m", "mesh", "texture"):
                item[key]
    except FileNotFoundError as error:
        raise ValueError(f"{path} is missing: expected an object pack's manifest") from error
    except (KeyError, TypeError, json.JSONDecodeError) as error:
        raise ValueError(f"{path} is not an object pack's manifest: {error!r}") from error
    return list(objects)


def _as_png(path: Path) -> bytes:
    buffer = io.BytesIO()
    Image.open(path).convert("RGB").save(buffer, "PNG")
    return buffer.getvalue()


def render_views(
    folder: Path, item: dict[str, Any], rng: np.random.Generator
) -> Iterator[tuple[UInt8Array, float, float]]:
    """Yield (RGBA picture, elevation in degrees, pixels per metre) for each view of one object.

    Args:
        folder: Folder of the pack.
        item: Its entry in the manifest.
        rng: Draws azimuths and small changes of elevation.
    """
    assets = {
        "mesh.obj": (folder / item["mesh"]).read_bytes(),
        "texture.png": _as_png(folder / item["texture"]),
    }
    model = mujoco.MjModel.from_xml_string(_SCENE.format(px=RENDER_PX), assets)
    data = mujoco.MjData(model)
    mujoco.mj_forward(model, data)
    size = np.asarray(item["size_m"], float)
    camera = mujoco.MjvCamera()
    camera.lookat[:] = (0, 0, size[2] / 2)
    half_extent = float(np.linalg.norm(size)) / 2
    camera.distance = 1.12 * half_extent / np.tan(np.radians(20.0)) + half_extent
    pixels_per_metre = RENDER_PX / (2 * camera.distance * np.tan(np.radians(20.0)))
    renderer = mujoco.Renderer(model, RENDER_PX, RENDER_PX)
    try:
        for elevation in ELEVATIONS_DEG:
            first = rng.uniform(0, 360)
            for turn in range(AZIMUTHS):
                camera.azimuth = first + 360 / AZIMUTHS * turn
                camera.elevation = -(elevation + rng.uniform(-5, 5))
                renderer.update_scene(data, camera)
                rgb = renderer.render().copy()
                renderer.enable_segmentation_rendering()
                renderer.update_scene(data, camera)
                alpha = (renderer.render()[..., 0] >= 0).astype(np.uint8) * 255
                renderer.disable_segmentation_rendering()
                yield np.dstack([rgb, alpha]), -float(camera.elevation), float(pixels_per_metre)
    finally:
        renderer.close()


def crop_to_alpha(rgba: UInt8Array) -> UInt8Array:
    """Return the picture cropped to its opaque pixels; (H, W, 4) -> (h, w, 4)."""
    x, y, width, height = cv2.boundingRect(rgba[..., 3])
    return rgba[y : y + height, x : x + width]


def render_pack(folder: Path, out: Path, seed: int = 0) -> list[SpriteRecord]:
    """Render all objects of a pack and write `out/sprites.json` and the pictures."""
    out.mkdir(parents=True, exist_ok=True)
    records: list[SpriteRecord] = []
    for item in tqdm(read_manifest(folder), desc="sprites", unit="object"):
        rng = np.random.default_rng([seed, len(records)])
        for index, (rgba, elevation, scale) in enumerate(render_views(folder, item, rng)):
            name = f"{item['id']}_{index:02d}.png"
            Image.fromarray(crop_to_alpha(rgba)).save(out / name)
            records.append(
                SpriteRecord(
                    file=name,
                    object_id=item["id"],
                    names=(item["category"], *item.get("synonyms", ())),
                    hypernyms=tuple(item.get("hypernyms", ())),
                    colors=tuple(item["colors"]),
                    material=item.get("material", ""),
                    elevation_deg=elevation,
                    pixels_per_metre=scale,
                )
            )
    text = json.dumps([asdict(record) for record in records], indent=0)
    (out / "sprites.json").write_text(text, encoding="utf-8")
    return records


def main() -> None:
    """Render the pack named on the command line."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--objects", type=Path, required=True, help="folder with manifest.json")
    parser.add_argument("--out", type=Path, required=True, help="folder for the sprites")
    parser.add_argument("--seed", type=int, default=0)
    arguments = parser.parse_args()
    records = render_pack(arguments.objects, arguments.out, arguments.seed)
    print(f"{len(records)} sprites in {arguments.out}")


if __name__ == "__main__":
    main()
