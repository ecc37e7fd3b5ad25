import json
import os
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from textseg_core.training.compose import load_sprites
from textseg_core.training.sprites import AZIMUTHS, ELEVATIONS_DEG, crop_to_alpha, read_manifest

CUBE = """
v -0.05 -0.05 0
v 0.05 -0.05 0
v 0.05 0.05 0
v -0.05 0.05 0
v -0.05 -0.05 0.1
v 0.05 -0.05 0.1
v 0.05 0.05 0.1
v -0.05 0.05 0.1
vt 0.5 0.5
f 1/1 3/1 2/1
f 1/1 4/1 3/1
f 5/1 6/1 7/1
f 5/1 7/1 8/1
f 1/1 2/1 6/1
f 1/1 6/1 5/1
f 2/1 3/1 7/1
f 2/1 7/1 6/1
f 3/1 4/1 8/1
f 3/1 8/1 7/1
f 4/1 1/1 5/1
f 4/1 5/1 8/1
"""
ITEM = {
    "id": "cube",
    "category": "box",
    "synonyms": ["cube"],
    "hypernyms": ["container"],
    "colors": ["red"],
    "size_m": [0.1, 0.1, 0.1],
    "mesh": "cube.obj",
    "texture": "cube.jpg",
}


@pytest.fixture
def pack(tmp_path: Path) -> Path:
    """An object pack with one red cube of 0.1 m that stands on the ground."""
    folder = tmp_path / "objects"
    folder.mkdir()
    (folder / "cube.obj").write_text(CUBE, encoding="utf-8")
    Image.new("RGB", (16, 16), (220, 20, 20)).save(folder / "cube.jpg")
    (folder / "manifest.json").write_text(json.dumps([ITEM]), encoding="utf-8")
    return folder


def test_a_picture_is_cropped_to_its_opaque_pixels() -> None:
    rgba = np.zeros((20, 30, 4), np.uint8)
    rgba[5:9, 10:22, 3] = 255
    rgba[5, 10] = (1, 2, 3, 255)

    cropped = crop_to_alpha(rgba)

    assert cropped.shape == (4, 12, 4)
    assert cropped[0, 0].tolist() == [1, 2, 3, 255]


def test_a_manifest_is_a_list_of_objects(pack: Path) -> None:
    assert read_manifest(pack) == [ITEM]


def test_a_missing_manifest_is_named(tmp_path: Path) -> None:
    with pytest.raises(ValueError, match=r"manifest\.json is missing: expected an object pack"):
        read_manifest(tmp_path)


@pytest.mark.parametrize("text", ["{", '[{"id": "cube"}]', "[1]"])
def test_a_damaged_manifest_is_named(tmp_path: Path, text: str) -> None:
    (tmp_path / "manifest.json").write_text(text, encoding="utf-8")

    with pytest.raises(ValueError, match=r"manifest\.json is not an object pack's manifest"):
        read_manifest(tmp_path)


def offscreen_environment() -> dict[str, str]:
    """An environment in which MuJoCo opens a picture without a screen; skip if there is none."""
    reasons = []
    for kind, library in (("osmesa", "libOSMesa (apt: libosmesa6)"), ("egl", "libEGL with a GPU")):
        environment = {**os.environ, "MUJOCO_GL": kind}
        probe = "import mujoco; mujoco.GLContext(8, 8).make_current()"
        tried = subprocess.run(
            [sys.executable, "-c", probe], env=environment, capture_output=True, text=True
        )
        if tried.returncode == 0:
            return environment
        last = (tried.stderr.strip().splitlines() or ["no message"])[-1]
        reasons.append(f"{library} is missing or does not work: {last}")
    pytest.skip("MuJoCo opens no offscreen OpenGL: " + "; ".join(reasons))


@pytest.mark.render
def test_a_cube_is_rendered_from_all_sides(pack: Path, tmp_path: Path) -> None:
    out = tmp_path / "sprites"
    command = [sys.executable, "-m", "textseg_core.training.sprites"]
    # A process of its own: MuJoCo chooses its OpenGL once, when it is imported.
    done = subprocess.run(
        [*command, "--objects", str(pack), "--out", str(out)],
        env=offscreen_environment(),
        capture_output=True,
        text=True,
    )
    assert done.returncode == 0, done.stderr

    sprites = load_sprites(out)

    assert len(sprites) == len(ELEVATIONS_DEG) * AZIMUTHS
    for index, sprite in enumerate(sprites):
        height, width = sprite.rgba.shape[:2]
        assert (sprite.names, sprite.hypernyms) == (("box", "cube"), ("container",))
        assert sprite.colors == ("red",)
        assert sprite.elevation_deg == pytest.approx(ELEVATIONS_DEG[index // AZIMUTHS], abs=5)
        # Seen from a corner a cube is at most root 2 sides wide, from a side one; nearer faces
        # look larger: the camera is about 4 sides away.
        assert 0.95 < width / (0.1 * sprite.pixels_per_metre) < 1.41 * 1.25
        assert max(height, width) < 256  # the whole cube is in view
        opaque = sprite.rgba[..., 3] == 255
        assert opaque.mean() > 0.5
        assert opaque.any(axis=0).all()
        assert opaque.any(axis=1).all()
        red, green, blue = sprite.rgba[opaque][:, :3].mean(axis=0)
        assert red > 80
        assert max(green, blue) < red / 2
