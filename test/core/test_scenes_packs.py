import json
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from PIL import Image

from textseg_core.scenes.packs import load_pack, read_obj, read_texture

TETRAHEDRON = """
v 0 0 0
v 0.1 0 0
v 0 0.1 0
v 0 0 0.2
vt 0 0
vt 1 0
vt 0 1
f 1/1 3/3 2/2
f 1/1 2/2 4/3
f 2/1 3/2 4/3
f 3/1 1/2 4/3
"""
ENTRY: dict[str, Any] = {
    "id": "my_block",
    "category": "block",
    "synonyms": ["brick", "block"],
    "hypernyms": ["toy", "brick"],
    "colors": ["red", "white"],
    "material": "plastic",
    "size_m": [0.1, 0.1, 0.2],
    "mesh": "block.obj",
    "texture": "block.png",
}


def write_pack(folder: Path, *entries: dict[str, Any]) -> Path:
    folder.mkdir(exist_ok=True)
    (folder / "block.obj").write_text(TETRAHEDRON, encoding="utf-8")
    Image.new("RGB", (600, 300), (200, 30, 20)).save(folder / "block.png")
    (folder / "manifest.json").write_text(json.dumps(entries or [ENTRY]), encoding="utf-8")
    return folder


def test_an_object_of_a_pack_is_read_with_its_names_surface_and_size(tmp_path: Path) -> None:
    (item,) = load_pack(write_pack(tmp_path / "pack"))

    model = item.load()

    assert (model.object_id, model.names) == ("my_block", ("block", "brick"))
    assert (model.hypernyms, model.colors) == (("toy",), ("red", "white"))
    assert (model.material, model.size_m) == ("plastic", (0.1, 0.1, 0.2))
    assert model.texture.shape == (128, 256, 3)  # halved until its long side is 256
    assert model.texture[0, 0].tolist() == [200, 30, 20]
    assert model.faces.shape == (4, 3)
    assert model.vertices.max(axis=0).tolist() == pytest.approx([0.1, 0.1, 0.2])
    assert item.load() is model


@pytest.mark.parametrize("material", ["food", "wicker", ""])
def test_a_material_that_nobody_says_is_left_out(tmp_path: Path, material: str) -> None:
    (item,) = load_pack(write_pack(tmp_path / "pack", {**ENTRY, "material": material}))

    assert item.load().material == ""


def test_a_missing_manifest_is_named(tmp_path: Path) -> None:
    with pytest.raises(ValueError, match=r"manifest\.json is missing: expected the manifest"):
        load_pack(tmp_path)


@pytest.mark.parametrize(
    ("entries", "reason"),
    [
        ([], "at least one object"),
        ([{key: ENTRY[key] for key in ENTRY if key != "mesh"}], "'my_block' lacks mesh"),
        ([{**ENTRY, "size_m": [0.1, 0.1]}], "must be three positive metres"),
        ([{**ENTRY, "size_m": [0.1, 0.0, 0.1]}], "must be three positive metres"),
        (["block"], "is not the manifest"),
        ([ENTRY, ENTRY], "must differ, found twice: my_block"),
    ],
)
def test_a_damaged_manifest_is_named_with_what_is_wrong(
    tmp_path: Path, entries: list[Any], reason: str
) -> None:
    (tmp_path / "manifest.json").write_text(json.dumps(entries), encoding="utf-8")

    with pytest.raises(ValueError, match=rf"manifest\.json.*{reason}"):
        load_pack(tmp_path)


def test_corners_with_other_texture_coordinates_are_kept_apart(tmp_path: Path) -> None:
    path = tmp_path / "mesh.obj"
    path.write_text(TETRAHEDRON, encoding="utf-8")

    vertices, uv, faces = read_obj(path)

    # Twelve corners; of (1, 1), (2, 2) and (4, 3) the first two occur twice, the last thrice.
    assert vertices.shape == (8, 3)
    assert uv[faces[1]].tolist() == [[0, 0], [1, 0], [0, 1]]
    np.testing.assert_allclose(vertices[faces[1]], [[0, 0, 0], [0.1, 0, 0], [0, 0, 0.2]])


def test_polygons_become_fans_and_negative_indices_count_back(tmp_path: Path) -> None:
    path = tmp_path / "mesh.obj"
    square = "v 0 0 0\nv 1 0 0\nv 1 1 0\nv 0 1 0\nvt 0 0\nf -4/1 -3/1 -2/-1 -1/1\n"
    path.write_text(square, encoding="utf-8")

    vertices, _, faces = read_obj(path)

    assert vertices[faces].tolist() == [
        [[0, 0, 0], [1, 0, 0], [1, 1, 0]],
        [[0, 0, 0], [1, 1, 0], [0, 1, 0]],
    ]


@pytest.mark.parametrize(
    "text", ["", "v 0 0 0\n", "v 0 0 0\nvt 0 0\nf 1/1 2/1 3/1\n", "v a b c\n", "f 1 2 3\n"]
)
def test_a_damaged_mesh_is_named(tmp_path: Path, text: str) -> None:
    path = tmp_path / "mesh.obj"
    path.write_text(text, encoding="utf-8")

    with pytest.raises(ValueError, match=r"mesh\.obj: expected an OBJ mesh with"):
        read_obj(path)


def test_a_missing_mesh_and_a_damaged_texture_are_named(tmp_path: Path) -> None:
    (tmp_path / "picture.jpg").write_bytes(b"no picture")

    with pytest.raises(ValueError, match=r"nowhere\.obj is missing"):
        read_obj(tmp_path / "nowhere.obj")
    with pytest.raises(ValueError, match=r"picture\.jpg is missing or not a picture"):
        read_texture(tmp_path / "picture.jpg", 256)
