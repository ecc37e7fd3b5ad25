import json
import os
from pathlib import Path

import numpy as np
import pytest

from textseg_core.scenes.cache import (
    SETTINGS_FILE,
    RenderedScenes,
    is_complete,
    save_view,
    view_stem,
    write_atomically,
)
from textseg_core.scenes.scene import Placement, Scene, SceneObject


def drawn_scene(name: str = "000000_0") -> Scene:
    """A bowl that holds an apple, 40 x 48 px."""
    image = np.full((40, 48, 3), 90, np.uint8)
    bowl, apple = np.zeros((40, 48), bool), np.zeros((40, 48), bool)
    bowl[10:30, 8:40], apple[14:20, 20:28] = True, True
    bowl &= ~apple
    depth = np.linspace(0.5, 1.25, 40 * 48, dtype=np.float32).reshape(40, 48)
    depth[0, 0] = 9.0
    objects = (
        SceneObject(
            ("bowl", "dish"),
            bowl,
            ("container",),
            ("blue", "white"),
            upright_base=True,
            material="ceramic",
            object_id="bowl-003",
            placement=Placement((0.1, -0.02, 0.04), (0.2, 0.19, 0.08)),
        ),
        SceneObject(("apple",), apple, countable=False, support=0, inside=True),
    )
    matrix = np.array([[55.5, 0, 23.5], [0, 55.5, 19.5], [0, 0, 1]])
    hidden = frozenset(("fork", "cutlery"))
    return Scene(image, objects, frozenset(("bowl", "fork")), hidden, name, depth, matrix)


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    settings = {"split": "test", "nouns": ["bowl", "fork"]}
    (tmp_path / SETTINGS_FILE).write_text(json.dumps(settings), encoding="utf-8")
    save_view(drawn_scene(), view_stem(tmp_path, 0, 0))
    save_view(drawn_scene("001234_1"), view_stem(tmp_path, 1234, 1))
    return tmp_path


def test_a_scene_is_read_as_it_was_written(folder: Path) -> None:
    scenes, scene = RenderedScenes(folder), drawn_scene()

    read = scenes[0]

    assert (len(scenes), scenes.split, scenes.nouns) == (2, "test", {"bowl", "fork"})
    assert scenes[1].scene_id == "001234_1"
    assert (read.scene_id, read.hidden_names) == ("000000_0", {"fork", "cutlery"})
    assert read.closed_names == {"bowl", "fork"}
    assert read.depth is not None
    assert read.intrinsics is not None
    assert scene.depth is not None
    np.testing.assert_array_equal(read.intrinsics, scene.intrinsics)
    np.testing.assert_allclose(read.depth.flat[1:], scene.depth.flat[1:], atol=0.51e-4)
    assert read.depth[0, 0] == 0.0  # 9 m are out of range, so unknown
    assert np.abs(read.image.astype(int) - 90).max() <= 2  # JPEG
    for got, want in zip(read.objects, scene.objects, strict=True):
        np.testing.assert_array_equal(got.mask, want.mask)
        for key in SceneObject.__dataclass_fields__:
            if key != "mask":
                assert getattr(got, key) == getattr(want, key), key


def test_depth_can_be_left_out(folder: Path) -> None:
    assert RenderedScenes(folder, depth=False)[0].depth is None


@pytest.mark.parametrize("ending", [".jpg", ".ids.png", ".depth.png"])
def test_a_damaged_picture_is_named_with_the_remedy(folder: Path, ending: str) -> None:
    (folder / "000" / f"000000_0{ending}").write_bytes(b"\x89PNG broken")

    with pytest.raises(ValueError, match=rf"000000_0\{ending} is missing or damaged: delete"):
        RenderedScenes(folder)[0]


@pytest.mark.parametrize("text", ["{", "{}", '{"objects": [{}], "hidden_names": []}', "[]"])
def test_a_damaged_description_is_named(folder: Path, text: str) -> None:
    (folder / "000" / "000000_0.json").write_text(text, encoding="utf-8")

    with pytest.raises(ValueError, match=r"000000_0\.json does not describe a rendered scene"):
        RenderedScenes(folder)[0]


def test_an_object_without_a_pixel_is_damage(folder: Path) -> None:
    path = folder / "000" / "000000_0.json"
    graph = json.loads(path.read_text(encoding="utf-8"))
    graph["objects"].append(graph["objects"][0])
    path.write_text(json.dumps(graph), encoding="utf-8")

    with pytest.raises(ValueError, match=r"000000_0\.json does not describe a rendered scene"):
        RenderedScenes(folder)[0]


def test_a_folder_without_settings_or_scenes_is_named(tmp_path: Path) -> None:
    with pytest.raises(ValueError, match=r"scenes\.json is missing: expected a folder that"):
        RenderedScenes(tmp_path)
    (tmp_path / SETTINGS_FILE).write_text("{}", encoding="utf-8")
    with pytest.raises(ValueError, match=r"scenes\.json does not describe rendered scenes"):
        RenderedScenes(tmp_path)
    (tmp_path / SETTINGS_FILE).write_text('{"split": "train", "nouns": []}', encoding="utf-8")
    with pytest.raises(ValueError, match="holds no finished scene"):
        RenderedScenes(tmp_path)


def test_a_view_is_complete_only_with_all_its_files(folder: Path) -> None:
    stem = view_stem(folder, 0, 0)
    assert is_complete(stem)

    Path(f"{stem}.jpg").unlink()

    assert not is_complete(stem)
    assert not is_complete(view_stem(folder, 7, 0))


def test_a_file_is_replaced_whole_and_never_written_in_place(tmp_path: Path) -> None:
    path, reader = tmp_path / "file", tmp_path / "opened by a reader"
    write_atomically(path, b"old")
    os.link(path, reader)

    write_atomically(path, b"new")

    assert (path.read_bytes(), reader.read_bytes()) == (b"new", b"old")
    assert len(list(tmp_path.iterdir())) == 2


def test_a_scene_without_depth_is_refused(tmp_path: Path) -> None:
    scene = drawn_scene()
    bare = Scene(scene.image, scene.objects, scene.closed_names)

    with pytest.raises(ValueError, match="needs depth and intrinsics"):
        save_view(bare, tmp_path / "bare")
