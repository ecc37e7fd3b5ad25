"""Draws the demo's scenes with MuJoCo: objects of a pack on a table, seen by a robot's camera.

Command: `python -m textseg_ros.demo.draw_scenes --objects FOLDER`, with the extra `train` and an
offscreen OpenGL (EGL, or OSMesa with `MUJOCO_GL=osmesa`). It writes `pictures/<name>.jpg` and
`pictures/boxes.yaml`, which holds the visible box of every object from the renderer's own
segmentation: no network and nobody's eye has a part in them.
"""

import argparse
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import cv2
import mujoco
import numpy as np
import yaml
from PIL import Image

from textseg_core.arrays import Int64Array, UInt8Array
from textseg_core.training.sprites import read_manifest
from textseg_ros.demo.procedural import png_bytes, speckled, wooden

HERE = Path(__file__).parent
PICTURES = HERE / "pictures"
WIDTH_PX, HEIGHT_PX = 640, 480
REDISTRIBUTABLE = ("bg_", "ycb_", "prl_")
_JPEG_QUALITY = 90

_SCENE = """
<mujoco>
  <visual>
    <global offwidth="{width}" offheight="{height}" fovy="42"/>
    <headlight ambient="0.38 0.38 0.38" diffuse="0.22 0.22 0.22" specular="0.05 0.05 0.05"/>
    <quality shadowsize="4096" offsamples="4"/>
    <map znear="0.01" shadowclip="1.5"/>
  </visual>
  <asset>
    <texture name="table" type="2d" file="table.png"/>
    <texture name="wall" type="2d" file="wall.png"/>
    <material name="table" texture="table" specular="0.15" shininess="0.3" texrepeat="1.6 1.6"/>
    <material name="wall" texture="wall" specular="0" texrepeat="3 3"/>
    {assets}
  </asset>
  <worldbody>
    <light pos="-0.9 -0.6 1.9" dir="0.45 0.35 -1" diffuse="0.55 0.53 0.5" castshadow="true"/>
    <light pos="1.2 -0.8 1.7" dir="-0.6 0.4 -1" diffuse="0.18 0.18 0.2" castshadow="false"/>
    <geom type="plane" size="1.1 0.6 0.1" material="table"/>
    <geom type="plane" size="2.0 1.0 0.1" pos="0 0.6 1.0" euler="90 0 0" material="wall"/>
    {geoms}
  </worldbody>
</mujoco>
"""


def scene_model(scene: dict[str, Any], folder: Path, seed: int) -> mujoco.MjModel:
    """Return the compiled scene; geom names are `<index> <object id>`.

    Raises:
        ValueError: If an object is not in the pack, or may not be redistributed as a picture.
    """
    manifest = {item["id"]: item for item in read_manifest(folder)}
    rng = np.random.default_rng(seed)
    files = {
        "table.png": png_bytes(wooden(scene["table"], rng)),
        "wall.png": png_bytes(speckled(scene["wall"], rng)),
    }
    assets: dict[str, str] = {}
    geoms = []
    for index, (object_id, x, y, turn) in enumerate(scene["objects"]):
        if object_id not in manifest or not object_id.startswith(REDISTRIBUTABLE):
            raise ValueError(
                f"{scene['name']}: {object_id!r} must be in the pack and begin with one of "
                f"{', '.join(REDISTRIBUTABLE)}"
            )
        item = manifest[object_id]
        files[f"{object_id}.obj"] = (folder / item["mesh"]).read_bytes()
        with Image.open(folder / item["texture"]) as texture:
            files[f"{object_id}.png"] = png_bytes(np.asarray(texture.convert("RGB")))
        assets[object_id] = (
            f'<mesh name="{object_id}" file="{object_id}.obj"/>'
            f'<texture name="{object_id}" type="2d" file="{object_id}.png"/>'
            f'<material name="{object_id}" texture="{object_id}" specular="0.25" shininess="0.4"/>'
        )
        geoms.append(
            f'<geom name="{index} {object_id}" type="mesh" mesh="{object_id}" '
            f'material="{object_id}" pos="{x} {y} 0" euler="0 0 {turn}"/>'
        )
    xml = _SCENE.format(
        width=WIDTH_PX, height=HEIGHT_PX, assets="".join(assets.values()), geoms="".join(geoms)
    )
    return mujoco.MjModel.from_xml_string(xml, files)


def draw(model: mujoco.MjModel, view: dict[str, Any]) -> tuple[UInt8Array, Int64Array]:
    """Return the picture (H, W, 3) and the geom id of each pixel (H, W), -1 for none."""
    data = mujoco.MjData(model)
    mujoco.mj_forward(model, data)
    camera = mujoco.MjvCamera()
    camera.lookat[:] = view["look_at"]
    camera.distance, camera.azimuth = view["distance"], view["azimuth"]
    camera.elevation = -view["elevation"]
    renderer = mujoco.Renderer(model, HEIGHT_PX, WIDTH_PX)
    try:
        renderer.update_scene(data, camera)
        picture = renderer.render().copy()
        renderer.enable_segmentation_rendering()
        renderer.update_scene(data, camera)
        ids = renderer.render()[..., 0].astype(np.int64)
    finally:
        renderer.close()
    return picture, ids


def visible_boxes(model: mujoco.MjModel, ids: Int64Array) -> list[dict[str, Any]]:
    """Return object id and visible box [x, y, width, height] of every named geom, in order."""
    boxes = []
    for geom in range(model.ngeom):
        name = model.geom(geom).name
        if name:
            box = cv2.boundingRect((ids == geom).astype(np.uint8))
            boxes.append({"object": name.split()[1], "box": [int(value) for value in box]})
    return boxes


def main(arguments: Sequence[str] | None = None) -> None:
    """Draw every scene of scenes.yaml."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--objects", type=Path, required=True, help="folder with manifest.json")
    parser.add_argument("--out", type=Path, default=PICTURES, help="folder for the pictures")
    parsed = parser.parse_args(arguments)
    parsed.out.mkdir(parents=True, exist_ok=True)
    boxes: dict[str, list[dict[str, Any]]] = {}
    scenes = yaml.safe_load((HERE / "scenes.yaml").read_text(encoding="utf-8"))
    for seed, scene in enumerate(scenes):
        model = scene_model(scene, parsed.objects, seed)
        picture, ids = draw(model, scene["camera"])
        Image.fromarray(picture).save(parsed.out / f"{scene['name']}.jpg", quality=_JPEG_QUALITY)
        boxes[f"{scene['name']}.jpg"] = visible_boxes(model, ids)
        print(scene["name"], boxes[f"{scene['name']}.jpg"])
    head = "# Visible box of every object, [x, y, width, height] in pixels: draw_scenes.py\n"
    text = head + yaml.safe_dump(boxes, sort_keys=False, default_flow_style=None)
    (parsed.out / "boxes.yaml").write_text(text, encoding="utf-8")


if __name__ == "__main__":
    main()
